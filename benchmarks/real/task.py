"""What a real network is asked, and what it is asked with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
"""Inputs or outputs by the names that the file gives them; samples lie on the first axis."""


PROGRAMMED = "programmed"
DRAWN = "drawn"
NONE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs made for a network, and what is known about them.

    Args:
        inputs: Inputs by name (1). Shape (samples, ...).
        truth: What the network is to find, as its task keeps it.
    """

    inputs: Arrays
    truth: Any

    @property
    def number(self) -> int:
        """Number of samples (1)."""
        return len(next(iter(self.inputs.values())))


@dataclass(frozen=True, slots=True, eq=False)
class RealNetwork:
    """A network as it lies in a package, and the task that it was trained for.

    Args:
        name: What people call it.
        package: Package and version that it comes with, as `pip` takes them.
        member: Its file inside the wheel.
        make: Makes (number, seed) samples.
        judge: The task's own figures from outputs, samples and the network's file.
        number: Samples that it is asked with (1).
        together: Samples that a chip multiplies in one call, during which its cells stand still
            (1); more take more memory, fewer ask for the wires to be solved more often.
        cells: `PROGRAMMED` pulse by pulse, `DRAWN` from statistics, or `NONE`: no chip.
        constants: Inputs that are the same for all samples, by name.
        states: Outputs that are fed back, by the inputs that take them; a sample is a sequence.
        single: Whether the file's first axis belongs to the sample: it takes one at a time.
        digital: Layers that stay digital on a chip.
        outputs: Outputs that are compared; all but states if empty.
    """

    name: str
    package: str
    member: str
    make: Callable[[int, int], Samples]
    judge: Callable[[Arrays, Samples, Path], dict[str, float]]
    number: int = 120
    together: int = 4
    cells: str = PROGRAMMED
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    single: bool = False
    digital: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def share(hits: NDArray[np.bool_] | list[bool]) -> float:
    """Share of hits (1), to four digits."""
    return round(float(np.mean(hits)), 4)
