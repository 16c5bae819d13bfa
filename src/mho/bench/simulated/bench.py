"""A simulated chip on the bench: the physics behind the same interface as instruments."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.abilities import Calls, Truth
from mho.bench.interface import BenchInfo, Pulse, Reading
from mho.bench.simulated.bench_numbers import (
    from_numbers,
    kept,
    numbers_of,
    put_back,
)
from mho.bench.simulated.description import describe_chip
from mho.bench.simulated.passive import DisturbAccount, PassiveArray
from mho.bench.simulated.products import Crossings, Products
from mho.bench.simulated.pulses import SelectedPulses, largest_amplitude
from mho.bench.simulated.read_out import ReadOut
from mho.checks import (
    check_not_negative,
    check_positive,
    check_shape,
    check_within,
)
from mho.chip import Chip, Multiplier, Windows
from mho.chip.periphery import LimitReport
from mho.device import Cells
from mho.ledger import Ledger
from mho.rng import Stream


class SimulatedBench:
    """A simulated chip.

    Rows are addressed one after the other, the cells of a row and all tiles at the same time. A
    read window is shared: while one sample integrates on one row, the others wait their turn.

    Args:
        chip: What is simulated.
        stream: Randomness: its cells, its noise. The same stream makes the same chip.
        origin: Cell of the chip that each cell is a copy of at first, with its constants and its
            past; copies live on independently. Every cell is its own origin if `None`.
        read_noise: How noise enters a multiply: `"frozen"`, traps stand still during a call and
            the white rest is fresh for every vector; `"moments"`, all of it is fresh, with the
            long-run mean and variance of every cell; `"sampled"`, every cell is followed from
            vector to vector, which takes long.

    >>> bench = SimulatedBench(Chip(rows=2, cols=2), Stream(0))
    >>> bench.read(torch.arange(4), samples=1, window=0.0).mean.shape
    torch.Size([4])
    """

    def __init__(
        self,
        chip: Chip,
        stream: Stream,
        origin: Int64[Tensor, " cells"] | None = None,
        read_noise: str = "frozen",
    ) -> None:
        self.chip = chip
        if origin is not None:
            check_shape(origin, "origin", (chip.cells,))
        self._cells = Cells(
            chip.cell,
            chip.cells,
            stream.child("cells"),
            chip.temperature,
            origin,
        )
        self._products = Products(
            chip, self._cells, stream.child("multiply"), read_noise
        )
        self._passive = (
            PassiveArray(chip, self._cells) if chip.biasing else None
        )
        self._pulses = self._passive or SelectedPulses(chip, self._cells)
        self._read_out = ReadOut(
            chip, self._cells, stream.child("read-out"), origin
        )
        self._info = describe_chip(chip)
        self._clock = 0.0
        self._ledger = Ledger()
        self._multiplies = 0

    @property
    def info(self) -> BenchInfo:
        """What the bench can do."""
        return self._info

    @property
    def ledger(self) -> Ledger:
        """All costs so far."""
        return self._ledger

    @property
    def clock(self) -> float:
        """Time since the bench was switched on (s)."""
        return self._clock

    @property
    def temperature(self) -> float:
        """Temperature of the chip (K)."""
        return self._cells.temperature

    @property
    def disturb(self) -> DisturbAccount | None:
        """What half-select pulses did to each cell so far; `None` for cells with selectors."""
        return self._passive.account.copy() if self._passive else None

    @property
    def limits(self) -> LimitReport:
        """Where currents of multiplies exceeded what lines and drivers bear, so far."""
        return self._products.limits

    def heat(self, temperature: float) -> None:
        """Bring the chip to another temperature at once.

        Args:
            temperature: New temperature (K).
        """
        self._cells.heat(temperature, self._clock)

    def age(
        self, cycles: float, cells: Int64[Tensor, " cells"] | None = None
    ) -> None:
        """Give the chip a past: many cycles of SET and RESET, not simulated one by one.

        Neither clock nor ledger move: they count from here on.

        Args:
            cycles: Cycles that each cell has gone through (1).
            cells: Cells that have; all of them if `None`.
        """
        chosen = torch.arange(self.chip.cells) if cells is None else cells
        self._cells.age(chosen, cycles, self._clock)

    @property
    def stuck(self) -> Tensor:
        """Which cells never switch: the truth, which protocols do not see. Shape (cells,)."""
        return self._stuck(torch.arange(self.chip.cells))

    def _stuck(self, cells: Int64[Tensor, " cells"]) -> Tensor:
        """Which of some cells never switch. Shape (cells,)."""
        chosen = cells.numpy()
        records = self._cells.records_with(chosen)
        if "stuck" not in (records.dtype.names or ()):
            return torch.zeros(cells.numel(), dtype=torch.bool)
        return torch.from_numpy(records["stuck"][chosen]).bool()

    def truth(self, cells: Int64[Tensor, " cells"] | None = None) -> Truth:
        """What no instrument can see; see `mho.bench.Transparent`."""
        stuck = self.stuck if cells is None else self._stuck(cells)
        if self._passive is None:
            return Truth(stuck)
        summary = self._passive.account.summary(~self.stuck)
        return Truth(stuck, {"biasing": str(self.chip.biasing), **summary})

    def pulse(self, pulse: Pulse, cells: Int64[Tensor, " cells"]) -> None:
        """Give every listed cell its pulse or train; 0 V is no pulse.

        Raises:
            ValueError: An amplitude beyond the driver's limit, or a width that is not positive.
        """
        check_positive(pulse.width, "width", "s")
        if cells.numel() == 0:
            return
        largest = largest_amplitude(pulse, self._info.amplitude_max)
        self._cells.model.check_pulse(largest, pulse.width)
        train = pulse.amplitude.reshape(-1, cells.numel())
        seconds, joules = self._pulses.give(
            train, pulse.width, pulse.gate, cells, self._clock
        )
        self._clock += seconds
        # of truths, which is quicker than of numbers
        given = int(np.count_nonzero(train.numpy() != 0))
        self._ledger += Ledger(
            pulses=given, seconds=seconds, pulse_joules=joules
        )

    def read(
        self, cells: Int64[Tensor, " cells"], *, samples: int, window: float
    ) -> Reading:
        """Read the listed cells at the read voltage.

        Args:
            cells: Cells to read, each once.
            samples: Samples of each cell (1).
            window: Least time over which they are spread (s); longer if the rows need it.
        """
        check_positive(samples, "samples", "1")
        check_not_negative(window, "window", "s")
        reading, cost = self._read_out.read(cells, samples, window, self._clock)
        self._clock += cost.seconds
        self._ledger += cost
        return reading

    def sweep(
        self, cells: Int64[Tensor, " cells"], voltage: Float[Tensor, " points"]
    ) -> Float[Tensor, "points cells"]:
        """Currents of the listed cells at each voltage, one integration time after another (A).

        Args:
            cells: Cells to read, each once.
            voltage: Voltages in the order of time (V). Rows take turns at every one of them.

        Raises:
            ValueError: A voltage beyond the read voltage: it might disturb the cells.
        """
        limit = self._info.read_voltage
        hint = "A sweep must not disturb cells."
        check_within(voltage, "voltage", -limit, limit, unit="V", hint=hint)
        current, cost = self._read_out.sweep(cells, voltage, self._clock)
        self._clock += cost.seconds
        self._ledger += cost
        return current

    def wait(self, seconds: float) -> None:
        """Let time pass with all lines grounded."""
        check_not_negative(seconds, "seconds", "s")
        self._clock += seconds
        self._ledger += Ledger(seconds=seconds)

    def multiply(
        self,
        voltage: Float[Tensor, "batch rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Drive rows together; digitise columns' currents, or differences of paired ones (A).

        Wires are included; cells of the tile that are not named are off. How noise enters is
        said by `read_noise`; telegraph states move on between calls.

        Raises:
            ValueError: Cells are not on one tile, or not in its rows and columns as in the
                matrix, or there is not one full scale, or one for each column.
        """
        call = partial(self._products, voltage, (plus, minus), full_scale)
        return self._multiplied(call)

    def multiply_transposed(
        self,
        voltage: Float[Tensor, "batch cols"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " rows"],
    ) -> Float[Tensor, "batch rows"]:
        """Drive columns together, those that subtract with the opposite sign; digitise rows (A).

        Arguments and errors as of `multiply`, rows and columns exchanged. By reciprocity the same
        effective matrix multiplies, wires included.
        """
        call = partial(self._products, voltage, (plus, minus), full_scale)
        return self._multiplied(partial(call, transposed=True))

    def _multiplied(self, call: Callable[..., tuple[Tensor, Ledger]]) -> Tensor:
        """Digitised currents (A) of a product that comes now, paid for."""
        current, cost = call(now=self._clock, number=self._multiplies)
        self._book(cost)
        return current

    def _book(self, cost: Ledger) -> None:
        """A product is over."""
        self._clock += cost.seconds
        self._multiplies += 1
        self._ledger += cost

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
        """What `multiply` gives for the windows of images, block after block (A).

        Sums are rounded in another order, and noise has draws of its own.

        Args:
            images: Row voltages, a pixel each, the channels of a block side by side (V).
            kernel: Rows and columns of a window, whose pixels are a block's rows (pixels).
            plus: Cell at each crossing that adds, of blocks of one shape.
            minus: Cell at each crossing that subtracts, or `None`.
            full_scale: Largest current, or difference, of each block (A).
            stride: Distance of neighbouring windows.
            dilation: Distance of neighbouring pixels of a window.
        """
        windows = Windows(images, plus.shape[0], kernel, stride, dilation)
        call = partial(self._products.of_windows, windows, (plus, minus))
        currents, costs = call(
            full_scale, now=self._clock, number=self._multiplies
        )
        for cost in costs:
            self._book(cost)
        return currents

    @contextmanager
    def foresee(self, calls: Calls, moments: Sequence[float]) -> Iterator[None]:
        """Within, the same products come at each of several times, and nothing else happens.

        They give the same bits as unforeseen, in less time: their wires are solved together.

        Args:
            calls: Cells, as for `multiply`, and number of vectors of each product of a look.
            moments: When looks begin, rising (s).
        """
        self._products.foresee(calls, moments)
        try:
            yield
        finally:
            self._products.foresee((), ())

    def prepare(
        self,
        blocks: Sequence[Crossings],
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Multiplier:
        """A multiplier of cells as they are now: the wires solved once, no ledger, no ageing.

        Noise is that of `read_noise="moments"`; `Multiplier.draws` makes its source. The
        blocks' currents are digitised apart and added.

        Args:
            blocks: Cells that add and cells that subtract, `None` for columns read one by one;
                blocks of one shape, each on one tile. Shapes (rows, cols).
            full_scale: Largest current, or difference, of a block to resolve (A), one or one for
                each column.

        Raises:
            ValueError: As for `multiply`.
        """
        return self._products.prepare(blocks, full_scale, self._clock)

    def met(self, cells: Int64[Tensor, " cells"]) -> tuple[Tensor, Tensor]:
        """Conductance of cells as a product now meets it (S), and how far it varies (S²)."""
        value, variance = self._products.met(cells[None, None], self._clock)
        return value.flatten(), variance.flatten()

    def state(
        self, cells: Int64[Tensor, " cells"] | None = None
    ) -> dict[str, Tensor]:
        """Everything that changes, as copies: for `restore`.

        Args:
            cells: Cells to save, if only these were ever addressed; all of them if `None`.
        """
        cells = self._reached(cells)
        numbers = numbers_of(
            self._clock, self._multiplies, self.temperature, self._ledger
        )
        return kept(self._tensors(cells), cells, numbers)

    def restore(
        self,
        state: Mapping[str, Tensor],
        cells: Int64[Tensor, " cells"] | None = None,
    ) -> None:
        """Go back to a state that `state` gave for the same cells.

        Raises:
            ValueError: It is the state of another kind of chip, or one that no chip can be in.
        """
        cells = self._reached(cells)
        where = torch.arange(self.chip.cells) if cells is None else cells
        put_back(self._tensors(cells), state, where)
        numbers = from_numbers(state["bench"])
        self._clock, self._multiplies, temperature, self._ledger = numbers
        self._cells.temperature = temperature

    def _tensors(self, cells: Tensor | None) -> dict[str, Tensor]:
        """What changes about some cells, by name, the same objects."""
        booked = self._passive.account.tensors() if self._passive else {}
        return self._cells.tensors(cells) | booked

    def _reached(self, cells: Tensor | None) -> Tensor | None:
        """Cells that change if these are addressed; `None` for all, as half-selected ones do."""
        return None if self._passive else cells
