"""Results of `mho deploy` as the lines of its table."""

from typing import Any

from mho.cli.shared import passive_rows
from mho.data import Metric, metric_of
from mho.deployment import use_rows
from mho.runs import output_rows


def rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the table says: name and value, units included."""
    metric = metric_of(result)
    if "drawn" in result:
        return _drawn_rows(result, metric)
    error = result["error_uS"]
    noise = result["noise_uS"]
    return [
        *_score_rows(result, metric),
        *_output_rows(result.get("outputs")),
        *_chips_rows(result.get("population"), metric),
        *_fit_rows(result.get("fitted_columns")),
        *_work_rows(result.get("multiply_adds")),
        *_packing_rows(result.get("packing")),
        *_wire_rows(result["wires"]),
        *(passive_rows(result["passive"]) if result["passive"] else []),
        (
            "cells converged",
            f"{result['converged_fraction']:.3%} of {result['cells'] - result['stuck_cells']:,}"
            f" ({result['stuck_cells']} stuck)",
        ),
        (
            "error, median / 99.9 %",
            f"{error['median']:.2f} / {error['p999']:.2f} µS",
        ),
        (
            "residual noise, median / 99 %",
            f"{noise['median']:.2f} / {noise['p99']:.2f} µS",
        ),
        (
            "per cell",
            f"{result['pulses_per_cell']:.1f} pulses, {result['denoise_pulses_per_cell']:.1f}"
            f" denoising pulses, {result['reads_per_cell']:.0f} reads",
        ),
        (
            "programming on the chip",
            f"{result['chip_seconds']:.1f} s, {result['chip_joules'] * 1e3:.2f} mJ",
        ),
        ("wall time", f"{result['wall_seconds']:.1f} s"),
    ]


def _drawn_rows(
    result: dict[str, Any], metric: Metric
) -> list[tuple[str, str]]:
    """The table of a network whose cells are drawn."""
    drawn = result["drawn"]
    error = result["error_uS"]
    took = ", ".join(f"{k} {v:.1f} s" for k, v in result["seconds"].items())
    scores = {
        f"{metric.name} in software": result[f"software_{metric.key}"],
        "  on tiles, drawn": result[f"chip_{metric.key}"]["best"],
    }
    if result["denoise"]:
        plain = result[f"chip_{metric.key}_no_denoise"]["best"]
        scores["  on tiles, drawn, not denoised"] = plain
    return [
        *((name, metric.show(score)) for name, score in scores.items()),
        *_output_rows(result.get("outputs")),
        *_chips_rows(result.get("population"), metric),
        *_work_rows(result.get("multiply_adds")),
        (
            "cells drawn",
            f"{result['cells']:,} ({result['stuck_cells']:,} stuck) on {result['tiles']:,} tiles,"
            f" from a table of {drawn['programmed_cells']:,} programmed ones",
        ),
        ("not modelled", "; ".join(drawn["not_modelled"])),
        (
            "error in the table, median / 99.9 %",
            f"{error['median']:.2f} / {error['p999']:.2f} µS",
        ),
        (
            "programming on the chip, expected",
            f"{result['chip_seconds']:.1f} s, {result['chip_joules'] * 1e3:.2f} mJ,"
            f" {result['pulses_per_cell']:.1f} pulses a cell",
        ),
        ("wall time", f"{result['wall_seconds']:.1f} s: {took}"),
    ]


def _fit_rows(fitted: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What gains and offsets of outputs changed, if they were fitted."""
    if fitted is None:
        return []
    pairs = zip(fitted["before"], fitted["after"], strict=True)
    errors = ", ".join(
        f"{before:.1%} to {after:.1%}" for before, after in pairs
    )
    return [
        ("gains and offsets fitted", f"rms error of products by layer {errors}")
    ]


def _score_rows(
    result: dict[str, Any], metric: Metric
) -> list[tuple[str, str]]:
    """What the metric says, in software and on the chips."""
    software = result[f"software_{metric.key}"]
    on_chip = _interval(result[f"chip_{metric.key}"], metric)
    lines = [(f"{metric.name} in software", metric.show(software))]
    if not result["denoise"]:
        return [*lines, ("  on the chip, not denoised", on_chip)]
    plain = _interval(result[f"chip_{metric.key}_no_denoise"], metric)
    return [
        *lines,
        ("  on the chip, not denoised", plain),
        ("  on the chip, denoised", on_chip),
    ]


def _output_rows(outputs: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Each output against the digital network's, if that was asked or there is nothing else."""
    rows = []
    for name, seen in (outputs or {}).items():
        rows += output_rows(name, seen)
    return rows


def _chips_rows(
    population: dict[str, Any] | None, metric: Metric
) -> list[tuple[str, str]]:
    """Mean and spread of many chips, one line for each way to program them."""
    if population is None:
        return []
    show = metric.show
    lines = []
    for way in ("programmed", "comparison"):
        if batch := population[way]:
            seen = batch[metric.key]
            how = "denoised" if batch["denoise"] else "not denoised"
            spread = (
                f"{show(seen['mean'])} ± {show(seen['standard_deviation'])}"
            )
            name = f"  {population['chips']} chips, ±{batch['tolerance_uS']:.3g} µS, {how}"
            cost = f"{batch['chip_seconds_mean']:.1f} s, {batch['chip_joules_mean'] * 1e3:.2f} mJ"
            lines += [
                (
                    name,
                    f"{spread} ({show(seen['lowest'])} to {show(seen['highest'])})",
                ),
                ("    programming, mean per chip", cost),
            ]
    return lines


def _work_rows(work: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Share of the work that tiles do; nothing for results from before it was counted."""
    if work is None:
        return []
    total = work["analog"] + work["digital"]
    return [
        (
            "analog multiply-adds",
            f"{work['analog_share']:.1%} of {total:,} per sample",
        )
    ]


def _packing_rows(packing: dict[str, Any] | None) -> list[tuple[str, str]]:
    """How full the tiles are; nothing for results from before it was looked at."""
    if packing is None:
        return []
    return use_rows(packing, packing["vector_seconds"])


def _wire_rows(wires: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What the wires leave, and what making up for them changes."""
    if wires is None:
        return [("wires", "ideal")]
    error = wires["weight_error"]
    rows = [
        (
            f"wires of {wires['word_line_ohm']:g} Ω a segment",
            f"leave {wires['current_kept']:.1%} of the current",
        ),
        (
            "  error of the weights, rms",
            f"{error['as_mapped']:.2%} of the largest",
        ),
    ]
    if "signal" in wires:
        rows[-1] = (
            "  error of the weights, rms",
            f"{error['as_mapped']:.2%} of the largest, compensated {error['compensated']:.2%}"
            f" (signal {wires['signal']['mean']:.1%}, power {wires['power']:.1%})",
        )
    return rows


def _interval(value: dict[str, float], metric: Metric) -> str:
    best, low, high = (metric.show(value[k]) for k in ("best", "low", "high"))
    return f"{best} ({low} to {high} over time)"
