"""What tuning leaves on the digital side of a chip, so that it travels in the chip's file."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from mho.checks import RefusedError
from mho.deployment.deployed import Correction, DeployedNetwork
from mho.deployment.ranges import Ranges
from mho.deployment.storage.compiled_network import CompiledNetwork, check_ranges


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    """Digital settings of a tuned chip; its cells and targets are in the chip itself.

    Args:
        ranges: Ranges of the converters.
        corrections: Gain and offset of each layer that has them, by the layer's number in digits.
    """

    ranges: Ranges
    corrections: Mapping[str, Correction]

    @classmethod
    def of(cls, deployed: DeployedNetwork) -> "Tuning":
        """The settings of a network on a bench."""
        corrections = {
            str(n): deployed.corrections[n] for n in sorted(deployed.corrections)
        }
        return cls(deployed.ranges, corrections)

    def put_in_force(self, deployed: DeployedNetwork) -> None:
        """Give a network on a bench these settings."""
        deployed.ranges = self.ranges
        deployed.corrections = {int(n): one for n, one in self.corrections.items()}


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
            raise RefusedError("has not one correction for each output of a layer")
        if not bool(torch.isfinite(one.gain).all() & torch.isfinite(one.offset).all()):
            raise RefusedError("has a correction that is not finite")
