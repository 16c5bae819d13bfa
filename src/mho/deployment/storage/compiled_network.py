"""A network compiled once for a kind of chip, to be programmed into many chips of that kind."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.checks import RefusedError, check_finite, check_shape
from mho.deployment.ranges import RangeRule, Ranges, calibrate_ranges
from mho.deployment.storage.packed_file import load, pack, refusing, save
from mho.deployment.storage.plain_values import Reader, Writer
from mho.mapping import Block, DifferentialPairs, Placement, WeightMapping, lay_out
from mho.network import Network, read_network
from mho.network.operations import check_prepared
from mho.units import show

IMAGE_KIND = "mho-image"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an image comes from.

    Args:
        version: Version of mho that compiled it.
        source: What was compiled, such as `"digits"` or `"model.pt2"`, without its folder.
        sha256: Checksums of the files it was compiled from, by what they are: `"network"`,
            `"weights"`, `"data"`.
        preset: Preset of the chips it was compiled for; empty if there is none.
        data: Built-in test set that belongs to it, `"digits"`; empty if there is none.
    """

    version: str = field(default_factory=lambda: version("mho"))
    source: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    preset: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledNetwork:
    """Everything that programming a chip takes, and nothing about any one chip.

    Args:
        network: The trained network.
        placement: Cells and the conductances they shall hold.
        ranges: Converter ranges, from the calibration samples.
        info: The kind of chip it was compiled for, with the wires that are made up for.
        mapping: How weights became conductances, as plain values, for people.
        compensated: Whether targets make up for the wires.
        sample_shape: Shape of one calibration sample.
        provenance: Where it comes from.
        rule: How the ranges follow from the samples.
    """

    network: Network
    placement: Placement
    ranges: Ranges
    info: BenchInfo
    mapping: Mapping[str, object]
    compensated: bool
    sample_shape: tuple[int, ...]
    provenance: Provenance
    rule: RangeRule = field(default_factory=RangeRule)

    @property
    def sha256(self) -> str:
        """Checksum of the file that `save_image` writes, in hexadecimal digits."""
        return pack(IMAGE_KIND, *image_parts(self))[1]


def compile_image(
    network: Network | nn.Module,
    info: BenchInfo,
    calibration: Shaped[Tensor, "batch ..."],
    mapping: WeightMapping | None = None,
    *,
    compensated: bool = True,
    packed: bool | None = None,
    ranges: RangeRule | str = "largest",
    provenance: Provenance | None = None,
) -> CompiledNetwork:
    """Turn a network into targets, scales and converter ranges for a kind of chip.

    Args:
        network: A network, or a PyTorch module of linear and convolutional layers.
        info: The kind of chip; a bench says it of itself.
        calibration: Typical inputs, for the converter ranges (1). Shape (batch, ...).
        mapping: Weights to conductances; pairs in the bench's recommended range if `None`.
        compensated: Make up for the wires that the bench says it has.
        packed: Let layers share tiles; only if the chip has too few for one each if `None`.
        ranges: How converter ranges follow from the samples, a `RangeRule` or its kind.
        provenance: Where the network comes from.

    Raises:
        ValueError: The network or the mapping do not fit the chip; one sentence says why.
    """
    if not isinstance(network, Network):
        network = read_network(network, calibration)
    mapping = mapping or DifferentialPairs(info.array_low, info.array_high)
    rule = RangeRule.of(info, ranges) if isinstance(ranges, str) else ranges
    placement = lay_out(network, info, mapping, compensated=compensated, packed=packed)
    plain = asdict(mapping) if is_dataclass(mapping) else {}
    return CompiledNetwork(
        network,
        placement,
        calibrate_ranges(network, placement, calibration, info.read_voltage, rule),
        info,
        {"kind": type(mapping).__name__, **plain},
        compensated,
        tuple(calibration.shape[1:]),
        provenance or Provenance(),
        rule,
    )


