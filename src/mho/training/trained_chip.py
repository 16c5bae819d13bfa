"""A perceptron that learnt on a chip, as a programmed chip: cells shall hold what they hold.

The network of its image has the weights that were read when training ended, so that refreshing
such a chip, or programming its image into another one, goes back to these.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from mho.bench import restorable
from mho.bench.simulated import ChipSpec
from mho.data import TrainingAndTest, only_input
from mho.deployment import Ranges
from mho.deployment.storage import (
    CompiledNetwork,
    ProgrammedChip,
    Provenance,
    mapping_words,
)
from mho.ledger import Ledger
from mho.mapping import Placement, each_block, gather
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
    reading = bench.read(cells, samples=_SAMPLES, window=0.0)
    held = reading.mean.to(torch.float32)
    target = held.clamp(info.conductance_low, info.conductance_high)
    no_pulses = torch.zeros(1, dtype=torch.int32)
    pulses = sum((layer.pulses for layer in perceptron.layers), no_pulses)
    outcome = torch.where(
        held == target, int(Outcome.CONVERGED), int(Outcome.STUCK)
    )
    effort = ProgrammingOptions(perceptron.training.step, denoise=False)
    none_of_cells = torch.zeros(cells.numel(), dtype=torch.int32)
    result = ProgramResult(
        cells=cells,
        target=target,
        outcome=outcome.to(torch.int8),
        error=held - target,
        noise=torch.zeros_like(held),
        pulses=pulses[cells],
        denoise_pulses=none_of_cells,
        reads=none_of_cells.clone(),
        tolerance=effort.tolerance,
        cycles=0,
        ledger=cost,
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
    last = len(weights) - 1
    for number, weight in enumerate(weights):
        outputs, inputs = weight.shape
        # made without numbers, as drawing first weights would take from torch's own generator
        layer = nn.Linear(inputs, outputs, bias=False, device="meta")
        layer = layer.to_empty(device="cpu")
        layer.requires_grad_(False)
        layer.weight.copy_(weight)
        modules.append(nn.ConstantPad1d((0, 1), 1.0))
        modules.append(layer)
        if number < last:
            modules.append(nn.Hardtanh(0.0, largest))
    return nn.Sequential(*modules).eval()


def _placement(
    perceptron: OnChipPerceptron, target: Tensor
) -> tuple[Placement, list[Tensor]]:
    """The perceptron's own, with targets and scales; and the weights that these stand for (1)."""
    weights = [torch.zeros_like(layer.owed) for layer in perceptron.layers]
    blocks = []
    targets = []
    for block, place in each_block(perceptron.placement):
        layer = perceptron.layers[block.layer]
        held = target[place]
        # the weights that were read are those that the cells are meant to have
        difference = block.difference(held)
        part = difference / layer.scale
        weight = weights[block.layer]
        weight[block.outputs, block.inputs] = part.T
        # in training all outputs had one scale, which is now each output's
        scales = torch.full_like(block.scale, layer.scale)
        scaled = replace(block, scale=scales)
        blocks.append(scaled)
        targets.append(held)
    return gather(blocks, targets), weights


def _image(
    perceptron: OnChipPerceptron,
    target: Tensor,
    data: TrainingAndTest,
    provenance: Provenance,
) -> CompiledNetwork:
    """What the chip holds, as it would have been compiled."""
    placement, weights = _placement(perceptron, target)
    example = only_input(data.test.calibration)
    network = read_network(as_module(weights, perceptron.LARGEST), example)
    # each layer knows the full scales of its own blocks, in their order
    full_scales = [iter(layer.full_scale) for layer in perceptron.layers]
    currents = [next(full_scales[block.layer]) for block in placement.blocks]
    later_layers = len(perceptron.layers) - 1
    # samples lie within 0 and 1, hidden neurons saturate
    inputs = [1.0] + [perceptron.LARGEST] * later_layers
    ranges = Ranges(tuple(inputs), tuple(currents))
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
