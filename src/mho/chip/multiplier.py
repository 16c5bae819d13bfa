"""Vectors times the matrices of many tiles, at the speed of matrix products.

What a tile does to a vector is linear but for its converters and its noise. So the circuit is
solved once, into matrices; afterwards a vector costs a product for its currents, another for
the variance of their noise, and one normal number per output: independent cells add up to a sum
of exactly that mean and variance.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from mho.checks import check_finite, check_shape
from mho.chip.draws import VectorDraws
from mho.chip.periphery import Periphery
from mho.rng import Stream

_CHUNK = 1 << 16
_CHUNK_OF_MANY = 1 << 21
"""Numbers of an intermediate result: small enough for the cache, large enough for a product."""


@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """What is in the tiles. Blocks are digitised apart and added; their rows share no input.

    Args:
        signal: Effective conductance of every crossing, differences may be negative (S).
        variance: Variance that its noise adds (S²); none if `None`.
        bent: Effective cubic conductance (S/V²); none if `None`.
    """

    signal: Float[Tensor, "blocks rows outputs"]
    variance: Float[Tensor, "blocks rows outputs"] | None = None
    bent: Float[Tensor, "blocks rows outputs"] | None = None

    def __post_init__(self) -> None:
        check_finite(self.signal, "signal", "Solve the wires first.")
        for name in ("variance", "bent"):
            value = getattr(self, name)
            if value is not None:
                check_shape(value, name, tuple(self.signal.shape))
                check_finite(value, name, "Every cell must have a noise and a law.")


class Multiplier:
    """Tiles that are ready: every call digitises inputs, multiplies, adds noise and digitises.

    Args:
        matrices: What is in the tiles.
        periphery: Drivers and readers.
        full_scale: Full scale of the columns' converters (A), one or one for each output.

    >>> from mho.chip.converters import SignedConverter
    >>> ready = Multiplier(
    ...     Matrices(torch.full((1, 2, 1), 1e-3)),
    ...     Periphery(dac=SignedConverter(8, 0.255), adc=SignedConverter(8, 1.0)),
    ...     full_scale=255e-6,
    ... )
    >>> ready(torch.tensor([[0.1, 0.02]])) * 1e6
    tensor([[120.]])
    """

    def __init__(
        self,
        matrices: Matrices,
        periphery: Periphery,
        full_scale: float | Float[Tensor, " outputs"],
    ) -> None:
        self.inputs = matrices.signal.shape[0] * matrices.signal.shape[1]
        self.periphery, self._full_scale = periphery, full_scale
        grouped = _grouped(matrices, periphery.rows_at_once)
        self._before = matrices.signal.shape[:2]
        self.blocks, self.rows, self.outputs = grouped.signal.shape
        dac, adc = periphery.dac, periphery.adc
        self._codes, self._top = float(2**dac.bits - 1), float(2**adc.bits - 1)
        self._step = 1.0
        unit: float | Tensor = 1.0
        if periphery.plain:
            # in codes of the converters, which then only have to round
            self._step, self._lsb = 1 / dac.lsb, full_scale / self._top
            unit = dac.lsb / self._lsb
        self._signal = _scaled(grouped.signal, unit)
        noise, bent = grouped.variance, grouped.bent
        self._variance = None if noise is None else _scaled(noise, unit**2)
        self._bent = None if bent is None else _scaled(bent, unit / self._step**2)

    def draws(self, stream: Stream) -> VectorDraws:
        """A source of the noise of one vector after another."""
        return VectorDraws(stream, self.blocks * self.outputs)

    def __call__(
        self, voltage: Float[Tensor, "batch inputs"], draws: VectorDraws | None = None
    ) -> Float[Tensor, "batch outputs"]:
        """Digitised currents (A), the blocks' added.

        Args:
            voltage: Row voltages of each input vector (V), all blocks' rows one after another.
                Shape (batch, blocks · rows).
            draws: Source of the noise; without it there is none.

        Raises:
            ValueError: Another number of rows, or converters with noise and no source.
        """
        check_shape(voltage, "voltage", (None, self.inputs))
        if self.periphery.rows_at_once:
            voltage = self._in_groups(voltage)
        chunk = _CHUNK if self.blocks == 1 else _CHUNK_OF_MANY
        few = max(chunk // (self.blocks * self.outputs), 1)
        total = voltage.new_empty(voltage.shape[0], self.outputs)
        work = self._rounded if self.periphery.plain else self._converted
        for start in range(0, voltage.shape[0], few):
            work(voltage[start : start + few], draws, total[start : start + few])
        return total

    def _rounded(self, voltage: Tensor, draws: VectorDraws | None, total: Tensor) -> None:
        """Currents by converters that only round (A)."""
        codes = torch.mul(voltage, self._step).round_().clamp_(-self._codes, self._codes)
        current = self._currents(codes, draws).round_().clamp_(-self._top, self._top)
        if self.blocks == 1:
            torch.mul(current, self._lsb, out=total)
        else:
            torch.sum(current, 0, out=total).mul_(self._lsb)

    def _converted(self, voltage: Tensor, draws: VectorDraws | None, total: Tensor) -> None:
        """Currents by converters with errors, slice by slice (A)."""
        generator = None if draws is None else draws.generator
        found = []
        for driven in self.periphery.driven(voltage, generator):
            current = self._currents(driven, draws).view(-1, self.outputs)
            read = self.periphery.read(current, self._full_scale, generator)
            found.append(read.view(self.blocks, -1, self.outputs).sum(0))
        several = len(found) > 1
        total.copy_(self.periphery.encoding.combine(torch.stack(found)) if several else found[0])

    def _currents(self, driven: Tensor, draws: VectorDraws | None) -> Tensor:
        """Currents of every block with their noise, in its units."""
        if self.blocks == 1:
            rows, times = driven, torch.mm
        else:
            rows = driven.view(-1, self.blocks, self.rows).transpose(0, 1)
            times = torch.bmm
        current = times(rows, self._signal)
        if self._bent is not None:
            current += times(rows**3, self._bent)
        if self._variance is not None and draws is not None:
            noise = draws.normal(driven.shape[0])
            if self.blocks > 1:
                noise = noise.view(-1, self.blocks, self.outputs).transpose(0, 1)
            current.addcmul_(times(rows.square(), self._variance).sqrt_(), noise)
        return current

    def _in_groups(self, voltage: Float[Tensor, "batch inputs"]) -> Tensor:
        """Row voltages with idle rows at the end of every block, so that groups are alike (V)."""
        blocks, rows = self._before
        idle = self.blocks // blocks * self.rows - rows
        return pad(voltage.view(-1, blocks, rows), (0, idle)).flatten(1)


def _grouped(matrices: Matrices, rows_at_once: int | None) -> Matrices:
    """Groups of rows as blocks of their own, the last one with empty rows."""
    if rows_at_once is None:
        return matrices

    def split(matrix: Tensor) -> Tensor:
        idle = -matrix.shape[1] % rows_at_once
        return pad(matrix, (0, 0, 0, idle)).view(-1, rows_at_once, matrix.shape[2])

    parts = (matrices.signal, matrices.variance, matrices.bent)
    return Matrices(*(None if part is None else split(part) for part in parts))  # type: ignore[arg-type]


def _scaled(
    matrix: Float[Tensor, "blocks rows outputs"], unit: float | Float[Tensor, " outputs"]
) -> Tensor:
    """A matrix in other units, without the axis of a single block."""
    ready = (matrix * unit).to(torch.float32).contiguous()
    return ready[0] if ready.shape[0] == 1 else ready
