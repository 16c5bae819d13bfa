"""Magnitudes of a signal gathered batch by batch, and the converter ranges that suit them.

A range of least error needs the distribution of a signal, not only its largest value. Samples are
counted in bins as narrow as the leading bits of a float are, so that batches need not be kept, and
counts are whole numbers, so that the order of the batches cannot matter.
"""

import math

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from mho.checks import check_between, check_finite

_FINE = 8
"""Leading bits of the fraction that tell bins apart (1): a bin is 0.2 to 0.4 % wide."""
_OCTAVES = 16
"""Octaves with bins, from that of a column's largest magnitude on; the rest counts as zero (1)."""
_BINS = _OCTAVES << _FINE
_SHIFT = 23 - _FINE
_TRIED = 8
"""Octaves in which full scales are tried (1)."""
_STEP = 4
"""Bins from one full scale to the next at first; then all bins around the best are tried (1)."""
_TOGETHER = 128
"""Full scales tried together (1)."""


class Magnitudes:
    """How often magnitudes occur, for each column of a signal.

    Args:
        columns: Columns (1).

    >>> seen = Magnitudes()
    >>> seen.add(torch.tensor([[0.5], [-2.0]]))
    >>> seen.add(torch.tensor([[1.0]]))
    >>> seen.largest
    tensor([2.], dtype=torch.float64)
    """

    def __init__(self, columns: int = 1) -> None:
        check_between(columns, "columns", 1, 2**31, "1")
        self.count = 0
        """Samples of each column so far (1)."""
        self.largest: Float64[Tensor, " cols"] = torch.zeros(
            columns, dtype=torch.float64
        )
        """Largest magnitude of each column so far, in the unit of the signal."""
        self._bins = torch.zeros(_BINS, columns, dtype=torch.int64)
        self._end = torch.zeros(columns, dtype=torch.int64)

    def add(
        self,
        samples: Float[Tensor, "samples cols"],
        times: Int64[Tensor, " samples"] | None = None,
    ) -> None:
        """Count samples, to the precision of float32.

        Args:
            samples: Values, in the unit of the signal.
            times: How many times each counts (1), so many its error matters more than others';
                once if `None`.

        Raises:
            ValueError: One is not finite.
        """
        check_finite(samples, "samples", "Leave such samples out.")
        if samples.numel() == 0:
            return
        magnitude = samples.detach().abs().float().contiguous()
        self.count += magnitude.shape[0] if times is None else int(times.sum())
        self.largest = torch.maximum(self.largest, magnitude.amax(0).double())
        key = (magnitude.view(torch.int32) >> _SHIFT).long()
        self._raise(((key.amax(0) >> _FINE) + 1) << _FINE)
        place = key.neg_().add_(self._end - 1)
        seen = (place < _BINS) & (magnitude > 0)
        column = torch.arange(place.shape[1]).expand_as(place)
        flat = (place * place.shape[1] + column)[seen]
        # sums of whole numbers below 2^53 are exact in float64 as well
        often = (
            None
            if times is None
            else times[:, None].expand_as(place)[seen].double()
        )
        found = torch.bincount(flat, often, minlength=self._bins.numel())
        self._bins += found.long().view_as(self._bins)

    def percentile(self, percent: float) -> Float64[Tensor, " cols"]:
        """Full scale that so many percent of the samples do not exceed.

        It is the upper end of a bin, so up to 0.4 % above the smallest such magnitude.

        Args:
            percent: Percent of the samples within the range (%).

        Returns:
            Full scale, in the unit of the signal; the largest magnitude where so many samples are
            zero that none other need to fit.
        """
        check_between(percent, "percent", 0.001, 100, "%")
        above = self.count - math.ceil(percent / 100 * self.count * (1 - 1e-12))
        place = (self._bins.cumsum(0) <= above).sum(0)
        upper = _edges()[place] * self._unit
        return torch.where(
            place < _BINS, torch.minimum(upper, self.largest), self.largest
        )

    def least_error(self, bits: int) -> Float64[Tensor, " cols"]:
        r"""Full scale of a `SignedConverter` of least mean square error, rounding and clipping.

        Full scales 0.8 to 1.6 % apart are tried first, then finer ones around the best. Samples
        count as spread evenly over their bin; its error follows from the integral of one
        converter, in LSB

        .. math:: \int_0^u (t - q(t))^2 \,\mathrm dt = \frac{n}{12} + \frac{(u - n)^3}{3},

        where :math:`n = q(u)` is the nearest code or, beyond it, the last one (max1960, for
        distributions in closed form).

        Args:
            bits: Bits of its magnitude (1).

        Returns:
            Full scale, in the unit of the signal, never above the largest magnitude.
        """
        check_between(bits, "bits", 1, 24, "1")
        coarse = torch.arange(0, _TRIED << _FINE, _STEP)
        error = self._errors(coarse, bits)
        best = coarse[error.argmin(0)]
        around = best[:, None] + torch.arange(1 - _STEP, _STEP)
        fine = torch.unique(around.clamp_(min=0))
        error = self._errors(fine, bits)
        # A column looks around its own best only, as if it were alone.
        elsewhere = (fine[:, None] - best).abs() >= _STEP
        error.masked_fill_(elsewhere, math.inf)
        chosen = fine[error.argmin(0)]
        full_scale = _edges()[chosen] * self._unit
        return torch.minimum(full_scale, self.largest)

    @property
    def _unit(self) -> Float64[Tensor, " cols"]:
        """End of the octave of each column's largest magnitude, in the unit of the signal."""
        return (self._end << _SHIFT).int().view(torch.float32).double()

    def _errors(
        self, tried: Int64[Tensor, " tried"], bits: int
    ) -> Float64[Tensor, "tried cols"]:
        """Sum of square errors with full scale at some ends of bins (units squared)."""
        edges = _edges()
        bins = self._bins.double()
        found = [
            _bin_errors(edges, edges[some], 2**bits - 1) @ bins
            for some in torch.split(tried, _TOGETHER)
        ]
        # one end of a bin above the largest magnitude is enough
        beyond = edges[tried + 1, None] * self._unit >= self.largest

        return torch.cat(found).masked_fill_(
            beyond & (self.largest > 0), math.inf
        )

    def _raise(self, end: Int64[Tensor, " cols"]) -> None:
        """Make room for larger magnitudes; bins of the smallest ones fall out of sight."""
        up = (end - self._end).clamp_(min=0)
        if not up.any():
            return
        place = torch.arange(_BINS)[:, None] - up
        kept = self._bins.gather(0, place.clamp(min=0))
        self._bins = torch.where(place >= 0, kept, 0)
        self._end = self._end + up


def _edges() -> Float64[Tensor, " edges"]:
    """Ends of all bins from the uppermost down, in parts of the end of its octave (1)."""
    key = (127 << _FINE) - torch.arange(_BINS + 1, dtype=torch.int32)
    return (key << _SHIFT).view(torch.float32).double()


def _bin_errors(
    edges: Float64[Tensor, " edges"],
    full_scale: Float64[Tensor, " tried"],
    top: int,
) -> Float64[Tensor, "tried bins"]:
    """Mean square error of one sample of each bin (unit of the signal squared)."""
    lsb = (full_scale / top)[:, None]
    u = edges / lsb
    code = u.round().clamp_(max=top)
    integral = code / 12 + (u - code).pow_(3) / 3
    width = (u[:, :-1] - u[:, 1:]).clamp_(min=1e-300)
    return (integral[:, :-1] - integral[:, 1:]).div_(width).mul_(lsb.square())
