r"""What independent traps do within one sample, exactly: the law behind the fit.

A sample is an average over the sampling interval, so a trap that jumps within it leaves a value
between two levels. For one trap with rates :math:`1/\tau_c, 1/\tau_e` in the generator :math:`Q`
and conductance :math:`A` while empty, the characteristic function of the average, joint with the
states at both ends, is an entry of

.. math:: \exp\bigl(Q\,\Delta t + i \omega\, \mathrm{diag}(A, 0)\bigr)

(Feynman and Kac). Independent traps and Gaussian noise multiply, and one Fourier transform gives
the densities. State 0 is empty and state 1 filled; of several traps the first is the most
significant bit. Conductances and their inverses are in any one unit.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FASTEST = 0.02
"""Least memory 1 − a − b of a trap from sample to sample (1): below, it has none."""
_RAREST = 1e-7
"""Least probability of a jump within a sample (1)."""
_NO_WAVE = 9.0
"""Angular frequency over the inverse noise beyond which densities have no part (1): e^−40."""
_OF_TRAPS = ("amplitude", "fills", "empties")


@dataclass(frozen=True, eq=False)
class Model:
    """Independent two-state traps and white noise; all conductances in one unit.

    Args:
        base: Conductance while all traps are filled.
        noise: Standard deviation of the white noise of a sample.
        amplitude: Conductance of each channel while its trap is empty. Shape (traps,).
        fills: Probability that a trap that is empty at the start of a sample is filled at its
            end (1). Shape (traps,).
        empties: Probability of the reverse (1). Shape (traps,).
    """

    base: float
    noise: float
    amplitude: Array
    fills: Array
    empties: Array

    references: ClassVar = ("ghahramani1997factorial", "machlup1954noise")

    @classmethod
    def checked(
        cls,
        base: float,
        noise: float,
        amplitude: Array,
        fills: Array,
        empties: Array,
    ) -> "Model":
        """A model with positive amplitudes and possible probabilities.

        A negative amplitude is the same trap with empty and filled exchanged.
        """
        turned = amplitude < 0
        base += float(amplitude[turned].sum())
        fills, empties = (
            np.where(turned, empties, fills),
            np.where(turned, fills, empties),
        )
        both = np.maximum(fills + empties, _RAREST)
        shrink = np.minimum(1.0, (1 - _FASTEST) / both)
        fills, empties = (
            np.maximum(p * shrink, _RAREST) for p in (fills, empties)
        )
        return cls(base, noise, np.abs(amplitude), fills, empties)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Model":
        """What `as_plain` told, to the last bit."""
        kept = {name: np.asarray(plain[name]) for name in _OF_TRAPS}
        return cls(float(plain["base"]), float(plain["noise"]), **kept)

    def as_plain(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"base": float(self.base), "noise": float(self.noise)} | {
            name: getattr(self, name).tolist() for name in _OF_TRAPS
        }

    def divided_by(self, unit: float) -> "Model":
        """The same model with conductances in another unit, which is given in the present one."""
        return Model(
            self.base / unit,
            self.noise / unit,
            self.amplitude / unit,
            self.fills,
            self.empties,
        )

    @property
    def traps(self) -> int:
        """Number of traps (1)."""
        return len(self.amplitude)

    @cached_property
    def design(self) -> Array:
        """Levels as sums: a one for the base and one for each empty trap (1).

        Shape (states, 1 + traps).
        """
        return design(self.traps)

    @cached_property
    def levels(self) -> Array:
        """Conductance of each joint state. Shape (states,)."""
        levels: Array = self.design @ np.concatenate(
            ([self.base], self.amplitude)
        )
        return levels

    @property
    def rates(self) -> Array:
        """Jumps that an empty and a filled trap make in a sample on average (1).

        The exact logarithm of the matrix of probabilities. Shape (2, traps).
        """
        both = self.fills + self.empties
        return np.stack((self.fills, self.empties)) * (-np.log1p(-both) / both)

    @property
    def occupancy(self) -> Array:
        """Long-run probability that each trap is filled (1). Shape (traps,)."""
        return self.fills / (self.fills + self.empties)

    @cached_property
    def transition(self) -> Array:
        """Probability of each joint state at the end of a sample, given its start (1).

        Shape (states, states).
        """
        result = np.ones((1, 1))
        for a, b in zip(self.fills, self.empties, strict=True):
            result = _joined(result, np.array([[1 - a, a], [b, 1 - b]]))
        return result

    @property
    def stationary(self) -> Array:
        """Long-run probability of each joint state (1). Shape (states,)."""
        result = np.ones(1)
        for p in self.occupancy:
            result = np.outer(result, np.array([1 - p, p])).ravel()
        return result

    @property
    def undisturbed(self) -> Array:
        """Probability that no trap jumps within a sample, given equal ends (1).

        Shape (states,).
        """
        filled = 1 - self.design[:, 1:]
        leaving = np.where(filled > 0, self.rates[1], self.rates[0]).sum(1)
        result: Array = np.exp(-leaving) / np.diag(self.transition)
        return result


def _joined(some: Array, one: Array) -> Array:
    """Matrices of some traps and of one more, multiplied for every pair of joint states.

    As `np.kron`, which takes fifteen times as long for matrices this small.
    """
    size = 2 * len(some)
    return (some[:, None, :, None] * one[None, :, None, :]).reshape(size, size)


@cache
def design(traps: int) -> Array:
    """See `Model.design`; shared, not to be changed."""
    states = np.arange(2**traps)
    columns = [1 - (states >> (traps - 1 - k) & 1) for k in range(traps)]
    return np.stack([np.ones(2**traps), *columns], 1)


def each_trap(pairs: Array, traps: int) -> list[Array]:
    """Pairs of states of each trap alone (1). Each of shape (2, 2)."""
    split = pairs.reshape((2,) * (2 * traps))
    kept = [{k, traps + k} for k in range(traps)]
    return [split.sum(tuple(set(range(2 * traps)) - keep)) for keep in kept]


@cache
def kinds_of_pairs(traps: int) -> npt.NDArray[np.int64]:
    """Which of the densities of `distinct_densities` a pair of joint states has.

    Shape (states²,), the state at the start being the slower index; shared, not to be changed.
    """
    found = np.zeros((1, 1), np.int64)
    for _ in range(traps):
        # both empty, a jump either way, both filled
        found = np.kron(3 * found, np.ones((2, 2), np.int64)) + np.kron(
            np.ones_like(found), np.array([[0, 1], [1, 2]])
        )
    return found.ravel()


def distinct_densities(model: Model, points: int, step: float) -> Array:
    """Density of a sample's value for each kind of pair of joint states.

    A trap is as likely forward in time as backward. So given its two ends, a sample in which it is
    filled has the same density as one in which it is emptied: three kinds for a trap, not four.

    Args:
        model: The traps and the noise.
        points: Points of the grid (1); the value is 0 at the first.
        step: Their distance.

    Returns:
        Densities (1 over the unit of conductance). Shape (points, 3^traps).
    """
    angular = 2 * math.pi * np.fft.rfftfreq(points, step)
    # the transform takes those that are left out for zeros
    angular = angular[: np.searchsorted(angular, _NO_WAVE / model.noise)]
    # Characteristic functions: those of a sum of independent parts are multiplied.
    gaussian = np.exp(
        1j * angular * model.base - (model.noise * angular) ** 2 / 2
    )
    given: Any = gaussian[None]
    rates = zip(model.amplitude, *model.rates, strict=True)
    for k, (amplitude, fill, empty) in enumerate(rates):
        one = _one_trap(angular * amplitude, fill, empty)
        one[0] /= 1 - model.fills[k]
        one[1] /= model.fills[k]
        one[2] /= 1 - model.empties[k]
        # Each joint state goes together with either state of the next trap.
        product = given[:, None] * one[None, :]
        given = product.reshape(3 * len(given), -1)
    wide = np.fft.irfft(given.conj(), points) / step
    return np.ascontiguousarray(np.maximum(wide, 0.0).T)


def densities(model: Model, points: int, step: float) -> Array:
    """Density of a sample's value for each pair of joint states at its start and its end.

    Arguments are those of `distinct_densities`.

    Returns:
        Densities (1 over the unit of conductance). Shape (points, states²), the state at the start
        being the slower index.
    """
    found: Array = distinct_densities(model, points, step)[
        :, kinds_of_pairs(model.traps)
    ]
    return found


def _one_trap(drive: Array, fill: float, empty: float) -> Any:
    """Characteristic function joint with the states, the exponential of a 2×2 matrix.

    Args:
        drive: Angular frequency times amplitude (1). Shape (frequencies,).
        fill: Rate of an empty trap, per sample (1).
        empty: Rate of a filled trap, per sample (1).

    Returns:
        From empty to empty, from empty to filled, from filled to filled. Shape (3, frequencies).
    """
    half = (fill + empty) / 2
    mean = 0.5j * drive - half
    lean = (empty - fill) / 2 + 0.5j * drive
    root = np.sqrt(lean**2 + fill * empty + 0j)
    root = np.where(np.abs(root) < 1e-9, 1e-9, root)
    grown = np.exp(mean)
    odd = np.sinh(root)
    even = grown * (np.exp(root) - odd)
    odd *= grown / root
    return np.stack((even + odd * lean, odd * fill, even - odd * lean))
