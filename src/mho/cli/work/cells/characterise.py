"""`mho characterise noise`: a trace to a table, a figure and JSON."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from mho.characterise.telegraph import (
    Estimate,
    FoundTrap,
    TelegraphAnalysis,
    analyse_noise,
    analysis_from_json,
    read_trace,
)
from mho.cli.shared import check_outputs, quantity, tell, write_json
from mho.files import RunFolder, run_identity
from mho.report.figures import draw_png, noise_figure
from mho.units import parse, show

_FIGURE = "noise.png"


def run(
    trace: str,
    *,
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
    measured = read_trace(path, quantity(voltage, "voltage", "V"))
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
            analysis = analyse_noise(measured, traps=traps, run=files)
            files.write(
                _FIGURE, draw_png(lambda: noise_figure(measured, analysis))
            )
            files.write_result(analysis.as_json())
            files.finish()
        result = files.result()
    if write_json(result, json):
        return
    _print(analysis_from_json(result))
    Console(highlight=False).print(
        f"figure: {folder / _FIGURE}", soft_wrap=True
    )


def _print(analysis: TelegraphAnalysis) -> None:
    """The traps, one a line, and what else there is to say."""
    console = Console(highlight=False)
    if analysis.traps:
        table = Table(box=None, pad_edge=False)
        for heading in (
            "trap",
            "amplitude",
            "capture time",
            "emission time",
            "jumps",
        ):
            table.add_column(
                heading, justify="right" if heading == "jumps" else "left"
            )
        for number, trap in enumerate(analysis.traps, 1):
            table.add_row(str(number), *_cells(trap))
        console.print(table)
    else:
        console.print("No telegraph noise found.")
    for line in remarks(analysis):
        console.print(line, soft_wrap=True)


def _cells(trap: FoundTrap) -> tuple[str, ...]:
    if trap.resolved:
        times = (
            _estimate(t, "s") for t in (trap.capture_time, trap.emission_time)
        )
        return (
            _estimate(trap.amplitude, "S"),
            *times,
            f"{2 * trap.transitions:.0f}",
        )
    highest = (
        f"< {show(t.high, 's', 3)}"
        for t in (trap.capture_time, trap.emission_time)
    )
    lowest = f"> {show(trap.amplitude.low, 'S', 3)}"
    return (lowest, *highest, f"{2 * trap.transitions:.0f}")


def _estimate(number: Estimate, unit: str) -> str:
    """A number and its interval in the same prefix: lines must fit a terminal."""
    text, symbol = show(number.value, unit, 3).split(" ")
    scale = parse(f"1{symbol}", unit)
    return f"{text} {symbol} ({number.low / scale:.3g} to {number.high / scale:.3g})"


def remarks(analysis: TelegraphAnalysis) -> list[str]:
    """What to know besides the traps, a sentence each."""
    levels = ", ".join(show(level, "S", 4) for level in analysis.levels)
    noise = show(analysis.noise, "S", 3)
    found = [
        f"levels: {levels}; noise of a sample {noise}",
        f"{analysis.samples:,} samples of {show(analysis.interval, 's')},"
        f" {show(analysis.duration, 's')} in all",
    ]
    if any(not trap.resolved for trap in analysis.traps):
        found.append(
            "Limits (<, >): a trap is too fast for this sampling; sample faster."
        )
    if not analysis.complete:
        found.append(
            "Traps and white noise do not explain all of the trace: it also drifts, has 1/f noise"
            " or other traps, and the smallest traps above may be part of that."
            if analysis.traps
            else "The trace is not white noise, but no two-state traps explain it: it drifts, has"
            " 1/f noise, or jumps too seldom to tell."
        )
    return found
