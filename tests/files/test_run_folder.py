"""A run's folder: what is kept, what is set aside, what is refused, and what is never touched."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch

from mho.files import (
    RunFolder,
    checkpoint,
    complete_finished,
    disk,
    run_identity,
    run_place,
)
from mho.files.finishing import Finish, commit
from mho.files.kept_parts import KeptValues
from mho.files.processor import processor
from mho.progress import is_resumable

MAKES = ("chips", "trace", "result.json")


def opened(
    folder: Path, identity: str = "one", **options: Any
) -> AbstractContextManager[RunFolder]:
    return RunFolder.open(
        folder, "test", identity, **{"makes": MAKES, **options}
    )


def finish(
    folder: Path, identity: str = "one", *names: str, **options: Any
) -> None:
    """A whole run that leaves a result and files of these names."""
    with opened(folder, identity, **options) as run:
        for name in names:
            run.write(name, identity.encode())
        run.write_result({"of": identity})
        run.finish()


def interrupt(folder: Path, identity: str = "one", **options: Any) -> None:
    """A run that keeps a value and is interrupted."""

    def begin() -> None:
        with opened(folder, identity, **options) as run:
            run.put("first", identity)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


# What is kept


def test_values_come_back_to_the_last_bit(tmp_path: Path) -> None:
    """JSON writes the shortest text that reads as the same float; a resumed run is exact."""
    value = {"a": 0.1 + 0.2, "b": [1e-300, 5e-324, 2**60], "c": None}
    name = '[["telegraph.births", 0.3]]/..'
    with opened(tmp_path / "run") as run:
        run.put("chip-1", value)
        run.put(name, (1, 2))
        assert run.get("chip-2") is None
    with opened(tmp_path / "run", resume=True) as run:
        assert run.get("chip-1") == value
        assert run.values() == {"chip-1": value, name: [1, 2]}


def test_every_flipped_bit_of_a_value_is_noticed(tmp_path: Path) -> None:
    """Or changes nothing: a name in the file's own words may be spelled otherwise in JSON."""
    values = KeptValues(tmp_path)
    values.put("chip", {"accuracy": 0.98765, "seed": 3})
    path = tmp_path / "chip.json"
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(spoilt))
        with pytest.raises(
            ValueError, match=r"chip\.json` must hold a part of a run"
        ):
            values.get("chip")


def test_a_state_comes_back_and_is_due_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as run:
        state = run.state("chip")
        assert state.load() is None
        assert not state.due
        monkeypatch.setattr("mho.files.kept_parts.CHECKPOINT_SECONDS", 0.0)
        assert state.due
        state.save({"cells": {"core": torch.arange(3.0)}}, {"rows": 7})
        groups, facts = run.state("chip").load() or ({}, {})
        assert torch.equal(groups["cells"]["core"], torch.arange(3.0))
        assert facts["rows"] == 7
        state.clear()
        assert run.state("chip").load() is None


def test_states_that_take_long_are_saved_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save of two seconds is followed by forty without one: a twentieth of the time."""
    clock = [100.0]
    monkeypatch.setattr("mho.files.kept_parts.time.monotonic", lambda: clock[0])
    with opened(tmp_path) as run:
        state = run.state("chip")
        clock[0] += 1.5
        assert state.due
        clock[0] += 2.0
        state.save({"cells": {"core": torch.arange(3.0)}}, {})
        clock[0] += 39.0
        assert not state.due
        clock[0] += 2.0
        assert state.due


def test_wall_time_is_counted_over_interruptions(tmp_path: Path) -> None:
    with opened(tmp_path, started=time.monotonic() - 100) as run:
        run.put("first", 1)
    with opened(tmp_path, resume=True) as run:
        assert 100 <= run.seconds < 130


# What becomes of unfinished work


def test_unfinished_work_is_set_aside_generation_after_generation(
    tmp_path: Path,
) -> None:
    """Also that of another command: nothing that was measured is ever deleted."""
    for identity in ("one", "two", "one"):
        interrupt(tmp_path, identity)
    with RunFolder.open(
        tmp_path, "other", "three", makes=("other.json",)
    ) as run:
        assert run.set_aside == tmp_path / "unfinished.3"
    for number, identity in ((1, "one"), (2, "two"), (3, "one")):
        kept = KeptValues(tmp_path / f"unfinished.{number}" / "values")
        assert kept.get("first") == identity
    shutil.rmtree(tmp_path / "unfinished")
    (tmp_path / "unfinished.2").rename(tmp_path / "unfinished")
    with opened(tmp_path, "two", resume=True) as run:
        assert run.get("first") == "two"


@pytest.mark.parametrize("options", [{"identity": "two"}, {"command": "other"}])
def test_another_runs_work_is_not_gone_on_with_and_stays(
    options: dict[str, str], tmp_path: Path
) -> None:
    interrupt(tmp_path)
    before = tree(tmp_path)
    whose = {"command": "test", "identity": "one", **options}
    with (
        pytest.raises(
            ValueError, match=r"must go on with the same run.*nothing is lost"
        ),
        RunFolder.open(tmp_path, **whose, makes=MAKES, resume=True),
    ):
        pass
    assert tree(tmp_path) == before


def test_work_of_another_processor_is_gone_on_with_once_it_is_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured there has other last digits: mixing them is for the user to decide."""
    other = {**processor(), "instructions": "AVX9"}
    monkeypatch.setattr(run_place, "processor", lambda: other)
    interrupt(tmp_path)
    monkeypatch.undo()
    refused = pytest.raises(ValueError, match="instructions AVX9, here")
    with refused, opened(tmp_path, resume=True):
        pass
    checkpoint.adopt(tmp_path / "unfinished")
    with opened(tmp_path, resume=True) as run:
        assert run.get("first") == "one"


