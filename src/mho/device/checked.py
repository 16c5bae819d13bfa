"""Whether a kind of cell is complete, and what its laws leave behind is a conductance."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from mho.checks import check_not_negative
from mho.compiled import Table, bare
from mho.device.law_source import check_source
from mho.device.model import SHARED, CellModel
from mho.units import show


def check_kind(model: CellModel) -> None:
    """Refuse a kind that lacks something, or whose laws use what it does not declare.

    Raises:
        ValueError: In the house sentence, with file and line.
    """
    _check_fields(model)
    _check_range(model)
    _check_columns(model)
    _check_laws(model)
    check_source(model)


def _check_fields(model: CellModel) -> None:
    """Refuse a number that takes the name of a law, or of another method of the seam."""
    for one in fields(model):  # type: ignore[arg-type]
        if callable(vars(CellModel).get(one.name)) or isinstance(
            vars(CellModel).get(one.name), staticmethod
        ):
            raise ValueError(  # noqa: TRY004 - the user's, as all refusals here
                f"Kind {_named(type(model))} must leave the names of laws to laws, but has a field"
                f" `{one.name}`, which every kind has as a method; choose another name."
            )


def _check_range(model: CellModel) -> None:
    kind = type(model)
    for end in ("low", "high"):
        value = getattr(model, end, None)
        if not isinstance(value, int | float):
            raise ValueError(  # noqa: TRY004 - the user's, as all refusals here
                f"Kind {_named(kind)} must have a field `{end}`, the {end}est conductance of a"
                f" typical cell in S, but has none; write `{end}: float = …`."
            )
        check_not_negative(value, end, "S")
    if not model.low < model.high:
        raise ValueError(
            f"Kind {_named(kind)} must have a range, but its `low`, {show(model.low, 'S')}, is"
            f" not below its `high`, {show(model.high, 'S')}."
        )


def _check_columns(model: CellModel) -> None:
    kind = type(model)
    changing = model.state_columns()
    columns = {**model.constants, **changing}
    for name, column in columns.items():
        if name in SHARED:
            raise ValueError(
                f"Kind {_named(kind)} must leave the names {_listed(SHARED)} to what every cell"
                f" has, but calls a column `{name}`; choose another name."
            )
        if not _is_type(column):
            raise ValueError(
                f'Kind {_named(kind)} must give column `{name}` a type such as "f4", but gives'
                f' {column!r}; "f4" is right for most, "f8" for times.'
            )
    both = model.constants.keys() & changing.keys()
    if both:
        raise ValueError(
            f"Kind {_named(kind)} must name a column once, but `{min(both)}` is among its"
            " `columns` and its `constants`."
        )
    if (
        model.laws()["law_load"] is CellModel.load
        and "conductance" not in columns
    ):
        raise ValueError(
            f"Kind {_named(kind)} must have a column `conductance`, or a method `load` that says"
            f" what drivers see, but its columns are {_listed(columns) or 'none'}; write"
            ' `columns: ClassVar = {"conductance": "f4"}`.'
        )


def _is_type(column: Any) -> bool:
    base = (
        column[0] if isinstance(column, tuple) and len(column) == 2 else column
    )
    try:
        return np.dtype(base).kind in "biufV"
    except TypeError:
        return False


def _check_laws(model: CellModel) -> None:
    """Refuse methods that are missing, not static, or have other parameters."""
    kind = type(model)
    laws = model.laws()
    if laws["law_pulse"] is CellModel.pulse:
        raise ValueError(
            f"Kind {_named(kind)} must say what a pulse does, but has no method `pulse`; write"
            " `@staticmethod` and `def pulse(cell, p, shot, draw):`."
        )
    if all(
        laws.get(f"law_{name}", seam) is seam
        for name, seam in (
            ("read", CellModel.read),
            ("watch", CellModel.watch),
            ("watch_all", CellModel.watch_all),
        )
    ):
        raise ValueError(
            f"Kind {_named(kind)} must say what a look sees, but has no method `read`; write"
            " `@staticmethod` and `def read(cell, p, now, draw):`."
        )
    for name, law in laws.items():
        seam = getattr(CellModel, name.removeprefix("law_"), None)
        if seam is None or law is seam:
            continue
        short = name.removeprefix("law_")
        raw = inspect.getattr_static(kind, short)
        if law is getattr(kind, short) and not isinstance(raw, staticmethod):
            raise ValueError(
                f"Law `{short}`{_where(law)} must be a static method, for it sees one cell and no"
                " object; write `@staticmethod` above it."
            )
        wanted = list(inspect.signature(seam).parameters)
        given = list(inspect.signature(law).parameters)
        if len(given) != len(wanted):
            raise ValueError(
                f"Law `{short}`{_where(law)} must take {', '.join(wanted)}, but takes"
                f" {', '.join(given) or 'nothing'}; write `def {short}({', '.join(wanted)}):`."
            )


def _where(law: Callable[..., Any]) -> str:
    """File and line of a law's beginning."""
    code = bare(law).__code__
    return f" ({Path(code.co_filename).name}, line {code.co_firstlineno})"


