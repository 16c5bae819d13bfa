"""Every promise of an image, checked: whatever a file says, its parts belong together."""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import RefusedError, check_finite, check_shape
from mho.deployment.ranges import Ranges
from mho.deployment.storage.compiled_network import CompiledNetwork
from mho.deployment.storage.digital_settings import Tuning
from mho.files import TooLargeError
from mho.mapping import (
    Block,
    CorrectingBlock,
    PairedBlock,
    Placement,
    stage_numbers,
)
from mho.network import Network
from mho.network.operations import check_prepared
from mho.samples import SampleShape, without_numbers
from mho.units import show

_SMALLEST = 1e-18
_LARGEST = 1e18
"""Ranges, weights and biases of an image: their squares and quotients stay within single
precision, so that no product is infinite because of the file."""


def check_image(image: CompiledNetwork) -> None:
    """Refuse an image whose parts do not belong together.

    Raises:
        RefusedError: They do not.
    """
    check_network(image.network, image.sample_shape)
    check_placement(image.placement, image)
    check_ranges(image.ranges, image)


def check_ranges(ranges: Ranges, image: CompiledNetwork) -> None:
    """Refuse ranges of converters that do not fit an image's layers and blocks.

    Raises:
        RefusedError: They do not.
    """
    layers = len(image.network.layers)
    blocks = len(image.placement.blocks)
    inputs = ranges.inputs
    currents = ranges.currents
    if (len(inputs), len(currents)) != (layers, blocks):
        raise RefusedError(
            "has not one converter range for each layer and block"
        )
    for block, value in zip(image.placement.blocks, currents, strict=True):
        if isinstance(value, Tensor) and value.shape != (block.columns,):
            raise RefusedError(
                "has a block with not one converter range for each column"
            )
    flat = [
        v
        for c in currents
        for v in (c.tolist() if isinstance(c, Tensor) else [c])
    ]
    if not all(_SMALLEST <= value <= _LARGEST for value in (*inputs, *flat)):
        raise RefusedError(
            "has a converter range that is not finite and above zero, or beyond what single"
            f" precision computes with, {_SMALLEST:g} to {_LARGEST:g}"
        )


def check_network(network: Network, sample_shape: SampleShape) -> None:
    """Refuse a network that cannot run, tried on samples that have a shape but no numbers."""
    try:
        check_prepared(network.graph)
        for layer in network.layers:
            _check_numbers(layer.weight, layer.name)
            if layer.bias is not None:
                _check_numbers(layer.bias, layer.name)
                check_shape(layer.bias, layer.name, (layer.weight.shape[0],))
        network.run(without_numbers(sample_shape, 2))
    except (TooLargeError, RefusedError):
        raise
    # A hostile graph can break every operator, hence every kind of error.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][
            :300
        ].rstrip(".")
        raise RefusedError(
            f"holds a network that cannot run: {reason}"
        ) from error


def _check_numbers(values: Shaped[Tensor, "..."], name: str) -> None:
    """Refuse weights of which products overflow."""
    check_finite(values, name, "Compile it again.")
    if values.numel() and float(values.abs().max()) > _LARGEST:
        raise RefusedError(f"has a number above {_LARGEST:g} in `{name[:120]}`")


def check_placement(placement: Placement, image: CompiledNetwork) -> None:
    """Refuse cells, blocks or targets that the kind of chip does not have.

    Raises:
        RefusedError: There are some.
    """
    info = image.info
    count = placement.cells.numel()
    numbers = [(placement.cells, info.cells), (placement.partner, count)]
    blocks = _block_cells(placement, image)
    numbers += [(cells, info.cells) for cells in blocks]
    for values, limit in numbers:
        if (
            values.numel()
            and not 0 <= int(values.min()) <= int(values.max()) < limit
        ):
            raise RefusedError("names a cell that its chip does not have")
    parts = (placement.target, placement.partner, placement.sign)
    if any(part.numel() != count for part in parts) or bool(
        (placement.sign.abs() != 1).any()
    ):
        raise RefusedError("has not one target, partner and sign for each cell")
    if torch.unique(placement.cells).numel() != count:
        raise RefusedError("names a cell twice")
    own = torch.cat(
        [placement.cells[:0], *(cells.flatten() for cells in blocks)]
    )
    if not torch.equal(own.sort().values, placement.cells.sort().values):
        raise RefusedError(
            "has blocks of other cells than those that are programmed"
        )
    low = info.conductance_low * (1 - 1e-6)
    high = info.conductance_high * (1 + 1e-6)
    if not bool(((placement.target >= low) & (placement.target <= high)).all()):
        raise RefusedError("has a target that its chip cannot hold")


