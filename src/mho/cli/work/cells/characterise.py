"""`mho characterise noise`: a trace to a table, a figure and JSON."""

from pathlib import Path

from rich.console import Console

from mho.characterise.history import history_from_json, trace_history
from mho.checks import check_positive
from mho.cli.shared import (
    check_outputs,
    print_rows,
    quantity,
    tell,
    write_json,
)
from mho.cli.work.cells.lab_files import parse_columns
from mho.cli.work.cells.lab_table import told_remarks
from mho.cli.work.cells.trace_table import print_history
from mho.files import RunFolder, run_identity
from mho.measured import Trace, read_measured
from mho.report.figures import draw_png, noise_figure

_FIGURE = "noise.png"


def run(
    trace: str,
    *,
    columns: str | None,
    voltage: str,
    traps: int | None,
    resume: bool,
    out: str | None,
    json: str | None,
) -> None:
    """Analyse a trace; see `mho characterise noise --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read, or a folder that cannot be written.
    """
    path = Path(trace)
    volts = quantity(voltage, "voltage", "V")
    check_positive(abs(volts), "voltage", "V")
    measured = read_measured(
        path, kind="trace", columns=parse_columns(columns), voltage=volts
    )
    assert isinstance(measured, Trace)
    folder = Path(out) if out else Path("mho-out") / f"noise-{path.stem}"
    check_outputs(folder, json)
    with RunFolder.open(
        folder,
        "characterise",
        run_identity(measured, traps),
        makes=(_FIGURE, "result.json"),
        resume=resume,
    ) as files:
        tell(files)
        if not files.is_complete:
            history = trace_history(measured, traps=traps, run=files)
            files.write(
                _FIGURE, draw_png(lambda: noise_figure(measured, history))
            )
            files.write_result(history.as_json())
            files.finish()
        result = files.result()
    if write_json(result, json):
        return
    if measured.remarks:
        print_rows([], *told_remarks(measured.remarks))
    print_history(history_from_json(result))
    Console(highlight=False).print(
        f"figure: {folder / _FIGURE}", soft_wrap=True
    )
