"""What tuning leaves on the digital side of a chip, so that it travels in the chip's file."""

from collections.abc import Mapping
from dataclasses import dataclass

from mho.deployment.deployed import Correction, DeployedNetwork, DigitalSettings
from mho.deployment.ranges import Ranges


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
            str(n): deployed.corrections[n]
            for n in sorted(deployed.corrections)
        }
        return cls(deployed.ranges, corrections)

    def put_in_force(self, deployed: DeployedNetwork) -> None:
        """Give a network on a bench these settings."""
        corrections = {int(n): one for n, one in self.corrections.items()}
        deployed.put_in_force(DigitalSettings(self.ranges, corrections))
