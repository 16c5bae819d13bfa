"""What a fleet of digits chips costs: chips a second, overhead of executors, memory of a worker.

Prints one JSON object. Chips a second are those of a worker that has begun, the median of rounds
of 25; a whole command is timed beside it, start and table included. The overhead of a task is what
a part that does nothing takes, of many, with one worker. Memory is what a worker holds (RSS) after
a tenth of the chips and after all of them. A million chips are extrapolated from chips a second,
on so many workers that do not disturb each other.

    python benchmarks/fleet.py
    python benchmarks/fleet.py --chips 10000 --executors pool dask slurm
"""

import argparse
import json
import operator
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Executor, Future
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parents[1]
_TASKS = 200
_PROFILE = 'backend = "local"\n'


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chips", type=int, default=1000)
    parser.add_argument("--physics-chips", type=int, default=64)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--executors", nargs="*", default=["pool"])
    options = parser.parse_args()
    found: dict[str, Any] = {
        "chips": options.chips,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "worker": _worker(options.chips),
        "commands": [
            _command(way, count, workers)
            for way, count in (
                ("drawn", options.chips),
                ("physics", options.physics_chips),
            )
            for workers in options.workers
            if count
        ],
        "overhead_ms": {word: _overhead(word) for word in options.executors},
    }
    rate = found["worker"]["chips_per_second"]
    found["million_chips_hours_of_one_worker"] = round(1e6 / rate / 3600, 1)
    print(json.dumps(found))


def _worker(chips: int) -> dict[str, float]:
    """Chips a second of one process, and what it holds."""
    from mho.fleet import Part
    from mho.runs import Job
    from mho.runs.fleets import (
        conditions_of,
        fleet_task,
        read_task,
        rows_of,
    )

    job = Job("digits")
    task = fleet_task(conditions_of(job, [])[0], read_task(job), "drawn")
    rows_of(task, Part(task.key, 0, 1))
    times = []
    early = 0.0
    size = 25
    for first in range(0, chips, size):
        started = time.perf_counter()
        rows_of(task, Part(task.key, first, size))
        times.append(time.perf_counter() - started)
        if first + size >= chips // 10 and not early:
            early = _held()
    late = _held()
    return {
        "chips_per_second": round(size / median(times), 1),
        "mib_after_a_tenth": round(early, 1),
        "mib_after_all": round(late, 1),
        "growth": round(late / early - 1, 4),
    }


def _held() -> float:
    """Memory that this process holds (MiB)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _command(way: str, chips: int, workers: int) -> dict[str, Any]:
    """A whole `mho fleet` as a process."""
    with tempfile.TemporaryDirectory() as out:
        words = ["fleet", "digits", f"--{way}", "--chips", str(chips)]
        words += ["--workers", str(workers), "--out", out]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "mho", *words],
            env=os.environ | {"PYTHONPATH": str(HERE / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.perf_counter() - started
        if done.returncode:
            sys.exit(done.stderr)
        result = json.loads(Path(out, "result.json").read_text())
    score = result["fleets"][0]["accuracy"]
    return {
        "way": way,
        "chips": chips,
        "workers": workers,
        "seconds": round(took, 1),
        "chips_per_second": round(chips / took, 2),
        "accuracy": score["mean"],
    }


def _overhead(word: str) -> float:
    """What an executor adds to a task (ms), begun before."""
    from mho.fleet import Part, opened_executor

    with tempfile.TemporaryDirectory() as folder:
        if word == "slurm":
            profile = Path(folder, "local.toml")
            profile.write_text(_PROFILE)
            word = f"slurm:{profile}"
        with opened_executor(word, 1, _nothing)() as executor:
            _submitted(executor, Part("t", 0, 1)).result()
            started = time.perf_counter()
            futures = [
                _submitted(executor, Part("t", n, 1)) for n in range(_TASKS)
            ]
            for future in futures:
                future.result()
            took = time.perf_counter() - started
    return round(1e3 * took / _TASKS, 3)


def _submitted(executor: Executor, part: Any) -> "Future[int]":
    return executor.submit(operator.add, part.first, part.count)


def _nothing() -> None:
    """What a worker does before its first task."""


if __name__ == "__main__":
    main()
