"""An array between amplifiers: outputs at rest and on the way, by Kirchhoff and by ngspice."""

from pathlib import Path

import numpy as np
import pytest
import torch
from feedback_nodal import at_rest
from simulator import needs_ngspice, simulate
from torch import Tensor

from mho.solve.feedback import (
    LAYOUTS,
    Amplifier,
    FeedbackCircuit,
    feedback_cells,
    settling_time,
    step_response,
)
from mho.spice import AmplifierText, feedback_netlist, line_values
from mho.wires import WireModel

WIRES = WireModel(1.0, 1.5, driver=5.0, sense=3.0, access=200.0)
SETTLED = 1e-6
"""Largest error of an output relative to the largest (1): the bar that the solver was given."""


def circuit(
    size: int, layout: str, **amplifier: float
) -> tuple[FeedbackCircuit, Tensor]:
    """A matrix with entries of both signs whose feedback comes to rest, and sources."""
    draw = torch.Generator().manual_seed(size)
    matrix = torch.eye(
        size, dtype=torch.float64
    ) + 0.3 / size**0.5 * torch.randn(
        size, size, generator=draw, dtype=torch.float64
    )
    source = 0.4 * torch.rand(size, generator=draw, dtype=torch.float64) - 0.2
    cells = feedback_cells(matrix)
    offset = 1e-3 * torch.randn(2 * size, generator=draw, dtype=torch.float64)
    made = FeedbackCircuit(
        cells.positive,
        cells.negative,
        input_conductance=80e-6,
        wires=WIRES,
        amplifier=Amplifier(**amplifier),
        layout=layout,
        offset=offset,
    )
    return made, source


def netlist(
    made: FeedbackCircuit, source: Tensor, span: float | None = None
) -> str:
    amplifier = made.amplifier
    return feedback_netlist(
        made.positive,
        made.negative,
        source,
        input_conductance=made.input_conductance,
        wires=made.wires,
        amplifier=AmplifierText(
            amplifier.gain, amplifier.pole, amplifier.input_capacitance
        ),
        layout=made.layout,
        offset=made.offset,
        span=span,
    )


@pytest.mark.parametrize("gain", [300.0, 1e5])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [8, 16])
def test_outputs_at_rest_obey_kirchhoff_at_every_node(
    size: int, layout: str, gain: float
) -> None:
    """Voltages of all nodes of both arrays, amplifiers as laws among them, by a dense solution.

    Its rounding error is some 1e-12: resistances of cells over those of wires, times the gain.
    """
    made, source = circuit(size, layout, gain=gain)
    assert made.negative is not None
    wanted = at_rest(
        WIRES,
        made.positive.numpy(),
        made.negative.numpy(),
        source.numpy(),
        made.input_conductance,
        gain,
        made.offset.numpy(),
        layout,
    )
    found = made.at_rest(source).numpy()
    assert np.abs(found - wanted).max() <= 1e-9 * np.abs(wanted).max()


@needs_ngspice
@pytest.mark.parametrize("gain", [300.0, 1e5])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [8, 16])
def test_ngspice_settles_at_the_same_outputs(
    size: int, layout: str, gain: float, tmp_path: Path
) -> None:
    made, source = circuit(size, layout, gain=gain)
    raw = simulate(netlist(made, source), tmp_path, "feedback.raw")
    found = line_values(raw, "v", "x")
    wanted = made.at_rest(source)
    assert (found - wanted).abs().max() <= SETTLED * wanted.abs().max()


@needs_ngspice
@pytest.mark.parametrize("capacitance", [0.0, 2e-12])
def test_ngspice_goes_there_on_the_same_way(
    capacitance: float, tmp_path: Path
) -> None:
    """Trapezoids with steps of a 2,000th of the settling time: 1e-4 of the largest output."""
    made, source = circuit(8, "arrays", input_capacitance=capacitance)
    still = FeedbackCircuit(
        made.positive,
        made.negative,
        input_conductance=made.input_conductance,
        wires=made.wires,
        amplifier=made.amplifier,
    )
    span = settling_time(still, source)
    raw = simulate(netlist(still, source, span), tmp_path, "feedback.raw")
    times, outputs = step_response(still, source, span=span)
    largest = float(outputs.abs().max())
    for i in range(still.size):
        found = raw.values[:, raw.names.index(f"v(x{i})")].numpy()
        wanted = np.interp(raw.values[:, 0], times, outputs[:, i])
        assert np.abs(found - wanted).max() <= 1e-4 * largest


def test_a_matrix_without_negative_entries_needs_no_inverters() -> None:
    """One array of 2×2: the netlist names neither inverters nor a second array."""
    made = FeedbackCircuit(
        torch.tensor([[1e-4, 2e-5], [3e-5, 1e-4]]), input_conductance=1e-4
    )
    text = netlist(made, torch.tensor([0.1, 0.2]))
    assert "xi0" not in text
    assert "array minus" not in text
    # By hand: [1e-4 3e-5; 2e-5 1e-4] x = -1e-4 (0.1, 0.2), gain 1e5 aside.
    wanted = torch.tensor([-0.04255319, -0.19148936]).double()
    assert torch.allclose(
        made.at_rest(torch.tensor([0.1, 0.2])), wanted, rtol=1e-4
    )
