"""Products of the tiles of a drawn chip, at several looks at once."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.chip import ArrayMatrices, Multiplier
from mho.rng import Stream
from mho.runs.fleets.surrogate_tiles import DrawnChip, WiredImage

_UNSEEN = 0.02
"""Steps of a converter below which curvature or noise of a whole column is not computed (1)."""


class DrawnTiles:
    """What multiplies by the cells of a drawn chip at several looks at once.

    Vectors of one look come after those of another, the same number of each.

    Args:
        of: The image on its tiles.
        drawn: The chip.
        looks: Numbers of the looks.
        stream: Noise; there is none if `None`.
    """

    def __init__(
        self,
        of: WiredImage,
        drawn: DrawnChip,
        looks: Sequence[int],
        stream: Stream | None,
    ) -> None:
        self.info = of.image.info
        self._around = of.chip.around
        self._drawn = drawn
        self._looks = torch.tensor(looks)
        self._where = _places(of)
        self._stream = stream
        self._calls = 0
        self._generator = None
        if stream is not None:
            self._generator = stream.child("noise").generator()

    def multiply(
        self,
        voltage: Float[Tensor, "vectors rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "vectors cols"]:
        """Digitised currents, or differences of paired ones (A)."""
        matrices = self._matrices(plus, minus)
        self._calls += 1
        if self._around.plain and not self._around.rows_at_once:
            return self._rounded(voltage, matrices, full_scale)
        return self._one_by_one(voltage, matrices, full_scale)

    def _matrices(
        self, plus: Int64[Tensor, "rows cols"], minus: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Signal of every look (S), curvature (S/V²), variance of noise (S²)."""
        drawn = self._drawn
        cells = drawn.cells[self._looks]
        adds = self._where[plus]
        signal = cells[:, adds]
        bent = drawn.bent[adds]
        variance = drawn.variance[adds]
        if minus is not None:
            takes = self._where[minus]
            signal = signal - cells[:, takes]
            bent = bent - drawn.bent[takes]
            variance = variance + drawn.variance[takes]
        return signal, bent, variance

    def _rounded(
        self,
        voltage: Float[Tensor, "vectors rows"],
        matrices: tuple[Tensor, Tensor, Tensor],
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "vectors cols"]:
        """Currents by converters that only round, in codes of theirs."""
        signal, bent, variance = matrices
        step = self._around.dac.lsb
        most = float(2**self._around.dac.bits - 1)
        top = float(2**self._around.adc.bits - 1)
        lsb = full_scale / top
        unit = step / lsb
        looks, rows, cols = signal.shape
        codes = (voltage / step).round_().clamp_(-most, most)
        current = torch.bmm(codes.view(looks, -1, rows), signal * unit)
        current = current.view(-1, cols)
        bent = bent * (unit * step**2)
        if float(bent.abs().sum(0).max()) * most**3 > _UNSEEN:
            current += codes**3 @ bent
        variance = variance * unit**2
        largest = math.sqrt(float(variance.sum(0).max())) * most
        if self._generator is not None and largest > _UNSEEN:
            spread = (codes.square() @ variance).sqrt_()
            normal = torch.randn(current.shape, generator=self._generator)
            current.addcmul_(spread, normal)
        return current.round_().clamp_(-top, top).mul_(lsb)

    def _one_by_one(
        self,
        voltage: Float[Tensor, "vectors rows"],
        matrices: tuple[Tensor, Tensor, Tensor],
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "vectors cols"]:
        """Currents by converters that do more, look after look."""
        signal, bent, variance = matrices
        currents = []
        parts = voltage.chunk(signal.shape[0])
        stream = self._stream or Stream(0)
        for look, vectors in zip(range(len(parts)), parts, strict=True):
            one = ArrayMatrices(signal[look, None], variance[None], bent[None])
            multiply = Multiplier(one, self._around, full_scale)
            call = stream.child("converters", self._calls, look)
            currents.append(multiply(vectors, multiply.draws(call)))
        return torch.cat(currents)


def _places(of: WiredImage) -> Int64[Tensor, " cells"]:
    """Where each cell of the tiles stands in the placement."""
    places = torch.zeros(of.chip.cells, dtype=torch.int64)
    cells = of.image.placement.cells
    places[cells] = torch.arange(cells.numel())
    return places
