"""A chip: tiles of cells with selectors or without, wires, converters. It has no state."""

from dataclasses import dataclass

from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_positive,
)
from mho.chip.passive_biasing import SCHEMES
from mho.chip.periphery import Converter, Periphery, SignedConverter
from mho.chip.selector import NoSelector, Selector
from mho.device import CellModel
from mho.device.published import (
    Electronics,
    Preset,
    own_preset,
    preset,
)
from mho.units import show
from mho.wires import WireModel

DRIVERS = ("off_chip", "on_chip")


@dataclass(frozen=True, slots=True)
class Chip(Configuration):
    """Tiles of memristors, as a preset describes them.

    Args:
        preset: Name of a published preset, a `Preset`, or a kind of cell: a `CellModel`, or
            `my_cells.py:Kind`. An array around a kind of one's own is made of choices.
        tiles: Number of tiles (1).
        rows: Word lines of a tile (1); those of the preset if left out.
        cols: Bit lines of a tile (1); those of the preset if left out.
        driver: `"off_chip"`, the high-resolution electronics that reached 2,048 levels, or
            `"on_chip"`, the integrated 6-bit electronics.
        wires: Resistances of the lines; those of the preset if `None`.
        temperature: Temperature at which it is switched on (K).
        periphery: Drivers and readers in a multiply; those of the preset if `None`.
        biasing: How rows of a passive array are written, `"V/2"` or `"V/3"`; the preset's way if
            `None`. Cells with selectors are written alone.

    >>> Chip("rao2023", tiles=2).cells
    131072
    """

    preset: Preset | CellModel | str = "rao2023"
    tiles: int = 1
    # a number as soon as the chip is made; `int | None` would make everybody check again
    rows: int = None  # type: ignore[assignment]
    cols: int = None  # type: ignore[assignment]
    driver: str = "off_chip"
    wires: WireModel | None = None
    temperature: float = 300.0
    periphery: Periphery | None = None
    biasing: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.preset, str):
            object.__setattr__(self, "preset", preset(self.preset))
        if isinstance(self.preset, CellModel):
            object.__setattr__(self, "preset", own_preset(self.preset))
        array = self.published.array
        if self.rows is None:
            object.__setattr__(self, "rows", array.rows)
        if self.cols is None:
            object.__setattr__(self, "cols", array.cols)
        if self.wires is None:
            lines = WireModel(array.word_line, array.bit_line, array.driver)
            object.__setattr__(self, "wires", lines)
        self._choose_biasing()
        check_between(self.tiles, "tiles", 1, 1_000_000, "1")
        check_between(self.rows, "rows", 1, 65_536, "1")
        check_between(self.cols, "cols", 1, 65_536, "1")
        check_choice(self.driver, "driver", DRIVERS)
        check_positive(self.temperature, "temperature", "K")

    def _choose_biasing(self) -> None:
        """Take the preset's scheme, or check the one given."""
        if self.biasing is None:
            object.__setattr__(self, "biasing", self.published.biasing)
            return
        check_choice(self.biasing, "biasing", SCHEMES)
        if self.published.biasing is None:
            raise ValueError(
                f"Argument `biasing` must be left out for cells with selectors, but is"
                f" {self.biasing} for `{self.published.name}`; take a passive preset."
            )

    @property
    def around(self) -> Periphery:
        """Drivers and readers in a multiply."""
        array = self.published.array
        return self.periphery or Periphery(
            dac=SignedConverter(array.dac_bits, array.read_voltage, kind="dac"),
            adc=SignedConverter(array.adc_bits, 1.0),
        )

    @property
    def cells(self) -> int:
        """Number of cells (1)."""
        return self.tiles * self.rows * self.cols

    @property
    def published(self) -> Preset:
        """The preset."""
        assert isinstance(self.preset, Preset)
        return self.preset

    @property
    def lines(self) -> WireModel:
        """Resistances of the lines."""
        assert self.wires is not None
        return self.wires

    @property
    def cell(self) -> CellModel:
        """The kind of its cells."""
        return self.published.cell()

    @property
    def selector(self) -> Selector | NoSelector:
        """The access transistor; a bare crossing where there is none, or a gate is written."""
        array = self.published.array
        cell = self.cell
        if self.biasing is not None or cell.three_terminal:
            # gates of their own keep pulses off other cells as transistors do
            return NoSelector(cell.high, array.series_resistance)
        transistor = array.transistor
        if transistor is None:
            raise ValueError(
                f"Argument `preset` must say what transistor its cells have, but"
                f" `{self.published.name}` does not; give it the numbers `array.gate_…`, or"
                " choose a `biasing`."
            )
        return Selector(
            transistor.gate_slope,
            transistor.gate_threshold,
            transistor.gate_max,
            array.series_resistance,
            transistor.on_resistance,
        )

    @property
    def electronics(self) -> Electronics:
        """What drives and reads single cells with the chosen driver."""
        array = self.published.array
        return array.off_chip if self.driver == "off_chip" else array.on_chip

    @property
    def pulse_dac(self) -> SignedConverter:
        """Converter that makes pulse amplitudes (V); one of its bits is the polarity."""
        bits = self.electronics.write_bits - 1
        return SignedConverter(bits, self.published.array.amplitude_max)

    @property
    def read_adc(self) -> Converter:
        """Converter of single-cell reads, referred to conductance (S)."""
        top = 1.2 * self.published.array.level_high
        return Converter(self.electronics.read_bits, 0.0, top)

    def __str__(self) -> str:
        array = self.published.array
        return (
            f"{self.published.name}: {self.tiles} tiles of {self.rows}×{self.cols} cells, levels"
            f" {show(array.level_low, 'S')} to"
            f" {show(array.level_high, 'S')}, {self.driver} driver"
            + (f", passive, {self.biasing}" if self.biasing else "")
        )
