"""Inputs in bits, driven one after the other."""

import torch
from jaxtyping import Float64
from torch import Tensor


class SerialInputs:
    """Vectors as bits of sign and magnitude, each vector relative to its largest input.

    Args:
        vectors: The vectors (1).
        bits: Bits of the magnitude of an input (1).
    """

    def __init__(
        self, vectors: Float64[Tensor, "inputs batch"], bits: int
    ) -> None:
        self._bits = bits
        self._largest = vectors.abs().amax(0).clamp_(min=1e-300)
        shares = vectors / self._largest
        codes = (shares.abs() * (2**bits - 1)).round_().to(torch.int64)
        places = torch.arange(bits)[None, :, None]
        ones = codes[:, None].bitwise_right_shift(places).bitwise_and_(1)
        signed = ones * shares.sign().to(torch.int64)[:, None]
        self._digits: Tensor = signed.double().flatten(1)

    @property
    def digits(self) -> Float64[Tensor, "inputs cycles_batch"]:
        """Digit of every input: −1, 0 or 1. All vectors of the lowest bit come first."""
        return self._digits

    @staticmethod
    def weights(bits: int) -> Float64[Tensor, " bits"]:
        """What each bit counts, in parts of the largest input (1)."""
        places = torch.arange(bits, dtype=torch.float64)
        shares: Tensor = places.exp2() / float(2**bits - 1)
        return shares

    def combined(
        self, results: Float64[Tensor, "places width cycles_batch"]
    ) -> Float64[Tensor, "places width batch"]:
        """Results of all bits shifted and added."""
        by_bit = results.view(*results.shape[:2], self._bits, -1)
        weights = self.weights(self._bits)[:, None]
        together: Tensor = (by_bit * weights).sum(2)
        return together.mul_(self._largest)
