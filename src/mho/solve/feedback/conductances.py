"""A matrix as conductances of pairs of cells, as wanted or as written."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_finite,
    check_not_negative,
    check_positive,
)
from mho.rng import Stream
from mho.solve.feedback.circuit import LAYOUTS
from mho.units import V, uS


@dataclass(frozen=True, slots=True)
class FeedbackOptions(Configuration):
    """What lies around the cells of a one-step solver.

    Args:
        low: Conductance that stands for 0 (S).
        high: Conductance of the largest entry of the matrix (S).
        input_conductance: Between each source and its input (S).
        largest_source: Largest voltage of a source (V).
        bits: Bits of the converters of sources and outputs; ideal ones if 0.
        tolerance: How near to rest outputs are read, relative to the largest (1).
        layout: `"arrays"` or `"lines"`, as in `FeedbackCircuit`.

    Raises:
        ValueError: A number out of range, or conductances in the wrong order.
    """

    low: float = 0.5 * uS
    high: float = 100 * uS
    input_conductance: float = 100 * uS
    largest_source: float = 0.2 * V
    bits: int = 0
    tolerance: float = 1e-3
    layout: str = "arrays"

    def __post_init__(self) -> None:
        check_not_negative(self.low, "low", "S")
        check_positive(self.high, "high", "S")
        check_positive(self.input_conductance, "input_conductance", "S")
        check_positive(self.largest_source, "largest_source", "V")
        check_between(self.bits, "bits", 0, 32, "1")
        check_between(self.tolerance, "tolerance", 1e-12, 0.5, "1")
        check_choice(self.layout, "layout", LAYOUTS)
        if self.low >= self.high:
            raise ValueError(
                f"Argument `low` must be below `high`, but is {self.low / uS:g} µS against"
                f" {self.high / uS:g} µS."
            )


@dataclass(frozen=True, slots=True, eq=False)
class FeedbackCells:
    """A matrix as conductances.

    Args:
        positive: Cells that act with their sign (S). Shape (unknowns, equations).
        negative: Cells driven by inverted outputs (S), `None` if no entry is
            negative and `low` is 0 S. Shape (unknowns, equations).
        scale: Difference of conductances for an entry of 1 (S).
    """

    positive: Float[Tensor, "n n"]
    negative: Float[Tensor, "n n"] | None
    scale: float


@runtime_checkable
class _Held(Protocol):
    """What pairs hold after writing."""

    @property
    def held(self) -> Tensor:
        """In parts of the largest difference of a pair (1)."""


@runtime_checkable
class WritesPairs(Protocol):
    """What writing leaves, as `mho.solve.CellErrors` tells it."""

    def write(self, wanted: Tensor, stream: Stream) -> _Held:
        """Write pairs, wanted in parts of the largest difference of a pair (1)."""


def feedback_cells(
    matrix: Float[Tensor, "rows cols"],
    options: FeedbackOptions | None = None,
    *,
    errors: WritesPairs | None = None,
    stream: Stream | None = None,
) -> FeedbackCells:
    """Conductances for a matrix, as wanted or as written.

    Args:
        matrix: Any square matrix (1). Shape (n, n).
        options: Range of the cells.
        errors: What writing leaves, such as `mho.solve.GaussianErrors`; nothing if `None`. It
            belongs to the cell of a pair that holds the number, the other one is at `low`.
        stream: Names the cells, where they have errors.

    Raises:
        ValueError: It is not square, has entries that are no numbers, or is all zero; errors
            without a stream.
    """
    chosen = options or FeedbackOptions()
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"Argument `matrix` must be square, but has shape {tuple(matrix.shape)}; for more"
            " equations than unknowns solve the normal equations."
        )
    check_finite(matrix, "matrix", "Give every entry a number.")
    largest = float(matrix.abs().max()) if matrix.numel() else 0.0
    if largest == 0:
        raise ValueError(
            "Argument `matrix` must have an entry other than 0, but has none; it has no inverse."
        )
    span = chosen.high - chosen.low
    held = (matrix.double().T / largest).contiguous()
    if errors is not None:
        held = errors.write(held, named_stream(stream).child("cells")).held
    positive = chosen.low + span * held.clamp(min=0)
    plain = chosen.low == 0 and bool((held >= 0).all())
    negative = None if plain else chosen.low + span * (-held).clamp(min=0)
    return FeedbackCells(positive, negative, span / largest)


def named_stream(stream: Stream | None) -> Stream:
    """The stream of what is drawn.

    Raises:
        ValueError: There is none.
    """
    if stream is None:
        raise ValueError(
            "Argument `stream` must be given where cells have errors or amplifiers offsets, but is"
            " missing; pass `mho.Stream(0)`."
        )
    return stream
