"""Kernels: known by all that they are made of, kept on disk where there is one, else made anew."""

from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from mho.compiled import Kernels, cache_folder
from mho.compiled.build import writable

STEP = """
import numpy as np

FACTOR = np.float32({factor})

def helper(x):
    return x * FACTOR + {more}

{lines}def step(x):
    return helper(x)
"""


def law(x: float) -> float:
    """Stands for the law."""
    raise NotImplementedError


def kernel(x: Any, out: Any) -> None:
    """The law of every number."""
    for i in range(x.shape[0]):
        out[i] = law(x[i])


def made(
    factor: str = "2.0", more: str = "1.0", lines: str = ""
) -> FunctionType:
    """A law that calls a helper that uses a constant, from source."""
    room: dict[str, Any] = {"__name__": __name__}
    text = STEP.format(factor=factor, more=more, lines=lines)
    exec(compile(text, __file__, "exec"), room)
    step = room["step"]
    assert isinstance(step, FunctionType)
    return step


def fingerprint(step: Callable[..., Any]) -> str:
    """The word for the kernel with this law."""
    return Kernels({"kernel": kernel}, {"law": step}).fingerprint


def results(kernels: Kernels) -> list[float]:
    """What the kernel gives for a few numbers."""
    x = np.arange(3, dtype=np.float32)
    out = np.empty_like(x)
    kernels["kernel"](x, out)
    return [float(value) for value in out]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels of these tests are kept apart."""
    monkeypatch.setenv("MHO_CACHE", str(tmp_path / "kernels"))


def test_what_a_law_calls_and_uses_is_part_of_its_word() -> None:
    """A constant, a helper, and the law itself each change it; lines that move do not."""
    word = fingerprint(made())
    assert fingerprint(made()) == word
    assert fingerprint(made(lines="\n\n# a line of its own\n\n")) == word
    assert fingerprint(made(factor="3.0")) != word
    assert fingerprint(made(more="2.0")) != word
    assert fingerprint(lambda x: made()(x)) != word


def test_a_changed_law_is_compiled_anew() -> None:
    """In one process and one cache: each law gives its own numbers, first and again."""
    for factor in (2.0, 5.0, 2.0):
        kernels = Kernels({"kernel": kernel}, {"law": made(str(factor))})
        assert results(kernels) == [1.0, 1.0 + factor, 1.0 + 2 * factor]


def test_kernels_are_kept_and_found_again() -> None:
    """The second of two alike writes nothing new; files lie in the folder that was named."""
    results(Kernels({"kernel": kernel}, {"law": made()}))
    kept = sorted(p for p in cache_folder().rglob("*") if p.is_file())
    assert kept
    times = [p.stat().st_mtime_ns for p in kept]
    again = Kernels({"kernel": kernel}, {"law": made()})
    assert results(again) == [1.0, 3.0, 5.0]
    assert sorted(p for p in cache_folder().rglob("*") if p.is_file()) == kept
    assert [p.stat().st_mtime_ns for p in kept] == times


def test_a_cache_that_cannot_be_written_costs_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands where the folder would be: compiled all the same, and nothing is kept."""
    taken = tmp_path / "taken"
    taken.write_text("no folder")
    monkeypatch.setenv("MHO_CACHE", str(taken))
    assert writable(taken / "kernels") is None
    assert results(Kernels({"kernel": kernel}, {"law": made()})) == [1, 3, 5]
    assert taken.read_text() == "no folder"