def test_work_of_another_version_is_not_gone_on_with_but_set_aside(
    tmp_path: Path,
) -> None:
    interrupt(tmp_path)
    mark = tmp_path / "unfinished" / "run.json"
    mark.write_text(mark.read_text().replace('"version": 1', '"version": 2'))
    with (
        pytest.raises(
            ValueError, match=r"must be of this version.*nothing is lost"
        ),
        opened(tmp_path, resume=True),
    ):
        pass
    with opened(tmp_path) as run:
        assert run.set_aside == tmp_path / "unfinished.1"


def test_resuming_nothing_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "new"):
        with (
            pytest.raises(ValueError, match=r"must find an unfinished run"),
            opened(folder, resume=True),
        ):
            pass
    assert tree(tmp_path) == {}


def test_an_error_before_anything_was_kept_leaves_nothing(
    tmp_path: Path,
) -> None:
    """But an interruption, or a full disk, leaves what there is, and says so."""
    with pytest.raises(ValueError, match="x"), opened(tmp_path / "a" / "b"):
        raise ValueError("x")
    assert tree(tmp_path) == {}
    with opened(tmp_path / "a") as run:
        run.put("first", 1)
    with (
        pytest.raises(ValueError, match="x"),
        opened(tmp_path / "a", resume=True),
    ):
        raise ValueError("x")
    assert (tmp_path / "a" / "unfinished").is_dir()
    full = OSError(errno.ENOSPC, "No space left on device")
    for error in (KeyboardInterrupt(), full):
        with pytest.raises(type(error)) as caught, opened(tmp_path / "c"):
            raise error
        assert is_resumable(caught.value)
        assert (tmp_path / "c" / "unfinished").is_dir()


# What is complete


def test_earlier_results_stay_until_all_of_the_new_ones_are_there(
    tmp_path: Path,
) -> None:
    """What an earlier run of the command made and this one does not goes; nothing else does."""
    finish(tmp_path, "one", "chips/seed0", "trace/a/0")
    (tmp_path / "notes.txt").write_text("mine")
    with opened(tmp_path, "two") as run:
        run.write("trace/b/0", b"new")
        run.write_result({"of": "two"})
        assert json.loads((tmp_path / "result.json").read_text()) == {
            "of": "one"
        }
        assert (tmp_path / "chips" / "seed0").read_bytes() == b"one"
        run.finish()
    left = tree(tmp_path)
    assert left.pop(".mho-run.json")
    assert left == {
        "notes.txt": b"mine",
        "result.json": b'{\n  "of": "two"\n}\n',
        "trace": None,
        "trace/b": None,
        "trace/b/0": b"new",
    }


