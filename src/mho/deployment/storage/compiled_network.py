"""A network compiled once for a kind of chip, to be programmed into many chips of that kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from torch import nn

from mho.bench import BenchInfo
from mho.checks import RefusedError
from mho.deployment.ranges import RangeRule, Ranges, calibrate_ranges
from mho.deployment.storage.mapping_names import mapping_words
from mho.mapping import Placement, WeightMapping, lay_out, suited_pairs
from mho.network import Network, read_network
from mho.samples import Inputs, SampleShape, shape_of_sample


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an image comes from.

    Args:
        version: Version of mho that compiled it.
        source: What was compiled, such as `"digits"` or `"model.pt2"`, without its folder.
        sha256: Checksums of the files it was compiled from, by what they are: `"network"`,
            `"weights"`, `"data"`.
        preset: Preset of the chips it was compiled for; empty if there is none.
        data: Built-in test set that belongs to it, such as `"digits"`; empty if there is none.
        numbers: Every number of a preset of the user's own, as its file has them; empty for
            published ones, and for a kind in Python.
    """

    version: str = field(default_factory=lambda: version("mho"))
    source: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    preset: str = ""
    data: str = ""
    numbers: str = ""


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
        sample_shape: Shape of one calibration sample; by name if the network has several inputs.
        provenance: Where it comes from.
        rule: How the ranges follow from the samples.
    """

    network: Network
    placement: Placement
    ranges: Ranges
    info: BenchInfo
    mapping: Mapping[str, object]
    compensated: bool
    sample_shape: SampleShape
    provenance: Provenance
    rule: RangeRule = field(default_factory=RangeRule)

    @property
    def sha256(self) -> str:
        """Checksum of the file that `save_image` writes, in hexadecimal digits."""
        # files know this class, so this class asks them late
        from mho.deployment.storage.file_kinds import IMAGE

        return IMAGE.checksum(self)


def compile_image(
    network: Network | nn.Module,
    info: BenchInfo,
    calibration: Inputs,
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
        calibration: Typical inputs, for the converter ranges (1). Shape (batch, ...); by name for
            a network with several inputs.
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
    if mapping is None:
        mapping = suited_pairs([one.weight for one in network.layers], info)
    rule = RangeRule.of(info, ranges) if isinstance(ranges, str) else ranges
    placement = lay_out(
        network, info, mapping, compensated=compensated, packed=packed
    )
    image = CompiledNetwork(
        network,
        placement,
        calibrate_ranges(
            network, placement, calibration, info.read_voltage, rule
        ),
        info,
        mapping_words(mapping),
        compensated,
        shape_of_sample(calibration),
        provenance or Provenance(),
        rule,
    )
    _check_can_be_opened(image)
    return image


def _check_can_be_opened(image: CompiledNetwork) -> None:
    """Refuse at once what would be refused when its file is opened.

    Raises:
        ValueError: In the house sentence.
    """
    # these checks know this class
    from mho.deployment.storage.image_checks import check_image

    try:
        check_image(image)
    except RefusedError as error:
        raise ValueError(
            f"Argument `network` must give an image that can be opened again, but that {error};"
            " scale its weights or its inputs."
        ) from error
