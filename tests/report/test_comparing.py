"""Finished runs beside each other: what differs, by how much, and pages of foreign folders."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mho.files import RunFolder
from mho.report.comparing import (
    compared,
    read_run,
    read_runs,
    render_comparison,
)
from mho.report.comparing.chips import fleets_shown
from mho.report.comparing.leaves import leaves

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def finished(
    folder: Path,
    result: dict[str, Any],
    command: str = "levels",
    files: dict[str, bytes] | None = None,
) -> str:
    """A folder in which a run of a command has ended."""
    made = files or {}
    makes = (*made, "result.json")
    with RunFolder.open(folder, command, "one", makes=makes) as run:
        for name, content in made.items():
            run.write(name, content)
        run.write_result(result)
        run.finish()
    return str(folder)


def result(tolerance: float, accuracy: float, joules: float) -> dict[str, Any]:
    return {
        "preset": "rao2023",
        "options": {"tolerance": tolerance, "denoise": True},
        "chip_accuracy": {"best": accuracy},
        "error_uS": {"median": 0.25},
        "chip_joules": joules,
    }


def test_what_differs_stands_beside_each_other_with_its_difference(
    tmp_path: Path,
) -> None:
    """0.98 to 0.9912 are 1.12 points more, 8 mJ to 6 mJ a quarter less; equal values go."""
    folders = [
        finished(tmp_path / "a", result(1e-6, 0.98, 8e-3)),
        finished(tmp_path / "b", result(5e-6, 0.9912, 6e-3)),
    ]
    runs = read_runs(folders)
    found = compared(runs)
    (option,) = [row for row in found.options if row.differs]
    assert option.path == ("options", "tolerance")
    (figure,) = [row for row in found.figures if row.differs]
    assert figure.shown == ["98.00%", "99.12%"]
    assert figure.told == ["+1.12 points"]
    (cost,) = [row for row in found.costs if row.differs]
    assert cost.shown == ["8 mJ", "6 mJ"]
    assert cost.told == ["-2 mJ (-25.0%)"]
    plain = found.plain(runs)
    assert plain["same"] == 3
    assert json.loads(json.dumps(plain))["costs"][0]["differences"] == [-2e-3]


def test_parts_of_lists_are_known_by_what_they_are_of_not_by_their_place() -> (
    None
):
    """A grid with a point more, a fleet with a condition more: the others still stand in a row."""
    columns = {"levels": "count"}
    points = [{"births": b, "levels": 10.0 * b} for b in (1.0, 2.0)]
    assert leaves({"columns": columns, "points": points[1:]}) == {
        ("points", "births 2", "levels"): 20.0
    }
    fleets = [{"condition": {"stuck": "1%"}, "chips": 5}]
    assert leaves({"fleets": fleets}) == {("fleets", "stuck 1%", "chips"): 5}
    same = [{"seed": 1, "x": 2}, {"seed": 1, "x": 3}]
    assert list(leaves({"p": same}).values()) == [2, 3]


def test_pictures_stand_side_by_side_where_both_have_them(
    tmp_path: Path,
) -> None:
    """From files and from pages; a page's own text is text, and only PNG images are taken."""
    data = base64.b64encode(PNG).decode()
    other = base64.b64encode(PNG + b"other").decode()
    page = (
        "<h2>Errors</h2><img src='data:image/png;base64,{}' alt='<script>x</script>'>"
        "<h2>Bad</h2><img src='https://example.org/x.png'>"
        "<img src='data:image/svg+xml;base64,{}'><script>alert(1)</script>"
        "<img src='data:image/png;base64,PHN2Zz4='>"
    )
    folders = [
        finished(
            tmp_path / name,
            {"a": 1},
            files={
                "levels.png": PNG + name.encode(),
                "report.html": page.format(one, one).encode(),
                **extra,
            },
        )
        for name, one, extra in (
            ("<b>", data, {}),
            ("d", other, {"bits.png": PNG + b"bits"}),
        )
    ]
    html = render_comparison(read_runs(folders))
    assert html.count("<img ") == 4
    assert "In one run only: bits (d)" in html
    assert "example.org" not in html
    assert "svg+xml" not in html
    assert "&lt;script&gt;x" in html
    assert len(re.findall("<script>", html)) == 1
    assert "<b>" not in html
    assert "default-src 'none'" in html


def test_one_run_alone_makes_a_page_of_its_own(tmp_path: Path) -> None:
    runs = read_runs([finished(tmp_path / "a", result(1e-6, 0.98, 8e-3))])
    html = render_comparison(runs)
    assert "difference" not in html
    assert "98.00%" in html
    assert len(compared(runs).plain(runs)["figures"]) == 2


def test_what_is_no_finished_run_is_refused_in_one_sentence(
    tmp_path: Path,
) -> None:
    good = finished(tmp_path / "good", {"a": 1})
    other = finished(tmp_path / "other", {"a": 1}, "sweep")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "result.json").write_text('{"a": 1}')
    begun = tmp_path / "begun"
    with RunFolder.open(begun, "levels", "x", makes=("result.json",)) as run:
        run.put("a", 1)
    damaged = finished(tmp_path / "damaged", {"a": 1})
    Path(damaged, "result.json").write_text("[" * 100_000)
    for folders, sentence in (
        ([good, other], "must name runs of one command"),
        ([good, f"{tmp_path}/../{tmp_path.name}/good"], "each folder once"),
        ([str(foreign)], "has none: no run of mho left results there"),
        ([str(begun)], "has one of `mho levels` that has not ended"),
        ([damaged], "has a damaged `result.json`"),
        ([str(tmp_path / "gone")], "is no folder"),
        ([], "must name 1 to 8 folders"),
    ):
        with pytest.raises(ValueError, match="Argument `runs`") as refused:
            read_runs(folders)
        assert sentence in str(refused.value)
        assert "\n" not in str(refused.value)


def fleet(folder: Path, scores: list[float], seed: int = 7) -> str:
    """A folder of a fleet, with its table of chips."""
    lines = [
        f"{n},{seed + n},{score},0.5,{n}" for n, score in enumerate(scores)
    ]
    table = "\n".join(["chip,seed,score,error,stuck_cells", *lines]) + "\n"
    return finished(
        folder,
        {"software_accuracy": 0.99, "fleets": []},
        "fleet",
        {"chips.csv": table.encode()},
    )


def test_chips_of_fleets_can_be_chosen_where_they_are_the_same_chips(
    tmp_path: Path,
) -> None:
    """Those that all fleets have; chips of other seeds, or a table that is none, are left out."""
    runs = read_runs(
        [
            fleet(tmp_path / "a", [0.97, 0.98, 0.99]),
            fleet(tmp_path / "b", [0.95, 0.96]),
        ]
    )
    found = fleets_shown(runs)
    assert found is not None
    assert found["seeds"] == [7, 8]
    assert [way["scores"] for way in found["ways"]] == [[97, 98], [95, 96]]
    assert found["rows"][1][:3] == ["8", "98.00%", "50.00%"]
    html = render_comparison(runs)
    assert 'data-part="chips"' in html
    assert '"seeds":[7,8]' in html
    other = read_run(Path(fleet(tmp_path / "c", [0.9, 0.9], seed=1)))
    assert fleets_shown([runs[0], other]) is None
    for table in (
        "chip,seed,score\n0,7,0.9\n",
        "chip,seed,score,error,stuck_cells\n0,7,nan,0,0\n",
    ):
        (tmp_path / "a" / "chips.csv").write_text(table)
        assert fleets_shown([runs[0]]) is None
