"""What a power cut leaves of a run: as before, resumable, or complete, at every moment."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from lossy_disk import Recording

from mho.files import RunFolder, disk, write_whole

MAKES = ("old-only", "trace", "figure.png", "result.json")


def measured(which: str) -> dict[str, Any]:
    return {"which": which, "parts": [0.1, 0.2]}


def run(root: Path, which: str, *, resume: bool = False) -> None:
    """A run with all that runs do: values, a state, folders, files, and one file elsewhere."""
    folder = root / "out" / "run"
    with RunFolder.open(
        folder,
        "test",
        which,
        makes=MAKES,
        saves=root / "chips" / "own.mho",
        resume=resume,
    ) as files:
        if files.is_complete:
            return
        for number, value in enumerate(measured(which)["parts"]):
            kept = files.get(f"part-{number}")
            assert kept in (None, value)
            files.put(f"part-{number}", value)
        state = files.state("chip")
        held = state.load()
        assert held is None or held[1]["which"] == which
        state.save({"cells": {"core": torch.arange(3.0)}}, {"which": which})
        for name in ("trace/a/0", "trace/b/0", "figure.png"):
            files.write(name, f"{which} {name}".encode())
        # As another library writes: nothing of it is synced until the end.
        raw = files.results / "trace" / "raw"
        raw.unlink(missing_ok=True)
        disk.create(raw, f"{which} raw".encode())
        if which == "old":
            files.write("old-only/file", b"of the old run")
        files.write_result(measured(which))
        write_whole(files.saved, which.encode())
        files.finish()


def found(root: Path) -> dict[str, str]:
    """All results by place."""
    places = (root / "out" / "run", root / "chips")
    return {
        str(path.relative_to(root)): path.read_text()
        for place in places
        for path in sorted(place.rglob("*"))
        if path.is_file() and not path.name.startswith(".mho-")
    }


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an older run's results."""
    root = tmp_path_factory.mktemp("power") / "start"
    for name in ("out", "chips"):
        (root / name).mkdir(parents=True)
    run(root, "old")
    return root


@pytest.fixture(scope="module")
def recording(
    start: Path, tmp_path_factory: pytest.TempPathFactory
) -> Recording:
    """What a newer run does to the disk."""
    root = tmp_path_factory.mktemp("power") / "recorded"
    with pytest.MonkeyPatch.context() as patch:
        recording = Recording(root)
        recording.after_power_cut(start, root, 0, None)
        patch.setattr("mho.files.finishing._place", lambda _: 0)
        recording.watch(patch)
        run(root, "new")
    return recording


@pytest.mark.parametrize("seed", [None, 0])
def test_after_a_power_cut_a_run_is_as_before_or_goes_on_or_is_complete(
    seed: int | None,
    start: Path,
    recording: Recording,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At every moment, with all that was not synced lost, or some of it, cut or out of order.

    The results are the older run's, all of them, until they are the newer one's, all of them.
    Nothing is damaged: what a power cut spoils is never read. Going on needs no second start.
    """
    monkeypatch.setattr("mho.files.finishing._place", lambda _: 0)
    monkeypatch.setattr(disk, "sync", lambda _: None)
    old = found(start)
    new = found(recording.root)
    assert old.keys() - new.keys() == {"out/run/old-only/file"}
    ways = set()
    for moment in range(recording.operations + 1):
        root = tmp_path / str(moment)
        rng = None if seed is None else random.Random(f"{seed} {moment}")
        recording.after_power_cut(start, root, moment, rng)
        try:
            run(root, "new", resume=True)
            ways.add("went on")
        except ValueError:
            assert found(root) == old
            ways.add("as before")
            run(root, "new")
        assert found(root) == new
        assert not (root / "out" / "run" / "unfinished").exists()
    assert ways == {"as before", "went on"}


def test_results_are_never_less_than_the_older_ones(
    start: Path, recording: Recording, tmp_path: Path
) -> None:
    """Whoever reads the result at any moment finds one: the older or the newer, and whole."""
    seen = []
    for moment in range(recording.operations + 1):
        root = tmp_path / str(moment)
        recording.after_power_cut(start, root, moment, None)
        text = (root / "out" / "run" / "result.json").read_text()
        seen.append(json.loads(text)["which"])
    assert sorted(set(seen)) == ["new", "old"]
    assert seen == sorted(seen, reverse=True)
