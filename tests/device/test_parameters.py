"""A kind of cell: what is read, and what it is at zero bias."""

import pytest
import torch

from mho.device.published import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_zero_bias_undoes_apparent(name: str) -> None:
    """The conductance read at V is G(1 + c(G)V²), with c linear in G: a quadratic equation.

    It has one solution below `linear_above` as long as the curvature at V is below one.
    """
    cell = PRESETS[name].cell()
    conductance = torch.linspace(0, 2 * cell.linear_above, 101, dtype=torch.float64)
    for voltage in (0.0, 0.1, -0.3):
        seen = cell.apparent(conductance, voltage)
        torch.testing.assert_close(
            cell.zero_bias(seen, voltage), conductance, rtol=1e-9, atol=1e-18
        )
