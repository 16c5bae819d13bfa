"""Pages of levels and sweeps that can be explored: every cell and point is that of the run."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mho.files import RunFolder
from mho.report.comparing import read_runs, render_comparison
from mho.report.comparing.cells import cells_shown
from mho.report.comparing.plots import plot_shown
from mho.report.explorable import Packer

CELLS = (
    "row,col,within,within_1uS,converged,stuck,pulses,denoise_pulses,reads,seconds\n"
    "1,44,8,3,8,0,70000,12,300,0.25\n"
    "2,43,7,2,6,1,20,13,301,1e-3\n"
)
LEVELS = (
    "target_uS,reading_uS,outcome,pulses,denoise_pulses,reads\n"
    "50,52.5,converged,3,4,50\n"
    "60,59,stuck,5,0,60\n"
)
COLUMNS = {"levels": "that hold", "levels_low": "", "levels_high": ""}


def finished(
    folder: Path, command: str, result: Any, **tables: str
) -> list[Any]:
    """The run of a folder in which a command has ended."""
    makes = (*(f"{name}.csv" for name in tables), "result.json")
    with RunFolder.open(folder, command, "one", makes=makes) as run:
        for name, text in tables.items():
            run.write(f"{name}.csv", text.encode())
        run.write_result(result)
        run.finish()
    return read_runs([str(folder)])


def swept(births: float, tolerance: float, levels: float) -> dict[str, float]:
    ends = {"levels_low": levels - 1, "levels_high": levels + 1}
    return {"births": births, "tolerance": tolerance, "levels": levels, **ends}


def test_cells_lie_at_their_places_and_what_is_between_stays_open(
    tmp_path: Path,
) -> None:
    """Two cells that touch at a corner span two rows and two columns, two places of them empty."""
    runs = finished(tmp_path / "a", "levels", {}, cells=CELLS)
    packer = Packer()
    shown = cells_shown(runs, packer)
    assert shown is not None
    (layer,) = shown["layers"]
    assert (layer["row"], layer["col"]) == (1, 43)
    assert (layer["rows"], layer["cols"]) == (2, 2)
    raw = zlib.decompress(base64.b64decode(packer.text()))

    def values(name: str) -> list[int]:
        at, count = (layer["arrays"][name][key] for key in ("at", "count"))
        low, high = raw[at : at + count], raw[at + count : at + 2 * count]
        return [
            little + 256 * big for little, big in zip(low, high, strict=True)
        ]

    # 65,535 is no number, 65,534 the most that can be told
    assert values("within") == [65535, 8, 7, 65535]
    assert values("pulses") == [65535, 65534, 20, 65535]


def test_levels_of_the_first_cell_are_dots_at_their_targets(
    tmp_path: Path,
) -> None:
    """52.5 µS for 50 µS is 2.5 µS too much, with seven pulses of both kinds."""
    result = {"tolerance_uS": 1.5}
    runs = finished(tmp_path / "a", "levels", result, levels=LEVELS)
    shown = plot_shown(runs)
    assert shown is not None
    errors, pulses = shown["panels"]
    assert errors["band"] == 1.5
    assert errors["lines"] == [
        {"name": "denoised", "points": [[50.0, 2.5, 0], [60.0, -1.0, 1]]}
    ]
    assert [point[1] for point in pulses["lines"][0]["points"]] == [7.0, 5.0]
    assert shown["rows"][0] == ["denoised", "50", "+2.5", "3", "4", "50"]


def test_sweeps_are_curves_along_the_field_of_most_values(
    tmp_path: Path,
) -> None:
    """Three births for each of two tolerances: two curves, in order, with intervals."""
    grid = [(3.0, 1.0), (1.0, 1.0), (100.0, 1.0), (1.0, 2.0)]
    points = [swept(b, t, 10 * b + t) for b, t in grid]
    runs = finished(
        tmp_path / "a", "sweep", {"columns": COLUMNS, "points": points}
    )
    shown = plot_shown(runs)
    assert shown is not None
    assert (shown["x"], shown["log"], shown["dots"]) == ("births", True, False)
    (panel,) = shown["panels"]
    first, second = panel["lines"]
    assert first["name"] == "tolerance 1"
    assert [point[0] for point in first["points"]] == [1.0, 3.0, 100.0]
    assert first["points"][0] == [1.0, 11.0, 0, 10.0, 12.0]
    assert second["points"] == [[1.0, 12.0, 3, 11.0, 13.0]]
    assert shown["rows"][3][:3] == ["1", "2", "12"]


@pytest.mark.parametrize(
    ("command", "result", "tables"),
    [
        ("levels", {}, {"cells": "row,col\n1,2\n"}),
        ("levels", {}, {"cells": CELLS.replace("1,44", "1,nan")}),
        ("levels", {}, {"cells": CELLS.replace("1,44", "1,999999999")}),
        ("levels", {}, {"levels": "target_uS\nx\n"}),
        ("sweep", {"columns": COLUMNS, "points": [{"births": None}]}, {}),
        ("sweep", {"columns": COLUMNS, "points": [{"births": 1.0}]}, {}),
        ("sweep", {"columns": COLUMNS, "points": [7]}, {}),
        ("sweep", {"columns": COLUMNS, "points": []}, {}),
        ("sweep", {"columns": 1, "points": 2}, {}),
    ],
)
def test_what_is_no_table_of_ours_is_left_out(
    command: str, result: Any, tables: dict[str, str], tmp_path: Path
) -> None:
    """The page has its other parts all the same, and nothing to explore."""
    html = render_comparison(
        finished(tmp_path / "a", command, result, **tables)
    )
    assert 'class="explore"' not in html
    assert "What was reached" in html


def test_a_page_of_a_whole_tile_is_small(tmp_path: Path) -> None:
    """65,536 cells with eight numbers each, as random as pulses and reads are."""
    rng = np.random.default_rng(0)
    counts = rng.poisson((2, 2, 3, 0.01, 13, 47, 96), (65536, 7))
    lines = [
        ",".join(map(str, (n // 256, n % 256, *row, row[4] / 7)))
        for n, row in enumerate(counts.tolist())
    ]
    text = CELLS.splitlines()[0] + "\n" + "\n".join(lines) + "\n"
    html = render_comparison(finished(tmp_path / "a", "levels", {}, cells=text))
    assert len(html.encode()) < 1_100_000
    held = re.search(r'id="numbers">(.*?)</script>', html)
    assert held is not None
    layer = json.loads(held[1])["maps"]["layers"][0]
    assert layer["rows"] == layer["cols"] == 256
