"""The seam between a protocol and whatever it drives: pulses in, readings out.

A bench is real instruments or a simulated chip. Cells are numbered 0 … cells−1, tile by tile and
row by row; every operation takes a set of cell numbers, so that one protocol drives one cell on a
probe station and 65,536 simulated ones alike.
"""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int64
from torch import Tensor

from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_not_negative,
    check_positive,
)
from mho.ledger import Ledger
from mho.units import show
from mho.wires import WireModel

_TOLERANCE = 1e-6
"""Half-width of the window of the 2023 chip (S)."""
_SHARE = 0.05
"""Half-width of the window of other kinds, relative to their range (1)."""
METHODS = ("predictive", "ramp", "identical pulses")
"""How cells are trimmed: see `BenchInfo.method`."""


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """One rectangular voltage pulse per cell.

    Args:
        amplitude: Voltage over cell and selector (V); positive SETs. Shape (cells,), or
            (train, cells) for several pulses given one after the other without looking.
        width: Duration of one pulse (s).
        gate: Word-line voltage (V), the same for all cells or one each, shape (cells,).
    """

    amplitude: Float[Tensor, "*train cells"]
    width: float
    gate: float | Float[Tensor, " cells"]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Conductances read at the bench's read voltage, several samples spread over a window.

    Args:
        mean: Mean of the samples (S). Shape (cells,).
        spread: Standard deviation of the samples (S); 0 for one sample. Shape (cells,).
        peak_to_peak: Largest minus smallest sample (S). Shape (cells,).
        window: Time from the first to the end of the last sample (s).
        samples: Samples taken of each cell (1).
    """

    mean: Float[Tensor, " cells"]
    spread: Float[Tensor, " cells"]
    peak_to_peak: Float[Tensor, " cells"]
    window: float
    samples: int


@dataclass(frozen=True, slots=True)
class Nominal(Configuration):
    """What a lab knows of its typical cell before it starts: the average switching law.

    A pulse of `set_voltage` (or −`reset_voltage`) and `width` moves a cell half way up its range
    by about `step`; every `slope` volts more move it e times as far.

    Args:
        set_voltage: SET amplitude that moves a typical cell by `step` (V).
        reset_voltage: RESET amplitude, as a positive number, that does the same (V).
        slope: Voltage for a step e times as large (V).
        step: Conductance step at those voltages, where `window` is 1 (S).
        width: Pulse width of that statement (s).
        floor: Conductance below which RESET has no effect (S).
        ceiling: Conductance above which SET has no effect, gate fully on (S).
        span: Distance from floor or ceiling at which the step is `step` (S).
    """

    set_voltage: float
    reset_voltage: float
    slope: float
    step: float
    width: float
    floor: float
    ceiling: float
    span: float

    def __post_init__(self) -> None:
        for name, unit in (
            ("set_voltage", "V"),
            ("reset_voltage", "V"),
            ("slope", "V"),
            ("step", "S"),
            ("width", "s"),
            ("span", "S"),
        ):
            check_positive(getattr(self, name), name, unit)
        check_between(self.floor, "floor", 0.0, 1.0, "S")
        check_between(self.ceiling, "ceiling", self.floor, 1.0, "S")


@dataclass(frozen=True, slots=True)
class BenchInfo(Configuration):
    """What a bench can do.

    Args:
        name: What it is, for reports.
        tiles: Tiles (1).
        rows: Word lines of a tile (1).
        cols: Bit lines of a tile (1).
        conductance_low: Lowest conductance a cell can be asked to hold (S).
        conductance_high: Highest conductance a cell can be asked to hold (S).
        array_low: Lowest conductance recommended for multiplying in parallel (S).
        array_high: Highest conductance recommended for multiplying in parallel (S).
        amplitude_max: Largest pulse amplitude, either polarity (V).
        gate_max: Word-line voltage that turns the selector fully on (V).
        read_voltage: Voltage of reads (V).
        resolution: Smallest conductance difference the read-out resolves (S).
        sample_time: Time one sample integrates (s).
        nominal: The typical cell.
        wires: Resistances of a tile's lines as far as they are known: a mapping can make up
            for known ones.
        dac_bits: Bits of magnitude of a row's converter (1).
        adc_bits: Bits of magnitude of a column's converter (1).
        method: What suits its cells, one of `METHODS`: `"predictive"`, amplitudes chosen from
            the typical cell, whose steps grow about exponentially with them; `"ramp"`, amplitudes
            that rise from pulse to pulse, for cells that do not answer to the same one twice;
            `"identical pulses"`, pulses of the typical amplitude, counted, for cells whose steps
            hardly depend on it.
        telegraph: Whether cells may show telegraph noise that pulses below switching remove.
        levels: Conductances that a cell can hold (1); any in its range if `None`.
    """

    name: str
    tiles: int
    rows: int
    cols: int
    conductance_low: float
    conductance_high: float
    array_low: float
    array_high: float
    amplitude_max: float
    gate_max: float
    read_voltage: float
    resolution: float
    sample_time: float
    nominal: Nominal
    wires: WireModel = field(default_factory=WireModel)
    dac_bits: int = 8
    adc_bits: int = 8
    method: str = "predictive"
    telegraph: bool = True
    levels: int | None = None

    def __post_init__(self) -> None:
        check_between(self.tiles, "tiles", 1, 1_000_000, "1")
        check_between(self.rows, "rows", 1, 65_536, "1")
        check_between(self.cols, "cols", 1, 65_536, "1")
        for part in ("conductance", "array"):
            low, high = (
                getattr(self, f"{part}_{end}") for end in ("low", "high")
            )
            check_between(low, f"{part}_low", 0.0, 1.0, "S")
            check_between(high, f"{part}_high", low, 1.0, "S")
        check_positive(self.amplitude_max, "amplitude_max", "V")
        check_not_negative(self.gate_max, "gate_max", "V")
        check_positive(self.read_voltage, "read_voltage", "V")
        check_not_negative(self.resolution, "resolution", "S")
        check_positive(self.sample_time, "sample_time", "s")
        check_between(self.dac_bits, "dac_bits", 1, 32, "1")
        check_between(self.adc_bits, "adc_bits", 1, 32, "1")
        check_choice(self.method, "method", METHODS)
        if self.levels is not None:
            check_between(self.levels, "levels", 2, 65_536, "1")

    def check_levels(self, levels: int | None) -> None:
        """Refuse more levels than a cell can hold.

        Args:
            levels: Levels wanted (1); any conductance if `None`.

        Raises:
            ValueError: In the house sentence.
        """
        if self.levels is None or (levels or 65_536) <= self.levels:
            return
        wanted = "any conductance" if levels is None else f"{levels:,}"
        raise ValueError(
            f"Argument `levels` must be at most {self.levels}, as cells of `{self.name}` hold no"
            f" more, {show(self.array_low, 'S')} and {show(self.array_high, 'S')}, but is"
            f" {wanted}; ask for {self.levels} (`--levels {self.levels}`)."
        )

    @property
    def usual_tolerance(self) -> float:
        """Half-width of the acceptance window where nobody chooses one (S).

        1 µS as for the 2023 chip where cells may show telegraph noise, a twentieth of the range
        for other kinds, and half of it for two levels.
        """
        if self.telegraph:
            return _TOLERANCE
        span = self.array_high - self.array_low
        return span / 2 if self.levels == 2 else _SHARE * span

    @property
    def cells(self) -> int:
        """Number of cells (1)."""
        return self.tiles * self.rows * self.cols


@runtime_checkable
class Bench(Protocol):
    """Anything that can be pulsed and read. State lives here and nowhere else."""

    @property
    def info(self) -> BenchInfo:
        """What the bench can do."""

    @property
    def ledger(self) -> Ledger:
        """All costs so far."""

    @property
    def clock(self) -> float:
        """Time since the bench was switched on (s)."""

    def pulse(self, pulse: Pulse, cells: Int64[Tensor, " cells"]) -> None:
        """Give every listed cell its pulse or train; 0 V is no pulse. Each cell is listed once."""

    def read(
        self, cells: Int64[Tensor, " cells"], *, samples: int, window: float
    ) -> Reading:
        """Read the listed cells, `samples` times spread over at least `window` seconds."""

    def sweep(
        self, cells: Int64[Tensor, " cells"], voltage: Float[Tensor, " points"]
    ) -> Float[Tensor, "points cells"]:
        """Currents of the listed cells at each voltage, one integration time after another (A).

        Args:
            cells: Cells to read, each once.
            voltage: Voltages in the order of time (V), none beyond the read voltage.
        """

    def wait(self, seconds: float) -> None:
        """Let time pass with all lines grounded."""

    def multiply(
        self,
        voltage: Float[Tensor, "batch rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Drive rows together; digitise columns' currents, or differences of paired ones (A).

        Args:
            voltage: Row voltages of each input vector (V). Shape (batch, rows).
            plus: Cell at each crossing that adds. Shape (rows, cols).
            minus: Cell at each crossing that subtracts, on the same rows; columns are read one
                by one if `None`. Shape (rows, cols).
            full_scale: Largest current, or difference, the converters shall resolve (A), one for
                all or one for each column of the matrix.
        """
