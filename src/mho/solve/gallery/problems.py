"""Built-in equations, each named by a word such as `poisson2d:64`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mho.checks import check_between
from mho.files import check_memory
from mho.rng import Stream

Array = npt.NDArray[np.float64]

PREFIX = "gallery:"
"""What a word begins with that names something built in."""
_MOST = 1_000_000
"""Unknowns at most (1)."""
_DENSE = 24
"""Memory for each number of a dense matrix while it is made (bytes)."""
_SPARSE = 200
"""Memory for each unknown of a sparse matrix while it is made (bytes)."""
_COMPLEX = 56
"""Memory for each number of a complex dense matrix while it is made real: itself, four real ones
and its imaginary part once more (bytes)."""
_COMPLEX_ENTRY = 4 * 48
"""The same for each stored number of a sparse one, which becomes four (bytes)."""
_KAPPA = 100.0
"""Condition number where none is given (1)."""
_DEGREE = 4
"""Resistors that begin at each node (1)."""
_TO_GROUND = 0.01
"""Conductance of each node to ground, over the middle one of a resistor (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Equations and where they come from.

    Args:
        name: Their name, fit for a file.
        about: What they are, in a line.
        matrix: Dense or sparse. Shape (n, n).
        rhs: Right side (1). Shape (n,); `None` if there is none.
        parts: Whether the first half of the unknowns are real parts, and the second one imaginary
            parts: what complex equations are solved as.
        remark: What is odd about the right side that was chosen, a sentence; empty if nothing is.
    """

    name: str
    about: str
    matrix: Any
    rhs: Array | None
    parts: bool = False
    remark: str = ""

    @classmethod
    def complex_one(cls, name: str, about: str, matrix: Any) -> "Problem":
        """Complex equations as twice as many real ones.

        Args:
            name: Their name.
            about: What they are, in a line.
            matrix: Dense or sparse, complex. Shape (n, n).

        Raises:
            TooLargeError: The real ones need more memory than is allowed.
        """
        thin = sparse.issparse(matrix)
        needed = matrix.nnz * _COMPLEX_ENTRY if thin else matrix.size * _COMPLEX
        check_memory(needed, "matrix", f"{about}, complex,")
        join = sparse.block_array if thin else np.block
        real = join([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
        if thin:
            real = sparse.csr_array(real)
            # a number that is real or imaginary alone leaves two zeros
            real.eliminate_zeros()
        told = f"{about}, complex: real and imaginary parts beside each other"
        return cls(name, told, real, None, parts=True)

    @property
    def ones(self) -> Array:
        """A solution of ones (1). Shape (n,)."""
        found = np.ones(self.matrix.shape[1])
        if self.parts:
            found[found.size // 2 :] = 0
        return found

    def told(self, x: Array) -> Any:
        """A solution as the equations were given: complex ones again. Shape (n,), or half."""
        if not self.parts:
            return x
        half = x.size // 2
        return x[:half] + 1j * x[half:]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of built-in equations.

    Args:
        about: What they are, in a line; `{n}` and `{kappa}` are filled in.
        make: Makes matrix and right side of a size, a condition number and a stream.
        dimension: Power of the size that the number of unknowns is (1).
        dense: Whether the matrix is dense.
        conditioned: Whether it takes a condition number.
    """

    about: str
    make: Callable[[int, float, Stream], tuple[Any, Array]]
    dimension: int = 1
    dense: bool = False
    conditioned: bool = False


def _poisson(size: int, dimension: int) -> tuple[Any, Array]:
    """The Laplacian of a grid between walls at zero, times the squared step; a source of 1."""
    ones = np.ones(size)
    line = sparse.diags_array(
        [-ones[1:], 2 * ones, -ones[1:]], offsets=[-1, 0, 1]
    )
    total = sparse.csr_array(line)
    for _ in range(dimension - 1):
        more = sparse.eye_array(total.shape[0])
        total = sparse.csr_array(
            sparse.kron(total, sparse.eye_array(size)) + sparse.kron(more, line)
        )
    total.eliminate_zeros()
    return total, np.ones(total.shape[0]) / (size + 1) ** 2


def _covariance(size: int, kappa: float, stream: Stream) -> tuple[Any, Array]:
    """Variances `1 + √i`, covariances `1/|i − j|`; a random right side."""
    del kappa
    places = np.arange(1.0, size + 1)
    apart = np.abs(places[:, None] - places)
    np.fill_diagonal(apart, 1.0)
    matrix = 1 / apart
    np.fill_diagonal(matrix, 1 + np.sqrt(places))
    return matrix, _normal(stream, "rhs", size)


def _random(size: int, kappa: float, stream: Stream) -> tuple[Any, Array]:
    """Positive definite, eigenvalues from 1 down to 1/κ evenly in logarithms."""
    turn = _rotation(stream, "left", size)
    values = _falling(size, kappa)
    matrix = (turn * values) @ turn.T
    return (matrix + matrix.T) / 2, _normal(stream, "rhs", size)


def _general(size: int, kappa: float, stream: Stream) -> tuple[Any, Array]:
    """Not symmetric, singular values from 1 down to 1/κ evenly in logarithms."""
    left = _rotation(stream, "left", size)
    right = _rotation(stream, "right", size)
    matrix = (left * _falling(size, kappa)) @ right
    return matrix, _normal(stream, "rhs", size)


def _circuit(size: int, kappa: float, stream: Stream) -> tuple[Any, Array]:
    """Resistors at random between nodes, a weak one to ground; 1 A into the first node."""
    del kappa
    draws = _draws(stream, "circuit")
    first = np.repeat(np.arange(size), _DEGREE)
    second = draws.integers(0, size, first.size)
    second = np.where(second == first, (first + 1) % size, second)
    # two decades, evenly in logarithms
    conductance = 10.0 ** draws.uniform(-1, 1, first.size)
    upper = sparse.coo_array((conductance, (first, second)), (size, size))
    between = sparse.csr_array(upper + upper.T)
    # a single node has only itself
    between.setdiag(0.0)
    between.eliminate_zeros()
    sums = np.asarray(between.sum(axis=1)).ravel()
    matrix = sparse.diags_array(sums + _TO_GROUND) - between
    rhs = np.zeros(size)
    rhs[0] = 1.0
    return sparse.csr_array(matrix), rhs


KINDS = {
    "poisson1d": Kind(
        "Poisson's equation on a line of {n} points",
        lambda n, _, __: _poisson(n, 1),
    ),
    "poisson2d": Kind(
        "Poisson's equation on a grid of {n} x {n} points",
        lambda n, _, __: _poisson(n, 2),
        dimension=2,
    ),
    "poisson3d": Kind(
        "Poisson's equation on a grid of {n} x {n} x {n} points",
        lambda n, _, __: _poisson(n, 3),
        dimension=3,
    ),
    "covariance": Kind(
        "a covariance matrix of {n} variables whose correlations fall with distance",
        _covariance,
        dense=True,
    ),
    "random": Kind(
        "a random positive definite matrix of {n} unknowns and condition {kappa:g}",
        _random,
        dense=True,
        conditioned=True,
    ),
    "general": Kind(
        "a random matrix, not symmetric, of {n} unknowns and condition {kappa:g}",
        _general,
        dense=True,
        conditioned=True,
    ),
    "circuit": Kind(
        "a circuit of {n} nodes between random resistors",
        _circuit,
    ),
}
"""Built-in equations by name."""


def built_in(word: str, stream: Stream) -> Problem:
    """Equations that are built in.

    Args:
        word: Such as `poisson2d:64`, or `random:256:50` for 256 unknowns and κ = 50.
        stream: Names what is random about them.

    Raises:
        ValueError: There are none such, or they are too large.

    >>> built_in("poisson2d:3", Stream(0)).matrix.shape
    (9, 9)
    """
    name, *rest = word.split(":")
    kind = KINDS.get(name)
    numbers = [_number(text) for text in rest]
    usable = kind is not None and len(numbers) in (
        (1, 2) if kind.conditioned else (1,)
    )
    if kind is None or not usable or None in numbers:
        known = ", ".join(
            f"`{other}:N:KAPPA`" if it.conditioned else f"`{other}:N`"
            for other, it in KINDS.items()
        )
        raise ValueError(
            f"Argument `matrix` must name built-in equations, {known}, but is"
            f" `{PREFIX}{word[:60]}`."
        )
    size = round(numbers[0] or 0)
    if size != numbers[0]:
        raise ValueError(
            f"Argument `matrix` must have a whole number of points, but has {rest[0][:20]}."
        )
    check_between(size, "matrix", 1, _MOST, "1")
    unknowns = size**kind.dimension
    check_between(unknowns, "matrix", 1, _MOST, "1")
    needed = unknowns**2 * _DENSE if kind.dense else unknowns * _SPARSE
    check_memory(needed, "matrix", f"`{PREFIX}{word}`")
    kappa = numbers[1] if len(numbers) > 1 else _KAPPA
    check_between(kappa or 0.0, "kappa", 1.0, 1e15, "1")
    matrix, rhs = kind.make(size, float(kappa or 1.0), stream.child(name))
    about = kind.about.format(n=size, kappa=kappa)
    return Problem(word.replace(":", "-"), about, matrix, rhs)


def _number(text: str) -> float | None:
    """A number, if a text is one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and text.isascii() else None


def _draws(stream: Stream, name: str) -> np.random.Generator:
    return np.random.default_rng(stream.child(name).word)


def _normal(stream: Stream, name: str, count: int) -> Array:
    return _draws(stream, name).standard_normal(count)


def _rotation(stream: Stream, name: str, size: int) -> Array:
    """A random orthogonal matrix. Shape (size, size)."""
    square = _draws(stream, name).standard_normal((size, size))
    turn, triangle = np.linalg.qr(square)
    rotated: Array = turn * np.sign(np.diag(triangle))
    return rotated


def _falling(size: int, kappa: float) -> Array:
    """Numbers from 1 down to 1/κ, evenly in logarithms. Shape (size,)."""
    return np.logspace(0.0, -math.log10(kappa), size)
