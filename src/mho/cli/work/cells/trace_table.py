"""What `mho characterise noise` says of a trace: tables, and a sentence for each remark."""

from rich.console import Console
from rich.table import Table

from mho.characterise.history import Jump, Stretch, TraceHistory
from mho.characterise.telegraph import (
    Estimate,
    FoundTrap,
    TelegraphAnalysis,
)
from mho.units import parse, show

_JUMPS_TOLD = 12
"""Jumps that are named at most (1)."""


def print_history(history: TraceHistory) -> None:
    """Traps of a trace that is the same all along; else its stretches, each with its traps."""
    console = Console(highlight=False)
    if history.steady is not None:
        _print_traps(console, history.steady.traps)
        lines = [*remarks(history.steady), *_noise_remarks(history)]
    else:
        _print_stretches(console, history)
        lines = _history_remarks(history)
    for line in lines:
        console.print(line, soft_wrap=True)


def _print_traps(console: Console, traps: tuple[FoundTrap, ...]) -> None:
    if not traps:
        console.print("No telegraph noise found.")
        return
    table = _table("trap", "amplitude", "capture time", "emission time")
    table.add_column("jumps", justify="right")
    for number, trap in enumerate(traps, 1):
        table.add_row(str(number), *_cells(trap))
    console.print(table)


def _print_stretches(console: Console, history: TraceHistory) -> None:
    """One line for each stretch and each further trap of it."""
    if not any(stretch.traps for stretch in history.stretches):
        console.print("No telegraph noise found.")
    table = _table(
        "from to (s)", "conductance (µS)", "trap", "capture", "emission"
    )
    table.add_column("jumps", justify="right")
    for stretch in history.stretches:
        first = (_times(stretch), _conductance(stretch))
        if not stretch.traps:
            table.add_row(*first, _said_of(stretch, history), "", "", "")
        for number, trap in enumerate(stretch.traps):
            table.add_row(*(first if number == 0 else ("", "")), *_short(trap))
    console.print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    return table


def _times(stretch: Stretch) -> str:
    return f"{stretch.begin:.4g} {stretch.end:.4g}"


def _conductance(stretch: Stretch) -> str:
    """Median, and the quantiles of 10 and 90 %."""
    middle, low, high = (
        1e6 * value
        for value in (stretch.conductance, stretch.low, stretch.high)
    )
    return f"{middle:.5g} ({low:.5g} to {high:.5g})"


def _said_of(stretch: Stretch, history: TraceHistory) -> str:
    """A word for a stretch without traps."""
    settling = history.settling
    if settling is not None and stretch.begin < settling.duration:
        return "settling"
    return "quiet" if stretch.gaussian else "spikes"


def _short(trap: FoundTrap) -> tuple[str, ...]:
    sign = "" if trap.resolved else "> "
    below = "" if trap.resolved else "< "
    return (
        sign + show(trap.amplitude.value, "S", 3),
        below + show(trap.capture_time.value, "s", 3),
        below + show(trap.emission_time.value, "s", 3),
        f"{2 * trap.transitions:.0f}",
    )


def _cells(trap: FoundTrap) -> tuple[str, ...]:
    jumps = f"{2 * trap.transitions:.0f}"
    if trap.resolved:
        return (
            _estimate(trap.amplitude, "S"),
            _estimate(trap.capture_time, "s"),
            _estimate(trap.emission_time, "s"),
            jumps,
        )
    return (
        f"> {show(trap.amplitude.low, 'S', 3)}",
        f"< {show(trap.capture_time.high, 's', 3)}",
        f"< {show(trap.emission_time.high, 's', 3)}",
        jumps,
    )


def _estimate(number: Estimate, unit: str) -> str:
    """A number and its interval in the same prefix: lines must fit a terminal."""
    text, symbol = show(number.value, unit, 3).split(" ")
    scale = parse(f"1{symbol}", unit)
    return f"{text} {symbol} ({number.low / scale:.3g} to {number.high / scale:.3g})"


def _history_remarks(history: TraceHistory) -> list[str]:
    """Settling, jumps and noise of a trace that is not the same all along."""
    told = []
    settling = history.settling
    if settling is not None:
        told.append(
            f"settling: {show(settling.duration, 's', 3)}, from"
            f" {show(settling.begin, 'S', 4)} to {show(settling.end, 'S', 4)}"
        )
    later = [jump for jump in history.jumps if not jump.settling]
    if later:
        named = ", ".join(_jump(jump) for jump in later[:_JUMPS_TOLD])
        more = len(later) - _JUMPS_TOLD
        rest = f" and {more} more" if more > 0 else ""
        told.append(f"jumps: {named}{rest}")
    if any(not stretch.gaussian for stretch in history.stretches):
        spikes = [
            stretch
            for stretch in history.stretches
            if not stretch.gaussian and not stretch.traps
        ]
        if spikes:
            told.append(
                "Where it says spikes or settling, changes are not those of Gaussian noise, but no"
                " trap that keeps its amplitude explains them."
            )
    told.append(
        f"noise of a sample {show(history.noise, 'S', 3)};"
        f" {history.samples:,} samples of {show(history.interval, 's')},"
        f" {show(history.duration, 's')} in all"
    )
    return told + _noise_remarks(history)


def _jump(jump: Jump) -> str:
    sign = "+" if jump.change > 0 else "−"
    return f"{sign}{show(abs(jump.change), 'S', 3)} at {jump.time:.4g} s"


def _noise_remarks(history: TraceHistory) -> list[str]:
    """1/f noise and the converter, as far as the trace shows them."""
    told = []
    spectrum = history.spectrum
    if spectrum.exponent is not None:
        exponent = spectrum.exponent
        corner = ""
        if spectrum.corner is not None:
            corner = f", above the white noise below {_estimate(spectrum.corner, 'Hz')}"
        told.append(
            f"1/f noise with the exponent {exponent.value:.2f} ({exponent.low:.2f} to"
            f" {exponent.high:.2f}){corner}"
        )
    if history.converter_step > 0:
        told.append(
            f"converter: steps of {show(history.converter_step, 'S', 3)}"
        )
    return told


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
