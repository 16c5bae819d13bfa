"""A chip: tiles of 1T1R cells with selectors, wires and converters. A description, no state."""

from dataclasses import dataclass

from mho.checks import check_between, check_choice, check_positive
from mho.chip.converters import Converter, SignedConverter
from mho.chip.selector import Selector
from mho.chip.wires import WireModel
from mho.device.parameters import CellParameters
from mho.device.published import Preset, preset
from mho.units import show

DRIVERS = ("off_chip", "on_chip")


@dataclass(frozen=True, slots=True)
class Chip:
    """Tiles of memristors, as a preset describes them.

    Args:
        preset: Name of a published preset, or a `Preset`.
        tiles: Number of tiles (1).
        rows: Word lines of a tile (1).
        cols: Bit lines of a tile (1).
        driver: `"off_chip"`, the high-resolution electronics that reached 2,048 levels, or
            `"on_chip"`, the integrated 6-bit electronics.
        wires: Resistances of the lines; those of the preset if `None`.
        temperature: Temperature at which it is switched on (K).

    >>> Chip("rao2023", tiles=2).cells
    131072
    """

    preset: Preset | str = "rao2023"
    tiles: int = 1
    rows: int = 256
    cols: int = 256
    driver: str = "off_chip"
    wires: WireModel | None = None
    temperature: float = 300.0

    def __post_init__(self) -> None:
        if isinstance(self.preset, str):
            object.__setattr__(self, "preset", preset(self.preset))
        if self.wires is None:
            p = self.published
            lines = WireModel(word_line=p["array.word_line"], bit_line=p["array.bit_line"])
            object.__setattr__(self, "wires", lines)
        check_between(self.tiles, "tiles", 1, 1_000_000, "1")
        check_between(self.rows, "rows", 1, 65_536, "1")
        check_between(self.cols, "cols", 1, 65_536, "1")
        check_choice(self.driver, "driver", DRIVERS)
        check_positive(self.temperature, "temperature", "K")

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
    def cell(self) -> CellParameters:
        """Parameters of the cells."""
        return self.published.cell()

    @property
    def selector(self) -> Selector:
        """The access transistor."""
        p = self.published
        return Selector(
            p["array.gate_slope"],
            p["array.gate_threshold"],
            p["array.gate_max"],
            p["array.series_resistance"],
            p["array.on_resistance"],
        )

    def electronics(self, name: str) -> float:
        """A number of the chosen driver, such as `"sample_time"` (SI)."""
        return self.published[f"array.{name}_{self.driver}"]

    @property
    def pulse_dac(self) -> SignedConverter:
        """Converter that makes pulse amplitudes (V); one of its bits is the polarity."""
        bits = int(self.electronics("write_bits")) - 1
        return SignedConverter(bits, self.published["array.amplitude_max"])

    @property
    def read_adc(self) -> Converter:
        """Converter of single-cell reads, referred to conductance (S)."""
        top = 1.2 * self.published["array.level_high"]
        return Converter(int(self.electronics("read_bits")), 0.0, top)

    def __str__(self) -> str:
        return (
            f"{self.published.name}: {self.tiles} tiles of {self.rows}×{self.cols} cells, levels"
            f" {show(self.published['array.level_low'], 'S')} to"
            f" {show(self.published['array.level_high'], 'S')}, {self.driver} driver"
        )
