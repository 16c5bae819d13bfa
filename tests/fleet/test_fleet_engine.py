"""Parts are worked off whoever makes them, and whoever dies on the way."""

from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fleet_work import die, nothing, square, square_or_die

from mho.fleet import Part, PartFailedError, opened_executor, work_off

TASK = "t" * 64
PARTS = [Part(TASK, 2 * n, 2) for n in range(6)]


def done_by(
    word: str, work: Any = square, workers: int = 2, **named: Any
) -> dict[int, Any]:
    def submit(executor: Executor, part: Part) -> Future[Any]:
        return executor.submit(work, part)

    opened = opened_executor(word, workers, nothing)
    found = work_off(opened, submit, PARTS, most_waiting=4, **named)
    return {part.first: rows for part, rows in found}


WANTED = {part.first: square(part) for part in PARTS}


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_processes_does_the_same(workers: int) -> None:
    assert done_by("pool", workers=workers) == WANTED


@pytest.mark.parametrize("word", ["dask", "slurm:local.toml"])
def test_executors_of_others_do_the_same(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask's cluster of this machine, and executorlib's back end for one."""
    pytest.importorskip("distributed" if word == "dask" else "executorlib")
    monkeypatch.chdir(tmp_path)
    # workers of others find the work where this process does
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    Path("local.toml").write_text('backend = "local"\n')
    assert done_by(word, workers=1) == WANTED


def test_parts_of_workers_that_die_are_made_again(tmp_path: Path) -> None:
    """Each of two parts kills the first process that begins it; nothing is lost or doubled."""
    lost: list[int] = []
    work = partial(square_or_die, folder=str(tmp_path))
    assert done_by("pool", work, told=lost.append) == WANTED
    assert lost
    assert sorted(int(p.name) for p in tmp_path.iterdir()) == [0, 6]


def test_a_part_that_kills_every_worker_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ends after a number of tries, in a sentence."""
    monkeypatch.setattr("mho.fleet.engine.MOST_TRIES", 2)
    with pytest.raises(
        PartFailedError, match=r"Chips [06] to [17] must be made"
    ):
        done_by("pool", die, workers=1)


def test_parts_that_are_no_longer_wanted_are_not_begun() -> None:
    found = done_by("pool", workers=1, is_wanted=lambda part: part.first < 4)
    assert sorted(found) == [0, 2]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("pol", "must be one of `pool`"),
        ("dask://", "must be one of"),
        ("slurm:none.toml", "readable TOML profile"),
    ],
)
def test_a_word_that_names_no_executor_is_refused(word: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        opened_executor(word, 1, nothing)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("backend = 'clusters'", "it is `clusters`"),
        ("queue = 'short'", "but has `queue`"),
        ("backend = ", "readable TOML profile"),
    ],
)
def test_a_wrong_profile_is_refused(
    text: str, said: str, tmp_path: Path
) -> None:
    pytest.importorskip("executorlib")
    path = tmp_path / "profile.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        opened_executor(f"slurm:{path}", 1, nothing)
