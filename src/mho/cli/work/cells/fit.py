"""`mho fit`: files to a preset, a page, a table and JSON."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mho.checks import one_line
from mho.cli.shared import (
    check_outputs,
    print_rows,
    progress_bars,
    quantity,
    tell,
    write_json,
)
from mho.device.published import (
    PRESETS,
    check_preset,
    preset,
    preset_text,
)
from mho.files import RunFolder, run_identity, write_whole
from mho.fitting import Fit, fit_files, fit_table
from mho.measured import Measurement, read_measured
from mho.report.fits import draw_fit, render_fit
from mho.units import show

_PRESET = "preset.toml"
_PAGE = "report.html"


def run(
    data: Sequence[str],
    *,
    save: str | None,
    base: str,
    kind: str | None,
    voltage: str,
    as_table: bool,
    resume: bool,
    out: str | None,
    json: str | None,
) -> None:
    """Fit a preset; see `mho fit --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read, or a folder that cannot be written.
    """
    if not data:
        raise ValueError(
            "Argument `data` must name at least one file of measurements, but names none; try"
            " `mho fit ramps.csv -o mycell.toml`."
        )
    check_preset(base, "base")
    lent = preset(base)
    target = _target(save, data)
    volts = quantity(voltage, "voltage", "V")
    paths = [Path(one) for one in data]
    measured = [read_measured(path, kind=kind, voltage=volts) for path in paths]
    folder = Path(out) if out else Path("mho-out") / f"fit-{target.stem}"
    check_outputs(folder, json)
    identity = run_identity(
        [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths],
        [path.name for path in paths],
        lent,
        (target.stem, kind, voltage, as_table),
    )
    with (
        progress_bars() as progress,
        RunFolder.open(
            folder,
            "fit",
            identity,
            makes=(_PRESET, _PAGE, "result.json"),
            resume=resume,
        ) as files,
    ):
        tell(files)
        if not files.is_complete:
            if as_table:
                found = fit_table(measured, lent, target.stem)
            else:
                found = fit_files(measured, lent, target.stem, progress)
            _keep(files, measured, found)
            files.finish()
        result = files.result()
    write_whole(target, (folder / _PRESET).read_bytes())
    if write_json(result, json):
        return
    _print(result, target, folder)


def _keep(
    files: RunFolder, measured: Sequence[Measurement], found: Fit
) -> None:
    """Results, page and preset into the folder."""
    result = found.as_json()
    result["files"] = [
        {"file": one.source, "kind": one.kind, "remarks": list(one.remarks)}
        for one in measured
    ]
    pictures = draw_fit(found.curves, found.laws)
    files.write(_PAGE, render_fit(result, pictures).encode())
    files.write(_PRESET, preset_text(found.preset, whole=False).encode())
    files.write_result(result)


def _target(save: str | None, data: Sequence[str]) -> Path:
    """The preset's file."""
    if save is None:
        first = Path(data[0]).name
        return Path(first.partition(".")[0] + ".toml")
    target = Path(save)
    if target.suffix != ".toml":
        raise ValueError(
            f"Argument `save` must be a file that ends with `.toml`, but is `{one_line(save)}`;"
            " take `-o mycell.toml`."
        )
    if target.stem in PRESETS:
        raise ValueError(
            f"Argument `save` must not be named after a published preset, but is"
            f" `{one_line(save)}`; take another name, such as `-o my-{target.name}`."
        )
    return target


def _print(result: dict[str, Any], target: Path, folder: Path) -> None:
    """What was found: numbers that rest on data, and what is kept."""
    table = Table(box=None, pad_edge=False)
    for heading in ("rests on data", "value", "95 % interval"):
        table.add_column(heading, overflow="fold")
    numbers = result["numbers"]
    for row in numbers:
        if row["origin"] == "data":
            value = _short(row["value"], row["unit"])
            table.add_row(row["name"], value, _interval(row))
    Console(highlight=False).print(table)
    files = ", ".join(one["file"] for one in result["files"])
    rows = [("data", files)]
    for origin in dict.fromkeys(row["origin"] for row in numbers):
        if origin != "data":
            word = origin if " " in origin else f"kept from {origin}"
            rows.append((word, _names(numbers, origin)))
    rows += [("law", line) for line in result["chosen"]]
    rows += [("note", line) for line in result["told"]]
    rows += [(one["name"], _with_interval(one)) for one in result["beside"]]
    print_rows(
        rows,
        f"preset: {target}",
        f"report: {folder / _PAGE}",
        f"next: mho deploy digits --chip {target}",
    )


def _names(numbers: Sequence[dict[str, Any]], origin: str) -> str:
    """Numbers of one origin; of the array only how many."""
    names = [row["name"] for row in numbers if row["origin"] == origin]
    own = [name for name in names if not name.startswith("array.")]
    array = len(names) - len(own)
    return ", ".join([*own, *[f"{array} numbers of the array"][: bool(array)]])


def _short(value: float, unit: str) -> str:
    """A number with four digits."""
    return show(float(f"{value:.4g}"), unit)


def _interval(row: dict[str, Any]) -> str:
    if row["interval"] is None:
        return ""
    low, high = row["interval"]
    return f"{_short(low, row['unit'])} to {_short(high, row['unit'])}"


def _with_interval(row: dict[str, Any]) -> str:
    word = _short(row["value"], row["unit"])
    if not row["determined"]:
        return f"not determined ({_interval(row)})"
    return f"{word} ({_interval(row)})"
