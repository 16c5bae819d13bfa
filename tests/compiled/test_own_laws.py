"""Laws that users bring from files of any kind, and from within functions."""

from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
import torch

from mho.compiled import F, Kernels, KernelsOrPlain, exp
from mho.compiled.translate import Translation


def law(x: float) -> float:
    """What a user brings."""
    raise NotImplementedError


def once(x: float) -> float:
    """A kernel: the law, once."""
    return law(x)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of another run is found."""
    monkeypatch.setenv("MHO_CACHE", str(tmp_path))


def times(factor: float) -> Callable[[float], float]:
    """A law made in a function, of a number and another function made there."""

    def scaled(x: float) -> float:
        return factor * x

    def made(x: float) -> float:
        return scaled(x) + 1

    return made


def applied(own: Callable[[float], float], x: float) -> Any:
    """The law, compiled or found on disk."""
    return Kernels({"once": once}, {"law": own})["once"](x)


def test_laws_made_with_other_numbers_are_compiled_anew() -> None:
    """Their code is the same; what they find around them is not."""
    assert applied(times(2.0), 3.0) == 7
    assert applied(times(5.0), 3.0) == 16


def test_a_law_of_no_module_is_found_again(tmp_path: Path) -> None:
    """As from a page of documentation, or a file that was run and not imported.

    Code kept on disk names its module, which is asked for when it is read.
    """
    names: dict[str, Any] = {}
    exec("def own(x):\n    return x + 1", names)
    own = names["own"]
    assert isinstance(own, FunctionType)
    own.__module__ = "a file of no module"
    assert applied(own, 3.0) == 4
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.nbc")}
    assert kept
    assert applied(own, 3.0) == 4
    assert kept == {
        file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.nbc")
    }


def test_what_no_compiler_takes_runs_all_the_same() -> None:
    """Once warned of, with the line."""

    def own(x: float) -> float:
        return float(torch.tensor(x))

    kernels = KernelsOrPlain({"once": once}, {"law": own}, "Example")
    with pytest.warns(
        UserWarning,
        match=r"^Example runs as plain Python.*`law` \(test_own_laws.py, line \d+\)",
    ):
        assert kernels["once"](4.0) == 4
    assert kernels.is_plain
    assert kernels["once"](5.0) == 5


def halved(x: float) -> float:
    """A kernel of a law, and of arithmetic."""
    return float(exp(F(0))) * law(x) / 2


def test_arithmetic_is_compiled_once_and_laws_are_not_mixed_up() -> None:
    copies: dict[tuple[Any, ...], Any] = {}
    compiled: list[str] = []

    def decorate(function: FunctionType) -> FunctionType:
        compiled.append(function.__name__)
        return function

    twice, other = times(2.0), times(5.0)

    def found(own: Callable[[float], float]) -> Any:
        return Translation(decorate, {"law": own}, copies)(halved)(3.0)

    assert (found(twice), found(other), found(twice)) == (3.5, 8.0, 3.5)
    assert compiled.count("exp") == 1
    assert compiled.count("halved") == 2
