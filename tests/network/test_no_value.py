"""NaN in a network: chosen where there is no value, it is meant; computed with, it is damage."""

import pytest
import torch
from torch import Tensor, nn

from mho.network import read_network


class Masked(nn.Module):
    """Two outputs, each NaN where its input is not above zero."""

    def __init__(self, *, added: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.register_buffer("nothing", torch.full((2,), torch.nan))
        self.added = added

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer(x)
        if self.added:
            return y + self.nothing
        return torch.where(x > 0, y, self.nothing)


def test_nan_that_is_only_chosen_is_a_result() -> None:
    """As the module itself: NaN at the same places, and numbers elsewhere."""
    module = Masked(added=False)
    network = read_network(module, torch.ones(3, 2))
    inputs = torch.tensor([[1.0, -1.0], [2.0, 3.0]])
    wanted = module(inputs).detach()
    assert wanted.isnan().tolist() == [[False, True], [False, False]]
    torch.testing.assert_close(network.run(inputs), wanted, equal_nan=True)


def test_nan_that_is_computed_with_is_refused() -> None:
    with pytest.raises(ValueError, match="`nothing` must be finite"):
        read_network(Masked(added=True), torch.ones(3, 2))


def test_weights_of_nan_are_refused() -> None:
    module = Masked(added=False)
    with torch.no_grad():
        module.layer.weight[0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"`layer\.weight` must be finite"):
        read_network(module, torch.ones(3, 2))
