"""The errors of a chip's cells where nobody gives any: measured once, on some of them."""

from dataclasses import replace

from mho.bench.simulated import SimulatedBench, describe_chip
from mho.chip import Chip
from mho.files import identity
from mho.programming import (
    ErrorTable,
    ProgramProtocol,
    measure_errors,
    suited_protocol,
)
from mho.rng import Stream
from mho.solve.numbers.cell_errors import TableErrors
from mho.statistical import ConductanceRange

_SIZE = 64
"""Rows and columns of the tile whose cells are programmed for a table (1)."""

_KNOWN: dict[tuple[str, str], ErrorTable] = {}
"""Tables by chip and protocol."""


def usual_errors(
    chip: Chip,
    protocol: ProgramProtocol | None = None,
    table: ErrorTable | None = None,
    looks: int | None = None,
) -> TableErrors:
    """What writing leaves on a chip.

    Args:
        chip: The chip.
        protocol: How its cells are programmed; as suits them if `None`.
        table: Errors measured before; measured now, on 4,096 cells, if `None`.
        looks: Samples read back of each pair (1); those of a verifying look if `None`.
    """
    info = describe_chip(chip)
    used = protocol or suited_protocol(info)
    if table is None:
        some = replace(chip, tiles=1, rows=_SIZE, cols=_SIZE)
        name = (identity(some), identity(used))
        if name not in _KNOWN:
            bench = SimulatedBench(some, Stream(0).child("statistics"))
            targets = Stream(0).child("table")
            _KNOWN[name] = measure_errors(bench, targets, used)
        table = _KNOWN[name]
    partners = ConductanceRange(info.conductance_low, info.conductance_high)
    return TableErrors(table, partners, looks or used.verify.samples)
