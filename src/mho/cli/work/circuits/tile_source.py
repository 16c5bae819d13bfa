"""Which cells and lines the user means: those of a run, or a measured array."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from mho.checks import check_choice, check_shape, check_within
from mho.cli.shared import load_arrays, resistance
from mho.device import cubic_coefficient, zero_bias
from mho.device.published import recorded_preset
from mho.runs import RecordedRun
from mho.wires import SIDES, WireModel


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """Cells and their lines.

    Args:
        conductance: Conductance of each cell, at zero bias if `cubic` is given (S). Shape (rows,
            cols).
        cubic: Cubic coefficient of each cell (1/V²), `None` for linear cells. Shape (rows, cols).
        wires: The lines.
        title: What it is.
    """

    conductance: Float[Tensor, "rows cols"]
    cubic: Float[Tensor, "rows cols"] | None
    wires: WireModel
    title: str

    @property
    def lines(self) -> str:
        """Resistances of the lines, for a header."""
        values = (
            f"{name} {value:g}"
            if isinstance(value, float)
            else f"{name} of each line its own"
            for name in ("word_line", "bit_line", "driver", "sense", "access")
            for value in (getattr(self.wires, name),)
        )
        ends = f"sides {self.wires.sides}, sense_sides {self.wires.sense_sides}"
        return f"{', '.join(values)} Ohm; {ends}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which tile or array the user means.

    Args:
        run: Folder of a run.
        conductance: File of an array.
        tile: Number of the run's tile.
        denoise: Whether the denoised chip is meant.
        wires: Resistance of a segment; that of the run if `None`, as all others.
        driver: Resistance between source and line.
        sense: Resistance between line and virtual ground.
        access: Resistance in series with a cell.
        sides: Ends at which rows are driven.
        sense_sides: Ends at which columns are held.
    """

    run: str | None
    conductance: str | None
    tile: int
    denoise: bool
    wires: str | None
    driver: str | None
    sense: str | None
    access: str | None
    sides: str | None
    sense_sides: str | None

    def read(self, *, cubic: bool = False) -> Array:
        """The cells and their lines.

        Raises:
            ValueError: Neither or both of run and array, or something about them.
            OSError: A file that cannot be read.
        """
        if (self.run is None) == (self.conductance is None):
            raise ValueError(
                "Argument `run` must be a folder of `mho deploy`, or left out with an array in"
                f" `--conductance`, but {'both are' if self.run else 'none is'} given."
            )
        found = (
            self._recorded(cubic=cubic)
            if self.run
            else self._array(cubic=cubic)
        )
        return replace(found, wires=self._lines(found.wires))

    def _recorded(self, *, cubic: bool) -> Array:
        assert self.run is not None
        recorded = RecordedRun(Path(self.run), denoise=self.denoise)
        reading = recorded.conductance(self.tile)
        bend = None
        chip = recorded.preset
        if cubic:
            published = recorded_preset(chip)
            cell = published.cell()
            reading = zero_bias(cell, reading, published.array.read_voltage)
            bend = cubic_coefficient(cell, reading)
        title = f"tile {self.tile} of {recorded.tiles}, {chip}, {recorded.name}, as last read"
        return Array(reading, bend, recorded.wires, title)

    def _array(self, *, cubic: bool) -> Array:
        assert self.conductance is not None
        arrays = load_arrays(self.conductance, "conductance", "conductance")
        conductance = arrays["conductance"]
        bend = None
        check_shape(conductance, "conductance", (None, None))
        check_within(
            conductance,
            "conductance",
            0.0,
            1.0,
            unit="S",
            hint="A cell that is off has 0 S.",
        )
        if cubic:
            if "cubic" not in arrays:
                raise ValueError(
                    "Argument `cubic` must find an array `cubic` (1/V²) in a `.npz` file, but"
                    f" `{self.conductance}` has none; leave it out for linear cells."
                )
            bend = arrays["cubic"]
            check_shape(bend, "cubic", tuple(conductance.shape))
        return Array(
            conductance,
            bend,
            WireModel(),
            f"array {Path(self.conductance).name}",
        )

    def _lines(self, own: WireModel) -> WireModel:
        """The lines with what the user wants to be different."""
        changed: dict[str, Any] = {}
        for name in ("wires", "driver", "sense", "access"):
            text = getattr(self, name)
            if text is not None:
                fields = (
                    ("word_line", "bit_line") if name == "wires" else (name,)
                )
                changed |= dict.fromkeys(fields, resistance(text, name))
        for name in ("sides", "sense_sides"):
            word = getattr(self, name)
            if word is not None:
                check_choice(word, name, SIDES)
                changed[name] = word
        return replace(own, **changed)
