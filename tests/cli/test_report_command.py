"""`mho report`: table, page and JSON of runs that commands left."""

import json
from pathlib import Path

import pytest
from calling import call

QUICK = ("levels", "--levels", "4", "--no-compare")


def test_two_runs_of_levels_come_to_a_table_a_page_and_json(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Seeds differ, and so does what they cost; the folders stay as they were."""
    monkeypatch.chdir(tmp_path)
    for seed in ("0", "1"):
        assert call(*QUICK, "--seed", seed, "--out", f"run{seed}") == 0
    before = sorted(str(path) for path in Path().rglob("*"))
    capsys.readouterr()
    assert call("report", "run0", "run1") == 0
    said = capsys.readouterr().out
    assert "seed" in said
    assert "page: mho-out/report-run0-run1.html" in said
    page = Path("mho-out/report-run0-run1.html").read_text()
    assert page.count("<img ") == 2
    after = sorted(
        str(p) for p in Path().rglob("*") if "mho-out" not in p.parts
    )
    assert after == before
    assert call("report", "run0", "run1", "--json", "-", "-o", "p.html") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["options"][0]["values"] == [0, 1]
    assert Path("p.html").read_text() == page
    assert call("report", "run0", "-o", "run0/result.json") == 2
    assert "must name another file" in capsys.readouterr().err
