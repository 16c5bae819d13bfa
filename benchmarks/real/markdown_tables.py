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
        "| network | file | of | differs from onnxruntime by | its task, by us |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        differs = f"{row['agreement']:.1e}" if row["read"] else row["verdict"]
        told = figures(row["task"].get("digital", {}))
        lines.append(
            f"| {row['name']} | `{row['file']}` | {row['package']} | {differs} | {told} |"
        )
    return "\n".join(lines)


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
