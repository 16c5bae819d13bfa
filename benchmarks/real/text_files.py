"""Contents of text files of many kinds, made up: programs, pages, tables, settings.

Each maker takes randomness and returns the text of one file; two of a kind share their grammar,
not their words.
"""

import json
from collections.abc import Callable

from numpy.random import Generator

from real.rendered_text import WORDS

Maker = Callable[[Generator], str]


def name(generator: Generator) -> str:
    """A name as programs have them."""
    return "_".join(generator.choice(WORDS, 2))


def number(generator: Generator) -> int:
    """A number of one to four digits (1)."""
    return int(generator.integers(1, 10_000))


def sentence(generator: Generator) -> str:
    """Some words with a capital letter and a full stop."""
    words = " ".join(generator.choice(WORDS, generator.integers(6, 14)))
    return f"{words.capitalize()}."


def repeated(
    generator: Generator, make: Maker, fewest: int = 6, most: int = 14
) -> str:
    """So many pieces, one below the other."""
    pieces = int(generator.integers(fewest, most))
    return "\n".join(make(generator) for _ in range(pieces))


def python(generator: Generator) -> str:
    """A Python module."""

    def function(generator: Generator) -> str:
        first = name(generator)
        return (
            f"\ndef {name(generator)}({first}: list[int], limit: int = "
            f"{number(generator)}) -> int:\n"
            f'    """{sentence(generator)}"""\n'
            f"    total = 0\n    for value in {first}:\n        if value > limit:\n"
            f"            continue\n"
            f"        total += value * {number(generator)}\n    return total\n"
        )

    return (
        f'"""{sentence(generator)}"""\n\nimport sys\nfrom pathlib import Path\n\n'
        f"from . import {name(generator)}\n\n" + repeated(generator, function)
    )


def c_source(generator: Generator) -> str:
    """A C file."""

    def function(generator: Generator) -> str:
        return (
            f"static int {name(generator)}(const char *buffer, size_t length)\n{{\n"
            f"    int i, sum = {number(generator)};\n"
            f"    for (i = 0; i < (int)length; i++) {{\n"
            f"        sum += buffer[i] & 0x{number(generator):x};\n"
            f"    }}\n    return sum;\n}}\n"
        )

    return (
        f"/* {sentence(generator)} */\n#include <stdio.h>\n"
        f"#include <stdlib.h>\n#include <string.h>\n\n"
        f"#define MAX_{name(generator).upper()} {number(generator)}\n\n"
        + repeated(generator, function)
        + "\nint main(int argc, char **argv)\n{\n"
        + f'    printf("%d\\n", {name(generator)}(argv[1], strlen(argv[1])));\n    return 0;\n}}\n'
    )


def java(generator: Generator) -> str:
    """A Java class."""

    def method(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f"    public int get{word.capitalize()}(final List<Integer> {word}s) {{\n"
            f"        int total = {number(generator)};\n        for (int value : {word}s) {{\n"
            f"            total += value;\n        }}\n        return total;\n    }}\n"
        )

    word = generator.choice(WORDS)
    return (
        f"package org.example.{word};\n\nimport java.util.List;\nimport java.util.Map;\n\n"
        f"/**\n * {sentence(generator)}\n */\npublic class {word.capitalize()}Service {{\n\n"
        f"    private final Map<String, Integer> cache;\n\n"
        + repeated(generator, method)
        + "}\n"
    )


def javascript(generator: Generator) -> str:
    """A JavaScript module."""

    def function(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f"// {sentence(generator)}\nfunction {word}Handler(event) {{\n"
            f"  const {word} = document.getElementById('{word}-{number(generator)}');\n"
            f"  if (!{word}) {{\n    return null;\n  }}\n"
            f"  {word}.addEventListener('click', () => console.log(`${{{word}.value}}`));\n"
            f"  return {word}.value === undefined ? {number(generator)} : {word}.value;\n}}\n"
        )

    return (
        "'use strict';\n\nconst fs = require('fs');\nconst path = require('path');\n\n"
        + repeated(generator, function)
        + f"\nmodule.exports = {{ {generator.choice(WORDS)}Handler }};\n"
    )


