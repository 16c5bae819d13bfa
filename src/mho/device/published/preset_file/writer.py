"""From a preset to a file of it: numbers to the last bit, and where they come from."""

import os
from collections.abc import Iterable
from pathlib import Path

from mho.device.origin import Correlations
from mho.device.published.preset_file.quantities import written
from mho.device.published.preset_file.schema import (
    FILAMENT,
    SCHEMA,
    kind_name,
    kind_names,
    law_names,
)
from mho.device.published.preset_file.steps import steps_lines
from mho.device.published.shipped import PRESETS
from mho.device.values import USUAL, Preset, Value
from mho.files import write_whole


def write_preset_file(
    path: str | os.PathLike[str], preset: Preset, *, whole: bool = False
) -> None:
    """Write a preset to a file that `read_preset_file` reads to the identical cells.

    Args:
        path: The file; one that is there is replaced.
        preset: The preset.
        whole: Write every number; otherwise those alone that differ from its base.

    Raises:
        ValueError: Its cells are of a kind that is no list of numbers.
        OSError: The file cannot be written.
    """
    text = preset_text(preset, whole=whole)
    write_whole(Path(path), text.encode())


def preset_text(preset: Preset, *, whole: bool = True) -> str:
    """A preset in TOML.

    Args:
        preset: The preset.
        whole: Write every number; otherwise those alone that differ from its base.

    Raises:
        ValueError: Its cells are of a kind that is no list of numbers.
    """
    if kind_names().get(kind_name(preset.kind)) is not preset.kind:
        raise ValueError(
            f"Argument `preset` must be of cells that numbers describe, but `{preset.name}` is of"
            f" the kind `{preset.kind.__name__}`, which is Python; copy its file instead."
        )
    base = _base(preset)
    chosen = None if whole or base is None else _own(preset, base)
    lines = [f"schema = {SCHEMA}", "", "[preset]"]
    head = {"summary": preset.summary, "validity": preset.validity}
    if preset.name not in PRESETS:
        head = {"name": preset.name, **head}
    if base is not None:
        head["base"] = base.name
    lines += [f"{key} = {text(said)}" for key, said in head.items()]
    for group in _groups(preset):
        words = _words(preset, group)
        if chosen is not None and base is not None:
            words = [word for word in words if word not in _words(base, group)]
        lines += _table(preset, group, chosen, words)
    lines += steps_lines(preset)
    origin = preset.origin
    if origin is not None and origin.correlations is not None:
        lines += _correlations(origin.correlations)
    return "\n".join([*lines, ""])


def _base(preset: Preset) -> Preset | None:
    """The shipped preset that a preset builds on, itself if it is shipped."""
    name = preset.origin.base if preset.origin else preset.name
    base = PRESETS.get(name)
    return base if base is not None and base.kind is preset.kind else None


def _own(preset: Preset, base: Preset) -> set[str]:
    """Numbers that differ from the base's."""
    return {
        full
        for full, value in preset.values.items()
        if base.values.get(full) != value
    }


def _groups(preset: Preset) -> Iterable[str]:
    """Tables in the order in which people want to read them."""
    return (*preset.parts, "cell", "array")


def _table(
    preset: Preset, group: str, chosen: set[str] | None, words: list[str]
) -> list[str]:
    """One table."""
    lines = []
    for full, value in preset.values.items():
        if full.startswith(f"{group}.") and (chosen is None or full in chosen):
            lines.append(f"{full.partition('.')[2]} = {_number(value)}")
    if not lines and not words:
        return []
    return ["", f"[{group}]", *words, *lines]


def _words(preset: Preset, group: str) -> list[str]:
    """What a table says beside numbers."""
    if group == "cell":
        return [f'kind = "{kind_name(preset.kind)}"']
    if group == "array":
        return [f'biasing = "{preset.biasing or "none"}"']
    others = law_names(group) if kind_name(preset.kind) == FILAMENT else {}
    names = {law: name for name, law in others.items()}
    return (
        [f'law = "{names.get(preset.parts[group], USUAL)}"'] if others else []
    )


def _number(value: Value) -> str:
    """A number with all that is known of it."""
    parts = [
        f"value = {written(value.value, value.unit)}",
        f"source = {text(value.source)}",
        f'confidence = "{value.confidence.value}"',
    ]
    if value.interval is not None:
        low, high = (written(end, value.unit) for end in value.interval)
        parts.append(f"interval = [{low}, {high}]")
    if value.note:
        parts.append(f"note = {text(value.note)}")
    return "{ " + ", ".join(parts) + " }"


def _correlations(found: Correlations) -> list[str]:
    names = ", ".join(text(name) for name in found.names)
    rows = [f"    [{', '.join(map(repr, row))}]," for row in found.matrix]
    return [
        "",
        "[correlations]",
        f"names = [{names}]",
        "matrix = [",
        *rows,
        "]",
    ]


_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def text(said: str) -> str:
    r"""A text as TOML has it.

    >>> text('a "word"')
    '"a \\"word\\""'
    """
    letters = (
        _ESCAPED.get(one, one) if one.isprintable() or one in _ESCAPED else "�"
        for one in said
    )
    return '"' + "".join(letters) + '"'