def save_image(path: str | Path, image: CompiledNetwork) -> str:
    """Write an image, all or nothing; equal images give equal files.

    Returns:
        Checksum of the file, as its header says it.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    return save(path, IMAGE_KIND, *image_parts(image))


def load_image(path: str | Path, argument: str = "image") -> CompiledNetwork:
    """Read an image that may come from anywhere: nothing in it is run.

    Args:
        path: The file.
        argument: Name of the argument, for the error.

    Raises:
        ValueError: It is damaged, of another version, or holds what mho does not run.
        OSError: It cannot be read.
    """
    packed = load(path, (IMAGE_KIND,), argument)
    with refusing(path, (IMAGE_KIND,), argument):
        reader = Reader(packed.tensors)
        image = read_image(reader, packed.content)
        check_all_used(reader)
        return image


def image_parts(image: CompiledNetwork) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """An image as plain values and tensors."""
    writer = Writer()
    # A recorded batch size has no meaning any more once a network is prepared.
    network = replace(image.network, graph=replace(image.network.graph, batch=None))
    image = replace(image, network=network)
    return {"image": writer.write(image, "image")}, writer.tensors


def check_all_used(reader: Reader) -> None:
    """Refuse tensors that nothing refers to.

    Raises:
        RefusedError: There are some.
    """
    if reader.unused:
        raise RefusedError(
            f"holds a tensor `{reader.unused[0][:120]}` that belongs to nothing"
        )


def read_image(reader: Reader, content: Mapping[str, Any]) -> CompiledNetwork:
    """The image in a file's content, with every promise checked.

    Raises:
        RefusedError: It breaks one.
    """
    image: CompiledNetwork = reader.read(CompiledNetwork, content.get("image"), "image")
    network = image.network
    _check_network(network, image.sample_shape)
    check_placement(image.placement, image)
    check_ranges(image.ranges, image)
    return image


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
        raise RefusedError("has not one converter range for each layer and block")
    for block, value in zip(image.placement.blocks, currents, strict=True):
        if isinstance(value, Tensor) and value.shape != (block.columns,):
            raise RefusedError(
                "has a block with not one converter range for each column"
            )
    flat = [v for c in currents for v in (c.tolist() if isinstance(c, Tensor) else [c])]
    if not all(0 < value < float("inf") for value in (*inputs, *flat)):
        raise RefusedError("has a converter range that is not finite and above zero")


def _check_network(network: Network, sample_shape: tuple[int, ...]) -> None:
    """Refuse a network that cannot run, tried on samples that have a shape but no numbers."""
    try:
        check_prepared(network.graph)
        for layer in network.layers:
            check_finite(layer.weight, layer.name, "Compile it again.")
            if layer.bias is not None:
                check_finite(layer.bias, layer.name, "Compile it again.")
                check_shape(layer.bias, layer.name, (layer.weight.shape[0],))
        network.run(torch.zeros(2, *sample_shape, device="meta"))
    # A hostile graph can break every operator, hence every kind of error.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:300].rstrip(
            "."
        )
        raise RefusedError(f"holds a network that cannot run: {reason}") from error


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
        if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < limit:
            raise RefusedError("names a cell that its chip does not have")
    parts = (placement.target, placement.partner, placement.sign)
    if any(part.numel() != count for part in parts) or bool(
        (placement.sign.abs() != 1).any()
    ):
        raise RefusedError("has not one target, partner and sign for each cell")
    if torch.unique(placement.cells).numel() != count:
        raise RefusedError("names a cell twice")
    own = torch.cat([placement.cells[:0], *(cells.flatten() for cells in blocks)])
    if not torch.equal(own.sort().values, placement.cells.sort().values):
        raise RefusedError("has blocks of other cells than those that are programmed")
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
    if placement.step is not None and not 0 < placement.step < float("inf"):
        raise RefusedError("has levels whose distance is not finite and above zero")
    return found


def _check_block(block: Block, image: CompiledNetwork) -> None:
    layers = image.network.layers
    if not 0 <= block.tile < image.info.tiles:
        raise RefusedError("has a block on a tile that its chip does not have")
    shape = (
        layers[block.layer].weight.shape if 0 <= block.layer < len(layers) else (0, 0)
    )
    inside = block.outputs.stop <= shape[0] and block.inputs.stop <= shape[1]
    if not inside or min(block.first_input, block.first_output) < 0:
        raise RefusedError("has a block outside its layer")
    if not bool(torch.isfinite(block.scale).all() & (block.scale != 0).all()):
        raise RefusedError("has a scale that is zero or not finite")
    if (block.minus is None) == (block.reference is None):
        raise RefusedError("has a block that has not either pairs or a reference")
    rows, outputs = block.plus.shape
    parts = (
        (block.minus, (rows, outputs)),
        (block.reference, (rows,)),
        (block.excess, (rows, outputs)),
        (block.scale, (outputs,)),
    )
    if any(part is not None and part.shape != wanted for part, wanted in parts):
        raise RefusedError("has a block whose parts have different shapes")
    if block.excess is not None and not bool(torch.isfinite(block.excess).all()):
        raise RefusedError("has an excess of a cell that is not finite")


def _check_corrected(number: int, placement: Placement) -> None:
    """Refuse a block that corrects what is not an earlier block of pairs of the same weights."""
    block = placement.blocks[number]
    blocks = placement.blocks
    if block.corrects is None:
        if number and blocks[number - 1].corrects is not None:
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
    if not same or None in (other.minus, block.minus) or other.corrects is not None:
        raise RefusedError("has a block that corrects one of other weights")


def check_fits(image: CompiledNetwork, info: BenchInfo) -> None:
    """Refuse a chip that an image was not compiled for; other wires are allowed.

    Args:
        image: The image.
        info: The chip.

    Raises:
        ValueError: In the house sentence.
    """
    own = image.info
    demand = "Argument `chip` must be of the kind that the image was compiled for"
    if (own.rows, own.cols) != (info.rows, info.cols):
        raise ValueError(
            f"{demand}, with tiles of {own.rows}×{own.cols} cells, but has"
            f" {info.rows}×{info.cols}; compile the network for it."
        )
    if own.tiles > info.tiles:
        raise ValueError(f"{demand}, with {own.tiles} tiles, but has {info.tiles}.")
    if own.read_voltage != info.read_voltage:
        raise ValueError(
            f"{demand}, read at {show(own.read_voltage, 'V')}, but is read at"
            f" {show(info.read_voltage, 'V')}; compile the network for it."
        )
    target = image.placement.target
    low = float(target.min())
    high = float(target.max())
    if low < info.conductance_low * (1 - 1e-6) or high > info.conductance_high * (
        1 + 1e-6
    ):
        raise ValueError(
            f"{demand} and hold {show(low, 'S')} to {show(high, 'S')}, but holds"
            f" {show(info.conductance_low, 'S')} to {show(info.conductance_high, 'S')}; compile"
            " the network for it."
        )
