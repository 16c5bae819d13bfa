"""One number on several devices: what each further one leaves, and where read noise ends it."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench.simulated import SimulatedBench, describe_chip
from mho.chip import Chip
from mho.papers.claim import Measurement, Setting
from mho.programming import ErrorTable, measure_errors, suited_protocol
from mho.rng import Stream
from mho.solve import (
    BoundedErrors,
    CellErrors,
    GaussianErrors,
    MatrixOnChips,
    plan_cells,
    write_numbers,
)

FACTOR = 1.5
"""How far an error may be from the one expected (1)."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of errors against devices.

    Args:
        name: What the devices are like.
        law: Errors of a device.
        ratio: What a device counts in parts of the one before it (1).
        errors: Root mean square error after one device, two devices, … (1).
        stall: Error that no further device lowers (1); `None` if there is none.
    """

    name: str
    law: CellErrors
    ratio: float
    errors: tuple[float, ...]
    stall: float | None = None


ROWS = (
    Row(
        "Gaussian 1 %, 1/16",
        GaussianErrors(spread=0.01),
        1 / 16,
        (1e-2, 6.3e-4, 3.9e-5, 2.4e-6, 1.5e-7, 9.5e-9),
    ),
    Row(
        "Gaussian 0.5 %, 1/32",
        GaussianErrors(spread=0.005),
        1 / 32,
        (5e-3, 1.6e-4, 4.9e-6, 1.5e-7, 4.8e-9, 1.5e-10),
    ),
    Row(
        "Gaussian 1 %, 1/25",
        GaussianErrors(spread=0.01),
        1 / 25,
        (1e-2,),
        stall=8e-6,
    ),
    Row(
        "Gaussian 1 %, 1/50",
        GaussianErrors(spread=0.01),
        1 / 50,
        (1e-2, 1e-3),
        stall=1e-3,
    ),
    Row(
        "verified ±1/128, 1/128",
        BoundedErrors(window=1 / 128),
        1 / 128,
        (4.5e-3, 3.5e-5, 2.8e-7, 2.2e-9, 1.7e-11, 1.3e-13, 1e-15),
    ),
    Row(
        "verified ±1/64, 1/64",
        BoundedErrors(window=1 / 64),
        1 / 64,
        (9e-3, 1.4e-4, 2.2e-6, 3.4e-8, 5.4e-10, 8.4e-12),
    ),
)
"""Errors of random numbers that fill the range, read back exactly, by the published algorithm."""

_DEVICES = 6
"""Devices at least to which every row is followed (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class DevicesShown:
    """Errors against devices.

    Args:
        names: Of the rows.
        expected: Errors expected (1), shorter where a row stalls.
        measured: Errors found (1).
    """

    names: tuple[str, ...]
    expected: tuple[tuple[float, ...], ...]
    measured: tuple[tuple[float, ...], ...]


def devices_of_a_number(setting: Setting) -> Measurement:
    """Largest factor between an error of the table and the one found (1).

    Rows that stall must stall: more than half of the error after four devices is left after six,
    which is more than a hundred times what it would be if no error exceeded the reach.
    """
    numbers = setting.size(200_000, 40_000)
    generator = setting.stream.child("numbers").generator()
    even = torch.rand(numbers, generator=generator, dtype=torch.float64)
    wanted = 2 * even - 1
    found = [_errors(row, wanted, setting.stream) for row in ROWS]
    factor = 1.0
    stalled = []
    for row, errors in zip(ROWS, found, strict=True):
        for expected, error in zip(row.errors, errors, strict=False):
            factor = max(factor, error / expected, expected / error)
        if row.stall is not None:
            unhindered = errors[0] * row.ratio ** (_DEVICES - 1)
            stays = errors[5] > 0.5 * errors[3]
            stalled.append(stays and errors[5] > 100 * unhindered)
    ends = [
        f"{row.name}: stalls at {errors[-1]:.1e} (expected {row.stall:.0e})"
        for row, errors in zip(ROWS, found, strict=True)
        if row.stall is not None
    ]
    return Measurement(
        value=factor,
        low=factor,
        high=factor,
        interval="largest of all rows and devices",
        holds=factor <= FACTOR and all(stalled),
        note=f"{numbers:,} numbers; {'; '.join(ends)}.",
        shown=DevicesShown(
            tuple(row.name for row in ROWS),
            tuple(row.errors for row in ROWS),
            tuple(found),
        ),
    )


def _errors(row: Row, wanted: Tensor, stream: Stream) -> tuple[float, ...]:
    """Root mean square error after each number of devices (1)."""
    errors = []
    for count in range(1, max(len(row.errors), _DEVICES) + 1):
        plan = plan_cells(row.law, cells=count, ratio=row.ratio)
        held = write_numbers(wanted, row.law, plan, stream.child(row.name)).held
        errors.append(float((held - wanted).square().mean().sqrt()))
    return tuple(errors)


@dataclass(frozen=True, slots=True, eq=False)
class FloorShown:
    """Errors of products against cells per number, of denoised cells and of others.

    Args:
        cells: Pairs of cells per number (1).
        measured: Error relative to the outputs (1). Shape (2, cells): denoised first.
        predicted: The same, predicted (1). Shape (2, cells).
        noise: What read noise alone makes, predicted (1). Shape (2,).
    """

    cells: tuple[int, ...]
    measured: Float[Tensor, "2 cells"]
    predicted: Float[Tensor, "2 cells"]
    noise: Float[Tensor, "2"]


def read_noise_floor(setting: Setting) -> Measurement:
    """Largest factor between the error of a product and its prediction (1).

    A random matrix on the preset's cells, programmed with and without denoising, one to four pairs
    of cells a number; predicted from the statistics of the same cells.
    """
    size = setting.size(128, 64)
    cells = (1, 2, 3, 4)
    draw = setting.stream.child("matrix").generator()
    matrix = 2 * torch.rand(size, size, generator=draw, dtype=torch.float64) - 1
    inputs = torch.randn(size, 200, generator=draw, dtype=torch.float64)
    wanted = matrix @ inputs
    measured = torch.zeros(2, len(cells))
    predicted = torch.zeros(2, len(cells))
    noise = torch.zeros(2)
    for place, denoised in enumerate((True, False)):
        table = _table(setting, denoised=denoised)
        for column, count in enumerate(cells):
            on_chips = MatrixOnChips(
                matrix.numpy(),
                chip=Chip(setting.preset),
                mapping=f"residual:{count}",
                table=table,
                stream=setting.stream.child("chip", place, count),
            )
            found = torch.from_numpy(on_chips @ inputs.numpy())
            off = (found - wanted).norm() / wanted.norm()
            measured[place, column] = float(off)
            floor = on_chips.error_floor
            predicted[place, column] = floor.relative
            noise[place] = floor.noise / floor.outputs
    factors = torch.maximum(measured / predicted, predicted / measured)
    factor = float(factors.max())
    # a further cell no longer helps, and denoising does
    flat = bool((measured[:, 3] > measured[:, 2] / FACTOR).all())
    lower = float(measured[1, 3] / measured[0, 3])
    return Measurement(
        value=factor,
        low=factor,
        high=factor,
        interval="largest of both kinds of cells and one to four cells",
        holds=factor <= FACTOR and flat and lower > FACTOR,
        note=(
            f"With four cells a number {measured[0, 3]:.1e} of the outputs if denoised,"
            f" {measured[1, 3]:.1e} if not: {lower:.1f} times as much."
        ),
        shown=FloorShown(cells, measured, predicted, noise),
    )


def _table(setting: Setting, *, denoised: bool) -> ErrorTable:
    """Statistics of cells programmed with denoising or without."""
    side = setting.size(64, 32)
    chip = replace(Chip(setting.preset), tiles=1, rows=side, cols=side)
    protocol = suited_protocol(describe_chip(chip))
    if not denoised:
        protocol = replace(protocol, denoise=None)
    stream = setting.stream.child("table", int(denoised))
    bench = SimulatedBench(chip, stream)
    return measure_errors(bench, stream.child("targets"), protocol)


def geometric_fall(errors: Float[Tensor, " cells"]) -> float:
    """Factor by which a further cell lowers an error, as geometric mean (1).

    >>> round(geometric_fall(torch.tensor([1e-2, 1e-4, 1e-6])), 6)
    100.0
    """
    steps = len(errors) - 1
    return math.exp(math.log(float(errors[0] / errors[-1])) / steps)
