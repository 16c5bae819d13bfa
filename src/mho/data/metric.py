"""What a network's outputs are judged by: one number, and which way is better."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jaxtyping import Int, Shaped
from torch import Tensor

from mho.data.samples import Data

Outputs = Mapping[str, Shaped[Tensor, "samples ..."]]
"""All outputs of a network by name."""

PERCENT = "%"
"""Unit of a share: its values are parts of one, and shown in hundredths."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number that says how good outputs are.

    Args:
        name: What it is called, such as `"accuracy"`.
        function: Takes the outputs, a tensor or, of a network with several, tensors by name, and
            the data; gives the number, in `unit`.
        higher_is_better: Which way is better.
        unit: Its unit; `"1"` if it has none, `"%"` for a share, which is then a part of one.
        source: What tells it from another one of the same name, such as a checksum.
    """

    name: str
    function: Callable[[Any, Data], float]
    higher_is_better: bool = True
    unit: str = "1"
    source: str = ""

    def score(self, outputs: Outputs, data: Data) -> float:
        """The number (unit of the metric).

        Args:
            outputs: All outputs by name.
            data: The samples that they belong to.

        Raises:
            ValueError: The function fails, or gives no finite number.
        """
        one = len(outputs) == 1
        given = next(iter(outputs.values())) if one else dict(outputs)
        try:
            value = float(self.function(given, data))
        # it is the user's own program, which may fail in any way
        except Exception as error:
            told = str(error).splitlines() or [""]
            raise ValueError(
                f"Argument `metric` must give a number for these outputs, but `{self.name}` raised"
                f" {type(error).__name__}: {told[0].rstrip('.')}."
            ) from error
        if not math.isfinite(value):
            raise ValueError(
                f"Argument `metric` must give a finite number, but `{self.name}` gave {value};"
                " look at the outputs and the data."
            )
        return value

    def better(self, one: float, other: float) -> bool:
        """Whether a number is better than another one.

        >>> ACCURACY.better(0.9, 0.8), Metric("loss", max, False).better(0.9, 0.8)
        (True, False)
        """
        return one > other if self.higher_is_better else one < other

    def show(self, value: float) -> str:
        """A number as people read it.

        >>> ACCURACY.show(0.9932), Metric("pitch", max, unit="cents").show(12.3456)
        ('99.32%', '12.35 cents')
        """
        if self.unit == PERCENT:
            return f"{value:.2%}"
        return f"{value:.4g}" + ("" if self.unit == "1" else f" {self.unit}")

    @property
    def factor(self) -> float:
        """What a number is multiplied with before it is drawn in its unit (1)."""
        return 100.0 if self.unit == PERCENT else 1.0

    @property
    def axis(self) -> str:
        """What stands at an axis.

        >>> ACCURACY.axis
        'Accuracy (%)'
        """
        named = self.name[:1].upper() + self.name[1:]
        return named if self.unit == "1" else f"{named} ({self.unit})"

    @property
    def key(self) -> str:
        """Its word in keys of results: `accuracy`, or `score` for any other one."""
        return ACCURACY.name if self == ACCURACY else "score"

    @property
    def sources(self) -> list[str]:
        """What tells it from others, for what identifies a run; nothing of what is built in."""
        return [self.source] if self.source else []

    def record(self, score: float) -> dict[str, float | None]:
        """What a chip keeps of its last score: an accuracy, which says itself what it is.

        Of another metric it keeps nothing, and no accuracy from before (`None`) either.
        """
        return {ACCURACY.name: score if self == ACCURACY else None}

    @property
    def described(self) -> dict[str, Any]:
        """Plain values, for a result."""
        return {
            "name": self.name,
            "key": self.key,
            "unit": self.unit,
            "higher_is_better": self.higher_is_better,
        }


def metric_of(result: Mapping[str, Any]) -> Metric:
    """The metric that a result was judged by, to show its numbers; it judges nothing any more.

    Args:
        result: Numbers of a run; from before there were other metrics it tells of accuracy.
    """
    told = result.get("metric")
    # a metric of the user's may have that name, too; before there was a key none could
    if (
        not isinstance(told, Mapping)
        or told.get("key", told["name"]) == ACCURACY.name
    ):
        return ACCURACY
    return Metric(
        told["name"],
        _done,
        higher_is_better=told["higher_is_better"],
        unit=told["unit"],
    )


def _done(outputs: object, data: Data) -> float:
    del outputs, data
    return math.nan


def share_right(
    answers: Int[Tensor, " batch"], labels: Int[Tensor, " batch"]
) -> float:
    """Fraction of answers that are the label (1)."""
    return int((answers == labels).sum()) / labels.numel()


def answers_of(outputs: Outputs) -> Int[Tensor, " samples"]:
    """Class with the largest value in the first output, for each sample."""
    return next(iter(outputs.values())).argmax(1)


def _accuracy(outputs: Tensor | Mapping[str, Tensor], data: Data) -> float:
    """Share of samples whose largest entry in the first output is the label (1)."""
    named = {"": outputs} if isinstance(outputs, Tensor) else outputs
    answers = answers_of(named)
    if data.labels is None or answers.shape != data.labels.shape:
        raise TypeError("there is not one label for each answer")
    return share_right(answers, data.labels)


ACCURACY = Metric("accuracy", _accuracy, unit=PERCENT)
"""Share of right answers: of samples whose largest entry in the first output is the label."""
