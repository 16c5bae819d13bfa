from dataclasses import replace

import torch
from quiet_chip import deployed_on, perceptron, problem, quiet_bench
from torch import Tensor

from mho.deployment import Correction, DeployedNetwork, fit_columns, refit
from mho.network.network import LinearLayer
from mho.rng import Stream


class Skewed(DeployedNetwork):
    """A deployed network whose columns all have a gain and an offset of their own."""

    lost_rows = 0

    def measured(
        self, index: int, layer: LinearLayer, vectors: Tensor
    ) -> Tensor:
        weight = layer.weight.clone()
        if index == 0:
            weight[:, : self.lost_rows] = 0
        exact = vectors @ weight.T
        number = torch.arange(exact.shape[1])
        return exact * (0.5 + 0.1 * number) + (number - 2.0) * (index + 1)


def skewed() -> tuple[Skewed, Tensor]:
    samples, _ = problem(Stream(1))
    plain = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)
    parts = (
        plain.network,
        plain.bench,
        plain.placement,
        plain.ranges,
        plain.programming,
    )
    return Skewed(*parts), samples


def test_refit_undoes_a_known_gain_and_offset() -> None:
    """Products g·y + b have the exact inverse gain 1/g and offset −b/g, found layer by layer.

    The only error left is float32 rounding of products of about ten terms, 1e-6 of their size; the
    gains are up to 2 and two layers add up.
    """
    deployed, samples = skewed()
    wanted = deployed.network.run(samples)
    assert float((deployed(samples) - wanted).abs().max()) > 1
    found = refit(deployed, samples[:40], ranged=False)
    number = torch.arange(12)
    torch.testing.assert_close(
        found.corrections[0].gain, 1 / (0.5 + 0.1 * number)
    )
    torch.testing.assert_close(deployed(samples), wanted, rtol=1e-4, atol=1e-4)
    assert found.before[0] > 0.5
    assert max(found.after) < 1e-5


def test_a_layer_makes_up_for_what_earlier_ones_left() -> None:
    """Two rows of the first layer are dead, which no gain restores: the last is fitted to that.

    Least squares leaves residuals of zero mean that do not correlate with the fitted outputs, here
    of the whole network. Sums of 120 float32 products of order 1 round by 1e-5.
    """
    deployed, samples = skewed()
    deployed.lost_rows = 2
    found = refit(deployed, samples, ranged=False)
    answer = deployed(samples).double()
    error = answer - deployed.network.run(samples).double()
    assert found.after[1] > 0.05
    assert float(error.mean(0).abs().max()) < 1e-4
    assert float((error * answer).mean(0).abs().max()) < 1e-4


def test_least_squares_is_that_of_a_reference_solver() -> None:
    """Gain and offset are those of `lstsq` on [x, 1], column by column, in float64."""
    draws = torch.randn(2, 50, 4, generator=Stream(0).generator())
    measured = draws[0]
    wanted = 3 * draws[0] + draws[1] - 2
    found = fit_columns(measured, wanted)
    for column in range(4):
        design = torch.stack((measured[:, column], torch.ones(50)), 1).double()
        best = torch.linalg.lstsq(
            design, wanted[:, column, None].double()
        ).solution[:, 0]
        torch.testing.assert_close(
            found.gain[column].double(), best[0], rtol=1e-6, atol=1e-6
        )
        torch.testing.assert_close(
            found.offset[column].double(), best[1], rtol=1e-6, atol=1e-6
        )


def test_a_constant_column_keeps_its_gain_and_gets_the_mean() -> None:
    """Zero variance leaves the gain free: 1 by convention; the offset makes the means equal."""
    found = fit_columns(
        torch.full((5, 1), 2.0), torch.tensor([[1.0], [2], [3], [4], [5]])
    )
    assert float(found.gain[0]) == 1.0
    assert float(found.offset[0]) == 1.0


def test_ranges_end_the_clipping_of_converters() -> None:
    """Converters a hundred times too narrow clip nearly everything; a refit with ranges does not.

    A quiet chip with 16 bits leaves programming within 5 of 450 µS, some percent of a product.
    """
    samples, _ = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)
    narrow = tuple(c / 100 for c in deployed.ranges.currents)
    ranges = replace(deployed.ranges, currents=narrow)
    deployed.put_in_force(replace(deployed.settings, ranges=ranges))
    clipped = refit(deployed, samples, ranged=False)
    free = refit(deployed, samples)
    assert clipped.after[0] > 0.3
    assert free.after[0] < 0.05
    assert (
        max(
            n / c for n, c in zip(narrow, deployed.ranges.currents, strict=True)
        )
        < 0.05
    )


def test_the_cost_is_what_the_ledger_booked() -> None:
    samples, _ = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)
    before = deployed.bench.ledger
    found = refit(deployed, samples)
    assert found.cost == deployed.bench.ledger - before
    assert found.cost.pulses == 0
    assert found.cost.multiplies > 0


def test_a_fit_that_makes_answers_worse_is_taken_back() -> None:
    """Labels against the network: its opposite answers are right, which training would find.

    The last layer is turned round by a correction, gain −1 of what the fit would give; a fit to
    the network's products turns it back, and the loss of these labels rises.
    """
    deployed, samples = skewed()
    refit(deployed, samples, ranged=False)
    labels = (-deployed.network.run(samples)).argmax(1)
    fitted = deployed.corrections[1]
    turned = Correction(-fitted.gain, -fitted.offset)
    deployed.correct(1, turned)
    ranges = deployed.ranges
    before = deployed(samples)
    found = refit(deployed, samples, labels)
    assert not found.kept
    assert deployed.corrections[1] is turned
    assert deployed.ranges is ranges
    assert torch.equal(deployed(samples), before)
    assert refit(deployed, samples).kept
    assert float(deployed.corrections[1].gain[0]) > 0


def test_a_fit_that_helps_stays() -> None:
    deployed, samples = skewed()
    labels = deployed.network.run(samples).argmax(1)
    found = refit(deployed, samples, labels, ranged=False)
    assert found.kept
    assert deployed.corrections == found.corrections
