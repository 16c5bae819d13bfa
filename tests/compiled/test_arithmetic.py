"""Functions in single precision against those in double precision, over all that they take."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from mho.compiled import (
    Kernels,
    cos_turns,
    exp,
    expm1,
    log,
    log1p,
    log10,
    power,
    sin_turns,
)

Numbers = npt.NDArray[np.float32]
COUNT = 200_000
DRAWS = np.random.default_rng(0)
SMALLEST = float(np.finfo(np.float32).tiny)
LARGEST = float(np.finfo(np.float32).max)


def function_tested(x: float) -> float:
    """Stands for the function."""
    raise NotImplementedError


def over(x: Numbers, out: Numbers) -> None:
    """The function of every number."""
    for i in range(x.shape[0]):
        out[i] = function_tested(x[i])


def found(function: Callable[[float], float], x: npt.ArrayLike) -> Numbers:
    """What the compiled function gives."""
    given = np.asarray(x, dtype=np.float32)
    out = np.empty_like(given)
    Kernels({"over": over}, {"function_tested": function})["over"](given, out)
    return out


def between(low: float, high: float) -> Numbers:
    """Numbers evenly spread."""
    return DRAWS.uniform(low, high, COUNT).astype(np.float32)


def sizes(low: float, high: float) -> Numbers:
    """Numbers evenly spread in their logarithm."""
    size = np.exp(DRAWS.uniform(np.log(low), np.log(high), COUNT))
    return np.asarray(size.astype(np.float32))


RANGES = {
    "exp": (
        exp,
        np.exp,
        [between(-87, 88), between(-1, 1), sizes(1e-30, 80.0)],
        2.0,
    ),
    "log": (
        log,
        np.log,
        [sizes(SMALLEST, LARGEST), between(0.5, 2), 1 + between(-1e-4, 1e-4)],
        2.0,
    ),
    "log10": (
        log10,
        np.log10,
        [sizes(SMALLEST, LARGEST), between(0.5, 2)],
        3.0,
    ),
    "expm1": (
        expm1,
        np.expm1,
        [between(-87, 88), sizes(1e-30, 1.0), -sizes(1e-30, 1.0)],
        2.0,
    ),
    "log1p": (
        log1p,
        np.log1p,
        [sizes(1e-30, 1e30), -sizes(1e-30, 0.99), between(-0.9, 1)],
        2.0,
    ),
}


@pytest.mark.parametrize("name", RANGES)
def test_functions_are_good_to_two_units_in_the_last_place(name: str) -> None:
    """The distance to the number in double precision, in steps of single precision there.

    Three of them for the logarithm to the base 10, whose factor is rounded as well. Arguments
    reach all sizes, and lie thick where a difference of near numbers would lose digits.
    """
    function, exact, parts, bound = RANGES[name]
    x = np.concatenate(parts)
    wanted = exact(x.astype(np.float64))
    step = np.spacing(np.abs(wanted).astype(np.float32)).astype(np.float64)
    off = np.abs(found(function, x) - wanted) / step
    assert off.max() <= bound, x[off.argmax()]


@pytest.mark.parametrize(
    ("function", "exact", "bound"),
    [(cos_turns, np.cos, 1.5e-7), (sin_turns, np.sin, 3e-7)],
)
def test_turns_are_good_to_single_precision_of_one(
    function: Callable[[float], float],
    exact: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    bound: float,
) -> None:
    """Cosine and sine of a turn: absolute, since normal numbers are a radius times them.

    Rounding of single precision near 1 is 6e-8: two and a half of it for the cosine, five for the
    sine, whose last product rounds once more.
    """
    turns = between(0, 1)
    wanted = exact(2 * np.pi * turns.astype(np.float64))
    assert np.abs(found(function, turns) - wanted).max() <= bound


@pytest.mark.parametrize("exponent", [-3.0, 0.5, 1.7, 9.0])
def test_powers_are_as_good_as_their_logarithm_allows(exponent: float) -> None:
    """e^(y ln x) has the error of the exponential and that of its argument, times the argument.

    The argument rounds twice, to 1.2e-7 of |y ln x|, and the exponential to 2.4e-7.
    """
    x = sizes(1e-4, 1e4)

    def raised(base: float) -> float:
        return power(base, np.float32(exponent))

    argument = exponent * np.log(x.astype(np.float64))
    off = np.abs(found(raised, x) / np.exp(argument) - 1)
    assert (off <= 2.4e-7 + 1.8e-7 * np.abs(argument)).all()


def test_ends_are_as_they_must_be() -> None:
    """Exact where a law relies on it: nothing lost at 0 and at 1, and no number that is none.

    The exponential is cut to where normal numbers of single precision end, not to 0 or infinity.
    """
    low, high = np.exp(-87.0), np.exp(88.0)
    ends = [-np.inf, -1e9, 0.0, 1e9, np.inf]
    assert found(exp, ends).tolist() == pytest.approx(
        [low, low, 1.0, high, high], rel=3e-7
    )
    assert found(exp, [0.0]).tolist() == [1.0]
    assert found(log, [1.0]).tolist() == [0.0]
    assert found(log1p, [0.0]).tolist() == [0.0]
    assert found(expm1, [0.0, -1e9]).tolist() == [0.0, -1.0]
    edges = found(log, [SMALLEST, LARGEST])
    assert edges.tolist() == pytest.approx(
        [-87.33654475, 88.72283906], rel=1e-7
    )
    quarters = [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found(cos_turns, quarters).tolist() == pytest.approx(
        [1, 0, -1, 0, 1], abs=1.2e-7
    )
    assert found(sin_turns, quarters).tolist() == pytest.approx(
        [0, 1, 0, -1, 0], abs=1.8e-7
    )
