"""Networks that make so much of the last digits that single precision has none left to compare."""

import pytest
import torch
from torch import Tensor, nn

from mho.network import agreement, read_network

STEPS = 30
UNITS = 48


class Chaotic(nn.Module):
    """A state that is fed back with a gain of four: neighbours part by a factor in every step."""

    def __init__(self) -> None:
        super().__init__()
        self.back = nn.Linear(UNITS, UNITS)
        chance = torch.Generator().manual_seed(0)
        weight = torch.randn(UNITS, UNITS, generator=chance)
        self.back.weight.data = 4 * weight / UNITS**0.5
        self.back.bias.data = torch.randn(UNITS, generator=chance)

    def forward(self, x: Tensor) -> Tensor:
        state = x
        for _ in range(STEPS):
            state = torch.tanh(self.back(state))
        return state


def test_a_chaotic_network_is_compared_in_double_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sums in another order end elsewhere in single precision; without that look it is refused."""
    module = Chaotic().requires_grad_(requires_grad=False)
    chance = torch.Generator().manual_seed(1)
    inputs = torch.randn(5, UNITS, generator=chance)
    read_network(module, inputs)
    monkeypatch.setattr(agreement, "_agrees_in_double", lambda *_: False)
    with pytest.raises(ValueError, match="outputs differ"):
        read_network(module, inputs)
