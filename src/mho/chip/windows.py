"""Windows that slide over images: what convolutions drive, multiplied without copying them out.

The vectors of a convolution are windows of an image that overlap: written out, a kernel of 3 × 3
takes nine times the memory of the image. Converters of rows round pixels, and a matrix times all
windows is a convolution; so everything is done once for each pixel and once for each result.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

from mho.chip.multiplier import ArrayMatrices
from mho.chip.periphery import Periphery
from mho.chip.product_noise import VectorDraws
from mho.rng import Stream

_AT_ONCE = 1 << 18
"""Results of groups that are computed together (1): they stay in a core's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Row voltages of groups of rows: the windows of images, vector by vector.

    A group's rows are the pixels of a window by channel, row and column. Its vectors are the
    windows of one image after the other, from left to right and from top to bottom.

    Args:
        images: Voltage of every pixel, the channels of a group side by side (V).
        groups: Groups that share the channels evenly (1).
        kernel: Rows and columns of a window (pixels).
        stride: Distance of neighbouring windows, down and across (pixels).
        dilation: Distance of neighbouring rows and columns of a window (pixels).
    """

    images: Float[Tensor, "batch channels rows cols"]
    groups: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)

    @property
    def size(self) -> tuple[int, int]:
        """Windows of an image, down and across (1)."""
        height, width = self.images.shape[2:]
        return self._along(height, 0), self._along(width, 1)

    def _along(self, pixels: int, axis: int) -> int:
        """Windows along an axis (1)."""
        reach = self.dilation[axis] * (self.kernel[axis] - 1)
        return (pixels - reach - 1) // self.stride[axis] + 1

    @property
    def vectors(self) -> int:
        """Vectors of each group (1)."""
        return self.images.shape[0] * prod(self.size)

    @property
    def rows(self) -> int:
        """Rows of each group (1)."""
        return self.images.shape[1] // self.groups * prod(self.kernel)

    def written_out(self) -> Float[Tensor, "groups vectors rows"]:
        """The vectors of every group (V)."""
        columns = functional.unfold(
            self.images, self.kernel, self.dilation, stride=self.stride
        )
        batch = self.images.shape[0]
        of_groups = columns.view(batch, self.groups, self.rows, -1)
        by_group = of_groups.permute(1, 0, 3, 2)
        return by_group.reshape(self.groups, -1, self.rows)

    def as_images(
        self, results: Float[Tensor, "groups vectors outputs"]
    ) -> Float[Tensor, "batch channels _ _"]:
        """Results of vectors where their windows lie, the outputs of a group side by side."""
        batch = self.images.shape[0]
        outputs = results.shape[2]
        by_image = results.view(self.groups, batch, -1, outputs)
        beside = by_image.permute(1, 0, 3, 2)
        return beside.reshape(batch, self.groups * outputs, *self.size)

    def of_groups(self, some: slice) -> "Windows":
        """The windows of some neighbouring groups alone."""
        channels = self.images.shape[1] // self.groups
        images = self.images[:, channels * some.start : channels * some.stop]
        return replace(self, images=images, groups=some.stop - some.start)

    def times(
        self, matrix: Float[Tensor, "groups rows outputs"]
    ) -> Float[Tensor, "batch results _ _"]:
        """Every vector times the matrix of its group, as images."""
        channels = self.images.shape[1] // self.groups
        kernels = matrix.transpose(1, 2).flatten(0, 1)
        return functional.conv2d(
            self.images,
            kernels.reshape(-1, channels, *self.kernel),
            stride=self.stride,
            dilation=self.dilation,
            groups=self.groups,
        )

    def row_sums(self) -> Float64[Tensor, "groups rows"]:
        """Sum of every row over all vectors."""
        pixels = self.images.sum(0, dtype=torch.float64)
        alone = replace(self, images=pixels[None])
        return alone.written_out().sum(1)


class WindowMultiplier:
    """As `Multiplier`, for windows of images that meet groups of cells, one after the other.

    Its converters only round. Results differ from those of the vectors written out by the rounding
    of sums, which are added in another order, and have noise of their own.

    Args:
        matrices: What is in the cells, a block for each group.
        periphery: Drivers and readers.
        full_scales: Full scale of the columns' converters of each group (A).
    """

    def __init__(
        self,
        matrices: ArrayMatrices,
        periphery: Periphery,
        full_scales: Sequence[float],
    ) -> None:
        dac = periphery.dac
        self._outputs = matrices.signal.shape[2]
        self._codes = float(2**dac.bits - 1)
        self._top = float(2**periphery.adc.bits - 1)
        self._dac_lsb = dac.lsb
        wanted = torch.tensor(full_scales, dtype=torch.float64)
        self._adc_lsb = (wanted / self._top).float()
        # in codes of the converters, which then only have to round
        unit = (dac.lsb * self._top / wanted)[:, None, None]
        self._signal = (matrices.signal * unit).float()
        noise = matrices.variance
        bent = matrices.bent
        self._variance = None if noise is None else (noise * unit**2).float()
        self._bent = None
        if bent is not None:
            self._bent = (bent * unit * dac.lsb**2).float()

    def __call__(
        self, windows: Windows, stream: Stream
    ) -> tuple[
        Float[Tensor, "batch results _ _"],
        Float64[Tensor, "groups rows"],
    ]:
        """Digitised currents as images (A), and what the drivers gave: squares, summed (V²).

        Args:
            windows: Row voltages (V).
            stream: Randomness of the noise, group after group and vector after vector.
        """
        batch = windows.images.shape[0]
        channels = windows.groups * self._outputs
        found = windows.images.new_empty(batch, channels, *windows.size)
        draws = VectorDraws(stream, self._outputs)
        squares = []
        for some in self._together(windows):
            codes, squared = self._driven(windows.of_groups(some))
            current = self._currents(codes, squared, some, draws)
            current.round_().clamp_(-self._top, self._top)
            lsb = self._adc_lsb[some].repeat_interleave(self._outputs)
            place = slice(some.start * self._outputs, some.stop * self._outputs)
            torch.mul(current, lsb[:, None, None], out=found[:, place])
            squares.append(squared.row_sums())
        return found, torch.cat(squares) * self._dac_lsb**2

    def _together(self, windows: Windows) -> Iterator[slice]:
        """Groups that are computed together."""
        results = windows.vectors * self._outputs
        few = max(1, _AT_ONCE // results)
        for start in range(0, windows.groups, few):
            yield slice(start, min(start + few, windows.groups))

    def _driven(self, windows: Windows) -> tuple[Windows, Windows]:
        """Codes of the drivers (1), and their squares."""
        codes = torch.mul(windows.images, 1 / self._dac_lsb)
        codes.round_().clamp_(-self._codes, self._codes)
        driven = replace(windows, images=codes)
        return driven, replace(windows, images=codes.square())

    def _currents(
        self,
        codes: Windows,
        squared: Windows,
        some: slice,
        draws: VectorDraws,
    ) -> Float[Tensor, "batch results _ _"]:
        """Currents of some groups with their noise, in codes of the converters (1)."""
        current = codes.times(self._signal[some])
        if self._bent is not None:
            cubes = replace(codes, images=codes.images * squared.images)
            current += cubes.times(self._bent[some])
        if self._variance is not None:
            spread = squared.times(self._variance[some]).sqrt_()
            rows = codes.groups * codes.vectors
            noise = draws.normal(rows).view(codes.groups, -1, self._outputs)
            current.addcmul_(spread, codes.as_images(noise))
        return current