def _named(kind: type) -> str:
    """A kind by name, file and line."""
    try:
        file = Path(inspect.getsourcefile(kind) or "").name
        line = inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return f"`{kind.__name__}`"
    return f"`{kind.__name__}` ({file}, line {line})"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def is_trusted(model: CellModel) -> bool:
    """Whether a kind belongs to the house, whose tests hold its laws to what they promise."""
    return type(model).__module__.startswith("mho.")


def check_pulsed(
    model: CellModel, records: Table, cells: Table, train: Table, width: float
) -> None:
    """Refuse what pulses have left behind where it is no conductance.

    Args:
        model: The kind.
        records: State of all cells.
        cells: Cells that were pulsed.
        train: Voltages that they saw (V). Shape (train, cells).
        width: Duration of each pulse (s).

    Raises:
        ValueError: A cell conducts NaN, infinitely well or less than nothing.
    """
    column = model.load_column
    if is_trusted(model) or column not in (records.dtype.names or ()):
        return
    load = records[column][cells]
    place = _first_wrong(load)
    if place is None:
        return
    count = train.shape[0]
    pulses = "a pulse" if count == 1 else f"{count} pulses, the first"
    raise ValueError(
        f"Law `pulse`{_where(model.laws()['law_pulse'])} must leave a conductance of at least 0 S,"
        f" but left cell {int(cells[place])} with {_told(load[place])} after {pulses} of"
        f" {show(float(train[0, place]), 'V')} and {show(width, 's')}; keep `cell.{column}` within"
        " `p.low` and `p.high`."
    )


def check_seen(model: CellModel, cells: Table, seen: Table) -> None:
    """Refuse what looks have seen where it is no conductance.

    Args:
        model: The kind.
        cells: Cells that were looked at.
        seen: Conductances (S). Shape (samples, cells).

    Raises:
        ValueError: A look saw NaN, an infinite conductance or one below 0.
    """
    if is_trusted(model):
        return
    wrong = _first_wrong(seen.reshape(-1))
    if wrong is None:
        return
    laws = model.laws()
    own = laws.get("law_watch", CellModel.watch) is not CellModel.watch
    name = "watch" if own else "read"
    if laws["law_watch_all"] is not CellModel.watch_all:
        name = "watch_all"
    cell = int(cells[wrong % cells.size])
    raise ValueError(
        f"Law `{name}`{_where(laws[f'law_{name}'])} must see a conductance of at least 0 S, but"
        f" saw {_told(seen.reshape(-1)[wrong])} in cell {cell}; check what it divides by, and"
        " what it takes a root or a logarithm of."
    )


def _first_wrong(values: Table) -> int | None:
    """Place of the first value that is no conductance."""
    if values.size == 0 or (values.min() >= 0 and values.max() < np.inf):
        return None
    return int(np.argmax(~((values >= 0) & (values < np.inf))))


def _told(value: Any) -> str:
    return show(float(value), "S") if np.isfinite(value) else str(value)
