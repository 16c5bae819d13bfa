"""A perceptron that learnt on a chip, as a programmed chip: cells shall hold what they hold.

The network of its image has the weights that were read when training ended, so that refreshing
such a chip, or programming its image into another one, goes back to these.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from mho.bench import restorable
from mho.bench.simulated import ChipSpec
from mho.data import TrainingAndTest
from mho.deployment import Ranges
from mho.deployment.storage import (
    CompiledNetwork,
    ProgrammedChip,
    Provenance,
    mapping_words,
)
from mho.ledger import Ledger
from mho.mapping import Placement, gather
from mho.network import read_network
from mho.programming import Outcome, ProgrammingOptions, ProgramResult
from mho.training.outer_product import OnChipPerceptron

_SAMPLES = 8
"""Samples of the reading that says what a cell holds (1)."""


def trained_chip(
    perceptron: OnChipPerceptron,
    specimen: ChipSpec,
    data: TrainingAndTest,
    cost: Ledger,
    provenance: Provenance,
    **records: float,
) -> ProgrammedChip:
    """Read all cells once more, and describe chip and network as if they had been programmed.

    A cell outside the range that the chip can hold counts as stuck: no target would bring it
    there.

    Args:
        perceptron: What learnt, on a bench of the specimen.
        specimen: The chip.
        data: What it learnt from; its shape becomes that of the image's samples.
        cost: What training cost.
        provenance: Where the network comes from.
        records: What was measured, such as `accuracy`.
    """
    bench = perceptron.bench
    info = bench.info
    cells = perceptron.placement.cells
    held = bench.read(cells, samples=_SAMPLES, window=0.0).mean.to(torch.float32)
    target = held.clamp(info.conductance_low, info.conductance_high)
    pulses = sum(
        (layer.pulses for layer in perceptron.layers), torch.zeros(1, dtype=torch.int32)
    )
    outcome = torch.where(held == target, int(Outcome.CONVERGED), int(Outcome.STUCK))
    effort = ProgrammingOptions(perceptron.training.step, denoise=False)
    nothing = torch.zeros(cells.numel(), dtype=torch.int32)
    result = ProgramResult(
        cells,
        target,
        outcome.to(torch.int8),
        held - target,
        torch.zeros_like(held),
        pulses[cells],
        nothing,
        nothing.clone(),
        effort.tolerance,
        0,
        cost,
    )
    image = _image(perceptron, target, data, provenance)
    return ProgrammedChip(
        image,
        specimen,
        effort,
        image.placement,
        result,
        restorable(bench).state(cells),
        records,
        specimen.model,
        provenance.version,
    )


def as_module(weights: list[Tensor], largest: float) -> nn.Module:
    """The perceptron in software: every layer has an input of one more, which is one.

    Args:
        weights: Weights of each layer, the bias last (1). Shapes (out, in + 1).
        largest: Where hidden neurons saturate (1).
    """
    modules: list[nn.Module] = [nn.Flatten()]
    for number, weight in enumerate(weights):
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
        layer = layer.to_empty(device="cpu").requires_grad_(False)
        layer.weight.copy_(weight)
        modules += [nn.ConstantPad1d((0, 1), 1.0), layer]
        if number + 1 < len(weights):
            modules.append(nn.Hardtanh(0.0, largest))
    return nn.Sequential(*modules).eval()


def _placement(
    perceptron: OnChipPerceptron, target: Tensor
) -> tuple[Placement, list[Tensor]]:
    """The perceptron's own, with targets and scales; and the weights that these stand for (1)."""
    own = perceptron.placement
    weights = [torch.zeros_like(layer.owed) for layer in perceptron.layers]
    sizes = [block.crossings.numel() for block in own.blocks]
    blocks = []
    targets = []
    for block, part in zip(own.blocks, torch.split(target, sizes), strict=True):
        scale = perceptron.layers[block.layer].scale
        held = part.view(block.crossings.shape)
        blocks.append(replace(block, scale=torch.full_like(block.scale, scale)))
        targets.append(held)
        weights[block.layer][block.outputs, block.inputs] = (
            block.difference(held) / scale
        ).T
    return gather(blocks, targets), weights


def _image(
    perceptron: OnChipPerceptron,
    target: Tensor,
    data: TrainingAndTest,
    provenance: Provenance,
) -> CompiledNetwork:
    """What the chip holds, as it would have been compiled."""
    placement, weights = _placement(perceptron, target)
    example = data.test.calibration
    network = read_network(as_module(weights, perceptron.LARGEST), example)
    taken = [iter(layer.full_scale) for layer in perceptron.layers]
    inputs = [1.0] + [perceptron.LARGEST] * (len(perceptron.layers) - 1)
    ranges = Ranges(
        tuple(inputs), tuple(next(taken[b.layer]) for b in placement.blocks)
    )
    pairs = perceptron.pairs
    words = mapping_words(pairs)
    return CompiledNetwork(
        network,
        placement,
        ranges,
        perceptron.bench.info,
        {"kind": words["kind"], "low": pairs.low, "high": pairs.high},
        compensated=False,
        sample_shape=tuple(example.shape[1:]),
        provenance=provenance,
    )
