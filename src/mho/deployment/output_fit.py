"""Digital tuning of a deployed network: a gain and an offset for every output, fitted on the chip.

What a column loses as a whole, to wires, to drift, to the sum of its errors, a digital factor
restores; it needs a few samples and no pulses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor
from torch.nn import functional

from mho.checks import check_shape
from mho.deployment.deployed import Correction, DeployedNetwork
from mho.deployment.ranges import converter_range
from mho.ledger import Ledger
from mho.network import Network
from mho.network.operations import LinearLayer

_HEADROOM = 1.05
"""Full scale of a converter, in parts of the largest current it has seen (1)."""
_WIDENED = 2.0
_WIDENINGS = 12


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
    network: Network, samples: Shaped[Tensor, "batch ..."]
) -> list[Float[Tensor, "vectors outputs"]]:
    """Products of the trained network itself, in the order in which layers are used (1)."""
    found: list[Tensor] = []

    def product(_: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        found.append(vectors @ layer.weight.T)
        return found[-1]

    network.run(samples, product)
    return found


def fit_columns(
    measured: Float[Tensor, "vectors outputs"], wanted: Float[Tensor, "vectors outputs"]
) -> Correction:
    """Gain and offset of each output that bring measured products nearest to the wanted ones.

    Least squares in float64. An output that never varies on the chip keeps a gain of one.

    Args:
        measured: Products of the chip (1). Shape (vectors, outputs).
        wanted: Products wanted (1). Shape (vectors, outputs).
    """
    x = measured.double()
    y = wanted.double()
    x_mean = x.mean(0)
    y_mean = y.mean(0)
    variance = (x - x_mean).square().mean(0)
    covariance = ((x - x_mean) * (y - y_mean)).mean(0)
    varies = variance > 1e-12 * x.square().mean(0)
    gain = torch.where(varies, covariance / torch.where(varies, variance, 1.0), 1.0)
    return Correction(gain.float(), (y_mean - gain * x_mean).float())


def refit(
    deployed: DeployedNetwork,
    samples: Shaped[Tensor, "batch ..."],
    labels: Int64[Tensor, " labels"] | None = None,
    *,
    ranged: bool = True,
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

    Raises:
        ValueError: There is not one label for each sample.
    """
    if labels is not None:
        check_shape(labels, "labels", (samples.shape[0],))
    before = deployed.bench.ledger
    settings = deployed.settings
    earlier = None if labels is None else loss_on_chip(deployed, samples, labels)
    found, errors = _fitted(deployed, samples, ranged=ranged)
    kept = True
    if labels is not None and earlier is not None:
        kept = loss_on_chip(deployed, samples, labels) <= earlier
    if not kept:
        deployed.put_in_force(settings)
    plain, corrected = (tuple(error[k] for error in errors) for k in range(2))
    return Refit(found, plain, corrected, deployed.bench.ledger - before, kept)


def loss_on_chip(
    deployed: DeployedNetwork,
    samples: Shaped[Tensor, "batch ..."],
    labels: Int64[Tensor, " labels"],
) -> float:
    """Mean cross entropy of the chip's answers (1)."""
    return float(functional.cross_entropy(deployed(samples), labels))


def _fitted(
    deployed: DeployedNetwork, samples: Shaped[Tensor, "batch ..."], *, ranged: bool
) -> tuple[dict[int, Correction], list[tuple[float, float]]]:
    """New corrections, in force, and the relative error of each layer without and with them."""
    goals = iter(wanted_products(deployed.network, samples))
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
        found[index] = fit_columns(measured, goal)
        deployed.correct(index, found[index])
        corrected = found[index](measured)
        errors.append((relative_error(measured, goal), relative_error(corrected, goal)))
        return corrected

    deployed.network.run(samples, product)
    return found, errors


def relative_error(
    found: Float[Tensor, "vectors outputs"], wanted: Float[Tensor, "vectors outputs"]
) -> float:
    """Root-mean-square difference in parts of the root-mean-square wanted (1)."""
    size = float(wanted.double().square().mean())
    return float(((found - wanted).double().square().mean() / (size or 1.0)).sqrt())


def set_ranges(deployed: DeployedNetwork, index: int, vectors: Tensor) -> None:
    """Give the converters of a layer the ranges that its inputs and currents need on the chip."""
    ranges = deployed.ranges
    info = deployed.bench.info
    largest = float(vectors.abs().max())
    inputs = _put(
        ranges.inputs, index, largest if largest > 0 else ranges.inputs[index]
    )
    # the converters change their rows' voltage with the inputs, so the currents follow
    driven = vectors * (info.read_voltage / inputs[index])
    currents = ranges.currents
    for number, block in enumerate(deployed.placement.blocks):
        if block.layer != index:
            continue
        asked = torch.as_tensor(currents[number], dtype=torch.float64)
        for _ in range(_WIDENINGS):
            current = block.read(
                deployed.bench,
                driven[:, block.inputs],
                asked if asked.ndim else float(asked),
            )
            peak = current.abs().double()
            peak = peak.amax(0) if asked.ndim else peak.amax()
            clips = peak >= asked * 0.99
            if not clips.any():
                break
            asked = torch.where(clips, asked * _WIDENED, asked)
        currents = _put(currents, number, converter_range(_HEADROOM * peak))
    fitted = replace(ranges, inputs=inputs, currents=currents)
    deployed.put_in_force(replace(deployed.settings, ranges=fitted))


def _put(values: Sequence[Any], place: int, value: Any) -> tuple[Any, ...]:
    """The values with another one at a place."""
    return (*values[:place], value, *values[place + 1 :])
