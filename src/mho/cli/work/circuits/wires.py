"""`mho wires`: what wires leave of the current of an array, to terminal, figure and JSON."""

import json as json_format
import math
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mho.characterise.wires import (
    ArraySetup,
    SizeCurves,
    WireLoss,
    WirePlan,
    check_load,
    share_by_size,
    wire_loss,
    wire_plans,
    wire_savings,
)
from mho.checks import check_between, check_choice
from mho.chip import Chip
from mho.cli.shared import (
    array_size,
    check_outputs,
    print_rows,
    progress_bars,
    quantity,
    resistance,
    with_threads,
    write_json,
)
from mho.device.published import check_preset
from mho.files import write_whole
from mho.progress import Progress
from mho.report.figures import draw_png, plan_cost, plan_name, wires_figure
from mho.rng import Stream
from mho.units import show, uS
from mho.wires import SIDES

_LEVEL = 2 * uS
"""Distance of neighbouring levels in which a missing conductance is told (S)."""
_MOST_BITS = 24


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured.

    Args:
        base: The array.
        loss: What its wires leave.
        options: What changing one thing would save; the first is the array as it is.
        wanted: Share that the plans keep (1).
        plans: Combinations that keep it, `None` where nothing does.
        curves: What smaller arrays keep.
    """

    base: ArraySetup
    loss: WireLoss
    options: list[WirePlan]
    wanted: float
    plans: list[tuple[str, WirePlan | None]]
    curves: SizeCurves


def run(
    *,
    size: str,
    resistance_: str | None,
    driver: str | None,
    sense: str | None,
    range_: str | None,
    sides: str,
    sense_sides: str,
    chip: str,
    wanted: str,
    seed: int,
    out: str | None,
    json: str | None,
    threads: int,
) -> None:
    """Look at the wires of an array; see `mho wires --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    check_preset(chip, "chip")
    check_choice(sides, "sides", SIDES)
    check_choice(sense_sides, "sense_sides", SIDES)
    check_between(seed, "seed", 0, 2**62, "1")
    wires = Chip(chip).lines
    published = Chip(chip).published
    given = {
        "word_line": resistance_,
        "bit_line": resistance_,
        "driver": driver,
        "sense": sense,
    }
    names = {"word_line": "wires", "bit_line": "wires"}
    ohms = {
        k: resistance(v, names.get(k, k))
        for k, v in given.items()
        if v is not None
    }
    ends = (published.array.map_low, published.array.map_high)
    low, high = ends if range_ is None else _range(range_)
    lines = replace(wires, **ohms, sides=sides, sense_sides=sense_sides)
    base = ArraySetup(lines, array_size(size), low, high)
    check_load(base.size, low, high)
    share = _share(wanted)
    folder = Path(out) if out else Path("mho-out") / _name(base, seed)
    check_outputs(folder, json)
    with with_threads(threads), progress_bars() as progress:
        found, result = _run(base, share, seed, folder, progress)
    if write_json(result, json):
        return
    print_rows(rows(found), "")
    _print_options(found)
    seconds = f"wall time {result['wall_seconds']:.1f} s"
    Console(highlight=False).print(
        f"\nfigure: {folder / 'wires.png'}; {seconds}", soft_wrap=True
    )


def _run(
    base: ArraySetup, wanted: float, seed: int, folder: Path, progress: Progress
) -> tuple[Found, dict[str, Any]]:
    """Everything between the options and the results."""
    started = time.monotonic()
    stream = Stream(seed).child("wires")
    progress("array", 0.0)
    loss = wire_loss(base.wires, base.size, base.low, base.high, stream)
    options = wire_savings(base, stream, progress)
    progress("combinations", 0.0)
    plans = wire_plans(base, wanted, stream)
    found = Found(
        base,
        loss,
        options,
        wanted,
        plans,
        share_by_size(base, stream, progress),
    )
    picture = draw_png(
        lambda: wires_figure(loss, options, plans, wanted, found.curves)
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "wires.png", picture)
    result = describe(found) | {"seed": seed, "version": version("mho")}
    result["wall_seconds"] = round(time.monotonic() - started, 2)
    write_whole(
        folder / "result.json",
        (json_format.dumps(result, indent=2) + "\n").encode(),
    )
    return found, result


def _range(text: str) -> tuple[float, float]:
    parts = text.split(":")
    if len(parts) != 2:
        raise ValueError(
            "Argument `range` must be two conductances with units such as `50uS:500uS`, but is"
            f" `{text}`."
        )
    low, high = (quantity(part, "range", "S") for part in parts)
    if not 0 <= low < high:
        raise ValueError(
            "Argument `range` must go from a conductance of 0 S or more up to a higher one, but"
            f" goes from {show(low, 'S')} to {show(high, 'S')}."
        )
    return low, high


def _share(text: str) -> float:
    number = text.strip().removesuffix("%")
    percent = text.strip().endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = math.nan
    if not 0.01 <= share <= 0.9999:
        raise ValueError(
            "Argument `wanted` must be a share within 1% and 99.99% such as `95%`, but is"
            f" `{text}`."
        )
    return share


def _name(base: ArraySetup, seed: int) -> str:
    rows, cols = base.size
    return f"wires-{rows}x{cols}-{base.wires.word_line:g}ohm-seed{seed}"


def describe(found: Found) -> dict[str, Any]:
    """The results as plain numbers, units in the names."""
    base = found.base
    loss = found.loss
    lines = found.base.wires
    names = ("word_line", "bit_line", "driver", "sense", "access")
    places = ("top_left", "top_right", "bottom_left", "bottom_right")
    return {
        "rows": base.size[0],
        "cols": base.size[1],
        "low_uS": round(base.low / uS, 6),
        "high_uS": round(base.high / uS, 6),
        **{f"{name}_ohm": getattr(lines, name) for name in names},
        "sides": lines.sides,
        "sense_sides": lines.sense_sides,
        "kept": round(loss.kept, 6),
        "kept_worst_column": round(loss.worst, 6),
        "kept_best_column": round(loss.best, 6),
        "kept_all_high": round(loss.full, 6),
        "kept_by_quarter": dict(zip(places, _quarters(loss), strict=True)),
        "weakest_cell": {
            "row": loss.weakest[0],
            "col": loss.weakest[1],
            "kept_all_high": round(float(loss.full_share.min()), 6),
            "missing_uS": round(loss.missing / uS, 4),
            "missing_levels_of_2uS": round(loss.missing / _LEVEL, 2),
        },
        "spread_over_inputs": loss.spread,
        "error_after_gain": loss.after_gain,
        "bits_after_gain": round(min(loss.bits, _MOST_BITS), 3),
        "alternatives": [
            _option(option) | {"what": option.what} for option in found.options
        ],
        "wanted": found.wanted,
        "combinations": [
            {"what": what} | ({} if option is None else _option(option))
            for what, option in found.plans
        ],
        "sizes": [list(size) for size in found.curves.sizes],
        "kept_by_size": {
            f"{high / uS:g}_uS": [round(k, 6) for k in kept]
            for high, kept in zip(
                found.curves.high, found.curves.kept.tolist(), strict=True
            )
        },
    }


def _quarters(loss: WireLoss) -> list[float]:
    """Share of each quarter of the array, as far as it has several rows and columns (1)."""
    share = loss.blocks(2).expand(2, 2)
    return [round(float(one), 6) for one in share.flatten()]


def _option(option: WirePlan) -> dict[str, Any]:
    layout = option.layout
    return {
        "kept": round(option.kept, 6),
        "kept_worst_column": round(option.worst, 6),
        "kept_all_high": round(option.full, 6),
        "high_uS": round(layout.high / uS, 6),
        "cycles": layout.cycles,
        "tiles": layout.tiles,
        "tile": list(layout.tile),
        "drivers": layout.drivers,
        "amplifiers": layout.amplifiers,
    }


def rows(found: Found) -> list[tuple[str, str]]:
    """What the first table says: name and value, units included."""
    base = found.base
    loss = found.loss
    lines = found.base.wires
    top_left, top_right, left, right = _quarters(loss)
    missing = f"{loss.missing / _LEVEL:,.0f} levels of 2 µS"
    driven = "both ends" if lines.sides == "both" else "the left"
    sensed = "both ends" if lines.sense_sides == "both" else "the bottom"
    row, col = loss.weakest
    bits = (
        f"{loss.bits:.1f} bits"
        if loss.bits < _MOST_BITS
        else f"more than {_MOST_BITS} bits"
    )
    return [
        (
            "array",
            f"{base.size[0]}×{base.size[1]} cells of {_ends(base)}, all rows at once",
        ),
        (
            "wires",
            f"{_ohm(lines.word_line)} a segment, {_ohm(lines.driver)} driver,"
            f" {_ohm(lines.sense)} sense",
        ),
        ("", f"rows driven from {driven}, columns sensed at {sensed}"),
        (
            "current kept",
            f"{loss.kept:.1%} with random conductances; columns"
            f" {loss.worst:.1%} to {loss.best:.1%}",
        ),
        ("", f"{loss.full:.1%} with all cells at {show(base.high, 'S')}"),
        ("quarters", f"{top_left:.1%} top left, {top_right:.1%} top right"),
        ("", f"{left:.1%} bottom left, {right:.1%} bottom right"),
        (
            "weakest cell",
            f"row {row}, column {col} keeps {float(loss.full_share.min()):.1%} of its"
            f" {show(base.high, 'S')}: {missing} off",
        ),
        ("other inputs", f"change the share by {loss.spread:.2%} (1σ)"),
        ("", f"a fixed gain per column leaves the error of {bits}"),
    ]


def _ends(base: ArraySetup) -> str:
    return f"{base.low / uS:g} to {base.high / uS:g} µS"


def _ohm(value: object) -> str:
    assert isinstance(value, float)
    return show(value, "Ω")


def _print_options(found: Found) -> None:
    """Alternatives, then combinations, one a line."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("one change", style="bold")
    for heading in ("kept", "worst", "all high"):
        table.add_column(heading, justify="right")
    table.add_column("cost")
    for option in found.options:
        table.add_row(
            option.what, *_shares(option), plan_cost(option, found.options[0])
        )
    table.add_row()
    table.add_row(f"to keep {100 * found.wanted:.4g} %")
    for what, plan in found.plans:
        if plan is None:
            table.add_row(what, "", "", "", "out of reach")
        else:
            table.add_row(
                plan_name(what, plan),
                *_shares(plan),
                plan_cost(plan, found.options[0]),
            )
    console.print(table)
    console.print(
        "\nworst: the worst column; all high: all cells at the high end of the range; periphery:"
        " drivers and amplifiers. Rows that wait for their turn are switched off by their"
        " selectors: held at 0 V they would load the wires all the same, and nothing was saved."
    )


def _shares(option: WirePlan) -> tuple[str, ...]:
    return tuple(
        f"{share:.1%}" for share in (option.kept, option.worst, option.full)
    )
