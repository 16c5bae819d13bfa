"""mho: program memristors to thousands of levels.

A *network* is mapped to target conductances; a *protocol* programs them through a *bench*; a
bench is real instruments or a simulated *chip*. Everything inside is SI; see `mho.units`.

Names are imported when they are first used: `import mho` alone is quick.
"""

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mho.bench import Bench, BenchInfo, Pulse, Reading
    from mho.bench.simulated import SimulatedBench
    from mho.chip import Chip
    from mho.deployment import DeployedNetwork, deploy
    from mho.device.published import PRESETS, preset
    from mho.ledger import Ledger
    from mho.programming import (
        Audit,
        Denoise,
        Outcome,
        Predictive,
        ProgramProtocol,
        ProgramResult,
        Verify,
        WriteVerify,
        audit,
        program,
    )
    from mho.references import citation
    from mho.rng import Stream

__version__ = _version("mho")

_ROOMS = {
    "mho.bench": ("Bench", "BenchInfo", "Pulse", "Reading"),
    "mho.bench.simulated": ("SimulatedBench",),
    "mho.chip": ("Chip",),
    "mho.deployment": ("DeployedNetwork", "deploy"),
    "mho.device.published": ("PRESETS", "preset"),
    "mho.ledger": ("Ledger",),
    "mho.programming": (
        "Audit",
        "Denoise",
        "Outcome",
        "Predictive",
        "ProgramProtocol",
        "ProgramResult",
        "Verify",
        "WriteVerify",
        "audit",
        "program",
    ),
    "mho.references": ("citation",),
    "mho.rng": ("Stream",),
}
"""Where each public name lives."""

_HOME = {name: room for room, names in _ROOMS.items() for name in names}

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


def __getattr__(name: str) -> Any:
    """A public name, imported on first use."""
    if name not in _HOME:
        raise AttributeError(f"module `mho` has no attribute `{name}`")
    value = getattr(_import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
