"""The table as the documentation shows it."""

from collections.abc import Sequence

from real.table import Row


def markdown(rows: Sequence[Row]) -> str:
    """Two tables: what is read, and what becomes of it on chips.

    Args:
        rows: Rows as `row` returns them.
    """
    on_chips = [row for row in rows if "error_on_chip" in row]
    return f"{_read(rows)}\n\n{_on_chips(on_chips)}"


def _read(rows: Sequence[Row]) -> str:
    lines = [
        "| network | file | of | samples | differs from onnxruntime by | at most by"
        " | we, from float64 | onnxruntime, from float64 | its task, by us |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        told = figures(row["task"].get("digital", {}))
        lines.append(
            f"| {row['name']} | `{row['file']}` | {row['package']} | {row['samples']}"
            f" | {_differences(row)} | {told} |"
        )
    return "\n".join(lines)


def _differences(row: Row) -> str:
    """Four cells: to onnxruntime, and of both to double precision."""
    if not row["read"]:
        return f"{row['verdict']} | | | "
    rounding = row["rounding"]
    found = (
        row["agreement"],
        row["largest_difference"],
        rounding["ours"]["largest"],
        rounding["onnxruntime"]["largest"],
    )
    return " | ".join(f"{value:.1e}" for value in found)


def _on_chips(rows: Sequence[Row]) -> str:
    lines = [
        "| network | cells | analog | compile, program, evaluate | memory | outputs off by"
        " | in software | on the chip |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        stages = [
            f"{row[f'{stage}_cpu_seconds']:.0f} s"
            for stage in ("compile", "program", "evaluate")
        ]
        task = row["task"]
        lines.append(
            f"| {row['name']}, {row['cell_kind']} | {row['cells']:,}"
            f" | {row['analog_share']:.1%} | {', '.join(stages)} | {row['peak_mib']:,.0f} MiB"
            f" | {row['error_on_chip']:.1%} | {figures(task['digital'])}"
            f" | {figures(task['chip'])} |"
        )
    return "\n".join(lines)


def figures(task: dict[str, float]) -> str:
    """Figures of a task in a few words.

    >>> figures({"lines": 0.975, "median_cents": 2.5})
    'lines 97.5 %, median_cents 2.5'
    """
    told = []
    for name, value in task.items():
        share = name not in ("auc", "median_cents")
        shown = f"{100 * value:.1f} %" if share else f"{value:.4g}"
        told.append(f"{name} {shown}")
    return ", ".join(told)
