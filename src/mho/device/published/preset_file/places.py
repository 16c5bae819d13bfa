"""Where in a file something stands, and sentences about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from mho.checks import check_choice, one_line

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY = re.compile(r"\s*([\w.\-\"' ]+?)\s*=")
_LONGEST = 60
"""Letters of a name that a sentence shows at most (1)."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a preset file.

    Args:
        name: The file, as sentences call it.
        text: What is in it.
    """

    name: str
    text: str

    def refuse(self, table: str, key: str, rest: str) -> NoReturn:
        """Refuse what a key says.

        Args:
            table: Name of the table; empty outside of tables.
            key: Its key; empty for the table itself.
            rest: What it must, but does not.

        Raises:
            ValueError: Always; with file, table, key and line.
        """
        raise ValueError(f"{self._subject(table, key)} {rest.rstrip('.')}.")

    def check_word(
        self, value: str, table: str, key: str, choices: Iterable[str]
    ) -> None:
        """Refuse a word that a key gives and that is not on a list; name the nearest one.

        Raises:
            ValueError: With file, table, key and line.
        """
        rest = _refusal(value, choices)
        if rest:
            raise ValueError(f"{self._subject(table, key)} {rest}")

    def check_name(self, name: str, table: str, choices: Iterable[str]) -> None:
        """Refuse a name that a table does not have; name the nearest one that it has.

        Raises:
            ValueError: With file, table and line.
        """
        rest = _refusal(name, choices)
        if rest:
            what = f"A name in `[{_short(table)}]`" if table else "A table"
            raise ValueError(f"{what} of {self._file(table, name)} {rest}")

    def _subject(self, table: str, key: str) -> str:
        if not table and not key:
            return f"Preset file {self._file('', '')}"
        if not key:
            return f"Table `[{_short(table)}]` of {self._file(table, '')}"
        where = f" in `[{_short(table)}]`" if table else ""
        return f"Key `{_short(key)}`{where} of {self._file(table, key)}"

    def _file(self, table: str, key: str) -> str:
        # a key of an inline table stands in the line of that
        line = self._line(table, key) or self._line(table, "")
        return f"`{self.name}`" + (f" (line {line})" if line else "")

    def _line(self, table: str, key: str) -> int | None:
        """Line in which a key of a table stands, or a table begins; `None` if none is found."""
        wanted = ".".join(part for part in (table, key) if part)
        if not wanted:
            return None
        header = ""
        for number, line in enumerate(self.text.split("\n"), 1):
            key_found = _KEY.match(line)
            header_found = _HEADER.match(line)
            if header_found:
                header = _bare(header_found[1])
                here = header
            elif key_found:
                inside = _bare(key_found[1])
                here = f"{header}.{inside}" if header else inside
            else:
                continue
            if here == wanted or here.startswith(f"{wanted}."):
                return number
        return None


def _refusal(value: str, choices: Iterable[str]) -> str:
    """The rest of a sentence about a word that is not on a list; empty if it is."""
    try:
        check_choice(_short(value), "x", choices)
    except ValueError as error:
        return str(error).removeprefix("Argument `x` ")
    return ""


def _short(name: str) -> str:
    text = one_line(name)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
