"""Where the time of `mho deploy digits` goes, from the start of the process to its end.

Prints one JSON object. Every round is a process of its own; one before the first is not counted,
so that whatever is kept between runs (compiled modules) is there. Stages are timed from outside,
by functions that are wrapped; a stage that another checkout calls by names that are not known
here counts into its rest. An import counts as an import, wherever it happens. `seconds` are wall
times, which others on the machine lengthen; `cpu_seconds` are the processor's, of all threads,
and the children's in the total only. What other processes do beside the first is in no stage:
`--workers 1` lets the first do all of it.

    python benchmarks/deploy_stages.py --seed 0
    python benchmarks/deploy_stages.py --chips 20 --rounds 1 --source ../mho-before

With `--source`, the other checkout takes turns with this one: round by round, in the same
environment. `same_results` says whether both gave the same numbers, wall times left out.
"""

import argparse
import builtins
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parents[1]

ENTRANCES = ("mho.cli.work.networks.deploy", "mho.cli.deploy")
"""Module with all that the command needs: in this layout, and in an earlier one."""

STAGES = {
    "training": (
        "mho.data.digits:digits_data",
        "mho.data.digits:train_digits",
        "mho.runs.task:_trained",
        "mho.network:read_network",
        "mho.deployment.digits:digits_data",
        "mho.deployment.digits:train_digits",
        "mho.deployment.network:read_network",
    ),
    "mapping": (
        "mho.runs.deployment:image_for",
        "mho.runs.wire_account:wire_account",
        "mho.deployment.job:image_for",
        "mho.deployment.wire_account:wire_account",
    ),
    "programming": (
        "mho.deployment.chip_programming:program_image",
        "mho.deployment.job:Workshop.program",
        "mho.deployment.deploy:program_pairs",
    ),
    "evaluation": (
        "mho.runs.measurement:measure",
        "mho.runs.evaluation:evaluate",
        "mho.runs.measurement:accuracies",
        "mho.runs.measurement:read_back",
        "mho.deployment.measure:measure",
        "mho.deployment.measure:accuracies",
        "mho.deployment.measure:read_back",
    ),
    "report": ("mho.report.page:write_report",),
    "writing": (
        "mho.deployment.storage:save_image",
        "mho.deployment.storage:save_chip",
        "mho.files:RunFolder.write_result",
        "mho.files:RunFolder.finish",
        "mho.deployment.image:save_image",
        "mho.deployment.chip_file:save_chip",
        "mho.deployment.job:Workshop.finish",
    ),
}
"""Functions of each stage; what is called within another stage counts there alone."""

ORDER = ("imports", *STAGES, "rest")

Found = dict[str, Any]


def main() -> None:
    """Take turns, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--workers", type=int, help="processes; one for each core if left out"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--source", type=Path, help="another checkout")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(options)
        return
    sources = {"here": HERE}
    if options.source:
        sources["source"] = options.source.resolve()
    rounds: dict[str, list[Found]] = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as kept:
        for number in range(options.rounds + 1):
            for name, source in sources.items():
                found = _round(options, source, Path(kept))
                if number:
                    rounds[name].append(found)
    print(json.dumps(_summed(options, rounds)))


def _summed(
    options: argparse.Namespace, rounds: dict[str, list[Found]]
) -> Found:
    """Medians of the rounds, and how often the other checkout's times go into ours."""
    names = ("seed", "chips", "threads", "workers")
    chosen = {name: getattr(options, name) for name in names}
    found: Found = chosen | {"rounds": options.rounds}
    found |= {name: _medians(each) for name, each in rounds.items()}
    if "source" in found:
        ours, theirs = found["here"], found["source"]
        found["times_faster"] = {
            kind: {
                stage: round(theirs[kind][stage] / ours[kind][stage], 2)
                for stage in ours[kind]
                if ours[kind][stage] >= 0.05
            }
            for kind in ("seconds", "cpu_seconds")
        }
        results = [each[0]["result"] for each in rounds.values()]
        found["same_results"] = results[0] == results[1]
    return found


def _medians(rounds: list[Found]) -> Found:
    """Medians of every stage, and the busiest that the machine was."""
    found: Found = {
        kind: {
            stage: round(median(one[kind].get(stage, 0.0) for one in rounds), 3)
            for stage in (*ORDER, "total")
        }
        for kind in ("seconds", "cpu_seconds")
    }
    return found | {"load": max(one["load"] for one in rounds)}


