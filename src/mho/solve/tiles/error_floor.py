"""How far products are off, predicted before there is one."""

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class ErrorFloor:
    """Errors of a product whose inputs are spread evenly, with a root mean square of 1.

    All are root mean squares over outputs, in the unit of the outputs, but for `worst`.

    Args:
        noise: What read noise makes, anew in each product (1).
        write: What writing left, the same in each product (1).
        conversion: What converters round away (1).
        worst: 4.5 standard deviations of the output that has most of all three (1).
        outputs: Root mean square of the outputs themselves (1).
    """

    noise: float
    write: float
    conversion: float
    worst: float
    outputs: float

    @property
    def rms(self) -> float:
        """All three together (1)."""
        return math.hypot(self.noise, self.write, self.conversion)

    @property
    def relative(self) -> float:
        """The same in parts of the outputs (1)."""
        return self.rms / self.outputs if self.outputs else 0.0

    def times(self, factor: float) -> "ErrorFloor":
        """That of a matrix so many times as large."""
        return ErrorFloor(
            *(factor * getattr(self, field.name) for field in fields(self))
        )

    def __str__(self) -> str:
        parts = {
            "read noise": self.noise,
            "writing": self.write,
            "conversion": self.conversion,
        }
        largest = max(parts, key=lambda name: parts[name])
        return (
            f"{self.relative:.2g} of the outputs, most of it by {largest}"
            f" (read noise {self.noise:.2g}, writing {self.write:.2g}, conversion"
            f" {self.conversion:.2g})"
        )
