"""Surrogates measured on simulated chips: cells programmed in earnest and followed for a while."""

import hashlib
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.checks import check_between
from mho.chip import Chip
from mho.files import identity
from mho.programming import ProgramProtocol, ProgramResult, program
from mho.rng import Stream
from mho.statistical.surrogate import DrawnCells, Surrogate, TrainingBudget

_VERSION = 2
"""Another number where the same cells would be measured or drawn in another way (1)."""
_ROOMS = ("bench", "chip", "compiled", "device", "programming")
"""Whose code says what becomes of a cell."""
_BINS = 17
_IN_BIN = 2
"""Least cells of a bin (1)."""


def surrogate_identity(
    chip: Chip,
    protocol: ProgramProtocol,
    read_noise: str,
    moments: Sequence[float],
    *,
    low: float,
    high: float,
    code: Sequence[str] = (),
) -> str:
    """What a surrogate is of, as a checksum: no other one has the same.

    Args:
        chip: A tile of the kind.
        protocol: How its cells are programmed.
        read_noise: How noise enters a product.
        moments: When cells are looked at after programming (s).
        low: Lowest target (S).
        high: Highest target (S).
        code: What tells the code of a kind of one's own from other code.
    """
    return identity(
        {
            "version": _VERSION,
            "laws": _laws(),
            "chip": chip,
            "protocol": protocol,
            "read_noise": read_noise,
            "moments": list(moments),
            "range": [low, high],
            "code": list(code),
        }
    )


def measure_surrogate(
    chip: Chip,
    protocol: ProgramProtocol,
    read_noise: str,
    moments: Sequence[float],
    *,
    low: float,
    high: float,
    code: Sequence[str] = (),
) -> Surrogate:
    """Program all cells of a chip in earnest, look at them over time, and keep what they did.

    Args:
        chip: A tile of the kind; all its cells are programmed.
        protocol: How.
        read_noise: How noise enters a product: `"frozen"` or `"moments"`.
        moments: When to look after programming, rising (s).
        low: Lowest target (S).
        high: Highest target (S).
        code: What tells the code of a kind of one's own from other code.

    Raises:
        ValueError: The chip has too few cells, or none works in a part of the range.
    """
    check_between(low, "low", 0.0, high, "S")
    check_between(chip.cells, "cells", _BINS * _IN_BIN, 1 << 24, "1")
    started = time.process_time()
    stream = Stream(0).child("surrogate")
    bench = SimulatedBench(chip, stream, read_noise=read_noise)
    cells = torch.arange(chip.cells)
    own_bin, target = _targets(chip.cells, stream, low, high)

    result = program(bench, target, protocol, cells=cells)
    # as a chip is read back before it is used
    look = protocol.verify
    bench.read(cells, samples=look.samples, window=look.window)
    seen, variance = _watched(bench, cells, moments)

    effort = torch.stack(
        (result.pulses + result.denoise_pulses, result.reads), 1
    ).long()
    working = ~result.stuck
    by_bin = (own_bin + _BINS * result.stuck).argsort(stable=True)
    order = by_bin[: int(working.sum())]
    sizes = torch.bincount(own_bin[working], minlength=_BINS)
    slots = slots_of_rows(effort[:, 1], cells, chip.rows, chip.cols)
    name = surrogate_identity(
        chip, protocol, read_noise, moments, low=low, high=high, code=code
    )
    cost = result.ledger
    return Surrogate(
        identity=name,
        low=low,
        high=high,
        moments=tuple(moments),
        cells=DrawnCells(
            (seen - target[:, None])[order].contiguous(),
            variance[order].contiguous(),
            result.converged[order],
            effort[order].contiguous(),
        ),
        bounds=torch.cat((sizes.new_zeros(1), sizes.cumsum(0))),
        held=seen[result.stuck],
        held_effort=effort[result.stuck],
        stuck_fraction=int(result.stuck.sum()) / chip.cells,
        slot_seconds=cost.seconds / max(1, slots),
        pulse_joules=cost.joules / _charged(result, effort[:, 0]),
        budget=TrainingBudget(
            chip.cells,
            cost.pulses,
            cost.seconds,
            cost.joules,
            time.process_time() - started,
        ),
    )


def _targets(
    count: int, stream: Stream, low: float, high: float
) -> tuple[Int64[Tensor, " cells"], Float[Tensor, " cells"]]:
    """Number of each cell's bin (1), and a target within it (S).

    Bins are mixed over the tile, as weights are over their layers.
    """
    mixed = torch.randperm(count, generator=stream.child("places").generator())
    own_bin = mixed * _BINS // count
    below = torch.rand(count, generator=stream.child("targets").generator())
    pitch = (high - low) / (_BINS - 1)
    return own_bin, low + pitch * (own_bin - below).clamp(min=0)


@cache
def _laws() -> str:
    """Checksum of the source of all that programs cells and lets them age."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            digest.update(f"{path.relative_to(package).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def slots_of_rows(
    reads: Int64[Tensor, " cells"],
    cells: Int64[Tensor, " cells"],
    rows: int,
    cols: int,
) -> int:
    """Samples of the slowest cell of every row, summed up (1).

    Rows are addressed one after the other, the cells of a row and all tiles at the same time.

    Args:
        reads: Samples of each cell (1).
        cells: Their numbers.
        rows: Rows of a tile (1).
        cols: Columns of a tile (1).
    """
    row = cells % (rows * cols) // cols
    slowest = reads.new_zeros(rows)
    slowest.scatter_reduce_(0, row, reads, "amax")
    return int(slowest.sum())


def _charged(result: ProgramResult, pulses: Int64[Tensor, " cells"]) -> float:
    """Pulses times what the cells conduct, which their energy goes with (S)."""
    return max(float((pulses * result.target.double()).sum()), 1e-30)


def _watched(
    bench: SimulatedBench,
    cells: Int64[Tensor, " cells"],
    moments: Sequence[float],
) -> tuple[Float[Tensor, "cells looks"], Float[Tensor, " cells"]]:
    """Conductance at each look (S), and variance of what is fresh at the first of them (S²)."""
    start = bench.clock
    seen = []
    noise = None
    for moment in moments:
        bench.wait(max(0.0, start + moment - bench.clock))
        value, variance = bench.met(cells)
        seen.append(value)
        noise = variance if noise is None else noise
    assert noise is not None

    return torch.stack(seen, 1), noise
