"""Values of fields, written as `name=1,2,3` or `name=low:high:count[:log]`, and their grid."""

import itertools
import math
from dataclasses import dataclass

from mho.checks import Configuration, check_between
from mho.sweeping.fields import Subject

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Axis(Configuration):
    """Values of one field.

    Args:
        name: Dotted name of the field.
        values: Its values (SI), each once.
    """

    name: str
    values: tuple[float, ...]

    @property
    def logarithmic(self) -> bool:
        """Whether the values are better shown on a logarithmic axis."""
        low = min(self.values)
        high = max(self.values)
        return low > 0 and high / low >= 20


def parse_axis(text: str, subject: Subject) -> Axis:
    """Read `name=values`.

    Args:
        text: What the user wrote.
        subject: What has the field.

    Raises:
        ValueError: No such field, or no such values.

    >>> from mho.device.published import preset
    >>> from mho.programming import ProgramProtocol
    >>> subject = Subject(preset("rao2023"), ProgramProtocol())
    >>> parse_axis("telegraph.births=1:4:4", subject).values
    (1.0, 2.0, 3.0, 4.0)
    """
    name, equals, rest = text.partition("=")
    subject.unit(name)
    if not equals or not rest:
        raise ValueError(
            f"Argument `{name}` must be followed by values, as in `{name}=1,2` or"
            f" `{name}=1:10:4:log`, but is not."
        )
    values = (
        _range(name, rest, subject)
        if ":" in rest
        else _list(name, rest, subject)
    )
    if len(set(values)) != len(values):
        raise ValueError(
            f"Argument `{name}` must have each value once, but repeats one."
        )
    return Axis(name, values)


def grid_points(
    axes: list[Axis], subject: Subject
) -> list[tuple[tuple[float, ...], Subject]]:
    """Every combination of values, the last axis fastest, with the changed subject.

    Raises:
        ValueError: A value that is refused, a field named twice, or too many points.
    """
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"Argument `{name}` must be given once, but is given twice."
            )
    count = math.prod(len(axis.values) for axis in axes)
    check_between(count, "points", 1, _MOST, "1")

    points = []
    for values in itertools.product(*(axis.values for axis in axes)):
        changed = subject
        for name, value in zip(names, values, strict=True):
            changed = changed.changed(name, value)
        points.append((values, changed))

    return points


def _list(name: str, text: str, subject: Subject) -> tuple[float, ...]:
    return tuple(subject.value(name, part.strip()) for part in text.split(","))


def _range(name: str, text: str, subject: Subject) -> tuple[float, ...]:
    """`low:high:count`, evenly spaced, or `low:high:count:log`."""
    low_text, high_text, count_text, logarithmic = _range_parts(name, text)
    low = subject.value(name, low_text)
    high = subject.value(name, high_text)

    count = int(count_text)
    check_between(count, name, 2, _MOST, "1")
    if not logarithmic:
        return tuple(low + (high - low) * n / (count - 1) for n in range(count))

    if low <= 0 or high <= 0:
        raise ValueError(
            f"Argument `{name}` must be positive for logarithmic steps, but is `{text}`."
        )
    return tuple(low * (high / low) ** (n / (count - 1)) for n in range(count))


def _range_parts(name: str, text: str) -> tuple[str, str, str, bool]:
    """Ends and count of a range as they were written, and whether it is logarithmic."""
    parts = text.split(":")
    is_linear = len(parts) == 3
    is_logarithmic = len(parts) == 4 and parts[3] == "log"
    if not (is_linear or is_logarithmic) or not parts[2].isdigit():
        raise ValueError(
            f"Argument `{name}` must be a range like `1:10:4` or `1:10:4:log`, but is `{text}`."
        )
    return parts[0], parts[1], parts[2], is_logarithmic
