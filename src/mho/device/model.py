"""The seam of a kind of cell: its numbers, the columns of its state, and scalar laws.

Everything above works on this alone: bench, protocols, audit, statistics, files and reports. A
kind says in plain Python what one pulse does to one cell and what one look at it sees; both are
compiled for as many cells as there are.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, NamedTuple, TypeVar

from mho.checks import Configuration
from mho.compiled import Column, F, Laws, Numbers, Real, Record, Word, at_event
from mho.device.shots import Shot, Trains, pulse_cell

_Made = TypeVar("_Made")
SHARED: dict[str, Column] = {"key": "u8", "event": "i8", "clock": "f8"}
"""Columns that every cell has: its stream, its operations so far (1), and the time up to which
its state is known (s)."""


class TypicalSwitching(NamedTuple):
    """What a typical cell does, for those who choose amplitudes: exponential around one point.

    Args:
        set_voltage: SET amplitude that moves a typical cell by `step` (V).
        reset_voltage: RESET amplitude, as a positive number, that does the same (V).
        slope: Voltage for a step e times as large (V).
        step: Conductance step at those voltages (S).
        width: Pulse width of that statement (s).
        span: Distance from the end of the range at which the step is `step` (S).
    """

    set_voltage: float
    reset_voltage: float
    slope: float
    step: float
    width: float
    span: float


class CellModel(Configuration):
    """A kind of cell: a frozen set of numbers, and laws as static methods.

    A subclass is a frozen dataclass whose fields are the kind's numbers. It names the columns of
    a cell's state in `columns`, and has two static methods, plain Python on numbers:

    - `pulse(cell, p, shot, draw)` changes the columns of `cell`;
    - `read(cell, p, now, draw)` gives the conductance that a look at a time sees (S).

    `p` has the kind's own numbers by name; `draw` is what `mho.compiled.normal` and `uniform`
    take. `born(cell, p, draw)` fills the columns of a new cell. The other methods are for kinds
    whose reads cost most of the time, or that know more of themselves.
    """

    __slots__ = ()

    low: float
    """Lowest conductance of a typical cell (S)."""
    high: float
    """Highest conductance of a typical cell (S)."""
    levels: ClassVar[int | None] = None
    """Conductances that a cell can hold; any in its range if `None` (1)."""
    three_terminal: ClassVar[bool] = False
    """Whether pulses go to a gate of its own, and not through what is read."""
    method: ClassVar[str | None] = None
    """How such cells are trimmed, see `mho.BenchInfo`; what a typical one suggests if `None`."""
    has_telegraph_noise: ClassVar[bool] = False
    """Whether reads show telegraph noise that pulses below switching remove."""
    compliant: ClassVar[bool] = False
    """Whether a SET stops where the selector limits the current."""
    usual_width: ClassVar[float] = 100e-9
    """Duration of the pulses that a kind is written with, where `typical` does not say (s)."""
    array: ClassVar[Mapping[str, float]] = {}
    """Numbers of the array that a kind of one's own knows better, by their names in presets,
    such as `{"amplitude_max": 2.0}`."""
    biasing: ClassVar[str | None] = None
    """How arrays of a kind of one's own are written without selectors, `"V/2"` or `"V/3"`."""
    columns: ClassVar[Mapping[str, Column]] = {}
    """What changes about a cell, by name: types as in a record, `"f4"` for most."""
    constants: ClassVar[Mapping[str, Column]] = {}
    """What differs between cells and stays for life."""
    load_column: ClassVar[str] = "conductance"
    """Column that is a cell's conductance, for who looks at a saved state (S)."""
    trains: ClassVar[tuple[str, ...]] = ("pulse",)
    """Names of the streams that each pulse of a train has of its own."""
    singles: ClassVar[tuple[str, ...]] = ()
    """Names of one normal number each that every sample takes; see `watch`."""

    def __new__(cls: type[_Made], *values: object, **named: object) -> _Made:
        """Refuse a class that is no dataclass before its fields are asked for.

        Raises:
            TypeError: It is none.
        """
        if "__dataclass_fields__" not in vars(cls):
            raise TypeError(
                f"Kind `{cls.__name__}` must be a frozen dataclass, but is none; write"
                " `@dataclass(frozen=True, slots=True)` above it."
            )
        made: _Made = Configuration.__new__(cls, *values, **named)
        return made

    def check_pulse(self, largest: float, width: float) -> None:
        """Refuse pulses of which this kind knows nothing; it takes any, unless it says more.

        Args:
            largest: Largest amplitude, without its sign (V).
            width: Duration (s).

        Raises:
            ValueError: In the house sentence.
        """

    def state_columns(self) -> Mapping[str, Column]:
        """What changes about a cell; `columns`, unless it depends on the numbers."""
        return self.columns

    def typical(self) -> TypicalSwitching | None:
        """What pulses do to a typical cell; measured on some cells if `None`.

        Voltages are those at the cell. A kind whose step does not grow exponentially says what
        is true near `step`, half way up the range.
        """
        return None

    def stored(self) -> Mapping[str, str]:
        """Columns that files keep, by the names that they have there; never renamed."""
        names = (*self.state_columns(), "clock", "event")
        return {name: name for name in names}

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """What no column of a file goes beyond, by the names of `stored`; far from what it does.

        A chip whose file says otherwise is refused.
        """
        return {"conductance": (0.0, 100 * self.high)}

    def numbers(self, temperature: float) -> Numbers:
        """What laws see as `p`: the fields that are numbers, unless a kind says otherwise.

        Args:
            temperature: Temperature of the cells (K).
        """
        del temperature
        own: dict[str, float] = {}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, int | float):
                own[field.name] = float(value)
        return own

    def look_numbers(
        self, temperature: float, integration: float, spacing: float
    ) -> Numbers:
        """What all cells have in common in one look, for `watch`.

        Args:
            temperature: Temperature of the cells (K).
            integration: Integration time of a sample (s).
            spacing: Time from the start of one sample to the start of the next (s).
        """
        del temperature, integration, spacing
        return {}

    def pairs(self) -> tuple[tuple[str, int], ...]:
        """Names of normal numbers that every sample takes by two, and how many of each."""
        return ()

    def laws(self) -> Laws:
        """The scalar functions of this kind, by the names that kernels call them."""
        kind = type(self)
        return {
            "law_born": kind.born,
            "law_pulse": kind.pulse,
            "law_pulse_all": kind.pulse_all,
            "law_read": kind.read,
            "law_watch": kind.watch,
            "law_watch_all": kind.watch_all,
            "law_moments": kind.moments,
            "law_age": kind.age,
            "law_heat": kind.heat,
            "law_bend": kind.bend,
            "law_load": kind.load,
            "law_held": kind.held,
            "law_white": kind.white,
            "law_energy": kind.energy,
        }

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """Fill the columns of a new cell, which are all 0 before."""

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """What one pulse does to a cell."""
        raise NotImplementedError

    @staticmethod
    def pulse_all(state: Any, p: Record, cells: Any, trains: Trains) -> None:
        """Trains of some cells: one `pulse` for each pulse that is not 0 V.

        A kind may instead go through the cells step by step, as in `watch_all`.

        Args:
            state: State of all cells.
            p: The kind's numbers.
            cells: Numbers of the cells.
            trains: What each of them gets.
        """
        for j in range(cells.shape[0]):
            pulse_cell(state[cells[j]], p, trains, j)

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        """Conductance at zero bias that a look at a time sees (S)."""
        raise NotImplementedError

    @staticmethod
    def watch(
        cell: Record, p: Record, look: Record, z: Any, out: Any, first: int
    ) -> None:
        """Conductance at zero bias in each sample of a look (S): one `read` for each.

        Args:
            cell: The cell.
            p: The kind's numbers.
            look: When samples are taken: `now` (s), `integration` (s), `spacing` (s), `samples`
                (1), and what `look_numbers` gave.
            z: Normal numbers (1): a row for each of `singles`, two for each pair; columns as in
                `out`.
            out: Conductances (S).
            first: Place of the cell's first sample there (1).
        """
        for n in range(look.samples):
            moment = look.now + n * look.spacing
            draw = at_event(cell.key, cell.event + n)
            out[first + n] = law_read(cell, p, moment, draw)

    @staticmethod
    def watch_all(
        state: Any, p: Record, look: Record, cells: Any, z: Any, out: Any
    ) -> None:
        """Looks of some cells (S): one `watch` for each.

        A kind may instead go through the cells step by step: short loops over numbers that lie
        side by side are quicker than one long loop.

        Args:
            state: State of all cells.
            p: The kind's numbers.
            look: As for `watch`.
            cells: Numbers of the cells; samples of each follow those of the one before.
            z: As for `watch`.
            out: Conductances (S).
        """
        for j in range(cells.shape[0]):
            law_watch(state[cells[j]], p, look, z, out, j * look.samples)

    @staticmethod
    def moments(
        cell: Record, p: Record, look: Record, draw: Word
    ) -> tuple[Real, Real]:
        """Mean (S) and variance (S²) of one sample in the long run; nothing changes.

        A look and no variance, unless a kind says otherwise.
        """
        return law_read(cell, p, look.now, draw), F(0)

    @staticmethod
    def age(
        cell: Record, p: Record, cycles: float, now: float, draw: Word
    ) -> None:
        """What many cycles of switching leave behind; nothing unless a kind says otherwise."""

    @staticmethod
    def heat(
        cell: Record, p: Record, look: Record, after: Record, draw: Word
    ) -> None:
        """A change of temperature, from numbers `p` to `after`; nothing happens to the state."""

    @staticmethod
    def load(cell: Record) -> Real:
        """Conductance that drivers and selectors see (S); a column `conductance` unless said."""
        return cell.conductance

    @staticmethod
    def held(cell: Record) -> Real:
        """Conductance without what fluctuates or creeps (S); the load unless a kind says more."""
        return law_load(cell)

    @staticmethod
    def white(p: Record, look: Record, conductance: Real) -> Real:
        """Variance of what is fresh in every sample of a look (S²); none unless a kind says so."""
        return F(0)

    @staticmethod
    def energy(p: Record, volts: Real, load: Real, width: Real) -> Real:
        """Energy that a pulse puts into a cell (J); that of a resistor unless a kind says more.

        Args:
            p: The kind's numbers.
            volts: Voltage at the cell (V).
            load: Its conductance before the train (S).
            width: Duration (s).
        """
        return volts * volts * load * width

    @staticmethod
    def bend(p: Record, conductance: Real) -> Real:
        """Cubic coefficient c(G) of I = GV(1 + c(G)V²) (1/V²); ohmic unless a kind says more."""
        return F(0)


def law_read(cell: Record, p: Record, now: float, draw: Word) -> Real:
    """The kind's own `read`, once compiled."""
    raise NotImplementedError


def law_watch(
    cell: Record, p: Record, look: Record, z: Any, out: Any, first: int
) -> None:
    """The kind's own `watch`, once compiled."""
    raise NotImplementedError


def law_load(cell: Record) -> Real:
    """The kind's own `load`, once compiled."""
    raise NotImplementedError
