"""What a preset file builds on: base, kind of cells, laws, and how its array is written."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from mho.device.kinds import MeasuredSteps
from mho.device.published.preset_file.places import Source
from mho.device.published.preset_file.quantities import shown
from mho.device.published.preset_file.schema import (
    GATE,
    kind_name,
    kind_names,
)
from mho.device.published.preset_file.steps import (
    KEYS,
    STEPS,
    steps_template,
)
from mho.device.published.shipped import PRESETS
from mho.device.values import FURTHER_LAWS, USUAL, Preset

_SCHEMES = ("V/2", "V/3", "none")
"""How cells without selectors are written; `none` for cells with one each."""


def base_of(source: Source, tables: Mapping[str, Any]) -> Preset | None:
    """The preset that a file builds on, if it names one."""
    said = tables.get("preset", {}).get("base")
    if said is None:
        return None
    if not isinstance(said, str):
        source.refuse("preset", "base", f"must be a name, but is {shown(said)}")
    source.check_word(said, "preset", "base", PRESETS)
    return PRESETS[said]


def template_of(
    source: Source,
    tables: Mapping[str, Any],
    base: Preset | None,
    folder: Path | None,
) -> Preset:
    """A preset of the kind, laws and biasing that a file wants, with the numbers of its base.

    Args:
        source: The file, for sentences.
        tables: What stands in it.
        base: Preset that it builds on, if any.
        folder: Where files of measured steps lie; `None` if none may be read.

    Raises:
        ValueError: These do not go together.
    """
    kinds = kind_names()
    usual = None if base is None else kind_name(base.kind)
    kind = _word(source, tables, "cell", "kind", kinds, usual)
    if kind is None:
        source.refuse(
            "",
            "",
            "must name a `base` in `[preset]` or a `kind` in `[cell]`, but has neither; write"
            ' `base = "rao2023"`',
        )
    if base is not None and kinds[kind] is not base.kind:
        fitting = [n for n, one in PRESETS.items() if one.kind is kinds[kind]]
        source.refuse(
            "preset",
            "base",
            f"must be a preset of `{kind}` cells, but `{base.name}` has `{usual}` ones; take"
            f" {' or '.join(f'`{one}`' for one in fitting) or 'none'}",
        )
    if kinds[kind] is MeasuredSteps:
        return _with_biasing(
            source, tables, steps_template(source, tables, folder)
        )
    _check_no_steps(source, tables, kind)
    laws = {} if base is None else dict(base.laws)
    changed = dict(_changed_laws(source, tables, laws))
    before = "none" if base is None else base.biasing or "none"
    biasing = _word(source, tables, "array", "biasing", _SCHEMES, before)
    # numbers of another law mean something else, even by the same name
    left_out = {*changed} if biasing == "none" else {*changed, *GATE}
    values = {} if base is None else base.values
    return Preset(
        name="",
        summary="",
        validity="",
        values={
            full: value
            for full, value in values.items()
            if not {full, full.partition(".")[0]} & left_out
        },
        laws={g: law for g, law in (laws | changed).items() if law is not None},
        biasing=None if biasing == "none" else biasing,
        kind=kinds[kind],
    )


def _check_no_steps(
    source: Source, tables: Mapping[str, Any], kind: str
) -> None:
    """Refuse steps for cells that have laws."""
    for key in KEYS:
        if key in tables.get("cell", {}) and key not in _fields(kind):
            source.refuse(
                "cell",
                key,
                f'must be left out for `{kind}` cells; write `kind = "measured-steps"` for'
                " cells of a table",
            )
    if STEPS in tables:
        source.refuse(STEPS, "", f"must be left out for `{kind}` cells")


def _fields(kind: str) -> set[str]:
    """Numbers of a kind itself."""
    return {one.name for one in fields(kind_names()[kind])}  # type: ignore[arg-type]


def _with_biasing(
    source: Source, tables: Mapping[str, Any], made: Preset
) -> Preset:
    """Cells of steps in an array that a file wants passive, if it does."""
    biasing = _word(source, tables, "array", "biasing", _SCHEMES, "none")
    if biasing == "none":
        return made
    values = {n: v for n, v in made.values.items() if n not in GATE}
    return replace(made, values=values, biasing=biasing)


def _changed_laws(
    source: Source, tables: Mapping[str, Any], laws: Mapping[str, type]
) -> Iterator[tuple[str, type | None]]:
    """Groups whose law is another one than before, and which; `None` for the usual one."""
    for group, others in FURTHER_LAWS.items():
        names = {law: name for name, law in others.items()}
        before = names[laws[group]] if group in laws else USUAL
        said = _word(source, tables, group, "law", (USUAL, *others), before)
        if said is not None and said != before:
            yield group, others.get(said)


def _word(
    source: Source,
    tables: Mapping[str, Any],
    table: str,
    key: str,
    choices: Any,
    usual: str | None,
) -> str | None:
    """One of the words that a key of a table may have."""
    said = tables.get(table, {}).get(key, usual)
    if said is None:
        return None
    if not isinstance(said, str):
        source.refuse(table, key, f"must be a word, but is {shown(said)}")
    source.check_word(said, table, key, choices)
    return said
