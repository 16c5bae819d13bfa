"""Digital tuning of a deployed network: a gain and an offset for every output, fitted on the chip.

What a column loses as a whole, to wires, to drift, to the sum of its errors, a digital factor
restores; it needs a few samples and no pulses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor
from torch.nn import functional

from mho.bench import Bench
from mho.checks import check_shape
from mho.deployment.deployed import Correction, DeployedNetwork
from mho.deployment.ranges import converter_range
from mho.ledger import Ledger
from mho.mapping import Block
from mho.network import Network
from mho.network.operations import LinearLayer
from mho.samples import Inputs, number_of

_HEADROOM = 1.05
"""Full scale of a converter, in parts of the largest current it has seen (1)."""
_WIDENED = 2.0
"""Factor by which a range is widened whose converter clips (1)."""
_WIDENINGS = 12
"""Times that a range is widened at most (1)."""
_SILENT = 1e-12
"""Variance, in parts of the mean square, up to which an output does not vary (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """What a refit found.

    Args:
        corrections: Gain and offset of each layer's outputs, by the layer's number.
        before: Root-mean-square error of each fitted layer's products without correction, in
            parts of the rms product wanted (1).
        after: The same with the correction (1).
        cost: What the multiplications cost.
        kept: Whether they are in force; else what was in force before was better.
    """

    corrections: dict[int, Correction]
    before: tuple[float, ...]
    after: tuple[float, ...]
    cost: Ledger
    kept: bool = True


def wanted_products(
    network: Network, samples: Inputs
) -> list[Float[Tensor, "vectors outputs"]]:
    """Products of the trained network itself, in the order in which layers are used (1)."""
    wanted: list[Tensor] = []

    def product(_: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        products = vectors @ layer.weight.T
        wanted.append(products)
        return products

    network.run(samples, product)
    return wanted


def fit_columns(
    measured: Float[Tensor, "vectors outputs"],
    wanted: Float[Tensor, "vectors outputs"],
) -> Correction:
    """Gain and offset of each output that bring measured products nearest to the wanted ones.

    Least squares in float64. An output that never varies on the chip keeps a gain of one.

    Args:
        measured: Products of the chip (1). Shape (vectors, outputs).
        wanted: Products wanted (1). Shape (vectors, outputs).
    """
    measured = measured.double()
    wanted = wanted.double()
    measured_mean = measured.mean(0)
    wanted_mean = wanted.mean(0)
    measured_off = measured - measured_mean
    wanted_off = wanted - wanted_mean
    variance = measured_off.square().mean(0)
    covariance = (measured_off * wanted_off).mean(0)
    power = measured.square().mean(0)
    varies = variance > _SILENT * power
    divisor = torch.where(varies, variance, 1.0)
    gain = torch.where(varies, covariance / divisor, 1.0)
    offset = wanted_mean - gain * measured_mean
    return Correction(gain.float(), offset.float())


def refit(
    deployed: DeployedNetwork,
    samples: Inputs,
    labels: Int64[Tensor, " labels"] | None = None,
    *,
    ranged: bool = True,
    loss: Callable[[DeployedNetwork], float] | None = None,
) -> Refit:
    """Fit gains and offsets layer by layer, and put them in force.

    Every layer is fitted with the activations that the chip itself makes of the layers before,
    already corrected, against what the trained network has at the same place: so a layer also
    makes up for what the earlier ones left. A layer used several times is fitted at its first use.

    A layer that was trained on the chip no longer wants what the network wants, and has learnt to
    read its inputs as they were then. A fit to the network may help it or undo what it has learnt;
    with labels, the fit stays only if it helps.

    Args:
        deployed: What is tuned; its corrections are replaced, and its ranges if `ranged`.
        samples: Typical inputs, all used at once (1). Shape (batch, ...).
        labels: Their classes: if the mean cross entropy of the answers would rise, everything is
            left as it was (1). Shape (batch,).
        ranged: First widen the range of converters that clip, or narrow what none of the samples
            needs.
        loss: In the place of labels: what must not rise (its unit).

    Raises:
        ValueError: There is not one label for each sample.
    """
    if labels is not None:
        check_shape(labels, "labels", (number_of(samples),))
    before = deployed.bench.ledger
    settings = deployed.settings
    # what is said of the network as it is, to go back to if the fit is worse
    if loss is None and labels is not None:
        loss = partial(loss_on_chip, samples=samples, labels=labels)
    earlier = None if loss is None else loss(deployed)
    found, errors = _fitted(deployed, samples, ranged=ranged)
    kept = True
    if loss is not None and earlier is not None:
        kept = loss(deployed) <= earlier
    if not kept:
        deployed.put_in_force(settings)
    cost = deployed.bench.ledger - before
    return Refit(
        corrections=found,
        before=tuple(without for without, _ in errors),
        after=tuple(corrected for _, corrected in errors),
        cost=cost,
        kept=kept,
    )


def loss_on_chip(
    deployed: DeployedNetwork,
    samples: Inputs,
    labels: Int64[Tensor, " labels"],
) -> float:
    """Mean cross entropy of the chip's answers (1)."""
    return float(functional.cross_entropy(deployed(samples), labels))


def _fitted(
    deployed: DeployedNetwork,
    samples: Inputs,
    *,
    ranged: bool,
) -> tuple[dict[int, Correction], list[tuple[float, float]]]:
    """New corrections, in force, and the relative error of each layer without and with them."""
    network = deployed.network
    goals = iter(wanted_products(network, samples))
    errors: list[tuple[float, float]] = []
    found: dict[int, Correction] = {}
    deployed.put_in_force(replace(deployed.settings, corrections={}))

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        goal = next(goals)
        if index in found:
            return deployed.product(index, layer, vectors)
        if ranged:
            set_ranges(deployed, index, vectors)
        measured = deployed.measured(index, layer, vectors)
        correction = fit_columns(measured, goal)
        found[index] = correction
        deployed.correct(index, correction)
        corrected = correction(measured)
        errors.append(
            (relative_error(measured, goal), relative_error(corrected, goal))
        )
        return corrected

    network.run(samples, product)
    return found, errors


def relative_error(
    found: Float[Tensor, "vectors outputs"],
    wanted: Float[Tensor, "vectors outputs"],
) -> float:
    """Root-mean-square difference in parts of the root-mean-square wanted (1)."""
    mean_square_wanted = float(wanted.double().square().mean())
    mean_square_error = (found - wanted).double().square().mean()
    # of products that shall be zero, the error itself
    relative = mean_square_error / (mean_square_wanted or 1.0)
    return float(relative.sqrt())


def set_ranges(deployed: DeployedNetwork, index: int, vectors: Tensor) -> None:
    """Give the converters of a layer the ranges that its inputs and currents need on the chip."""
    ranges = deployed.ranges
    info = deployed.bench.info
    largest = float(vectors.abs().max())
    # a layer whose inputs are all zero keeps its range
    top = largest if largest > 0 else ranges.inputs[index]
    inputs = _put(ranges.inputs, index, top)
    # the converters change their rows' voltage with the inputs, so the currents follow
    driven = vectors * (info.read_voltage / top)
    currents = ranges.currents
    for number, block in enumerate(deployed.placement.blocks):
        if block.layer == index:
            rows = driven[:, block.inputs]
            peak = _peak_current(deployed.bench, block, rows, currents[number])
            full_scale = converter_range(_HEADROOM * peak)
            currents = _put(currents, number, full_scale)
    fitted = replace(ranges, inputs=inputs, currents=currents)
    deployed.put_in_force(replace(deployed.settings, ranges=fitted))


def _peak_current(
    bench: Bench,
    block: Block,
    rows: Float[Tensor, "vectors rows"],
    full_scale: float | Float[Tensor, " cols"],
) -> Float64[Tensor, "*cols"]:
    """Largest current that converters see, which are widened until they do not clip (A).

    Args:
        bench: The chip.
        block: What is read.
        rows: Row voltages (V).
        full_scale: Full scale to begin with (A), one for all columns or one for each.
    """
    asked = torch.as_tensor(full_scale, dtype=torch.float64)
    each_column = asked.ndim > 0
    for _ in range(_WIDENINGS):
        current = block.read(
            bench, rows, asked if each_column else float(asked)
        )
        magnitude = current.abs().double()
        peak = magnitude.amax(0) if each_column else magnitude.amax()
        clips = peak >= asked * 0.99
        if not clips.any():
            break
        asked = torch.where(clips, asked * _WIDENED, asked)

    return peak


def _put(values: Sequence[Any], place: int, value: Any) -> tuple[Any, ...]:
    """The values with another one at a place."""
    return (*values[:place], value, *values[place + 1 :])
