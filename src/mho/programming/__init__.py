"""Closed-loop protocols: trim, denoise, verify, audit.

Sees a bench, never a chip or a device.
"""

from mho.programming.audit import Audit, audit, spaced_looks
from mho.programming.by_kind import IdenticalPulses, suited_protocol
from mho.programming.denoise import Denoise
from mho.programming.effort import ProgrammingOptions
from mho.programming.error_table import ErrorTable, TableDraws, measure_errors
from mho.programming.loop import ProgramRun, program
from mho.programming.outcome import Outcome
from mho.programming.predictive import Predictive
from mho.programming.protocol import ProgramProtocol
from mho.programming.published import neurram_protocol
from mho.programming.result import ProgramResult
from mho.programming.trim import Trim
from mho.programming.verify import Verify
from mho.programming.write_verify import WriteVerify

__all__ = [
    "Audit",
    "Denoise",
    "ErrorTable",
    "IdenticalPulses",
    "Outcome",
    "Predictive",
    "ProgramProtocol",
    "ProgramResult",
    "ProgramRun",
    "ProgrammingOptions",
    "TableDraws",
    "Trim",
    "Verify",
    "WriteVerify",
    "audit",
    "measure_errors",
    "neurram_protocol",
    "program",
    "spaced_looks",
    "suited_protocol",
]
