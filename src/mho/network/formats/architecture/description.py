"""The text that lists layers: TOML, each value with the line that it stands in."""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mho.checks import RefusedError, one_line

_LARGEST = 2**18
"""Bytes that a text may have (1)."""
_HEAD = re.compile(r"\s*\[\[\s*layer\s*\]\]")
_TOP = ("input", "outputs", "layer")
_BOUND = 2**31
"""Sizes and steps stay below it (1)."""


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """One layer of the list.

    Args:
        name: Its name, unique in the list.
        kind: What it does.
        options: What else is said of it.
        lines: Lines of its options, by their names; its own under `""`.
    """

    name: str
    kind: str
    options: Mapping[str, Any]
    lines: Mapping[str, int]

    def refused(self, reason: str, key: str = "") -> RefusedError:
        """What to raise if it cannot be built.

        Args:
            reason: What it does, as the end of a sentence: "lacks its weights".
            key: The option to blame.
        """
        line = self.lines.get(key, self.lines.get(""))
        place = f"in line {line} " if line else ""
        return RefusedError(
            f"has {place}a layer `{one_line(self.name)}` (`{self.kind}`) that {reason}"
        )

    def whole(self, key: str, default: int, low: int = 0) -> int:
        """A whole number."""
        value = self.options.get(key, default)
        if not _is_whole(value) or not low <= value < _BOUND:
            raise self.refused(
                f"says `{key}` is {_shown(value)}, where a whole number from {low} on belongs",
                key,
            )
        return int(value)

    def sizes(self, key: str, default: int, axes: int, low: int) -> list[int]:
        """A whole number for each axis; one stands for all."""
        value = self.options.get(key, default)
        several = value if isinstance(value, list) else [value] * axes
        if len(several) != axes or not all(
            _is_whole(size) and low <= size < _BOUND for size in several
        ):
            raise self.refused(
                f"says `{key}` is {_shown(value)}, where {axes} whole numbers from {low} on"
                " belong",
                key,
            )
        return [int(size) for size in several]

    def real(self, key: str, default: float) -> float:
        """A real number."""
        value = self.options.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refused(
                f"says `{key}` is {_shown(value)}, where a number belongs", key
            )
        return float(value)

    def word(self, key: str, choices: Collection[str], default: str) -> str:
        """One of several words."""
        value = self.options.get(key, default)
        if value not in choices:
            raise self.refused(
                f"says `{key}` is {_shown(value)}, where one of {', '.join(choices)} belongs",
                key,
            )
        return str(value)

    def names(self, key: str) -> list[str] | None:
        """Names of other layers, `None` if there are none."""
        value = self.options.get(key)
        if value is None:
            return None
        if not _are_texts(value):
            raise self.refused(
                f"says `{key}` is {_shown(value)}, where a list of layers' names belongs",
                key,
            )
        return list(value)

    def check_options(self, known: Collection[str]) -> None:
        """Refuse an option that this kind of layer does not have."""
        for key in self.options:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = f" (did you mean `{near[0]}`?)" if near else ""
                has = ", ".join(f"`{name}`" for name in sorted(known))
                raise self.refused(
                    f"says `{one_line(key)}`{hint}, where it takes {has}", key
                )


@dataclass(frozen=True, slots=True)
class Description:
    """What a text says.

    Args:
        input: Shape of one sample; `None` if the data tell.
        outputs: Names of the layers that are returned; none for the last one.
        layers: All layers, in order of execution.
    """

    input: tuple[int, ...] | None
    outputs: tuple[str, ...]
    layers: tuple[LayerEntry, ...]


def read_description(path: Path) -> Description:
    """Read a list of layers.

    Raises:
        RefusedError: It is no such list.
    """
    if path.stat().st_size > _LARGEST:
        raise RefusedError(f"is larger than {_LARGEST} bytes")
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RefusedError(f"is no TOML: {one_line(str(error))}") from error
    for key in content:
        if key not in _TOP:
            raise RefusedError(
                f"says `{one_line(key)}`, where only `input`, `outputs` and `[[layer]]` belong"
            )
    layers = content.get("layer", [])
    if not isinstance(layers, list) or not layers:
        raise RefusedError("has no `[[layer]]`")
    lines = _lines(text, len(layers))
    entries: list[LayerEntry] = []
    for number, layer in enumerate(layers):
        entries.append(_entry(layer, number, lines[number], entries))
    return Description(
        _input(content.get("input")),
        _outputs(content.get("outputs", [])),
        tuple(entries),
    )


def _input(value: object) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not (
        isinstance(value, list)
        and value
        and all(_is_whole(size) and 0 < size < _BOUND for size in value)
    ):
        raise RefusedError(
            f"says that `input` is {_shown(value)}, where the sizes of a sample belong"
        )
    return tuple(value)


def _outputs(value: object) -> tuple[str, ...]:
    if not _are_texts(value):
        raise RefusedError(
            f"says that `outputs` is {_shown(value)}, where a list of layers' names belongs"
        )
    assert isinstance(value, list)
    return tuple(value)


def _entry(
    layer: object,
    number: int,
    lines: Mapping[str, int],
    before: Sequence[LayerEntry],
) -> LayerEntry:
    where = f"line {lines['']}" if lines else f"layer {number + 1}"
    if not isinstance(layer, dict) or not isinstance(layer.get("kind"), str):
        raise RefusedError(f"says in {where} no `kind` of layer")
    kind = layer["kind"]
    name = layer.get("name", f"{kind}{number + 1}")
    if not isinstance(name, str) or not name or name == "input":
        raise RefusedError(f"says in {where} the `name` {_shown(name)}")
    if any(entry.name == name for entry in before):
        raise RefusedError(
            f"says in {where} the name `{one_line(name)}` a second time"
        )
    options = {
        key: value
        for key, value in layer.items()
        if key not in ("kind", "name")
    }
    return LayerEntry(name, one_line(kind), options, lines)


def _lines(text: str, count: int) -> list[dict[str, int]]:
    """Lines of every layer and of its options; nothing where the text is laid out otherwise."""
    found: list[dict[str, int]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if _HEAD.match(line):
            found.append({"": number})
        elif found and "=" in line:
            key = line.partition("=")[0].strip().strip("\"'")
            found[-1].setdefault(key, number)
    return found if len(found) == count else [{} for _ in range(count)]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, str) for item in value
    )


def _shown(value: object) -> str:
    return f"`{one_line(str(value))[:60]}`"
