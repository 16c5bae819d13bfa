"""`mho characterise FILE…`: files of any kind to tables, figures and JSON."""

import hashlib
from pathlib import Path
from typing import Any

from rich.console import Console

from mho.characterise.history import history_from_json, trace_history
from mho.characterise.lab import summary_of
from mho.cli.shared import check_outputs, print_rows, quantity, tell, write_json
from mho.cli.work.cells.lab_table import print_summary, told_remarks
from mho.cli.work.cells.trace_table import print_history
from mho.files import RunFolder, run_identity
from mho.measured import Measurement, Trace, kind_named, read_measured
from mho.report.figures import draw_png, noise_figure
from mho.report.lab import measured_figure

_MOST_FILES = 200
"""Files at a time at most (1)."""


def run(
    files: tuple[str, ...],
    *,
    kind: str | None,
    columns: str | None,
    voltage: str | None,
    direction: str | None,
    resume: bool,
    out: str | None,
    json: str | None,
) -> None:
    """Look at files; see `mho characterise --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read, or a folder that cannot be written.
    """
    if not 0 < len(files) <= _MOST_FILES:
        raise ValueError(
            f"Argument `files` must name 1 to {_MOST_FILES} files, but names {len(files)}."
        )
    paths = [Path(name) for name in files]
    given: dict[str, Any] = {
        "kind": None if kind is None else kind_named(kind, "as"),
        "columns": parse_columns(columns),
        "voltage": None
        if voltage is None
        else quantity(voltage, "voltage", "V"),
        "direction": _direction(direction),
    }
    measured = [read_measured(path, **given) for path in paths]
    folder = (
        Path(out) if out else Path("mho-out") / f"measured-{_stem(paths[0])}"
    )
    check_outputs(folder, json)
    names = _figure_names(paths)
    content = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    with RunFolder.open(
        folder,
        "characterise",
        run_identity(
            "files",
            content,
            columns or "",
            kind or "",
            voltage or "",
            direction or "",
        ),
        makes=(*names, "result.json"),
        resume=resume,
    ) as work:
        tell(work)
        if not work.is_complete:
            results = []
            for value, name in zip(measured, names, strict=True):
                alone = work if len(paths) == 1 else None
                result, drawn = _looked_at(value, alone)
                work.write(name, drawn)
                results.append(result)
            work.write_result({"files": results})
            work.finish()
        result = work.result()
    if write_json(result, json):
        return
    for found, name in zip(result["files"], names, strict=True):
        _print(found, str(folder / name))


def _looked_at(
    value: Measurement, work: RunFolder | None
) -> tuple[dict[str, Any], bytes]:
    """The result of one file, and its figure."""
    if isinstance(value, Trace):
        history = trace_history(value, run=work)
        result = {
            "kind": "trace",
            "source": value.source,
            "history": history.as_json(),
            "remarks": list(value.remarks),
        }
        return result, draw_png(lambda: noise_figure(value, history))
    summary = summary_of(value)
    return summary, draw_png(lambda: measured_figure(value, summary))


def _print(found: dict[str, Any], figure: str) -> None:
    if found["kind"] != "trace":
        print_summary(found, figure)
        return
    print_rows([(found["source"], "a trace")], *told_remarks(found["remarks"]))
    print_history(history_from_json(found["history"]))
    Console(highlight=False).print(f"figure: {figure}", soft_wrap=True)


def _figure_names(paths: list[Path]) -> list[str]:
    """Names of figures: the file's own, numbered where two files share it."""
    names: list[str] = []
    for number, path in enumerate(paths, 1):
        stem = _stem(path)
        name = f"{stem}.png"
        names.append(f"{stem}-{number}.png" if name in names else name)
    return names


def _stem(path: Path) -> str:
    """Name of a file without what it ends with."""
    return path.name.split(".")[0] or "file"


def parse_columns(text: str | None) -> dict[str, str] | None:
    """Columns by role, from words such as `time=t,conductance=G[uS]`.

    Args:
        text: What the user wrote.

    Raises:
        ValueError: It is something else.

    >>> parse_columns("time=t,conductance=G[uS]")
    {'time': 't', 'conductance': 'G[uS]'}
    """
    if text is None:
        return None
    found: dict[str, str] = {}
    for part in text.split(","):
        role, sign, name = part.partition("=")
        if not (sign and role.strip() and name.strip()):
            raise ValueError(
                "Argument `columns` must be pairs such as `time=t,conductance=G[uS]`, but has"
                f" `{part[:40]}`."
            )
        if role.strip() in found:
            raise ValueError(
                f"Argument `columns` must name `{role.strip()[:40]}` once, but does so twice."
            )
        found[role.strip()] = name.strip()
    return found


def _direction(text: str | None) -> int | None:
    if text is None:
        return None
    known = {"set": 1, "reset": -1}
    if text.lower() not in known:
        raise ValueError(
            f"Argument `direction` must be `set` or `reset`, but is `{text[:40]}`."
        )
    return known[text.lower()]
