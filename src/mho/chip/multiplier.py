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
from mho.chip.periphery import Periphery
from mho.chip.product_noise import VectorDraws
from mho.rng import Stream, in_order

_FEW = 1 << 15
"""Results up to which a call is a matter of overheads: all blocks are multiplied at once."""

_CHUNK = 1 << 17
_VECTORS = 256
"""Results, but at least vectors, multiplied together otherwise, one block after another."""

_PIECE = 1 << 17
"""Results that get their noise and are rounded together: they stay in a core's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayMatrices:
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
                check_finite(
                    value, name, "Every cell must have a noise and a law."
                )

    def transposed(self) -> "ArrayMatrices":
        """The same with columns driven and rows read."""
        turned = [
            None if one is None else one.transpose(-1, -2).contiguous()
            for one in (self.variance, self.bent)
        ]
        signal = self.signal.transpose(-1, -2).contiguous()
        return ArrayMatrices(signal, *turned)


@dataclass(frozen=True, slots=True, eq=False)
class ReadDraws:
    """Randomness of the vectors that meet one multiplier.

    Args:
        blocks: Noise of the currents of each block.
        generator: Noise of the converters.
    """

    blocks: list[VectorDraws]
    generator: torch.Generator


class _Work:
    """Memory that calls use one after the other: fresh pages would cost as much as the noise."""

    def __init__(self, vectors: int, inputs: int, outputs: int) -> None:
        with torch.inference_mode(False):
            self._codes = torch.empty(vectors, inputs)
            self._results = torch.empty(2, vectors, outputs)

    def some(self, vectors: int) -> tuple[Tensor, Tensor, Tensor]:
        """Codes, currents and variances of some vectors."""
        return self._codes[:vectors], *self._results[:, :vectors]


class Multiplier:
    """Tiles that are ready: every call digitises inputs, multiplies, adds noise and digitises.

    Args:
        matrices: What is in the tiles.
        periphery: Drivers and readers.
        full_scale: Full scale of the columns' converters (A), one or one for each output.

    >>> from mho.chip.periphery import SignedConverter
    >>> ready = Multiplier(
    ...     ArrayMatrices(torch.full((1, 2, 1), 1e-3)),
    ...     Periphery(dac=SignedConverter(8, 0.255), adc=SignedConverter(8, 1.0)),
    ...     full_scale=255e-6,
    ... )
    >>> ready(torch.tensor([[0.1, 0.02]])) * 1e6
    tensor([[120.]])
    """

    def __init__(
        self,
        matrices: ArrayMatrices,
        periphery: Periphery,
        full_scale: float | Float[Tensor, " outputs"],
    ) -> None:
        self.inputs = matrices.signal.shape[0] * matrices.signal.shape[1]
        self.periphery = periphery
        self._full_scale = full_scale
        grouped = _grouped(matrices, periphery.rows_at_once)
        self._before = matrices.signal.shape[:2]
        self.blocks, self.rows, self.outputs = grouped.signal.shape
        self._memory: list[_Work] = []
        dac = periphery.dac
        adc = periphery.adc
        self._codes = float(2**dac.bits - 1)
        self._top = float(2**adc.bits - 1)
        self._step = 1.0
        unit: float | Tensor = 1.0
        self._plain = periphery.plain
        if self._plain:
            # in codes of the converters, which then only have to round
            self._step = 1 / dac.lsb
            self._lsb = full_scale / self._top
            unit = dac.lsb / self._lsb
        noise = grouped.variance
        bent = grouped.bent
        self._signal = _scaled(grouped.signal, unit)
        self._variance = None if noise is None else _scaled(noise, unit**2)
        self._bent = (
            None if bent is None else _scaled(bent, unit / self._step**2)
        )

    def draws(self, stream: Stream) -> ReadDraws:
        """A source of the noise of one vector after another."""
        each = [
            VectorDraws(stream.child(k), self.outputs)
            for k in range(self.blocks)
        ]
        return ReadDraws(each, stream.child("converters").generator())

    def __call__(
        self,
        voltage: Float[Tensor, "batch inputs"],
        draws: ReadDraws | None = None,
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
        if not self._plain:
            return self._converted(voltage, draws)
        if voltage.shape[0] * self.outputs * self.blocks > _FEW:
            return self._many(voltage, draws)
        codes = (
            torch.mul(voltage, self._step)
            .round_()
            .clamp_(-self._codes, self._codes)
        )
        current = (
            self._currents(codes, draws).round_().clamp_(-self._top, self._top)
        )

        return (current[0] if self.blocks == 1 else current.sum(0)).mul_(
            self._lsb
        )

    def _currents(
        self, driven: Float[Tensor, "batch inputs"], draws: ReadDraws | None
    ) -> Float[Tensor, "blocks batch outputs"]:
        """Currents of all blocks with their noise, in their units."""
        if self.blocks == 1:
            rows = driven[None]
        else:
            rows = driven.view(-1, self.blocks, self.rows).transpose(0, 1)
        current = torch.bmm(rows, self._signal)
        if self._bent is not None:
            current += torch.bmm(rows**3, self._bent)
        if self._variance is not None and draws is not None:
            noise = [source.normal(driven.shape[0]) for source in draws.blocks]
            spread = torch.bmm(rows.square(), self._variance).sqrt_()
            current.addcmul_(
                spread,
                noise[0][None] if self.blocks == 1 else torch.stack(noise),
            )
        return current

    def _converted(
        self, voltage: Float[Tensor, "batch inputs"], draws: ReadDraws | None
    ) -> Float[Tensor, "batch outputs"]:
        """Currents by converters with errors, slice by slice (A)."""
        generator = None if draws is None else draws.generator
        found = []
        for driven in self.periphery.driven(voltage, generator):
            each = self._currents(driven, draws)
            read = [
                self.periphery.read(one, self._full_scale, generator)
                for one in each
            ]
            found.append(in_order(torch.stack(read)))
        return self.periphery.encoding.combine(torch.stack(found))

    def _many(
        self, voltage: Float[Tensor, "batch inputs"], draws: ReadDraws | None
    ) -> Float[Tensor, "batch outputs"]:
        """Currents of many vectors by converters that only round (A)."""
        batch = voltage.shape[0]
        few = max(_CHUNK // self.outputs, _VECTORS)
        total = voltage.new_zeros(batch, self.outputs)
        if not self._memory:
            self._memory.append(
                _Work(few, self.blocks * self.rows, self.outputs)
            )
        work = self._memory.pop()
        for start in range(0, batch, few):
            sums = total[start : start + few]
            codes, current, spread = work.some(sums.shape[0])
            torch.mul(voltage[start : start + few], self._step, out=codes)
            codes.round_().clamp_(-self._codes, self._codes)
            for k in range(self.blocks):
                rows = codes[:, k * self.rows : (k + 1) * self.rows]
                torch.mm(rows, self._signal[k], out=current)
                if self._bent is not None:
                    current += torch.mm(rows**3, self._bent[k])
                noise = None
                if self._variance is not None and draws is not None:
                    torch.mm(rows.square(), self._variance[k], out=spread)
                    noise = draws.blocks[k]
                self._add(current, spread, noise, sums)
        self._memory.append(work)
        return total.mul_(self._lsb)

    def _add(
        self,
        current: Tensor,
        variance: Tensor,
        draws: VectorDraws | None,
        sums: Tensor,
    ) -> None:
        """Add codes of currents with their noise, piece by piece."""
        few = max(_PIECE // self.outputs, 1)
        for start in range(0, current.shape[0], few):
            part = current[start : start + few]
            if draws is not None:
                part.addcmul_(
                    variance[start : start + few].sqrt_(),
                    draws.normal(part.shape[0]),
                )
            sums[start : start + few].add_(
                part.round_().clamp_(-self._top, self._top)
            )

    def _in_groups(self, voltage: Float[Tensor, "batch inputs"]) -> Tensor:
        """Row voltages with idle rows at the end of every block, so that groups are alike (V)."""
        blocks, rows = self._before
        idle = self.blocks // blocks * self.rows - rows
        return pad(voltage.view(-1, blocks, rows), (0, idle)).flatten(1)


def _grouped(
    matrices: ArrayMatrices, rows_at_once: int | None
) -> ArrayMatrices:
    """Groups of rows as blocks of their own, the last one with empty rows."""
    if rows_at_once is None:
        return matrices

    def split(matrix: Tensor) -> Tensor:
        idle = -matrix.shape[1] % rows_at_once
        return pad(matrix, (0, 0, 0, idle)).view(
            -1, rows_at_once, matrix.shape[2]
        )

    variance = None if matrices.variance is None else split(matrices.variance)
    bent = None if matrices.bent is None else split(matrices.bent)

    return ArrayMatrices(split(matrices.signal), variance, bent)


def _scaled(
    matrix: Float[Tensor, "blocks rows outputs"],
    unit: float | Float[Tensor, " outputs"],
) -> Float[Tensor, "blocks rows outputs"]:
    """A matrix in other units."""
    ready: Tensor = matrix * unit
    return ready.to(torch.float32).contiguous()
