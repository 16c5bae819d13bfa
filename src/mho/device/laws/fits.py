"""A measured quantity against a relative conductance, as fits of a publication give it."""

from dataclasses import dataclass

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import F, Real, Record, log, power

_SMALLEST = F(1e-7)
_LARGEST = F(1)
"""Where fits begin and end; beyond, the value at the end counts (1)."""
_WIDEST = 1e6
_CUBIC = ("constant", "linear", "square", "cube")


@dataclass(frozen=True, slots=True)
class Fit(Configuration):
    r"""Two pieces: a logarithm or a power within bounds, and a cubic polynomial above.

    .. math:: \mathrm{clip}(o + s \ln x + f x^{-p}) \ \text{for}\ x < j, \qquad
        k + l x + q x^2 + c x^3 \ \text{above}

    Args:
        offset: Constant of the lower piece (1).
        slope: Factor of the logarithm (1).
        factor: Factor of the power (1).
        power: Its exponent, as a positive number of a falling one (1).
        least: Lower bound of that piece (1).
        most: Upper bound of that piece (1).
        joint: Where the polynomial takes over (1); beyond 1 never.
        constant: Its constant (1).
        linear: Its linear coefficient (1).
        square: Its quadratic coefficient (1).
        cube: Its cubic coefficient (1).
    """

    offset: float = 0.0
    slope: float = 0.0
    factor: float = 0.0
    power: float = 0.0
    least: float = 0.0
    most: float = 1.0
    joint: float = 2.0
    constant: float = 0.0
    linear: float = 0.0
    square: float = 0.0
    cube: float = 0.0

    def __post_init__(self) -> None:
        for name in ("offset", "slope", "factor", *_CUBIC):
            check_between(getattr(self, name), name, -_WIDEST, _WIDEST, "1")
        check_between(self.power, "power", 0.0, _WIDEST, "1")
        check_not_negative(self.least, "least", "1")
        check_not_negative(self.most - self.least, "most - least", "1")
        check_positive(self.joint, "joint", "1")


def fitted(fit: Record, share: Real) -> Real:
    """The fit at a relative conductance (1)."""
    x = min(max(share, _SMALLEST), _LARGEST)
    if x < fit.joint:
        low = fit.offset + fit.slope * log(x)
        if fit.factor != 0:
            low += fit.factor * power(x, -fit.power)
        return min(max(low, fit.least), fit.most)
    return fit.constant + x * (fit.linear + x * (fit.square + x * fit.cube))
