"""What operations of a file take and return: constants, sizes of the batch, and results."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mho.network.graph import Ref

Array = npt.NDArray[Any]


@runtime_checkable
class Arithmetic(Protocol):
    """Whoever can compute with sizes."""

    def integer(self, operator: str, a: object, b: object) -> "Size":
        """Add an operation on sizes."""

    def both(self, ref: Ref) -> tuple[Any, Any]:
        """What a size is for either of two batches."""


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """A size that depends on the input, such as that of a batch; arithmetic becomes nodes."""

    ref: Ref
    builder: Arithmetic

    def __add__(self, other: object) -> "Size":
        return self.builder.integer("_operator.add", self, other)

    def __radd__(self, other: object) -> "Size":
        return self.builder.integer("_operator.add", other, self)

    def __sub__(self, other: object) -> "Size":
        return self.builder.integer("_operator.sub", self, other)

    def __rsub__(self, other: object) -> "Size":
        return self.builder.integer("_operator.sub", other, self)

    def __mul__(self, other: object) -> "Size":
        return self.builder.integer("_operator.mul", self, other)

    def __rmul__(self, other: object) -> "Size":
        return self.builder.integer("_operator.mul", other, self)

    def __floordiv__(self, other: object) -> "Size":
        return self.builder.integer("_operator.floordiv", self, other)

    def examples(self) -> tuple[int, int]:
        """What it is for either of two batches (1)."""
        first, second = self.builder.both(self.ref)
        return int(first), int(second)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """Numbers known before any input is.

    Args:
        name: Name of the tensor in the file.
        array: The numbers; whole numbers may have a `Size` among them.
    """

    name: str
    array: Array

    @property
    def sized(self) -> bool:
        """Whether some of the numbers are sizes that depend on the input."""
        return bool(self.array.dtype == object)

    def whole(self) -> tuple[int | Size, ...]:
        """All elements as whole numbers or sizes."""
        return tuple(
            item if isinstance(item, Size) else int(item)
            for item in self.array.flat
        )

    def number(self) -> float:
        """The only element."""
        return float(self.array.reshape(()).item())


Value = Constant | Ref


def array_of(items: Iterable[int | Size]) -> Array:
    """Whole numbers and sizes as an array; a plain one if there are no sizes."""
    own = tuple(items)
    if not any(isinstance(item, Size) for item in own):
        return np.array(own, dtype=np.int64)
    array = np.empty(len(own), dtype=object)
    array[:] = own
    return array
