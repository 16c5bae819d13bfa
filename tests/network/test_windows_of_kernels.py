"""Vectors that a kernel sees, against torch's own unfolding."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mho.network.operations import Convolution
from mho.rng import Stream


def unfolded(moves: Convolution, activation: Tensor) -> Tensor:
    """What torch makes of the same image, turned so that positions come before kernel elements."""
    columns = functional.unfold(
        moves.image(activation),
        moves.kernel_size,
        dilation=moves.dilation,
        stride=moves.stride,
    )
    return columns.transpose(1, 2).reshape(-1, columns.shape[1])


@pytest.mark.parametrize(
    "moves",
    [
        Convolution((3, 3)),
        Convolution((1, 4), stride=(3, 2), padding=(1, 2)),
        Convolution((2, 3), stride=(2, 1), dilation=(2, 3), extra=(1, 0)),
        Convolution((3, 2), padding=(2, 1), spread=(2, 3)),
    ],
    ids=str,
)
def test_vectors_are_torchs_to_the_bit(
    moves: Convolution, stream: Stream
) -> None:
    """Strides, dilations, padding and pixels spread out, all different along the two axes."""
    activation = torch.randn(2, 3, 9, 12, generator=stream.generator())
    assert torch.equal(moves.vectors(activation), unfolded(moves, activation))


def test_a_signal_is_an_image_of_one_row(stream: Stream) -> None:
    """Of no samples there are no vectors."""
    moves = Convolution((1, 5), stride=(1, 2), dilation=(1, 2), axes=1)
    signal = torch.randn(3, 4, 30, generator=stream.generator())
    assert torch.equal(moves.vectors(signal), unfolded(moves, signal))
    assert moves.vectors(signal[:0]).shape == (0, 20)
