"""`mho presets`: the published chips, presets in files, and where every number comes from."""

import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mho.device.published import (
    PRESETS,
    Confidence,
    Preset,
    Value,
    preset,
    preset_text,
)
from mho.units import show

_DATA = "your data"
_FILE = "your file"


def show_all(*, toml: bool) -> None:
    """List the presets.

    Args:
        toml: Whether a file is wanted, of which preset nobody knows.

    Raises:
        ValueError: It is.
    """
    if toml:
        raise ValueError(
            "Argument `toml` must be given with a preset, but there is none; write"
            " `mho presets rao2023 --toml`."
        )
    table = Table(box=None, pad_edge=False)
    for heading in ("preset", "what it is"):
        table.add_column(heading)
    for name, published in PRESETS.items():
        table.add_row(name, published.summary)
    Console(highlight=False).print(table)


def write_one(name: str) -> None:
    """Print a preset as a file of one.

    Raises:
        ValueError: There is no such preset, or it is Python.
    """
    # as bytes: a terminal's encoding is not that of the file this goes to
    text = preset_text(preset(name)).encode()
    sys.stdout.flush()
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def show_one(name: str) -> None:
    """Print every number of a preset.

    Raises:
        ValueError: There is no such preset.
    """
    found = preset(name)
    console = Console(highlight=False)
    console.print(
        f"[bold]{escape(found.name)}[/bold]  {escape(found.summary)}\n"
        f"{escape(found.validity)}\n"
    )
    if found.origin is not None:
        console.print(f"{_shares(found)}\n", markup=False)
    is_file = found.origin is not None
    origin = ("from",) if is_file else ("confidence", "source")
    shown = ("number", "value", *origin, "why")
    table = Table(box=None, pad_edge=False)
    for heading in shown:
        table.add_column(
            heading,
            overflow="fold",
            no_wrap=heading in ("number", "value", "from"),
        )
    for key in _in_order(found):
        cells = _cells(found, key)
        table.add_row(*(escape(cells[heading]) for heading in shown))
    console.print(table)


def _in_order(found: Preset) -> list[str]:
    """Numbers of a preset: fitted ones first, then those that a file gives."""
    order = (_DATA, _FILE)

    def place(key: str) -> int:
        where = _owner(found, key)
        return order.index(where) if where in order else len(order)

    return sorted(found.values, key=place)


def _cells(found: Preset, key: str) -> dict[str, str]:
    """What there is to show of a number."""
    value = found.values[key]
    why = value.note
    if found.origin is not None:
        why = f"{value.source}: {value.note}" if value.note else value.source
    return {
        "number": key,
        "value": "\n".join(_lines(value)),
        "from": _owner(found, key) + _unless_fitted(value),
        "confidence": value.confidence.value,
        "source": value.source,
        "why": why,
    }


def _lines(value: Value) -> list[str]:
    """A number with its unit, and its interval beneath."""
    lines = [quantity(value.value, value.unit)]
    if value.interval is not None:
        low, high = value.interval
        lines.append(f"{_short(low, value.unit)} … {_short(high, value.unit)}")
    return lines


def quantity(value: float, unit: str) -> str:
    """A number of a preset with its unit."""
    return f"{value:g} {unit}" if "/" in unit else show(value, unit)


def _short(value: float, unit: str) -> str:
    """An end of an interval, in three digits."""
    return (
        f"{value:.3g}" if unit == "1" else quantity(float(f"{value:.3g}"), unit)
    )


def _owner(found: Preset, key: str) -> str:
    """Who says a number of a preset in a file; empty for other presets."""
    if found.origin is None:
        return ""
    if key not in found.origin.given:
        return found.origin.base or "mho"
    is_fitted = found.values[key].confidence is Confidence.FITTED
    return _DATA if is_fitted else _FILE


def _unless_fitted(value: Value) -> str:
    """How sure a number is, where that is not said already."""
    fitted = value.confidence is Confidence.FITTED
    return "" if fitted else f", {value.confidence.value}"


def _shares(found: Preset) -> str:
    """How many numbers come from where."""
    origin = found.origin
    assert origin is not None
    owners = [_owner(found, key) for key in found.values]
    fitted = owners.count(_DATA)
    given = owners.count(_FILE)
    kept = len(owners) - fitted - given
    base = f", {kept} kept from `{origin.base}`"
    if not origin.base:
        base = f", {kept} choices of mho" if kept else ""
    return f"Numbers: {fitted} from your data, {given} from your file{base}."