def rust(generator: Generator) -> str:
    """A Rust module."""

    def function(generator: Generator) -> str:
        return (
            f"/// {sentence(generator)}\n"
            f"pub fn {name(generator)}(values: &[u32]) -> Option<u32> {{\n"
            f"    let mut total: u32 = {number(generator)};\n"
            f"    for value in values.iter() {{\n"
            f"        total = total.checked_add(*value)?;\n    }}\n    Some(total)\n}}\n"
        )

    return (
        f"//! {sentence(generator)}\n\nuse std::collections::HashMap;\nuse std::fmt;\n\n"
        f"#[derive(Debug, Clone)]\npub struct {generator.choice(WORDS).capitalize()} {{\n"
        f"    pub {name(generator)}: String,\n    pub {name(generator)}: u64,\n}}\n\n"
        + repeated(generator, function)
    )


def go(generator: Generator) -> str:
    """A Go file."""

    def function(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f"// {word.capitalize()} does this: {sentence(generator)}\n"
            f"func {word.capitalize()}(items []string) (int, error) {{\n"
            f"\tif len(items) > {number(generator)} {{\n"
            f'\t\treturn 0, errors.New("too many")\n\t}}\n'
            f"\ttotal := 0\n\tfor _, item := range items {{\n\t\ttotal += len(item)\n\t}}\n"
            f"\treturn total, nil\n}}\n"
        )

    return (
        f'package {generator.choice(WORDS)}\n\nimport (\n\t"errors"\n\t"fmt"\n)\n\n'
        + repeated(generator, function)
    )


def shell(generator: Generator) -> str:
    """A shell script."""

    def block(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f'# {sentence(generator)}\nif [ -z "${{{word.upper()}}}" ]; then\n'
            f'  echo "missing {word}" >&2\n  exit {number(generator) % 200}\nfi\n'
            f'for file in "$HOME"/{word}/*.txt; do\n  cp -v "$file" /tmp/{word}\ndone\n'
        )

    return "#!/bin/bash\nset -euo pipefail\n\n" + repeated(generator, block)


def html(generator: Generator) -> str:
    """A web page."""

    def paragraph(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f'<h2 id="{word}">{word.capitalize()}</h2>\n<p class="text">{sentence(generator)}'
            f' <a href="/{word}/{number(generator)}">more</a></p>'
        )

    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{sentence(generator)}</title>\n</head>\n<body>\n"
        + repeated(generator, paragraph)
        + "\n</body>\n</html>\n"
    )


def css(generator: Generator) -> str:
    """A style sheet."""

    def rule(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f".{word}-box > a:hover {{\n  margin: 0 {number(generator) % 40}px;\n"
            f"  color: #{number(generator):06x};\n  display: flex;\n}}\n"
        )

    return "body {\n  font-family: sans-serif;\n}\n\n" + repeated(
        generator, rule
    )


def xml(generator: Generator) -> str:
    """An XML document."""

    def item(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f'  <item id="{number(generator)}" kind="{word}">\n'
            f"    <name>{name(generator)}</name>\n"
            f"    <note>{sentence(generator)}</note>\n  </item>"
        )

    root = generator.choice(WORDS)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>\n'
        + repeated(generator, item)
        + f"\n</{root}>\n"
    )


def json_data(generator: Generator) -> str:
    """A JSON document."""
    rows = [
        {
            "id": number(generator),
            "name": name(generator),
            "note": sentence(generator),
            "tags": list(map(str, generator.choice(WORDS, 3))),
            "active": bool(generator.random() < 0.5),
        }
        for _ in range(int(generator.integers(5, 12)))
    ]
    return json.dumps({"items": rows, "version": number(generator)}, indent=2)


def csv_table(generator: Generator) -> str:
    """A table with commas."""

    def row(generator: Generator) -> str:
        value = generator.normal()
        return f"{number(generator)},{name(generator)},{value:.4f},{generator.choice(WORDS)}"

    return "id,name,value,group\n" + repeated(generator, row, 20, 60) + "\n"


def yaml(generator: Generator) -> str:
    """Settings in YAML."""

    def entry(generator: Generator) -> str:
        return (
            f"  - name: {name(generator)}\n"
            f"    image: {generator.choice(WORDS)}:{number(generator)}\n"
            f"    ports:\n      - {number(generator)}\n    enabled: true"
        )

    return (
        f"# {sentence(generator)}\nversion: 3\nservices:\n"
        + repeated(generator, entry)
        + "\n"
    )


