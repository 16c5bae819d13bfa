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

from mho.checks import check_finite, check_shape
from mho.chip.converters import SignedConverter
from mho.chip.draws import VectorDraws
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
        dac: Converter of the row voltages (V).
        adc: Converter of each block's currents (A).
        full_scale: Full scale of each output's converter (A), if they differ; that of `adc` if
            `None`. Shape (outputs,).

    >>> ideal = Multiplier(
    ...     Matrices(torch.full((1, 2, 1), 1e-3)),
    ...     dac=SignedConverter(8, 0.255),
    ...     adc=SignedConverter(8, 255e-6),
    ... )
    >>> ideal(torch.tensor([[0.1, 0.02]])) * 1e6
    tensor([[120.]])
    """

    def __init__(
        self,
        matrices: Matrices,
        *,
        dac: SignedConverter,
        adc: SignedConverter,
        full_scale: Float[Tensor, " outputs"] | None = None,
    ) -> None:
        self.blocks, self.rows, self.outputs = matrices.signal.shape
        self._lsb = adc.lsb if full_scale is None else full_scale / (2**adc.bits - 1)
        self._step, self._codes = 1 / dac.lsb, float(2**dac.bits - 1)
        self._top = float(2**adc.bits - 1)
        # in codes of the converters, which then only have to round
        unit = dac.lsb / self._lsb
        self._signal = _scaled(matrices.signal, unit)
        noise, bent = matrices.variance, matrices.bent
        self._variance = None if noise is None else _scaled(noise, unit**2)
        self._bent = None if bent is None else _scaled(bent, unit * dac.lsb**2)

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
        """
        check_shape(voltage, "voltage", (None, self.blocks * self.rows))
        few = max(
            (_CHUNK if self.blocks == 1 else _CHUNK_OF_MANY) // (self.blocks * self.outputs), 1
        )
        total = voltage.new_empty(voltage.shape[0], self.outputs)
        for start in range(0, voltage.shape[0], few):
            part = slice(start, start + few)
            codes = torch.mul(voltage[part], self._step).round_().clamp_(-self._codes, self._codes)
            current = self._codes_out(codes, draws)
            if self.blocks == 1:
                torch.mul(current, self._lsb, out=total[part])
            else:
                torch.sum(current, 0, out=total[part]).mul_(self._lsb)
        return total

    def _codes_out(
        self, codes: Float[Tensor, "batch inputs"], draws: VectorDraws | None
    ) -> Float[Tensor, "*blocks batch outputs"]:
        """Codes of the currents (1), for codes of the voltages."""
        if self.blocks == 1:
            driven, times = codes, torch.mm
        else:
            driven = codes.view(-1, self.blocks, self.rows).transpose(0, 1)
            times = torch.bmm
        current = times(driven, self._signal)
        if self._bent is not None:
            current += times(driven**3, self._bent)
        if self._variance is not None and draws is not None:
            noise = draws.normal(codes.shape[0])
            if self.blocks > 1:
                noise = noise.view(-1, self.blocks, self.outputs).transpose(0, 1)
            current.addcmul_(times(driven.square(), self._variance).sqrt_(), noise)
        return current.round_().clamp_(-self._top, self._top)


def _scaled(
    matrix: Float[Tensor, "blocks rows outputs"], unit: float | Float[Tensor, " outputs"]
) -> Tensor:
    """A matrix in units of codes, without the axis of a single block."""
    ready = (matrix * unit).to(torch.float32).contiguous()
    return ready[0] if ready.shape[0] == 1 else ready