def test_a_write_that_was_cut_off_leaves_nothing_among_the_results(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as run:
        run.write("trace/a", b"new")
        run.write_result({})
        (run.results / "trace" / ".mho-0123456789abcdef.part").write_bytes(
            b"ne"
        )
        run.finish()
    assert [p.name for p in (tmp_path / "trace").iterdir()] == ["a"]


def test_a_complete_run_says_so_when_resumed(tmp_path: Path) -> None:
    saved = tmp_path / "own.mho"
    with opened(tmp_path / "run", saves=saved) as run:
        run.write_result({"of": "one"})
        run.saved.write_bytes(b"chip")
        run.finish()
    assert saved.read_bytes() == b"chip"
    before = tree(tmp_path)
    for saves in (saved, None):
        with opened(tmp_path / "run", resume=True, saves=saves) as run:
            assert run.is_complete
            assert run.result() == {"of": "one"}
    for options, sentence in (
        ({"saves": tmp_path / "other.mho"}, "did not leave"),
        ({"identity": "two"}, "is another"),
    ):
        with (
            pytest.raises(ValueError, match=sentence),
            opened(tmp_path / "run", resume=True, **options),
        ):
            pass
    assert tree(tmp_path) == before


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_was_committed_is_completed_by_whoever_comes_next(
    tmp_path: Path,
) -> None:
    """By a fresh start, a resumed one, or one who only reads."""
    for number, come in enumerate(
        (
            lambda place: opened(place, "two").__enter__(),
            lambda place: opened(place, resume=True).__enter__(),
            complete_finished,
        )
    ):
        place = tmp_path / str(number)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mho.files.run_folder.complete", stopped)
            with pytest.raises(KeyboardInterrupt):
                finish(place, "one", "trace/a")
        assert not (place / "result.json").exists()
        entered = come(place)
        assert json.loads((place / "result.json").read_text()) == {"of": "one"}
        assert (place / "trace" / "a").read_bytes() == b"one"
        del entered


def test_a_larger_run_goes_on_from_a_finished_one_where_the_command_can(
    tmp_path: Path,
) -> None:
    finish(tmp_path)
    with opened(tmp_path, resume=True, extends=True) as run:
        assert run.extends
        assert not run.is_complete
        assert run.result() == {"of": "one"}
    with opened(tmp_path, resume=True, extends=True) as run:
        assert run.extends


# What is never touched


@pytest.mark.parametrize("name", [*MAKES, "unfinished", ".mho-run.json"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_no_run_made_is_named_and_not_touched(
    name: str, kind: str, tmp_path: Path
) -> None:
    """A user's own `chips` is no run's, whatever is in it, whether a run was here or not."""
    place = tmp_path / "place"
    for had_run in (False, True):
        if had_run and name == ".mho-run.json":
            continue
        place.mkdir()
        if had_run:
            finish(place, "one", makes=("other.json",))
        (tmp_path / "target").mkdir(exist_ok=True)
        (tmp_path / "target" / "mine").write_text("mine")
        if kind == "file":
            (place / name).write_text("mine")
        elif kind == "folder":
            (place / name).mkdir()
            (place / name / "mine.json").write_text("{}")
        else:
            (place / name).symlink_to(tmp_path / "target")
        before = tree(tmp_path)
        with (
            pytest.raises(ValueError, match=name.replace(".", r"\.")),
            opened(place),
        ):
            pass
        assert tree(tmp_path) == before
        shutil.rmtree(place)


def test_a_finish_that_was_made_up_leads_nowhere(tmp_path: Path) -> None:
    """A copied folder, or one from a stranger, moves no file out of itself."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for change in (
        {"saved": str(victim), "place": 0},
        {"made": ["../victim"], "makes": ["../victim"]},
        {"makes": 3},
    ):
        with opened(tmp_path / "run", saves=victim) as run:
            run.write_result({})
            run.saved.write_bytes(b"evil")
        work = tmp_path / "run" / "unfinished"
        commit(work, Finish("test", "one", MAKES, ("result.json",), victim))
        mark = json.loads((work / "finished.json").read_text())
        (work / "finished.json").write_text(json.dumps(mark | change))
        with pytest.raises(ValueError, match="copied from elsewhere"):
            complete_finished(tmp_path / "run")
        assert victim.read_text() == "mine"
        shutil.rmtree(tmp_path / "run")


# One at a time

HOLDER = """
import sys, time
from pathlib import Path
from mho.files.folder_lock import locked
with locked(Path(sys.argv[1]), Path(sys.argv[1]).parent):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_process_is_refused_and_a_dead_ones_lock_taken_over(
    tmp_path: Path,
) -> None:
    lock = tmp_path / ".unfinished.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(ValueError, match=f"process {holder.pid} on "),
        opened(tmp_path),
    ):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [".unfinished.lock"]
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert lock.exists()
    with opened(tmp_path):
        assert lock.exists()
    assert not lock.exists()


def test_a_lock_follows_no_link_and_takes_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    lock = tmp_path / ".unfinished.lock"
    lock.symlink_to(tmp_path / "mine")
    with (
        pytest.raises(OSError, match=os.strerror(errno.ELOOP)),
        opened(tmp_path),
    ):
        pass
    lock.unlink()
    lock.write_text("mine, too")
    with pytest.raises(ValueError, match="is another file"), opened(tmp_path):
        pass
    assert (tmp_path / "mine").read_text() == "mine"
    assert lock.read_text() == "mine, too"


def test_the_identity_of_a_run_is_of_all_its_parts() -> None:
    assert run_identity("a", 1) == run_identity("a", 1)
    assert (
        len({run_identity("a", 1), run_identity("a", 2), run_identity("b", 1)})
        == 3
    )


def test_only_what_is_young_is_synced_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace grows for hours: what was synced long ago need not be synced every second."""
    synced: list[str] = []
    monkeypatch.setattr(disk, "sync", lambda path: synced.append(path.name))
    for name, age in (("old", 100), ("new", 0)):
        (tmp_path / name).touch()
        stamp = time.time() - age
        os.utime(tmp_path / name, (stamp, stamp))
    disk.sync_changed(tmp_path, time.time_ns() - 10**9)
    assert synced == ["new", tmp_path.name]
