"""From a preset file to a preset. The file is data: it is parsed, never executed."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mho.checks import RefusedError, one_line
from mho.device.kinds import MeasuredSteps
from mho.device.origin import Origin
from mho.device.published.preset_file.correlations import correlations_of
from mho.device.published.preset_file.numbers import text_of, value_of
from mho.device.published.preset_file.places import Source
from mho.device.published.preset_file.promises import check_numbers
from mho.device.published.preset_file.quantities import shown
from mho.device.published.preset_file.schema import (
    GATE,
    HEAD,
    LATER,
    OPTIONAL,
    OTHERS,
    SCHEMA,
    WORDS,
    array_names,
    unit_of,
)
from mho.device.published.preset_file.steps import OF_DATA
from mho.device.published.preset_file.template import base_of, template_of
from mho.device.published.shipped import PRESETS
from mho.device.values import Confidence, Preset, Value

_LARGEST = 2**21
"""Bytes of a file at most (1)."""
_DEEP = re.compile(r"""(?<![\w\-"'])(?:[\w\-"']+\s*\.\s*){20}""")
"""A name of twenty parts: nothing here has so many, and parsers take long for a million."""


def read_preset_file(path: str | os.PathLike[str]) -> Preset:
    """The preset that stands in a file.

    Args:
        path: The file, TOML; see the page of the schema for what may stand in it.

    Raises:
        ValueError: It cannot be read, is no TOML, or has something in it that makes no sense; in
            one sentence with table, key and line.
    """
    file = Path(path)
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise ValueError(
            f"Argument `chip` must name a preset or a file of one, but `{path}` cannot be read"
            f" ({error.strerror or error}); go to the folder where it lies, or write its path."
        ) from None
    if len(content) > _LARGEST:
        raise ValueError(
            f"Preset file `{path}` must hold 2 MiB at most, but holds more; it is none."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"Preset file `{path}` must be text in UTF-8, but byte {error.start} is none."
        ) from None
    return preset_of_text(text, str(path), file.parent)


def preset_of_text(text: str, name: str, folder: Path | None = None) -> Preset:
    """The preset of a text in TOML.

    Args:
        text: What stands in a preset file.
        name: Name of the file, for sentences; its stem names the preset if the text does not.
        folder: Where files of measured steps lie that it names; none may be read if `None`.

    Raises:
        ValueError: As `read_preset_file`.
    """
    source = Source(name, text)
    tables = _tables(source)
    base = base_of(source, tables)
    template = template_of(source, tables, base, folder)
    head = _head(source, tables)
    file = Path(name).name
    values: dict[str, Value] = {}
    wanted = _wanted(template)
    for table, content in tables.items():
        if table not in OTHERS:
            values |= _numbers(source, table, content, template, wanted)
    given = _given(values, base)
    if template.kind is MeasuredSteps:
        given |= set(OF_DATA)
    values = _complete(source, values, template, wanted, base)
    origin = Origin(file, base.name if base else "", given)
    made = replace(
        template,
        name=head.get("name", Path(name).stem),
        summary=head.get("summary", f"cells as in `{file}`"),
        validity=head.get(
            "validity", template.validity or _validity(base, given)
        ),
        values=values,
        origin=origin,
    )
    check_numbers(source, made)
    found = correlations_of(source, tables.get("correlations"), made)
    return replace(made, origin=replace(origin, correlations=found))


def _tables(source: Source) -> dict[str, dict[str, Any]]:
    """The file, parsed: tables by name.

    Raises:
        ValueError: It is no TOML, of a newer schema, or has something outside of tables.
    """
    if _DEEP.search(source.text):
        source.refuse(
            "", "", "must have short names, but has one of many parts"
        )
    try:
        parsed = tomllib.loads(source.text)
    except (ValueError, RecursionError) as error:
        said = one_line(str(error)).rstrip(".") or "it is nested too deeply"
        source.refuse("", "", f"must be TOML, but is not: {said[:200]}")
    schema = parsed.pop("schema", SCHEMA)
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        source.refuse(
            "", "schema", f"must be a whole number, but is {shown(schema)}"
        )
    if schema > SCHEMA:
        source.refuse(
            "",
            "schema",
            f"must be {SCHEMA} at most, but is {shown(schema)}; a newer mho reads it",
        )
    for name, content in parsed.items():
        if not isinstance(content, dict):
            source.refuse("", name, f"must be a table, but is {shown(content)}")
    return parsed


def _head(source: Source, tables: Mapping[str, Any]) -> dict[str, str]:
    """What a file says of itself."""
    found = {}
    for key, said in tables.get("preset", {}).items():
        source.check_name(key, "preset", HEAD)
        found[key] = text_of(source, "preset", key, said)
    name = found.get("name")
    if name is not None and (name in PRESETS or not name):
        source.refuse(
            "preset",
            "name",
            f"must be a name of its own, but is {shown(name)}",
        )
    # results and files are called by it
    if name is not None and (set(name) & set("/\\") or name in (".", "..")):
        source.refuse(
            "preset",
            "name",
            f"must be a name and no path, but is {shown(name)}",
        )
    return found


def _wanted(template: Preset) -> dict[str, list[str]]:
    """Names of all numbers that a file may give, table by table."""
    found: dict[str, list[str]] = {
        group: [] for group in (*template.parts, "cell", "array")
    }
    names = [*template.field_names(), *sorted(array_names())]
    for full in names:
        group, _, name = full.partition(".")
        if template.biasing is None or full not in GATE:
            found[group].append(name)
    return found


def _numbers(
    source: Source,
    table: str,
    content: Mapping[str, Any],
    template: Preset,
    wanted: Mapping[str, list[str]],
) -> dict[str, Value]:
    """The numbers of one table."""
    source.check_name(table, "", (*wanted, *OTHERS))
    words = WORDS.get(table, ())
    found = {}
    for key, said in content.items():
        if key in words and key not in wanted[table]:
            continue
        source.check_name(key, table, (*wanted[table], *words))
        full = f"{table}.{key}"
        try:
            found[full] = value_of(
                source, table, key, said, unit_of(template, full)
            )
        except RefusedError as error:
            source.refuse(table, key, str(error))
    return found


def _given(values: Mapping[str, Value], base: Preset | None) -> frozenset[str]:
    """Numbers that are a file's own, and not as its base has them."""

    def own(full: str, value: Value) -> bool:
        before = None if base is None else base.values.get(full)
        return before is None or replace(value, note=before.note) != before

    return frozenset(full for full, value in values.items() if own(full, value))


def _complete(
    source: Source,
    values: Mapping[str, Value],
    template: Preset,
    wanted: Mapping[str, list[str]],
    base: Preset | None,
) -> dict[str, Value]:
    """All numbers, those that a file does not give as its base has them.

    Raises:
        ValueError: Nobody gives one that is needed.
    """
    found: dict[str, Value] = {}
    missing = []
    for group, names in wanted.items():
        for name in names:
            full = f"{group}.{name}"
            kept = values.get(full, template.values.get(full))
            if kept is not None:
                found[full] = kept
            elif full in LATER:
                found[full] = _lacking(full)
            elif full not in OPTIONAL or _needs_gate(full, template):
                missing.append(full)
    if missing:
        more = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
        has = f"`{base.name}` has none" if base else "there is no `base`"
        source.refuse(
            "", "", f"must give `{missing[0]}`{more}, but does not, and {has}"
        )
    return found


def _lacking(full: str) -> Value:
    """What the lack of a number means that older files do not have."""
    value, unit = LATER[full]
    note = "not in the file: older than this number"
    return Value(value, unit, "", Confidence.CHOICE, note)


def _needs_gate(full: str, template: Preset) -> bool:
    return (
        full in GATE
        and template.biasing is None
        and not template.kind.three_terminal
    )


def _validity(base: Preset | None, given: frozenset[str]) -> str:
    """Where the numbers hold, if the file does not say it."""
    if base is None:
        return "Nothing is said of where these numbers hold."
    return (
        f"{len(given)} numbers are the file's own, all others are kept from `{base.name}`:"
        f" {base.validity}"
    )
