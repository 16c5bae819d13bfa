"""A kind of cell: what is read, and what it is at zero bias."""

from dataclasses import replace

import pytest
import torch

from mho.device import apparent, zero_bias
from mho.device.filament import CellParameters
from mho.device.published import PRESETS, preset


@pytest.mark.parametrize(
    "name", [n for n, p in PRESETS.items() if p.kind is CellParameters]
)
def test_zero_bias_undoes_apparent(name: str) -> None:
    """The conductance read at V is G(1 + c(G)V²), with c linear in G: a quadratic equation.

    It has one solution below `linear_above` as long as the curvature at V is below one. The
    coefficient is of single precision: 1e-6.
    """
    cell = PRESETS[name].cell()
    conductance = torch.linspace(
        0, 2 * cell.linear_above, 101, dtype=torch.float64
    )
    for voltage in (0.0, 0.1, -0.3):
        seen = apparent(cell, conductance, voltage)
        torch.testing.assert_close(
            zero_bias(cell, seen, voltage), conductance, rtol=1e-6, atol=1e-18
        )


@pytest.mark.parametrize(
    "field", ["shortest", "amplitude", "boost", "birth_step"]
)
def test_a_law_of_noise_refuses_what_must_be_positive(field: str) -> None:
    """The house sentence names the argument."""
    with pytest.raises(ValueError, match=f"Argument `{field}` must"):
        replace(preset("rao2023").cell().telegraph, **{field: 0.0})
