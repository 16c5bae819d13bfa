"""Work shared among processes: results, what is told, and how they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import mho.workers as room
from mho.progress import Progress, silent
from mho.workers import Workers, usual_workers


def square(progress: Progress, number: int) -> tuple[int, int]:
    """A square, and the process that computed it."""
    progress("squaring", number / 10)
    return number * number, os.getpid()


def refuse(progress: Progress) -> None:
    """Work that fails."""
    progress("refusing", 0.0)
    raise ValueError("Argument `number` must be even, but is 3.")


def end(progress: Progress) -> None:
    """What the system does to a process for which there is no memory."""
    del progress
    os.kill(os.getpid(), signal.SIGKILL)


def test_work_is_done_elsewhere_and_told_here() -> None:
    """Squares of 0 to 4 in the order asked, by another process; each told once."""
    told: list[tuple[str, float]] = []
    with Workers.open(1) as workers:
        work = [
            workers.start(square, lambda *one: told.append(one), number)
            for number in range(5)
        ]
        found = [one.result() for one in work]
    assert [value for value, _ in found] == [0, 1, 4, 9, 16]
    assert os.getpid() not in {process for _, process in found}
    assert told == [("squaring", number / 10) for number in range(5)]


def test_without_others_work_is_done_here_once_when_it_is_asked_for() -> None:
    told: list[tuple[str, float]] = []
    with Workers.open(0) as workers:
        work = workers.start(square, lambda *one: told.append(one), 3)
        assert told == []
        assert work.result() == work.result() == (9, os.getpid())
    assert told == [("squaring", 0.3)]


def test_what_work_raises_is_raised_here_and_a_dead_worker_is_a_sentence() -> (
    None
):
    with Workers.open(1) as workers:
        with pytest.raises(ValueError, match="must be even"):
            workers.start(refuse, silent).result()
        with pytest.raises(ValueError, match="Argument `workers` must leave"):
            workers.start(end, silent).result()
        # from then on there is nobody to give work to
        with pytest.raises(ValueError, match="Argument `workers` must leave"):
            workers.start(square, silent, 3).result()


def end_with_the_lock(progress: Progress) -> None:
    """End as a process does that is ended while it tells something."""
    del progress
    told: Any = room._TO_PARENT[0]  # noqa: SLF001 - nobody else has the lock
    told._wlock.acquire()  # noqa: SLF001
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_ends_while_it_tells_keeps_nobody_waiting() -> None:
    """Its lock is never given back; the context ends in seconds nevertheless."""

    def share() -> None:
        with Workers.open(1) as workers, pytest.raises(ValueError):
            workers.start(end_with_the_lock, silent).result()

    thread = threading.Thread(target=share, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


def tell_much(progress: Progress) -> int:
    """Tell more than a pipe holds."""
    for number in range(20_000):
        progress("telling", number)
    return 7


def test_a_progress_that_fails_is_raised_and_stops_no_worker() -> None:
    """Twenty thousand messages are a megabyte: who tells them needs a listener to the end."""

    def fail(stage: str, done: float) -> None:
        raise OSError(f"nobody reads {stage} {done} any more")

    with Workers.open(1) as workers:
        with pytest.raises(OSError, match="nobody reads telling 0"):
            workers.start(tell_much, fail).result()
        assert workers.start(square, silent, 2).result()[0] == 4


def cannot_begin() -> None:
    """A beginning that fails."""
    raise ImportError("no module of that name")


def test_why_a_worker_cannot_begin_is_raised_with_its_work() -> None:
    with Workers.open(1, cannot_begin) as workers:
        for _ in range(2):
            with pytest.raises(ImportError, match="no module of that name"):
                workers.start(square, silent, 3).result()


def interrupts_are_held(progress: Progress) -> bool:
    """Whether this process was begun deaf to interruptions."""
    del progress
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_worker_is_deaf_to_interruptions_before_it_imports() -> None:
    with Workers.open(1) as workers:
        assert workers.start(interrupts_are_held, silent).result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


ENDLESS = """
import os, sys, time
from mho.workers import Workers

def wait(progress):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    with Workers.open(1) as workers:
        workers.start(wait, print).result()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_worker_ends_with_the_process_that_began_it(
    how: signal.Signals, tmp_path: Path
) -> None:
    """Killed or interrupted, it leaves nobody at work in its folder after it."""
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as first:
        assert first.stdout is not None
        worker = int(first.stdout.readline())
        first.send_signal(how)
        first.wait(60)
    deadline = time.monotonic() + 60
    while is_alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    """Whether a process of somebody runs; one that waits for its parent's look does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_as_many_as_cores_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MHO_WORKERS", "3")
    assert usual_workers() == 3
    monkeypatch.setenv("MHO_WORKERS", "many")
    with pytest.raises(ValueError, match="Variable `MHO_WORKERS` must be"):
        usual_workers()
    monkeypatch.delenv("MHO_WORKERS")
    assert 1 <= usual_workers() <= (os.cpu_count() or 1)


def test_no_more_than_there_is_time_and_memory_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A quarter of the time of sixteen cores is four; 1.6 GB are three times half a gigabyte."""
    for name in ("_CPU_QUOTA", "_MEMORY", "_MEMORY_LIMIT"):
        monkeypatch.setattr(room, name, tmp_path / name)
    monkeypatch.delenv("MHO_WORKERS")
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usual_workers() == 16
    (tmp_path / "_CPU_QUOTA").write_text("max 100000\n")
    (tmp_path / "_MEMORY_LIMIT").write_text("max\n")
    assert usual_workers() == 16
    (tmp_path / "_CPU_QUOTA").write_text("400000 100000\n")
    assert usual_workers() == 4
    memory = "MemTotal: 99999999 kB\nMemAvailable:    1700000 kB\n"
    (tmp_path / "_MEMORY").write_text(memory)
    assert usual_workers() == 3
    (tmp_path / "_MEMORY_LIMIT").write_text("100000\n")
    assert usual_workers() == 1
