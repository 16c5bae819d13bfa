"""One number of a preset file: what it is, and what is known of it."""

from pathlib import Path

from mho.checks import RefusedError, one_line
from mho.device.published.preset_file.places import Source
from mho.device.published.preset_file.quantities import quantity, shown
from mho.device.published.preset_file.schema import NUMBER
from mho.device.values import Confidence, Value

_LONGEST = 4000
"""Letters of a text at most (1)."""


def text_of(source: Source, table: str, key: str, said: object) -> str:
    """A text as one line without anything that commands a terminal.

    Raises:
        ValueError: It is none, or too long.
    """
    if not isinstance(said, str):
        source.refuse(table, key, f"must be a text, but is {shown(said)}")
    if len(said) > _LONGEST:
        source.refuse(
            table,
            key,
            f"must have {_LONGEST} letters at most, but has {len(said)}",
        )
    return one_line(" ".join(said.split()))


def value_of(
    source: Source, table: str, key: str, said: object, unit: str
) -> Value:
    """A number, alone or with where it comes from.

    Raises:
        RefusedError: It is none; with the rest of a sentence.
        ValueError: Its texts or its interval make no sense.
    """
    file = Path(source.name).name
    if not isinstance(said, dict):
        return Value(
            quantity(said, unit),
            unit,
            file,
            Confidence.CHOICE,
            f"given in `{file}`",
        )
    where = f"{table}.{key}"
    for name in said:
        source.check_name(name, where, NUMBER)
    if "value" not in said:
        raise RefusedError("must have a `value`, but has none")
    value = quantity(said["value"], unit)
    confidence = said.get("confidence", Confidence.CHOICE.value)
    if not isinstance(confidence, str):
        raise RefusedError(
            f"must have a word as `confidence`, but has {shown(confidence)}"
        )
    source.check_word(
        confidence, where, "confidence", [one.value for one in Confidence]
    )
    return Value(
        value,
        unit,
        text_of(source, where, "source", said.get("source", file)),
        Confidence(confidence),
        text_of(source, where, "note", said.get("note", "")),
        _interval(said.get("interval"), value, unit),
    )


def _interval(
    said: object, value: float, unit: str
) -> tuple[float, float] | None:
    """Ends of the interval of a number (SI).

    Raises:
        RefusedError: It is none, or the number lies outside.
    """
    if said is None:
        return None
    if not isinstance(said, list) or len(said) != 2:
        raise RefusedError(
            f"must have two numbers as `interval`, but has {shown(said)}"
        )
    low = quantity(said[0], unit)
    high = quantity(said[1], unit)
    if not low <= value <= high:
        raise RefusedError(
            f"must lie within its `interval`, but {shown(said)} does not hold it"
        )
    return low, high
