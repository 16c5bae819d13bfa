"""Inverses by feedback and products by digits: 24 bits from cells of eight levels."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mho.papers.claim import Measurement, Setting
from mho.rng import Stream
from mho.solve import BoundedErrors
from mho.solve.feedback import (
    FeedbackOptions,
    FeedbackSolver,
    feedback_cells,
)
from mho.units import uS

BITS = 24
LEVELS = 8
LOW = 0.5 * uS
HIGH = 35 * uS
SIZE = 16
_SLICES = 8
"""Digits of three bits (1)."""
_GUARD = 3
"""Further bits of the unknowns while they are refined (1)."""
_WINDOW = 0.1
"""Verification, in steps between levels (1): 0.5 µS, a choice; nobody states it."""
_ROWS = 4
"""Rows read at once (1): a choice. Four errors of a tenth of a step stay below half a step."""
_CONVERTERS = 8
"""Bits of the converters around the inverse (1): a choice; "low" is all that is stated."""
_MOST = 100
"""Refinements at most (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class DigitsShown:
    """Bits of the answer, refinement by refinement.

    Args:
        bits: −log₂ of the largest error over the largest unknown (1). Shape (systems, steps).
        wanted: Bits wanted (1).
    """

    bits: Float[Tensor, "systems steps"]
    wanted: int


def fixed_point(setting: Setting) -> Measurement:
    """Bits of the worst of several 16×16 systems after refinement in analog parts alone (1).

    Random matrices GᵀG / 128 of 128×16 normal numbers; 8×8 inverses in feedback on their leading
    digits, put together block by block, and products digit by digit, each sum of currents rounded
    to a whole number of steps.
    """
    systems = setting.size(10, 3)
    course = []
    for number in range(systems):
        stream = setting.stream.child("system", number)
        matrix, right = _system(stream, 128)
        course.append(_refined(matrix, right, stream, _MOST, BITS))
    final = torch.stack([one[-1] for one in course])
    bits = pad_sequence(course, batch_first=True, padding_value=math.nan)
    needed = [
        int((one >= BITS).nonzero()[0]) + 1 for one in course if one[-1] >= BITS
    ]
    worst = float(final.min())
    first = float(bits[:, 0].mean())
    gained = float(torch.stack([one.diff().mean() for one in course]).mean())
    return Measurement(
        value=worst,
        low=worst,
        high=float(final.max()),
        interval=f"worst and best of {systems} systems",
        holds=worst >= BITS,
        note=(
            f"The inverse alone gives {first:.1f} bits, each refinement {gained:.1f} more; 24 bits"
            f" take {min(needed, default=_MOST)} to {max(needed, default=_MOST)} of them."
        ),
        shown=DigitsShown(bits, BITS),
    )


def antennas(setting: Setting) -> Measurement:
    """Symbols detected as in double precision after three refinements (1).

    16 real streams of 16-QAM to 128 antennas at 20 dB, zero forcing: the matrix is HᵀH / 128.
    """
    frames = setting.size(40, 10)
    alike = total = 0
    single = 0
    for number in range(frames):
        stream = setting.stream.child("frame", number)
        matrix, right = _frame(stream, 128)
        wanted = _symbols(torch.linalg.solve(matrix, right))
        circuit = _Inverse(matrix, stream.child("inverse"))
        product = _Product(matrix, stream.child("digits"))
        found = torch.zeros(SIZE, dtype=torch.float64)
        for step in range(3):
            found = found + circuit(right - product(found))
            if step == 0:
                single += int((_symbols(found) == wanted).sum())
        alike += int((_symbols(found) == wanted).sum())
        total += SIZE
    share = alike / total
    return Measurement(
        value=share,
        low=share,
        high=share,
        interval=f"{total} symbols",
        holds=alike == total,
        note=f"After the first of the three {single / total:.3f} of them.",
    )


class _Inverse:
    """A 16×16 inverse of two 8×8 circuits, by blocks.

    With A = [[P, Q], [R, S]]: P is inverted twice, S − R P⁻¹ Q once; Q and R multiply.

    Args:
        matrix: The matrix (1).
        stream: Names the cells.
    """

    def __init__(self, matrix: Float64[Tensor, "n n"], stream: Stream) -> None:
        half = SIZE // 2
        upper = matrix[:half, :half]
        right = matrix[:half, half:]
        left = matrix[half:, :half]
        lower = matrix[half:, half:]
        # the Schur complement: what is left of the lower block once the upper one is solved
        rest = lower - left @ torch.linalg.solve(upper, right)
        self._upper = _circuit(upper, stream.child("upper"))
        self._rest = _circuit(rest, stream.child("rest"))
        self._right = _held(right, stream.child("right"))
        self._left = _held(left, stream.child("left"))

    def __call__(self, given: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
        """The inverse of a vector, roughly."""
        half = SIZE // 2
        above, below = given[:half], given[half:]
        first = self._upper.solve(above, timed=False).x
        second = self._rest.solve(below - self._left @ first, timed=False).x
        again = self._upper.solve(above - self._right @ second, timed=False).x
        return torch.cat([again, second])


class _Product:
    """A product that is exact as long as no sum of currents is off by half a step.

    Numbers of the matrix are eight digits of three bits and a sign, each digit a cell; inputs come
    bit by bit, a few rows at once, and every sum is rounded to whole steps.

    Args:
        matrix: The matrix (1).
        stream: Names the cells.
    """

    def __init__(self, matrix: Float64[Tensor, "n n"], stream: Stream) -> None:
        self._largest = float(matrix.abs().max())
        most = 2**BITS - 1
        whole = (matrix.abs() / self._largest * most).round().to(torch.int64)
        digits = torch.stack(
            [(whole >> (3 * place)) & 7 for place in range(_SLICES)]
        )
        sign = torch.stack([matrix > 0, matrix < 0])
        wanted = (digits[:, None] * sign).double()
        law = BoundedErrors(window=_WINDOW / (LEVELS - 1))
        steps = LEVELS - 1
        self._cells = steps * law.write(wanted / steps, stream).held

    def __call__(self, given: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
        """Matrix @ given, given in fixed point (1)."""
        largest = float(given.abs().max())
        if largest == 0:
            return torch.zeros_like(given)
        places = BITS + _GUARD
        unit = 2.0 ** (math.ceil(math.log2(largest)) - places)
        whole = (given / unit).round().to(torch.int64)
        total = torch.zeros(SIZE, dtype=torch.float64)
        for sign in (1, -1):
            part = (sign * whole).clamp(min=0)
            planes = torch.stack(
                [(part >> place) & 1 for place in range(places + 1)]
            )
            weights = 2.0 ** torch.arange(places + 1, dtype=torch.float64)
            total += sign * (weights @ self._sums(planes.double()))
        product: Tensor = total * unit * self._largest / (2**BITS - 1)
        return product

    def _sums(
        self, planes: Float64[Tensor, "places n"]
    ) -> Float64[Tensor, "places n"]:
        """Digits put together for each plane of bits, in units of the last digit."""
        groups = planes.reshape(len(planes), -1, _ROWS)
        cells = self._cells.reshape(*self._cells.shape[:3], -1, _ROWS)
        currents = torch.einsum("pgr,ksogr->pksog", groups, cells)
        sums = currents.round().sum(-1)
        signed = sums[:, :, 0] - sums[:, :, 1]
        digit = 8.0 ** torch.arange(_SLICES, dtype=torch.float64)
        together: Tensor = torch.einsum("k,pko->po", digit, signed)
        return together


def _circuit(matrix: Float64[Tensor, "n n"], stream: Stream) -> FeedbackSolver:
    """Amplifiers around the leading digit of a matrix."""
    options = FeedbackOptions(
        low=LOW,
        high=HIGH,
        input_conductance=HIGH,
        bits=_CONVERTERS,
    )
    largest = float(matrix.abs().max())
    rounded = largest * _levels(matrix / largest)
    cells = feedback_cells(
        rounded,
        options,
        errors=BoundedErrors(window=_WINDOW / (LEVELS - 1)),
        stream=stream,
    )
    return FeedbackSolver(cells, options)


def _held(
    matrix: Float64[Tensor, "n n"], stream: Stream
) -> Float64[Tensor, "n n"]:
    """The leading digit of a matrix as cells hold it."""
    law = BoundedErrors(window=_WINDOW / (LEVELS - 1))
    largest = float(matrix.abs().max())
    return largest * law.write(_levels(matrix / largest), stream).held


def _levels(numbers: Float64[Tensor, "n n"]) -> Float64[Tensor, "n n"]:
    """Numbers at the nearest of eight levels of either sign."""
    steps = LEVELS - 1
    return (numbers * steps).round() / steps


def _refined(
    matrix: Tensor, right: Tensor, stream: Stream, most: int, enough: int
) -> Float[Tensor, " steps"]:
    """Bits of the answer after each refinement, until there are enough."""
    wanted = torch.linalg.solve(matrix, right)
    circuit = _Inverse(matrix, stream.child("inverse"))
    product = _Product(matrix, stream.child("digits"))
    found = torch.zeros(SIZE, dtype=torch.float64)
    bits = []
    for _ in range(most):
        found = found + circuit(right - product(found))
        off = float((found - wanted).abs().max() / wanted.abs().max())
        bits.append(-math.log2(off))
        if bits[-1] >= enough:
            break
    return torch.tensor(bits)


def _system(stream: Stream, rows: int) -> tuple[Tensor, Tensor]:
    """A random positive definite matrix and a right-hand side."""
    draw = stream.generator()
    wide = torch.randn(rows, SIZE, generator=draw, dtype=torch.float64)
    right = torch.randn(SIZE, generator=draw, dtype=torch.float64)
    return _rounded(wide.T @ wide / rows), right


def _frame(stream: Stream, antennas: int) -> tuple[Tensor, Tensor]:
    """A matrix of channels and what a matched filter receives."""
    draw = stream.generator()
    channel = torch.randn(antennas, SIZE, generator=draw, dtype=torch.float64)
    sent = 2 * torch.randint(0, 4, (SIZE,), generator=draw).double() - 3
    noise = torch.randn(antennas, generator=draw, dtype=torch.float64)
    # four amplitudes of mean square 5, 20 dB above the noise
    received = channel @ sent + math.sqrt(SIZE * 5 / 100) * noise
    matrix = _rounded(channel.T @ channel / antennas)
    return matrix, channel.T @ received / antennas


def _rounded(matrix: Tensor) -> Tensor:
    """A matrix of 24 bits, so that its answer is one of 24 bits, too."""
    unit = float(matrix.abs().max()) / (2**BITS - 1)
    rounded: Tensor = (matrix / unit).round() * unit
    return rounded


def _symbols(values: Tensor) -> Tensor:
    """The nearest of −3, −1, 1, 3."""
    return (2 * ((values + 3) / 2).round().clamp(0, 3) - 3).to(torch.int64)
