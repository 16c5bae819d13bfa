"""Words and tables of the report; a number that the run does not have becomes a dash."""

import math
from collections.abc import Mapping
from functools import reduce

from mho.data import ACCURACY, Metric, metric_of
from mho.ledger import Ledger
from mho.units import show

DASH = "–"
TOTAL = "total"
CLIP = 3.0
"""Half-range of the error colours in tolerances (1): one outlier must not pale the rest."""

Result = Mapping[str, object]


def number(value: object, form: str) -> str:
    """A number in a format such as `".2f"`; a dash if it is missing or not finite.

    >>> number(1234.5, ",.0f"), number(None, ".2f")
    ('1,234', '–')
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
    ):
        return DASH
    return format(value, form)


def quantity(value: object, unit: str) -> str:
    """An SI number with its prefix and unit; a dash if it is missing or not finite.

    >>> quantity(0.0024, "J"), quantity(float("nan"), "s")
    ('2.4 mJ', '–')
    """
    if number(value, "g") == DASH or not isinstance(value, int | float):
        return DASH
    if unit == "s" and value >= 1000:  # nobody counts in kiloseconds
        return f"{value:,.0f} s"
    return show(float(value), unit)


def scored(value: object, metric: Metric) -> str:
    """What a metric says, in its unit; a dash if it is missing or not finite.

    >>> scored(0.9932, ACCURACY), scored(None, ACCURACY)
    ('99.32%', '–')
    """
    if number(value, "g") == DASH or not isinstance(value, int | float):
        return DASH
    return metric.show(float(value))


def capital(name: str) -> str:
    """A name at the beginning of a line."""
    return name[:1].upper() + name[1:]


def headline(result: Result) -> str:
    """What the run reached, in one sentence."""
    # A word for a missing tolerance, since a bare dash behind ± reads like a range.
    window = number(result.get("tolerance_uS"), ".3g")
    reach = f"±{window} µS" if window != DASH else "the tolerance"
    preset = _text(result, "preset")
    network = _text(result, "network")
    metric = metric_of(result)
    on_chip = scored(_part(result, f"chip_{metric.key}", "best"), metric)
    in_software = scored(result.get(f"software_{metric.key}"), metric)
    converged = number(result.get("converged_fraction"), ".2%")
    reached = f"{network} answers {on_chip} of the test samples correctly"
    if metric != ACCURACY:
        reached = f"the {metric.name} of {network} is {on_chip}"

    drawn = result.get("drawn")
    if isinstance(drawn, Mapping):
        count = number(drawn["programmed_cells"], ",d")
        return (
            f"On simulated {preset} tiles, {reached}, against {in_software} in software; its cells"
            f" are drawn from a table of {count} programmed to {reach}.{_many(result)}"
        )
    return (
        f"On a simulated {preset} chip, {reached}, against"
        f" {in_software} in software; {converged} of the cells that were"
        f" not stuck converged to within {reach} of their targets.{_many(result)}"
    )


def _many(result: Result) -> str:
    """A second sentence, if there are many chips."""
    population = result.get("population")
    if not isinstance(population, Mapping):
        return ""
    metric = metric_of(result)
    scores = population["programmed"][metric.key]
    mean = scored(scores["mean"], metric)
    deviation = scored(scores["standard_deviation"], metric)
    return (
        f" Over {population['chips']} chips it is {mean} on average, with a"
        f" standard deviation of {deviation}."
    )


def key_figures(result: Result) -> list[tuple[str, str, str]]:
    """Rows of the first table: what it is, its value with unit, its key in the JSON."""
    return [
        *_score_figures(result),
        *_work_figures(result),
        *_cell_figures(result),
        *_cost_figures(result),
        *_passive_figures(result),
        ("Seed", number(result.get("seed"), "d"), "seed"),
        ("Preset", _text(result, "preset"), "preset"),
        ("Version of mho", _text(result, "version"), "version"),
    ]


def _score_figures(result: Result) -> list[tuple[str, str, str]]:
    """What the metric says, in software and on the chip."""
    metric = metric_of(result)
    name = capital(metric.name)
    software = f"software_{metric.key}"
    on_chip = f"chip_{metric.key}"
    plain = f"{on_chip}_no_denoise"
    return [
        (f"{name} in software", scored(result.get(software), metric), software),
        (
            f"{name} on the chip, not denoised",
            _interval(result, plain, metric),
            plain,
        ),
        (f"{name} on the chip", _interval(result, on_chip, metric), on_chip),
    ]


def _cell_figures(result: Result) -> list[tuple[str, str, str]]:
    """How many cells hold what they should, and how well."""
    return [
        ("Cells", number(result.get("cells"), ",.0f"), "cells"),
        (
            "Cells found stuck",
            number(result.get("stuck_cells"), ",.0f"),
            "stuck_cells",
        ),
        (
            "Cells converged, of those not stuck",
            number(result.get("converged_fraction"), ".3%"),
            "converged_fraction",
        ),
        (
            "Size of the error: median / 99 % / 99.9 % / largest",
            _quantiles(result, "error_uS", ("median", "p99", "p999", "max")),
            "error_uS",
        ),
        (
            "Residual noise: median / 99 %",
            _quantiles(result, "noise_uS", ("median", "p99")),
            "noise_uS",
        ),
    ]


def _cost_figures(result: Result) -> list[tuple[str, str, str]]:
    """What programming takes on the chip, and the simulation here."""
    return [
        (
            "Programming pulses per cell",
            number(result.get("pulses_per_cell"), ",.1f"),
            "pulses_per_cell",
        ),
        (
            "Denoising pulses per cell",
            number(result.get("denoise_pulses_per_cell"), ",.1f"),
            "denoise_pulses_per_cell",
        ),
        (
            "Reads per cell",
            number(result.get("reads_per_cell"), ",.0f"),
            "reads_per_cell",
        ),
        (
            "Time on the chip, programming",
            quantity(result.get("chip_seconds"), "s"),
            "chip_seconds",
        ),
        (
            "Energy on the chip, programming",
            quantity(result.get("chip_joules"), "J"),
            "chip_joules",
        ),
        (
            "Wall time of the simulation",
            quantity(result.get("wall_seconds"), "s"),
            "wall_seconds",
        ),
    ]


def _work_figures(result: Result) -> list[tuple[str, str, str]]:
    """Row of the first table about the share of the work that tiles do, if it was counted."""
    work = result.get("multiply_adds")
    if not isinstance(work, Mapping):
        return []
    share = number(work["analog_share"], ".1%")
    per_sample = work["analog"] + work["digital"]
    return [
        (
            "Multiply-adds on tiles",
            f"{share} of {per_sample:,} per sample",
            "multiply_adds",
        ),
    ]


def _passive_figures(result: Result) -> list[tuple[str, str, str]]:
    """Rows of the first table that only a passive array has."""
    if not isinstance(result.get("passive"), Mapping):
        return []
    moved = _half_select(result, "moved")
    shift = _half_select(result, "shift")
    pulses = number(_part(result, "passive", "half_select_pulses"), ",.0f")
    scheme = _part(result, "passive", "biasing")
    return [
        (f"Passive array, {scheme}: half-select pulses", pulses, "passive"),
        ("Cells moved by them in all: median / 99 %", f"{moved} µS", "passive"),
        ("Shift since last written: median / 99 %", f"{shift} µS", "passive"),
    ]


def _half_select(result: Result, what: str) -> str:
    """Median and 99 % of what half-select pulses did to cells (µS)."""
    median = number(_part(result, "passive", f"{what}_median_uS"), ".3g")
    most = number(_part(result, "passive", f"{what}_p99_uS"), ".3g")
    return f"{median} / {most}"


def wire_rows(result: Result) -> list[tuple[str, str]]:
    """Rows of the table of wires: what it is, and its value with unit."""
    wires = result.get("wires")
    if not isinstance(wires, Mapping):
        return []
    kinds = {
        "as_mapped": "as mapped",
        "gain": "with the best factor per layer",
        "compensated": "compensated",
    }
    word, bit = (
        number(wires.get(f"{line}_line_ohm"), "g") for line in ("word", "bit")
    )
    rows = [
        ("Resistance of a segment, word line / bit line", f"{word} / {bit} Ω"),
        (
            "Current the wires leave, targets as mapped",
            number(wires.get("current_kept"), ".1%"),
        ),
    ]
    metric = metric_of(result)
    rows += [
        (
            f"Error of the weights (rms, of the largest), {kinds[kind]}",
            number(value, ".3%"),
        )
        for kind, value in wires.get("weight_error", {}).items()
    ]
    rows += [
        (f"{capital(metric.name)}, {kinds[kind]}", scored(value, metric))
        for kind, value in wires.get(metric.key, {}).items()
    ]
    if "signal" in wires:
        mean, low = (
            number(_part(wires, "signal", part), ".1%")
            for part in ("mean", "low")
        )
        rows += [
            (
                "Signal left to an output after compensation, mean / smallest",
                f"{mean} / {low}",
            ),
            (
                "Power of a multiply, compensated over as mapped",
                number(wires.get("power"), ".1%"),
            ),
        ]
    return rows


COST_COLUMNS = (
    "Stage",
    "Pulses",
    "Reads",
    "Conversions",
    "Multiplies",
    "Time on the chip",
    "Energy: pulses",
    "Energy: reads",
    "Energy: converters",
    "Energy: all",
)


def cost_rows(costs: Mapping[str, Ledger]) -> list[tuple[str, ...]]:
    """Rows of the cost table, one for each stage and one for their sum.

    Args:
        costs: Ledger of each stage.
    """
    total = reduce(lambda a, b: a + b, costs.values(), Ledger())
    return [
        _cost_row(stage, spent)
        for stage, spent in (*costs.items(), (TOTAL, total))
    ]


def _cost_row(stage: str, spent: Ledger) -> tuple[str, ...]:
    counts = (spent.pulses, spent.reads, spent.conversions, spent.multiplies)
    energies = (
        spent.pulse_joules,
        spent.read_joules,
        spent.converter_joules,
        spent.joules,
    )
    return (
        stage,
        *(number(count, ",.0f") for count in counts),
        quantity(spent.seconds, "s"),
        *(quantity(energy, "J") for energy in energies),
    )


def _text(result: Result, key: str) -> str:
    value = result.get(key)
    return DASH if value is None else str(value)


def _part(result: Result, key: str, part: str) -> object:
    value = result.get(key)
    return value.get(part) if isinstance(value, Mapping) else None


def _interval(result: Result, key: str, metric: Metric) -> str:
    low = scored(_part(result, key, "low"), metric)
    best = scored(_part(result, key, "best"), metric)
    high = scored(_part(result, key, "high"), metric)
    if best == DASH:
        return DASH
    return f"{best} ({low} to {high} over time)"


def _quantiles(result: Result, key: str, parts: tuple[str, ...]) -> str:
    """Values already in µS, side by side."""
    shown = [number(_part(result, key, part), ".3g") for part in parts]
    if set(shown) == {DASH}:
        return DASH
    return " / ".join(shown) + " µS"
