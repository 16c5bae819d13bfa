"""What a bench may be able to do beside pulsing and reading, and how to ask for it.

Every bench pulses, reads, waits and multiplies. Some can do more: a simulated chip keeps its
state in a file, is brought to another temperature at once, and knows what no instrument sees.
Whoever needs such an ability asks for it here, and says in a sentence what is missing where there
is none. A bench that hands on to another one has the abilities of that one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench.forwarding import ForwardingBench
from mho.bench.interface import Bench


@runtime_checkable
class Restorable(Protocol):
    """A bench whose state can be kept and brought back: to resume, and to save a chip."""

    def state(
        self, cells: Int64[Tensor, " cells"] | None = None
    ) -> dict[str, Tensor]:
        """Everything that changes, as copies; of all cells if `None`."""

    def restore(
        self,
        state: Mapping[str, Tensor],
        cells: Int64[Tensor, " cells"] | None = None,
    ) -> None:
        """Go back to a state that `state` gave for the same cells."""


@runtime_checkable
class Heatable(Protocol):
    """A bench that can bring its chip to another temperature."""

    def heat(self, temperature: float) -> None:
        """Bring the chip to another temperature (K)."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What a simulation knows of its chip and no instrument can see: for reports.

    Args:
        stuck: Which of the cells asked about never switch. Shape (cells,).
        half_selected: What writing did to cells that were not written, as plain values; `None`
            where selectors keep them out of it.
    """

    stuck: Bool[Tensor, " cells"]
    half_selected: Mapping[str, float | int | str] | None = None


@runtime_checkable
class Transparent(Protocol):
    """A bench that knows the truth about its chip."""

    def truth(self, cells: Int64[Tensor, " cells"] | None = None) -> Truth:
        """The truth, as it is now."""


Calls = Sequence[
    tuple[
        tuple[
            Int64[Tensor, "_ _"],
            Int64[Tensor, "_ _"] | None,
        ],
        int,
    ]
]
"""Products one after another: cells that add, cells that subtract or `None`, and vectors (1)."""


@runtime_checkable
class Foreseeing(Protocol):
    """A bench that is faster when it knows which products will come."""

    def foresee(
        self, calls: Calls, moments: Sequence[float]
    ) -> AbstractContextManager[None]:
        """Within, these products come at each of these times (s), and nothing else happens."""


@runtime_checkable
class Multiplying(Protocol):
    """What multiplies by cells, be it a bench or less than one."""

    def multiply(
        self,
        voltage: Float[Tensor, "batch rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Drive rows together; digitise columns' currents, or differences of paired ones (A)."""


@runtime_checkable
class WindowMultiplying(Protocol):
    """A bench that multiplies windows of images by blocks of one shape, without copying them."""

    def multiply_windows(
        self,
        images: Float[Tensor, "batch channels _ _"],
        kernel: tuple[int, int],
        plus: Int64[Tensor, "groups rows cols"],
        minus: Int64[Tensor, "groups rows cols"] | None,
        full_scale: Sequence[float],
        *,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
    ) -> Float[Tensor, "batch results _ _"]:
        """What `multiply` gives for the windows, block after block (A)."""


@runtime_checkable
class TransposedMultiplying(Protocol):
    """A bench that also drives columns and reads rows."""

    def multiply_transposed(
        self,
        voltage: Float[Tensor, "batch cols"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " rows"],
    ) -> Float[Tensor, "batch rows"]:
        """Digitised currents of rows (A), columns that subtract driven with the opposite sign."""


@contextmanager
def foresee(
    bench: Bench, calls: Calls, moments: Sequence[float]
) -> Iterator[None]:
    """Tell a bench what will come, if it wants to know; results are the same.

    Only this very bench: one that hands on to another may do something between products.

    Args:
        bench: The bench.
        calls: Products of one look.
        moments: When looks begin, rising (s).
    """
    if isinstance(bench, Foreseeing):
        with bench.foresee(calls, moments):
            yield
    else:
        yield


def restorable(bench: Bench) -> Restorable:
    """The same bench as one that can keep and restore its state.

    Raises:
        ValueError: It cannot.
    """
    for one in _handed_on(bench):
        if isinstance(one, Restorable):
            return one
    raise ValueError(
        f"Argument `bench` must be able to keep and restore its state, but `{bench.info.name}` is"
        " not; use it where nothing is saved or resumed."
    )


def transposing(bench: Bench) -> TransposedMultiplying:
    """The same bench as one that drives columns as well.

    Raises:
        ValueError: It cannot.
    """
    for one in _handed_on(bench):
        if isinstance(one, TransposedMultiplying):
            return one
    raise ValueError(
        f"Argument `bench` must be able to drive columns and read rows, but `{bench.info.name}` is"
        " not; put the transpose on tiles of its own."
    )


def heatable(bench: Bench) -> Heatable:
    """The same bench as one whose temperature can be chosen.

    Raises:
        ValueError: It cannot.
    """
    for one in _handed_on(bench):
        if isinstance(one, Heatable):
            return one
    raise ValueError(
        "Argument `temperature` must be left out for instruments, which cannot heat; set it at"
        " the chip."
    )


def truth_of(
    bench: Bench, cells: Int64[Tensor, " cells"] | None = None
) -> Truth | None:
    """What is really so on a bench; `None` where nobody can know.

    Args:
        bench: The bench.
        cells: Cells that are asked about; all of them if `None`.
    """
    for one in _handed_on(bench):
        if isinstance(one, Transparent):
            return one.truth(cells)
    return None


def _handed_on(bench: Bench) -> Iterator[Bench]:
    """The bench, then the one that it hands on to, and so on: the outermost ability counts."""
    yield bench
    while isinstance(bench, ForwardingBench):
        bench = bench.inner
        yield bench
