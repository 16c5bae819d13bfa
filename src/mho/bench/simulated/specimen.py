"""Which simulated chip: everything that makes it what it is, in a few plain values."""

from dataclasses import dataclass, field, replace

from mho.bench.interface import Bench, BenchInfo
from mho.bench.simulated.bench import SimulatedBench
from mho.bench.simulated.description import describe_chip
from mho.bench.simulated.first_checksums import first_checksum
from mho.bench.simulated.products import READ_NOISES
from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_positive,
)
from mho.chip import Chip
from mho.device.published import (
    FORMERLY,
    Preset,
    numbers_of,
    recorded_preset,
)
from mho.files import NOT_IDENTITY, identity
from mho.rng import Stream
from mho.wires import WireModel


@dataclass(frozen=True, slots=True)
class ChipSpec(Configuration):
    """One simulated chip, made anew from a few numbers.

    Args:
        preset: Name of its preset, or `my_cells.py:Kind`. As it may come from a file, only what
            was named in this process or on this computer before is run.
        seed: Names the chip: its cells, faults and noise.
        tiles: Tiles (1).
        rows: Word lines of a tile (1).
        cols: Bit lines of a tile (1).
        wires: Resistances of its lines.
        temperature: Temperature at which it is switched on (K).
        read_noise: How noise enters a product; see `SimulatedBench`.
        stuck: Share of cells that never switch (1); the preset's if `None`.
        numbers: Every number of a preset in a file of the user's, so that the chip is made anew
            where that file is not; read when the chip is first named, if left out.
    """

    preset: str
    seed: int
    tiles: int
    rows: int
    cols: int
    wires: WireModel = field(default_factory=WireModel)
    temperature: float = 300.0
    read_noise: str = "frozen"
    stuck: float | None = None
    # the preset's identity is what counts, not its notes
    numbers: str = field(default="", metadata=NOT_IDENTITY, compare=False)

    def __post_init__(self) -> None:
        check_between(self.seed, "seed", 0, 2**62, "1")
        check_between(self.tiles, "tiles", 1, 1_000_000, "1")
        check_between(self.rows, "rows", 1, 65_536, "1")
        check_between(self.cols, "cols", 1, 65_536, "1")
        check_positive(self.temperature, "temperature", "K")
        check_choice(self.read_noise, "read_noise", READ_NOISES)
        if self.stuck is not None:
            check_between(self.stuck, "stuck", 0.0, 1.0, "1")
        if not self.numbers:
            object.__setattr__(self, "numbers", numbers_of(self.preset))

    @property
    def chip(self) -> Chip:
        """The kind of chip."""
        kind = recorded_preset(self.preset, self.numbers)
        if self.stuck is not None:
            _check_can_be_stuck(kind)
            kind = kind.replace(cell__stuck_fraction=self.stuck)
        return Chip(
            kind,
            self.tiles,
            self.rows,
            self.cols,
            wires=self.wires,
            temperature=self.temperature,
        )

    @property
    def model(self) -> str:
        """Checksum of every number of the chip's model, in hexadecimal digits.

        Of numbers and units alone: notes and names in the code do not count.
        """
        return first_checksum(self) or identity(self.chip)

    @property
    def info(self) -> BenchInfo:
        """What `bench()` says of itself, without making a single cell."""
        return describe_chip(self.chip)

    def bench(self) -> Bench:
        """The chip, fresh from the factory."""
        return SimulatedBench(
            self.chip, Stream(self.seed).child("chip"), None, self.read_noise
        )

    @property
    def in_files(self) -> "ChipSpec":
        """The same chip under the name that its numbers had in the first release.

        A preset that was repaired left its earlier numbers under a name of their own; files that
        are written anew stay as they were. The checksum beside it says which numbers are meant.
        """
        then = FORMERLY.get(self.preset, self.preset)
        return self if then == self.preset else replace(self, preset=then)

    def of_model(self, model: str) -> "ChipSpec":
        """The same chip under the name that its numbers have by now; see `in_files`.

        Args:
            model: Checksum of its numbers, as `model`.
        """
        for now, then in FORMERLY.items():
            if self.preset == then and self.model != model:
                former = replace(self, preset=now)
                return former if former.model == model else self
        return self


def _check_can_be_stuck(kind: Preset) -> None:
    """Refuse a share of stuck cells for a kind that knows none."""
    if "cell.stuck_fraction" not in kind.values:
        raise ValueError(
            f"Argument `stuck` must be left out, for cells of `{kind.name}` are never stuck; give"
            " the kind a field `stuck_fraction` and a column `stuck`."
        )
