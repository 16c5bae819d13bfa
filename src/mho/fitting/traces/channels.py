r"""A population of channels, seen through traces that show only some of them.

A cell has a Poisson number of channels with mean :math:`\lambda`. The logarithm of a channel's
conductance is normal, the geometric mean of its two times is log-uniform from `shortest` to
`longest`, and the logarithm of their ratio is normal with mean 0. A stretch of a trace shows those
that are large enough, not too fast for its samples and not too slow for its length: a fraction
:math:`P` of all. The channels that it shows are again a Poisson number, so that

.. math::
    -\ln L = \sum_k w_k \Big[ \lambda P_k - \sum_i \ln \lambda\, f(a_i)\, f(r_i) \Big] ,

with the share :math:`w_k` of the stretch in its trace: channels come and go, and what counts is
how many there are at a time. Errors of single channels widen the normal laws. The loss has the
term of restricted likelihood for the spread of amplitudes (key: patterson1971): a median that is
fitted to few channels lies too near to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from mho.fitting.engine import Complex, FreeParameter, Row, complex_step
from mho.fitting.traces.looks import Look

NAMES = (
    "telegraph.births",
    "telegraph.amplitude",
    "telegraph.amplitude_spread",
    "telegraph.asymmetry",
)
"""Numbers of the law, by group and field."""
_NODES = 40
_MOST = 8.0
"""Channels that one step can leave behind (1)."""
_LEAST_ERROR = 0.01
"""Standard error of a logarithm that any channel has at least (1)."""
_FEW = 1e-12
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Times:
    """Times over which channels are spread evenly by their logarithm.

    Args:
        shortest: Shortest geometric mean of capture and emission time (s).
        longest: Longest (s).
    """

    shortest: float
    longest: float


@cache
def _normal_nodes() -> tuple[Row, Row]:
    """Sizes of a normal number, and their weights: its law is even, so that half will do."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    half = nodes > 0
    return nodes[half], weights[half] / weights[half].sum()


class ChannelLaw:
    """Number, size and asymmetry of channels.

    Args:
        looks: Stretches of all traces.
        times: How times are spread; traces of one sampling interval see a part of them only.
        known: Numbers that are not open, by name.
        data: Files that it is held against.
    """

    title = "telegraph noise"

    def __init__(
        self,
        looks: Sequence[Look],
        times: Times,
        known: Mapping[str, float],
        data: tuple[str, ...],
    ) -> None:
        self.looks = tuple(looks)
        self.times = times
        self.known = dict(known)
        self._data = data

    @property
    def data(self) -> tuple[str, ...]:
        """Files that it is held against."""
        return self._data

    @property
    def points(self) -> int:
        """Looks and channels (1)."""
        return len(self.looks) + self._amplitude.size

    @cached_property
    def parameters(self) -> tuple[FreeParameter, ...]:
        """What it leaves open."""
        middle = self._typical()
        every = (
            FreeParameter(NAMES[0], "1", 1.0, 0.0, _MOST, useful=3.0),
            FreeParameter(
                NAMES[1],
                "S",
                middle,
                middle / 1e3,
                middle * 1e3,
                log=True,
                useful=4.0,
            ),
            FreeParameter(NAMES[2], "1", 0.7, 0.0, 3.0, useful=1.5),
            FreeParameter(NAMES[3], "1", 1.0, 0.0, 6.0, useful=2.5),
        )
        return tuple(one for one in every if one.name not in self.known)

    def _typical(self) -> float:
        """A conductance that channels of these traces may have (S)."""
        if self._amplitude.size:
            return float(np.exp(np.median(self._amplitude)))
        return float(np.median([look.smallest for look in self.looks]))

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood (1)."""
        return float(self._value(p.astype(np.complex128)).real)

    def gradient(self, p: Row) -> Row:
        """Its derivative by each number."""
        return complex_step(self._value, p)

    def _value(self, p: Complex) -> complex:
        births, size, spread, asymmetry = self._all(p)
        expected = births * (self._weight * self.shown(size, spread, asymmetry))
        loss = complex(expected.sum())
        if self._amplitude.size == 0:
            return loss
        wide = spread**2 + self._amplitude_variance
        off = self._amplitude - np.log(size)
        apart = asymmetry**2 + self._ratio_variance
        each = (
            np.log(births + _FEW)
            - (np.log(wide) + off**2 / wide) / 2
            - (np.log(apart) + self._ratio**2 / apart) / 2
        )
        loss -= complex((self._share * each).sum())
        if NAMES[1] not in self.known:
            loss += complex(np.log((self._share / wide).sum())) / 2
        return loss

    def _all(self, p: Complex) -> list[complex]:
        """All four numbers, open or not."""
        open_ = dict(zip((one.name for one in self.parameters), p, strict=True))
        return [
            complex(open_.get(name, self.known.get(name, 0.0)))
            for name in NAMES
        ]

    def shown(
        self, size: complex, spread: complex, asymmetry: complex
    ) -> Complex:
        """Share of all channels that each stretch shows (1). Shape (looks,).

        Args:
            size: Median conductance of a channel (S).
            spread: Standard deviation of its logarithm (1).
            asymmetry: Standard deviation of ln(τc/τe) (1).
        """
        from scipy.special import erfc

        width = spread + _LEAST_ERROR
        z = (np.log(self._smallest) - np.log(size)) / width
        large: Complex = erfc(z / np.sqrt(2.0)) / 2
        return large * self._in_time(asymmetry)

    def _in_time(self, asymmetry: complex) -> Complex:
        """Share of channels that are neither too fast nor too slow. Shape (looks,)."""
        nodes, weights = _normal_nodes()
        ends, of_look = self._ends
        half = asymmetry * nodes / 2
        low = ends[:, :1] + half
        high = ends[:, 1:] - np.log(2 * np.cosh(half))
        first, last = np.log(self.times.shortest), np.log(self.times.longest)
        low = np.where(low.real > first, low, first)
        high = np.where(high.real < last, high, last)
        seen = high - low
        seen = np.where(seen.real > 0, seen, 0.0) / (last - first)
        share: Complex = (seen @ weights)[of_look]
        return share

    @cached_property
    def _ends(self) -> tuple[Row, Codes]:
        """Different shortest and longest times, as logarithms, and which each look has."""
        both = np.log(
            [[look.shortest, look.longest] for look in self.looks]
        ).reshape(-1, 2)
        ends, of_look = np.unique(both, axis=0, return_inverse=True)
        return ends, of_look.ravel()

    @cached_property
    def _weight(self) -> Row:
        return np.array([look.weight for look in self.looks])

    @cached_property
    def _smallest(self) -> Row:
        return np.array([look.smallest for look in self.looks])

    @cached_property
    def _share(self) -> Row:
        """Weight of each channel (1). Shape (channels,)."""
        return np.array([look.weight for look in self.looks for _ in look.seen])

    @cached_property
    def _amplitude(self) -> Row:
        return self._of_seen("amplitude")

    @cached_property
    def _ratio(self) -> Row:
        return self._of_seen("ratio")

    @cached_property
    def _amplitude_variance(self) -> Row:
        return self._of_seen("amplitude_error") ** 2 + _LEAST_ERROR**2

    @cached_property
    def _ratio_variance(self) -> Row:
        return self._of_seen("ratio_error") ** 2 + _LEAST_ERROR**2

    def _of_seen(self, name: str) -> Row:
        return np.array(
            [getattr(one, name) for look in self.looks for one in look.seen]
        )
