"""Every command that takes time: killed, resumed, started afresh, started twice.

What is promised of all of them is said in docs/how-to/resume.md.
"""

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calling import PERCEPTRON
from warm_process import WarmProcess

from mho.files.folder_lock import locked

CLOCKS = ("wall_seconds", "training_seconds")
"""Numbers that say how long this computer took."""


@dataclass(frozen=True)
class Case:
    """A command, small.

    Args:
        text: The command.
        ends: What must be the same, files or folders.
        work: Its folder of unfinished work.
    """

    text: str
    ends: tuple[str, ...]
    work: str = "run/unfinished"

    @property
    def words(self) -> list[str]:
        return self.text.split()


CASES = {
    "deploy": Case(
        "deploy net.py:mlp --data data.npz --wires 0 --tolerance 5uS --out run",
        ("run/result.json", "run/chip.mho", "run/network.mho", "run/trace"),
    ),
    "deploy-chips": Case(
        "deploy net.py:mlp --data data.npz --wires 0 --tolerance 5uS --no-denoise"
        " --chips 2 --keep-chips --out run",
        ("run/result.json", "run/chip.mho", "run/trace", "run/chips"),
    ),
    "program": Case(
        "program net.mho --seed 3 --tolerance 20uS -o own.mho",
        ("own.mho",),
        "own.mho.unfinished",
    ),
    "tune": Case(
        "tune net.mho --data data.npz --stuck 0.1 --out run -o own.mho",
        ("run/result.json", "own.mho"),
    ),
    "tune-chip": Case(
        "tune chip.mho --data data.npz --method refit --out run -o own.mho",
        ("run/result.json", "own.mho"),
    ),
    "lifetime": Case(
        "lifetime chip.mho --data data.npz --times 1h,1y --refresh 60d --out run"
        " -o own.mho",
        ("run/result.json", "own.mho"),
    ),
    "train": Case(
        "train data.npz --network 6-4-3 --epochs 2 --out run -o own.mho",
        ("run/result.json", "own.mho"),
    ),
    "levels": Case(
        "levels --levels 16 --cells 2 --out run",
        ("run/result.json",),
    ),
    "levels-in-turn": Case(
        "levels --levels 4 --in-turn --no-compare --out run",
        ("run/result.json",),
    ),
    "sweep": Case(
        "sweep protocol.max_cycles=3,6 --cells 256 --looks 2 --out run",
        ("run/points.json", "run/sweep.csv"),
    ),
    "reproduce": Case(
        "reproduce --quick --only F6-relaxation --only F1 --out run",
        ("run/result.json",),
    ),
    "yield": Case(
        "yield net.py:mlp --data data.npz --shares 0.1 --chips 1 --tolerance 20uS"
        " --out run",
        ("run/result.json",),
    ),
    "solve": Case(
        "solve --matrix gallery:poisson1d:4 --cells physics --cell-tolerance 20uS"
        " --no-denoise --tolerance 1e-6 --out run",
        ("run/result.json", "run/solution.npy"),
    ),
    "characterise": Case(
        "characterise noise trace.csv --out run",
        ("run/result.json", "run/noise.png"),
    ),
}


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmProcess]:
    with WarmProcess() as process:
        yield process


@pytest.fixture(scope="module")
def inputs(warm: WarmProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network, data, an image and a chip."""
    place = tmp_path_factory.mktemp("inputs")
    (place / "net.py").write_text(PERCEPTRON)
    rng = np.random.default_rng(0)
    arrays = {
        f"{kind}{name}": values
        for kind, count in (("", 40), ("training_", 60))
        for name, values in (
            ("inputs", rng.random((count, 6), "f4")),
            ("labels", rng.integers(0, 3, count)),
        )
    }
    np.savez(place / "data.npz", **arrays)
    write_trace(place / "trace.csv")
    compiled = warm.run(
        place, "compile", "net.py:mlp", "--data", "data.npz", "-o", "net.mho"
    )
    assert compiled.code == 0, compiled.said
    programmed = warm.run(
        place, "program", "net.mho", "--tolerance", "20uS", "-o", "chip.mho"
    )
    assert programmed.code == 0, programmed.said
    return place


def write_trace(path: Path) -> None:
    """A trap that jumps ten times a second, between 100 and 105 µS."""
    rng = np.random.default_rng(1)
    filled = np.cumsum(rng.random(600) < 0.05) % 2
    values = 100 + 5 * filled + 0.2 * rng.standard_normal(600)
    lines = (
        f"{number * 1e-3:.3f},{value:.6f}"
        for number, value in enumerate(values)
    )
    path.write_text("time_s,conductance_uS\n" + "\n".join(lines) + "\n")


@pytest.fixture
def place(inputs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(inputs, tmp_path / "place"))


def content(path: Path) -> dict[str, Any]:
    """Files by name; JSON as it reads, without what a clock said."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*"))
    return {
        str(file.relative_to(path)): without_clocks(
            json.loads(file.read_text())
        )
        if file.suffix == ".json"
        else file.read_bytes()
        for file in files
        if file.is_file()
    }


def without_clocks(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: without_clocks(v) for k, v in value.items() if k not in CLOCKS
        }
    if isinstance(value, list):
        return [without_clocks(one) for one in value]
    return value


def ends(place: Path, case: Case) -> dict[str, Any]:
    return {name: content(place / name) for name in case.ends}


def left(place: Path) -> list[str]:
    """Names of everything but what the command was given."""
    given = {
        "net.py",
        "data.npz",
        "net.mho",
        "chip.mho",
        "__pycache__",
        "trace.csv",
    }
    return sorted(
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.relative_to(place).parts[0] not in given
    )


@pytest.mark.parametrize("name", CASES)
def test_killed_five_times_and_resumed_a_run_ends_as_if_nothing_had_been(
    name: str, warm: WarmProcess, inputs: Path, place: Path
) -> None:
    """Three kills while it works, one after the commit point, one while that is completed.

    The first start is of other work, killed as well and then left for a fresh start: that work
    must be there under another name, whole. And while somebody else has the folder, nothing
    happens to it.
    """
    case = CASES[name]
    rng = random.Random(name)
    whole = Path(shutil.copytree(inputs, place.with_name("whole")))
    straight = warm.run(whole, *case.words)
    assert straight.code in (0, 1), straight.said
    most = straight.moments // 4
    work = place / case.work

    assert (
        warm.run(place, *case.words, moment=rng.randint(8, most + 4)).code == -9
    )
    earlier = content(work)
    assert "run.json" in earlier
    assert (
        warm.run(place, *case.words, moment=rng.randint(8, most + 4)).code == -9
    )
    aside = work.with_name(f"{work.name}.1")
    assert content(aside) == earlier
    shutil.rmtree(aside)

    resumed = (*case.words, "--resume")
    before = content(work)
    with locked(work.with_name(f".{work.name}.lock"), work.parent):
        refused = warm.run(place, *resumed)
    assert refused.code == 2
    assert "must have one run at a time" in refused.said
    assert content(work) == before

    for _ in range(2):
        assert warm.run(place, *resumed, moment=rng.randint(1, most)).code == -9
    killed = warm.run(
        place, *resumed, moment=rng.randint(8, 14), from_commit=True
    )
    assert killed.code == -9
    assert warm.run(place, *resumed, moment=rng.randint(1, 4)).code == -9
    done = warm.run(place, *resumed)
    assert done.code == straight.code, done.said
    assert ends(place, case) == ends(whole, case)
    assert left(place) == left(whole)
    again = warm.run(place, *resumed)
    assert again.code == straight.code, again.said
    assert again.printed == done.printed
    assert ends(place, case) == ends(whole, case)
