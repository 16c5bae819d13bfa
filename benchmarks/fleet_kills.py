"""Whether a fleet is the same whoever makes it, and whoever dies on the way: one JSON object.

One worker makes the fleet that all others are compared with, byte for byte: `result.json` and
`chips.csv`. Then come two workers, parts in a random order, Dask, two folders with half of the
parts each whose files are copied into one, workers that are killed at random moments, and whole
runs that are killed and resumed, one of them between its table and its end.

    python benchmarks/fleet_kills.py                  # 400 drawn digits chips, 20 and 5 kills
    python benchmarks/fleet_kills.py --way physics --chips 8 --kills 4 --whole-kills 2
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
_TABLE, _RESULT = "chips.csv", "result.json"
_ORDER = """
import random, sys
from mho.runs.fleets import fleet

before = fleet.missing_parts
share = int(sys.argv.pop(1))

def missing(*words):
    parts = list(before(*words))
    random.Random(7).shuffle(parts)
    return parts if share < 0 else parts[share::2]

fleet.missing_parts = missing
from mho.cli.main import main
main()
"""
"""Parts in a random order, all of them or every second; half a fleet has no result."""


class Runs:
    """Commands of one fleet, each in a folder of its own."""

    def __init__(self, options: Any, place: Path) -> None:
        self._place = place
        self._words = ["fleet", "digits", f"--{options.way}"]
        self._words += ["--chips", str(options.chips)]
        self._random = random.Random(options.seed)

    def folder(self, name: str) -> Path:
        """Where a run is kept."""
        return self._place / name

    def begun(
        self, name: str, *words: str, by: tuple[str, ...] = ("-m", "mho")
    ) -> "subprocess.Popen[str]":
        """A run that has begun, with a group of processes of its own."""
        command = [sys.executable, *by, *self._words, *words]
        return subprocess.Popen(
            [*command, "--out", str(self.folder(name))],
            env=os.environ | {"PYTHONPATH": str(HERE / "src")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def done(self, name: str, *words: str, **named: Any) -> str:
        """What a whole run says."""
        run = self.begun(name, *words, **named)
        _, said = run.communicate()
        if run.returncode:
            sys.exit(f"{name}: {said}")
        return said

    def halves(self) -> None:
        """Two folders with half of the parts each; a third with the files of both."""
        for share in ("0", "1"):
            half = self.begun(f"half{share}", by=("-c", _ORDER, share))
            half.communicate()
            shutil.copytree(
                self.folder(f"half{share}") / "parts",
                self.folder("merged") / "parts",
                dirs_exist_ok=True,
            )
        said = self.done("merged")
        if "were there already" not in said:
            sys.exit(f"merged: {said}")

    def killed_workers(self, kills: int) -> dict[str, int]:
        """A run of which one worker after the other is killed, as long as it goes on."""
        killed = runs = 0
        while killed < kills:
            name = f"workers{runs}"
            run = self.begun(name, "--workers", "2")
            for worker in _workers_of(run):
                time.sleep(self._random.uniform(0.0, 1.5))
                killed += _killed(worker)
                if killed == kills:
                    break
            _, said = run.communicate()
            if run.returncode:
                sys.exit(f"{name}: {said}")
            runs += 1
            print(f"{killed} workers killed", file=sys.stderr)
        return {"kills": killed, "runs": runs}

    def killed_whole(self, kills: int, seconds: float) -> dict[str, Any]:
        """A run that is killed with all its workers and resumed; once with its table written."""
        parts = []
        for number in range(kills - 1):
            run = self._resumed()
            time.sleep(self._random.uniform(0.4, 1.0) * seconds / (number + 2))
            _kill_all(run)
            parts.append(len(list(self.folder("whole").glob("parts/*.json"))))
        run = self._resumed()
        work = self.folder("whole") / "unfinished"
        while run.poll() is None and next(work.rglob(_TABLE), None) is None:
            pass
        _kill_all(run)
        with_table = next(work.rglob(_TABLE), None) is not None
        _, said = (last := self._resumed()).communicate()
        if last.returncode:
            sys.exit(f"whole: {said}")
        return {"kills": kills, "with_table": with_table, "parts": parts}

    def _resumed(self) -> "subprocess.Popen[str]":
        is_there = (self.folder("whole") / "unfinished").is_dir()
        resume = ("--resume",) if is_there else ()
        return self.begun("whole", "--workers", "2", *resume)


def main() -> None:
    """Make fleets, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--way", default="drawn")
    parser.add_argument("--chips", type=int, default=400)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--whole-kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-dask", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        runs = Runs(options, Path(place))
        started = time.monotonic()
        runs.done("one", "--workers", "1")
        seconds = time.monotonic() - started
        runs.done("two", "--workers", "2")
        runs.done("shuffled", "--workers", "2", by=("-c", _ORDER, "-1"))
        if not options.without_dask:
            runs.done("dask", "--executor", "dask", "--workers", "2")
        runs.halves()
        found: dict[str, Any] = {
            "way": options.way,
            "chips": options.chips,
            "seconds_of_one_worker": round(seconds, 1),
            "workers_killed": runs.killed_workers(options.kills),
            "whole_killed": runs.killed_whole(options.whole_kills, seconds),
        }
        found["same"] = {
            one.parent.name: _is_same(one.parent, runs.folder("one"))
            for one in sorted(Path(place).glob(f"*/{_RESULT}"))
        }
    print(json.dumps(found))


def _is_same(one: Path, other: Path) -> bool:
    return all(
        (one / name).read_bytes() == (other / name).read_bytes()
        for name in (_TABLE, _RESULT)
    )


def _workers_of(run: "subprocess.Popen[str]") -> Iterator[int]:
    """A process of a run that makes chips, again and again until the run ends."""
    while run.poll() is None:
        workers = [p for p in _children(run.pid) if _makes_chips(p)]
        if workers:
            yield random.choice(workers)
        else:
            time.sleep(0.05)


def _children(parent: int) -> list[int]:
    path = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        return [int(word) for word in path.read_text().split()]
    except OSError:
        return []


def _makes_chips(process: int) -> bool:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
    return b"spawn_main" in words


def _killed(process: int) -> int:
    """Kill a process; 1 if there was one."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


def _kill_all(run: "subprocess.Popen[str]") -> None:
    """Kill a run and its workers."""
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


if __name__ == "__main__":
    main()