def toml(generator: Generator) -> str:
    """Settings in TOML."""

    def table(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f'[tool.{word}]\nname = "{name(generator)}"\nlimit = {number(generator)}\n'
            f'files = ["{word}.py", "{generator.choice(WORDS)}.py"]\n'
        )

    return (
        f'[project]\nname = "{generator.choice(WORDS)}"\nversion = "1.{number(generator)}"\n'
        f'dependencies = ["numpy>=1.26", "{generator.choice(WORDS)}"]\n\n'
        + repeated(generator, table)
    )


def ini(generator: Generator) -> str:
    """Settings in sections."""

    def section(generator: Generator) -> str:
        return (
            f"[{name(generator)}]\n; {sentence(generator)}\n"
            f"{name(generator)}={number(generator)}\n"
            f"{name(generator)}=C:\\{generator.choice(WORDS)}\\{generator.choice(WORDS)}.dat\n"
        )

    return repeated(generator, section)


def markdown(generator: Generator) -> str:
    """A text with headings, lists and links."""

    def part(generator: Generator) -> str:
        word = generator.choice(WORDS)
        return (
            f"## {word.capitalize()}\n\n{sentence(generator)} {sentence(generator)}\n\n"
            f"- **{generator.choice(WORDS)}**: {sentence(generator)}\n"
            f"- see [{word}](https://example.org/{word}) and `{name(generator)}`\n\n"
            f"```\nmake {word}\n```\n"
        )

    return (
        f"# {sentence(generator)}\n\n![{generator.choice(WORDS)}](picture.png)\n\n"
        + repeated(generator, part)
    )


def sql(generator: Generator) -> str:
    """Statements for a database."""

    def statement(generator: Generator) -> str:
        table = name(generator)
        return (
            f"CREATE TABLE {table} (\n  id INTEGER PRIMARY KEY,\n"
            f"  {name(generator)} VARCHAR(80) NOT NULL,\n"
            f"  {name(generator)} TIMESTAMP DEFAULT CURRENT_TIMESTAMP\n);\n"
            f"INSERT INTO {table} VALUES ({number(generator)},"
            f" '{sentence(generator)}', NULL);\n"
            f"SELECT COUNT(*) FROM {table} WHERE id > {number(generator)} ORDER BY id DESC;\n"
        )

    return f"-- {sentence(generator)}\n" + repeated(generator, statement)


def svg(generator: Generator) -> str:
    """A drawing."""

    def shape(generator: Generator) -> str:
        place = generator.integers(0, 400, 4)
        return (
            f'  <rect x="{place[0]}" y="{place[1]}" width="{place[2]}" height="{place[3]}"'
            f' fill="#{number(generator):06x}"/>\n'
            f'  <path d="M{place[3]} {place[2]} L{place[1]} {place[0]} Z"/>'
        )

    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400" viewBox="0 0 400 400">\n'
        + repeated(generator, shape)
        + "\n</svg>\n"
    )


def subtitles(generator: Generator) -> str:
    """Subtitles of a film."""
    blocks = []
    for index in range(int(generator.integers(8, 20))):
        start = f"00:{index:02d}:{number(generator) % 60:02d},{number(generator) % 1000:03d}"
        stop = f"00:{index + 1:02d}:{number(generator) % 60:02d},000"
        blocks.append(
            f"{index + 1}\n{start} --> {stop}\n{sentence(generator)}\n"
        )
    return "\n".join(blocks)


TEXT_FILES: dict[str, Maker] = {
    "c": c_source,
    "css": css,
    "csv": csv_table,
    "go": go,
    "html": html,
    "ini": ini,
    "java": java,
    "javascript": javascript,
    "json": json_data,
    "markdown": markdown,
    "python": python,
    "rust": rust,
    "shell": shell,
    "sql": sql,
    "srt": subtitles,
    "svg": svg,
    "toml": toml,
    "xml": xml,
    "yaml": yaml,
}
"""Makers of text files, by what magika calls the kind."""
