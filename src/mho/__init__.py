"""mho: program memristors to thousands of levels.

A *network* is mapped to target conductances; a *protocol* programs them through a *bench*; a
bench is real instruments or a simulated *chip*. Everything inside is SI; see `mho.units`.
"""

from importlib.metadata import version as _version

from mho.bench.interface import Bench, BenchInfo, Pulse, Reading
from mho.bench.simulated import SimulatedBench
from mho.chip.chip import Chip
from mho.deployment.deploy import deploy
from mho.deployment.deployed import DeployedNetwork
from mho.device.published import PRESETS, preset
from mho.ledger import Ledger
from mho.programming.audit import Audit, audit
from mho.programming.denoise import Denoise
from mho.programming.loop import program
from mho.programming.outcome import Outcome
from mho.programming.predictive import Predictive
from mho.programming.protocol import ProgramProtocol
from mho.programming.result import ProgramResult
from mho.programming.verify import Verify
from mho.programming.write_verify import WriteVerify
from mho.references import citation
from mho.rng import Stream

__version__ = _version("mho")

__all__ = [
    "PRESETS",
    "Audit",
    "Bench",
    "BenchInfo",
    "Chip",
    "Denoise",
    "DeployedNetwork",
    "Ledger",
    "Outcome",
    "Predictive",
    "ProgramProtocol",
    "ProgramResult",
    "Pulse",
    "Reading",
    "SimulatedBench",
    "Stream",
    "Verify",
    "WriteVerify",
    "audit",
    "citation",
    "deploy",
    "preset",
    "program",
]
