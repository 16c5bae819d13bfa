"""Lines of resistors: voltages and currents against dense algebra and closed forms."""

import math

import pytest
import torch
from torch import Tensor

from mho.rng import Stream
from mho.wires.nodal.line_elimination import branch_currents, eliminate


def laplacian(resistance: Tensor, conductance: Tensor) -> Tensor:
    """Nodal matrix of one line, segment by segment."""
    nodes = len(conductance)
    matrix = torch.diag(conductance).clone()
    for k, wire in enumerate(resistance):
        for one in (k - 1, k):
            if 0 <= one < nodes:
                matrix[one, one] += 1 / wire
                if 0 <= 2 * k - 1 - one < nodes:
                    matrix[one, 2 * k - 1 - one] -= 1 / wire
    return matrix


@pytest.mark.parametrize("nodes", [1, 2, 3, 4, 7, 8, 13])
def test_lines_are_solved_as_by_dense_algebra(
    nodes: int, stream: Stream
) -> None:
    """Any number of nodes, odd and even at every elimination; 1e-12 is far above rounding."""
    generator = stream.generator()
    wire, ground, fed = (
        torch.rand(n, 3, generator=generator, dtype=torch.float64)
        for n in (nodes + 1, nodes, nodes)
    )
    end = torch.rand(2, 3, generator=generator, dtype=torch.float64)
    lines = eliminate(wire * 100, ground * 1e-2)
    solved = lines.solve(fed)
    driven = lines.response(end)
    for k in range(3):
        matrix = laplacian(wire[:, k] * 100, ground[:, k] * 1e-2)
        torch.testing.assert_close(
            solved[:, k],
            torch.linalg.solve(matrix, fed[:, k]),
            rtol=1e-12,
            atol=0,
        )
        for vector in range(2):
            source = torch.zeros(nodes, dtype=torch.float64)
            source[0] += end[vector, k] / (wire[0, k] * 100)
            source[-1] += end[vector, k] / (wire[-1, k] * 100)
            expected = torch.linalg.solve(matrix, source)
            torch.testing.assert_close(
                driven[vector, :, k], expected, rtol=1e-12, atol=0
            )


@pytest.mark.parametrize("strength", [1e-9, 1e-3, 1.0, 1e4])
def test_a_long_ladder_keeps_its_digits_however_far_it_decays(
    strength: float,
) -> None:
    """Closed form of a uniform ladder open at the far end.

    With r g = `strength` the voltage is cosh((n − k + ½) a) / cosh((n + ½) a) of the source, where
    2 sinh(a / 2) = √(r g): at node k = 1 … n of n, driven through one segment. At strength 1e4 it
    falls below 1e-300 within 80 of the 1,024 nodes, and must still be right to rounding before.
    The error of the closed form itself is about n a of a rounding.
    """
    nodes = 1024
    wire = 3.0
    line = eliminate(
        torch.full((nodes + 1, 1), wire, dtype=torch.float64).index_fill(
            0, torch.tensor([nodes]), math.inf
        ),
        torch.full((nodes, 1), strength / wire, dtype=torch.float64),
    )
    found = line.response(torch.ones(1, dtype=torch.float64))[:, 0]
    a = 2 * math.asinh(math.sqrt(strength) / 2)

    def log_cosh(x: Tensor) -> Tensor:
        return x + torch.log1p(torch.exp(-2 * x)) - math.log(2)

    k = torch.arange(1, nodes + 1, dtype=torch.float64)
    whole = torch.tensor((nodes + 0.5) * a, dtype=torch.float64)
    exponent = log_cosh((nodes - k + 0.5) * a) - log_cosh(whole)
    above = exponent > -115
    assert above.sum() > 10
    torch.testing.assert_close(
        found[above], exponent[above].exp(), rtol=1e-9, atol=0
    )
    assert found.isfinite().all()
    assert (found[~above] <= 1e-49).all()


def test_no_resistance_ties_nodes_together_and_an_open_one_cuts_them() -> None:
    """Nodes 0 and 1 are the source, 2 and 3 one node behind 10 Ω, and 4 is cut off.

    The current 1 mA fed into node 4 passes its 2 mS alone: 0.5 V.
    """
    inf = math.inf
    wire = torch.tensor([0.0, 0.0, 10.0, 0.0, inf, inf], dtype=torch.float64)[
        :, None
    ]
    ground = torch.full((5, 1), 2e-3, dtype=torch.float64)
    lines = eliminate(wire, ground)
    found = lines.response(torch.tensor([0.3], dtype=torch.float64))[:, 0]
    behind = 0.3 / (1 + 10 * 4e-3)
    expected = torch.tensor(
        [0.3, 0.3, behind, behind, 0.0], dtype=torch.float64
    )
    torch.testing.assert_close(found, expected, rtol=1e-15, atol=1e-50)
    fed = torch.tensor([1e-3, 0, 0, 0, 1e-3], dtype=torch.float64)[:, None]
    expected = torch.tensor([0.0, 0, 0, 0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(
        lines.solve(fed)[:, 0], expected, rtol=1e-15, atol=1e-50
    )


@pytest.mark.parametrize("last", [4.0, 0.0, math.inf])
def test_branch_currents_obey_both_of_kirchhoffs_laws(
    last: float, stream: Stream
) -> None:
    """Nodes take what they take, and the drops from end to end add up to nothing."""
    generator = stream.generator()
    wire = torch.rand(6, 3, generator=generator, dtype=torch.float64)
    wire[-1] = last
    taken = torch.rand(2, 5, 3, generator=generator, dtype=torch.float64)
    found = branch_currents(wire, taken)
    torch.testing.assert_close(
        found[:, :-1] - found[:, 1:], taken, rtol=1e-13, atol=0
    )
    if math.isinf(last):
        assert (found[:, -1] == 0).all()
    else:
        around = (wire * found).sum(-2)
        torch.testing.assert_close(
            around, torch.zeros_like(around), rtol=0, atol=1e-14
        )


def test_both_ends_share_a_current_if_nothing_resists() -> None:
    """No resistance is the limit of equal segments: of 1 A in the middle, half from each."""
    taken = torch.zeros(3, 1, dtype=torch.float64)
    taken[1] = 1.0
    found = branch_currents(torch.zeros(4, 1, dtype=torch.float64), taken)[:, 0]
    assert found.tolist() == pytest.approx([0.5, 0.5, -0.5, -0.5], rel=1e-15)