def _round(options: argparse.Namespace, source: Path, kept: Path) -> Found:
    """One run in a process of its own."""
    env = os.environ | {
        "PYTHONPATH": str(source / "src"),
        "PYTHONPYCACHEPREFIX": str(kept / "pycache"),
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    # a checkout from before there were several does not know the option
    env.pop("MHO_WORKERS", None)
    if options.workers is not None:
        env["MHO_WORKERS"] = str(options.workers)
    load = os.getloadavg()[0]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as out:
        started = time.monotonic()
        child = json.dumps({"started": started, "out": out})
        command = [sys.executable, __file__, "--child", child]
        for name in ("seed", "chips", "threads"):
            command += [f"--{name}", str(getattr(options, name))]
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, check=False
        )
        total = time.monotonic() - started
        if done.returncode:
            sys.exit(done.stderr)
        found: Found = json.loads(Path(out, "stages.json").read_text())
        result = json.loads(Path(out, "result.json").read_text())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(
        getattr(after, kind) - getattr(before, kind)
        for kind in ("ru_utime", "ru_stime")
    )
    for kind, whole in (("seconds", total), ("cpu_seconds", cpu)):
        stages = found[kind]
        stages["rest"] = max(0.0, whole - sum(stages.values()))
        stages["total"] = whole
    result.pop("wall_seconds", None)
    result.pop("version", None)
    return found | {"load": round(load, 2), "result": result}


class Watch:
    """Times of stages, each without those within it.

    Args:
        started: Monotonic time at which the process was started (s).
    """

    def __init__(self, started: float) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self._running = ["imports"]
        self._last = started, 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens within as a stage."""
        self.note()
        self._running.append(name)
        try:
            yield
        finally:
            self.note()
            self._running.pop()

    def note(self) -> None:
        """Book the time since the last note to the stage in work."""
        now = time.monotonic(), time.process_time()
        name = self._running[-1]
        for kind, start, stop in zip(
            (self.seconds, self.cpu_seconds), self._last, now, strict=True
        ):
            kind[name] = kind.get(name, 0.0) + stop - start
        self._last = now

    def begin(self) -> None:
        """Leave the imports behind: what no stage claims is the rest."""
        self.note()
        self._running = ["rest"]

    def timed(self, name: str, function: Callable[..., Any]) -> Any:
        """A function that counts into a stage."""

        @wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return function(*args, **kwargs)

        return inner

    def wrap(self, name: str, where: str) -> None:
        """Time a function, whoever imported it, or a method."""
        path, _, last = where.partition(":")
        try:
            owner: Any = importlib.import_module(path)
            *classes, attribute = last.split(".")
            for part in classes:
                owner = getattr(owner, part)
            plain = getattr(owner, attribute)
        except (ImportError, AttributeError):
            return
        timed = self.timed(name, plain)
        setattr(owner, attribute, timed)
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("mho"):
                for key, value in list(vars(module).items()):
                    if value is plain:
                        setattr(module, key, timed)


def _child(options: argparse.Namespace) -> None:
    """Run the command with its stages timed, and leave them in a file."""
    task = json.loads(options.child)
    watch = Watch(task["started"])
    for name in ENTRANCES:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        break
    command = importlib.import_module("mho.cli.main")
    for stage, functions in STAGES.items():
        for function in functions:
            watch.wrap(stage, function)
    watch.begin()
    builtins.__import__ = watch.timed("imports", builtins.__import__)
    out = Path(task["out"])
    words = ["deploy", "digits", "--seed", str(options.seed)]
    words += ["--chips", str(options.chips), "--threads", str(options.threads)]
    words += ["--out", str(out / "run"), "--json", str(out / "result.json")]
    try:
        command.main(words)
    except SystemExit as end:
        if end.code:
            raise
    watch.note()
    kinds = {"seconds": watch.seconds, "cpu_seconds": watch.cpu_seconds}
    for kind in kinds.values():
        kind.pop("rest", None)
    (out / "stages.json").write_text(json.dumps(kinds))


if __name__ == "__main__":
    main()