def _block_cells(
    placement: Placement, image: CompiledNetwork
) -> list[Int64[Tensor, "_ _ _"]]:
    """Cells of all blocks, each of them checked."""
    found = []
    for number, block in enumerate(placement.blocks):
        _check_block(block, image)
        _check_corrected(number, placement)
        found.append(block.crossings)
    _check_stages(placement)
    if placement.step is not None and not 0 < placement.step < float("inf"):
        raise RefusedError(
            "has levels whose distance is not finite and above zero"
        )
    return found


def _check_block(block: Block, image: CompiledNetwork) -> None:
    layers = image.network.layers
    if not 0 <= block.tile < image.info.tiles:
        raise RefusedError("has a block on a tile that its chip does not have")
    shape = (
        layers[block.layer].weight.shape
        if 0 <= block.layer < len(layers)
        else (0, 0)
    )
    inside = block.outputs.stop <= shape[0] and block.inputs.stop <= shape[1]
    if not inside or min(block.first_input, block.first_output) < 0:
        raise RefusedError("has a block outside its layer")
    size = block.scale.abs()
    if not bool(((size >= _SMALLEST) & (size <= _LARGEST)).all()):
        raise RefusedError(
            f"has a scale that is zero or not finite, or beyond {_SMALLEST:g} to {_LARGEST:g}"
        )


def _check_corrected(number: int, placement: Placement) -> None:
    """Refuse a block that corrects what is no earlier block of pairs of the same weights."""
    blocks = placement.blocks
    block = blocks[number]
    if not isinstance(block, CorrectingBlock):
        if number and isinstance(blocks[number - 1], CorrectingBlock):
            raise RefusedError(
                "has a block that corrects another one before the last of those"
            )
        return
    if not 0 <= block.corrects < number:
        raise RefusedError("has a block that corrects none before it")
    other = blocks[block.corrects]
    same = (other.layer, other.inputs, other.outputs) == (
        block.layer,
        block.inputs,
        block.outputs,
    )
    if not same or not isinstance(other, PairedBlock):
        raise RefusedError("has a block that corrects one of other weights")


def _check_stages(placement: Placement) -> None:
    """Refuse blocks out of the order of programming, or two that correct the same one."""
    when = stage_numbers(placement.blocks)
    if when != sorted(when):
        raise RefusedError(
            "has a block that corrects another one before the last of those"
        )
    corrected = [
        block.corrects
        for block in placement.blocks
        if isinstance(block, CorrectingBlock)
    ]
    if len(corrected) != len({*corrected}):
        raise RefusedError("has two blocks that correct the same one")


def check_fits(image: CompiledNetwork, info: BenchInfo) -> None:
    """Refuse a chip that an image was not compiled for; other wires are allowed.

    Args:
        image: The image.
        info: The chip.

    Raises:
        ValueError: In the house sentence.
    """
    own = image.info
    demand = (
        "Argument `chip` must be of the kind that the image was compiled for"
    )
    if (own.rows, own.cols) != (info.rows, info.cols):
        raise ValueError(
            f"{demand}, with tiles of {own.rows}×{own.cols} cells, but has"
            f" {info.rows}×{info.cols}; compile the network for it."
        )
    if own.tiles > info.tiles:
        raise ValueError(
            f"{demand}, with {own.tiles} tiles, but has {info.tiles}."
        )
    if own.read_voltage != info.read_voltage:
        raise ValueError(
            f"{demand}, read at {show(own.read_voltage, 'V')}, but is read at"
            f" {show(info.read_voltage, 'V')}; compile the network for it."
        )
    target = image.placement.target
    low = float(target.min())
    high = float(target.max())
    if low < info.conductance_low * (
        1 - 1e-6
    ) or high > info.conductance_high * (1 + 1e-6):
        raise ValueError(
            f"{demand} and hold {show(low, 'S')} to {show(high, 'S')}, but holds"
            f" {show(info.conductance_low, 'S')} to {show(info.conductance_high, 'S')}; compile"
            " the network for it."
        )


def check_tuning(tuning: Tuning, image: CompiledNetwork) -> None:
    """Refuse settings that do not fit the network.

    Raises:
        RefusedError: They do not.
    """
    check_ranges(tuning.ranges, image)
    layers = image.network.layers
    numbers = {str(number): number for number in range(len(layers))}
    if not tuning.corrections.keys() <= numbers.keys():
        raise RefusedError("has a correction of a layer that its network lacks")
    for name, one in tuning.corrections.items():
        outputs = layers[numbers[name]].weight.shape[:1]
        if one.gain.shape != outputs or one.offset.shape != outputs:
            raise RefusedError(
                "has not one correction for each output of a layer"
            )
        both = torch.cat((one.gain, one.offset)).abs()
        if not bool((both <= _LARGEST).all()):
            raise RefusedError(
                f"has a correction that is not finite, or above {_LARGEST:g}"
            )
