"""Results of `mho levels` as the lines of its table."""

from typing import Any

from mho.cli.shared import passive_rows
from mho.units import show


def rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the table says: name and value, units included."""
    window = f"±{result['tolerance_uS']:g} µS"
    count = result["levels"]
    step = (result["high_uS"] - result["low_uS"]) / (count - 1)
    lines = [
        (
            "levels",
            f"{count:,} from {result['low_uS']:g} to {result['high_uS']:g} µS,"
            f" {step:.4g} µS apart",
        ),
        (
            f"within {window}{', denoised' if result['denoise'] else ''}",
            f"{result['levels_within']:,}",
        ),
    ]
    if "levels_within_no_denoise" in result:
        lines.append(
            (
                f"within {window}, not denoised",
                f"{result['levels_within_no_denoise']:,}",
            )
        )
    cost = result["per_level"]
    lines += [
        (
            "per level",
            f"{cost['pulses']:.1f} pulses, {cost['denoise_pulses']:.1f} denoising"
            f" pulses, {cost['reads']:.0f} reads",
        ),
        (
            "",
            f"{cost['seconds']:.2f} s on the bench, {show(cost['joules'], 'J')}",
        ),
    ]
    if "passive" in result:
        lines += passive_rows(result["passive"])
    if result["stuck"]:
        lines.append(
            (
                "remark",
                f"cell {result['cell']} is stuck: take another with --cell",
            )
        )
    if "all_cells" in result:
        lines += _cell_rows(result["all_cells"], result["cells"])
    if "bits" in result:
        lines += _bit_rows(result["bits"])
    return [*lines, ("wall time", f"{result['wall_seconds']:.1f} s")]


def _cell_rows(cells: dict[str, Any], count: int) -> list[tuple[str, str]]:
    return [
        (
            f"of {count:,} cells",
            f"{cells['stuck']} stuck; of the others"
            f" {cells['share_with_all']:.1%} hold all levels, the worst {cells['min']:,}",
        ),
    ]


def _bit_rows(bits: dict[str, Any]) -> list[tuple[str, str]]:
    spread = ", ".join(
        f"{name} {count:,.0f}" for name, count in bits["without"].items()
    )
    return [
        (
            "distinguishable levels",
            f"{bits['distinguishable']:,.0f} ({bits['low']:,.0f} to"
            f" {bits['high']:,.0f}), {bits['bits']:.1f} bits, spaced as the noise allows",
        ),
        (
            "",
            f"error rate {bits['error_rate']:g}, {bits['window_s']:g} s,"
            f" {bits['bandwidth_Hz']:g} Hz",
        ),
        ("limited by", f"{bits['limit']}; without: {spread}"),
        ("placed exactly", f"{bits['placed_exactly']:,.0f}"),
        (
            "largest even number",
            f"{bits['largest_count']:,} levels are held by"
            f" {bits['largest_count_held']:.2%} of {bits['largest_count_cells']:,} cells",
        ),
    ]
