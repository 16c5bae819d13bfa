"""What the README prints is what one gets, within the spread that it states."""

import contextlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import mho

README = Path(__file__).parents[1] / "README.md"
NUMBER = re.compile(r"\d+(?:\.\d+)?")
ROW = re.compile(
    r"\| ([^|]+?) \| ([\d.,]+) ± ([\d.,]+) \| ([\d.,]+) … ([\d.,]+) \|"
)
FITTED = re.compile(
    r"^  ((?:cell|array)\.\w+) +([\d.]+)( nS)? +([\d.]+)(?: nS)? to ([\d.]+)",
    re.MULTILINE,
)
"""A number of a fitted preset as the README shows it."""
DEVIATIONS = 5.0
"""How far from the mean a figure may lie: eight seeds tell the deviation roughly (1).

One more draw from the same normal distribution lies beyond five deviations of eight with
probability 0.2 % (Student's t with seven degrees of freedom, widened by the error of the mean).
"""
RESULT: dict[str, Callable[[dict[str, Any]], float]] = {
    "accuracy in software (%)": lambda r: 100 * r["software_accuracy"],
    "on the chip, not denoised (%)": lambda r: (
        100 * r["chip_accuracy_no_denoise"]["best"]
    ),
    "on the chip, denoised (%)": lambda r: 100 * r["chip_accuracy"]["best"],
    "current that the wires leave (%)": lambda r: (
        100 * r["wires"]["current_kept"]
    ),
    "cells converged (%)": lambda r: 100 * r["converged_fraction"],
    "cells stuck": lambda r: r["stuck_cells"],
    "error, median (µS)": lambda r: r["error_uS"]["median"],
    "residual noise, median (µS)": lambda r: r["noise_uS"]["median"],
    "pulses for each cell": lambda r: r["pulses_per_cell"],
    "denoising pulses for each cell": lambda r: r["denoise_pulses_per_cell"],
    "reads for each cell": lambda r: r["reads_per_cell"],
    "programming on the chip (s)": lambda r: r["chip_seconds"],
    "energy (mJ)": lambda r: 1e3 * r["chip_joules"],
}
"""Where each row of the table of `mho deploy digits` stands in its result."""
PRINTED = {
    "accuracy in software (%)": "accuracy in software",
    "on the chip, not denoised (%)": "on the chip, not denoised",
    "on the chip, denoised (%)": "on the chip, denoised",
    "current that the wires leave (%)": "segment       leave",
    "cells converged (%)": "cells converged",
    "cells stuck": "of 12,034 (",
    "pulses for each cell": "per cell",
    "denoising pulses for each cell": "pulses,",
    "programming on the chip (s)": "programming on the chip",
}
"""What stands before the same figures in what the README shows of a run."""
CONSTANT = (4096.0, 1.0)
"""Numbers that the example prints whatever the chip."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A row of a table: a figure over seeds.

    Args:
        mean: Its mean, in the unit of the row.
        deviation: Its standard deviation.
        low: The smallest.
        high: The largest.
        step: One of the last digit that is written.
    """

    mean: float
    deviation: float
    low: float
    high: float
    step: float

    def holds(self, value: float) -> bool:
        """Whether one more seed, or machine, may well give this value."""
        room = DEVIATIONS * self.deviation + self.step
        return abs(value - self.mean) <= room


def table(title: str) -> dict[str, Spread]:
    """The rows of the table whose first heading begins like this."""
    text = README.read_text()
    begin = text.index(f"| {title}")
    rows = ROW.findall(text[begin : text.index("\n\n", begin)])
    spreads = {}
    for name, *written in rows:
        numbers = [float(one.replace(",", "")) for one in written]
        decimals = len(written[0].partition(".")[2])
        spreads[name] = Spread(*numbers, step=10.0**-decimals)
    return spreads


def blocks() -> tuple[str, str]:
    """The Python example and the output below it."""
    parts = re.search(
        r"```python\n(.*?)```\s*```\n(.*?)```", README.read_text(), re.DOTALL
    )
    assert parts is not None
    return parts[1], parts[2]


def figures(text: str) -> list[float]:
    """The numbers that the example prints, but for those that are always the same."""
    numbers = [float(one) for one in NUMBER.findall(text)]
    return [one for one in numbers if one not in CONSTANT]


@pytest.mark.parametrize(
    "title", ["`mho deploy digits`, seeds", "the example, seeds"]
)
def test_a_table_is_one_of_spreads(title: str) -> None:
    """A mean lies between the ends, and no end further off than eight values allow.

    Of n values none lies beyond (n − 1)/√n of their standard deviations, 2.47 for eight.
    """
    rows = table(title)
    assert len(rows) >= 8
    for name, row in rows.items():
        assert row.low <= row.mean <= row.high, name
        most = 2.48 * (row.deviation + row.step) + row.step
        assert max(row.mean - row.low, row.high - row.mean) <= most, name
        assert row.deviation <= row.high - row.low + row.step, name


def test_the_example_prints_what_the_readme_says() -> None:
    """Word for word but for numbers, and these within the spread that stands below."""
    example, expected = blocks()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, str(README), "exec"), {})
    assert NUMBER.sub("#", printed.getvalue()) == NUMBER.sub("#", expected)
    rows = table("the example, seeds")
    for text in (printed.getvalue(), expected):
        for value, (name, row) in zip(figures(text), rows.items(), strict=True):
            assert row.holds(value), (name, value)


def test_a_run_of_the_digits_lies_within_the_spread_of_the_readme(
    tmp_path: Path,
) -> None:
    """The first command of the README, as a user runs it; half a minute on one core."""
    command = [sys.executable, "-m", "mho", "deploy", "digits", "--json", "-"]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    result = json.loads(run.stdout)
    rows = table("`mho deploy digits`, seeds")
    assert set(rows) == set(RESULT)
    for name, row in rows.items():
        assert row.holds(RESULT[name](result)), name


def test_what_the_readme_shows_of_a_run_is_one_of_the_seeds() -> None:
    """What is printed was seed 0, so that its figures are among those of the table."""
    text = README.read_text()
    rows = table("`mho deploy digits`, seeds")
    for name, before in PRINTED.items():
        number = re.search(re.escape(before) + r"\s*([\d.]+)", text)
        assert number is not None, name
        row = rows[name]
        assert row.low - row.step <= float(number[1]) <= row.high + row.step, (
            name
        )


def test_measured_cells_come_out_as_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ramps of the page about fits; a search ends within a twentieth of an interval."""
    page = README.parent / "docs" / "how-to" / "fit.md"
    made = re.search(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert made is not None
    monkeypatch.chdir(tmp_path)
    exec(compile(made[1], str(page), "exec"), {})
    measured = [mho.read_measured(f"{name}.csv") for name in ("set", "reset")]
    fit = mho.fit_files(measured, mho.preset("rao2023"), "mycell")
    found = {
        row["name"]: (row["value"], *row["interval"])
        for row in fit.as_json()["numbers"]
        if row["origin"] == "data"
    }
    written = FITTED.findall(README.read_text())
    assert {name for name, *_ in written} == set(found)
    for name, value, unit, low, high in written:
        size = 1e-9 if unit else 1.0
        told = [float(one) * size for one in (value, low, high)]
        width = told[2] - told[1]
        assert told == pytest.approx(found[name], abs=0.05 * width), name


def test_the_two_command_lines_are_there() -> None:
    text = README.read_text()
    assert "python3 run.py deploy digits\n" in text
    assert "python3 run.py test\n" in text
