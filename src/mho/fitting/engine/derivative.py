"""Derivatives of a likelihood without a formula for each, exact to rounding."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mho.fitting.engine.law import Row

Complex = npt.NDArray[np.complex128]
_TINY = 1e-30
"""Imaginary step, relative to a number's size: nothing is subtracted, so it can be this small."""


def complex_step(function: Callable[[Complex], complex], p: Row) -> Row:
    r"""Derivative of an analytic function by each argument.

    :math:`f'(p) = \mathrm{Im}\, f(p + i h) / h` up to :math:`h^2`, without a difference of like
    numbers. The function must compare real parts only, and conjugate nothing.

    Args:
        function: A function of complex numbers that is real for real ones.
        p: Where. Shape (arguments,).

    >>> complex_step(lambda p: p[0] ** 3 * p[1], np.array([2.0, 5.0]))
    array([60.,  8.])
    """
    slopes = np.empty(p.size)
    for k, number in enumerate(p):
        size = _TINY * (abs(number) or 1.0)
        moved = p.astype(np.complex128)
        moved[k] += 1j * size
        slopes[k] = complex(function(moved)).imag / size
    return slopes


def complex_steps(
    function: Callable[[Complex], Complex], p: Row
) -> tuple[Row, Row]:
    """Values of a function of many arguments that takes many places at once, and derivatives.

    Args:
        function: As that of `complex_step`, from (arguments, places) to (values, places).
        p: Where. Shape (arguments,).

    Returns:
        Values of shape (values,), and derivatives of shape (values, arguments).

    >>> complex_steps(lambda p: np.stack((p[0] ** 3, p[0] * p[1])), np.array([2.0, 5.0]))
    (array([ 8., 10.]), array([[12.,  0.],
           [ 5.,  2.]]))
    """
    size = _TINY * np.where(p == 0.0, 1.0, np.abs(p))
    moved = p[:, None] + 1j * np.diag(size)
    found = function(moved)
    return found[:, 0].real.copy(), found.imag / size
