"""One operation of an ONNX file, and what reads it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mho.checks import RefusedError
from mho.network.formats.building import Builder, Constant, Size, Value
from mho.network.graph import Ref

_NUMBERED = re.compile(r"val_\d+|onnx::\w+")
"""Names of tensors that torch's exporters make up."""


@dataclass(frozen=True, slots=True, eq=False)
class OnnxNode:
    """One operation of the file.

    Args:
        name: Name of its first result.
        operator: Such as `"Conv"`; with its domain in front if that is not the standard one.
        inputs: Values, `None` where an optional one is left out.
        outputs: Names of the results, empty where one is left out.
        attributes: Attributes that the file states.
        place: The user's module that it came from, such as `"block.linear1"`, as far as the file
            knows it.
        opset: Version of the standard whose words the file uses.
    """

    name: str
    operator: str
    inputs: tuple[Value | None, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    place: str
    opset: int

    def input(self, index: int) -> Value | None:
        """An input, `None` where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def needed(self, index: int) -> Value:
        """An input that cannot be left out."""
        value = self.input(index)
        if value is None:
            raise self.refused(f"lacks its input number {index + 1}")
        return value

    def constant(self, index: int) -> Constant | None:
        """An input that has to be known in advance, `None` where it is left out."""
        value = self.input(index)
        if isinstance(value, Ref):
            raise self.refused(
                f"computes its input number {index + 1}, which must be constant"
            )
        return value

    def whole(
        self, index: int, attribute: str
    ) -> tuple[int | Size, ...] | None:
        """Whole numbers that newer versions pass as an input and older ones as an attribute."""
        if (value := self.constant(index)) is not None:
            return value.whole()
        stated = self.attributes.get(attribute)
        return None if stated is None else tuple(stated)

    def plain(self, index: int, attribute: str = "") -> tuple[int, ...] | None:
        """As `whole`, where no number may depend on the input."""
        numbers = self.whole(index, attribute)
        if numbers is None:
            return None
        if any(isinstance(number, Size) for number in numbers):
            raise self.refused(
                f"takes its input number {index + 1} from the size of the batch"
            )
        return tuple(int(number) for number in numbers)  # type: ignore[arg-type]

    def whole_attribute(self, name: str, default: int) -> int:
        """A whole number among the attributes."""
        return int(self.attributes.get(name, default))

    def real_attribute(self, name: str, default: float) -> float:
        """A real number among the attributes."""
        return float(self.attributes.get(name, default))

    def axis(self, builder: Builder, value: Value, axis: int) -> int:
        """An axis counted from the first one, wherever the file counts from."""
        rank = max(builder.rank(value), 1)
        if not -rank <= axis < rank:
            raise self.refused(f"names axis {axis} of {rank}")
        return axis % rank

    def returns_more_than(self, count: int) -> bool:
        """Whether the file uses more results than that."""
        return any(self.outputs[count:])

    def label(self, constant: Constant, part: str) -> str:
        """What to call a layer's numbers if the exporter gave them no name but a number."""
        named = _NUMBERED.fullmatch(constant.name) is None or not self.place
        return constant.name if named else f"{self.place}.{part}"

    def refused(self, reason: str) -> RefusedError:
        """What to raise if mho cannot run the operation as it is."""
        return RefusedError(
            f"has a node `{self.name}` (`{self.operator}`) that {reason}"
        )


Handler = Callable[[Builder, OnnxNode], Value | tuple[Value, ...]]
"""Adds the nodes of one operation and returns its results."""
