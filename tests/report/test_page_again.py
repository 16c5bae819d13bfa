"""A page made again from the numbers that its run kept: the same bytes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic_run

from mho.files.packed import save
from mho.progress import Progress
from mho.report import Drawing, render
from mho.runs import RunData, load_run_data, save_run_data
from mho.runs.run_data import DrawnCells
from mho.workers import Later, Workers


class Still(Drawing):
    """Draws nothing, which takes no time."""

    def of(self, data: RunData) -> dict[str, str]:
        del data
        names = ("errors", "readback", "effort", "wires", "confusion")
        return dict.fromkeys((*names, "layers", "population"), "data:")


class Asked(Workers):
    """Notes what it is asked for, and does none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def start(
        self, work: Any, progress: Progress, *arguments: Any, **named: Any
    ) -> Later[Any]:
        del progress, arguments, named
        self.names.append(work.__name__)
        return Later(lambda: {work.__name__: "data:"})


def again(data: RunData, path: Path) -> RunData:
    """The same run, after its file and `result.json` were written and read."""
    save_run_data(path, data)
    return load_run_data(path, json.loads(json.dumps(data.result)))


@pytest.mark.parametrize("kind", ["plain", "many", "bare"])
def test_a_page_from_kept_numbers_has_the_same_bytes(
    kind: str, tmp_path: Path
) -> None:
    """With chips, wires, traces and confusion, and without any of them."""
    data = synthetic_run.run()
    if kind == "many":
        data = synthetic_run.many(data, 5)
    if kind == "bare":
        drawn = DrawnCells(65_536, ("wires", "time"))
        data = replace(
            data,
            traces=None,
            confusion=None,
            wires=None,
            drawn=drawn,
            result=data.result | {"drawn": {"programmed_cells": 65_536}},
        )
    path = tmp_path / "page.safetensors"
    found = again(data, path)
    assert render(found, Still()) == render(data, Still())
    # figures show these numbers, all of which the file has
    before = path.read_bytes()
    save_run_data(path, found)
    assert path.read_bytes() == before


def test_a_damaged_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    data = synthetic_run.run()
    path = tmp_path / "page.safetensors"
    save_run_data(path, data)
    whole = path.read_bytes()
    foreign = tmp_path / "foreign.safetensors"
    held = {"layers": [{"of": "Popen", "fields": {"args": "true"}}]}
    save(foreign, "mho-page", {"data": held}, {})
    for content in (
        whole[:-1],
        whole[:2000] + b"x" + whole[2001:],
        b"",
        foreign.read_bytes(),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="must") as refused:
            load_run_data(path, data.result)
        assert "\n" not in str(refused.value)


def test_workers_draw_all_figures() -> None:
    """What draws takes longer to import than to use, so a process with others never does."""
    workers = Asked()
    drawing = Drawing(workers)
    data = synthetic_run.run()
    drawing.begin(data)
    assert set(drawing.of(data)) == {"draw_cells", "draw_answers"}
    assert workers.names == ["draw_cells", "draw_answers"]
