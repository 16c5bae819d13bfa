"""The papers behind the code, as BibTeX.

A class that implements a paper names its key in `references`; `citation` collects the entries of
whatever was used.
"""

import dataclasses
import re
from functools import cache
from importlib.resources import files
from typing import Any

from mho.checks import check_choice

_ENTRY = re.compile(r"^@\w+\{([^,\s]+),.*?^\}", re.MULTILINE | re.DOTALL)


@cache
def bibliography() -> dict[str, str]:
    """All entries, BibTeX by key."""
    text = files("mho").joinpath("references.bib").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in _ENTRY.finditer(text)}


def citation(*objects: Any) -> str:
    """BibTeX of the papers that these objects, and the parts they consist of, implement.

    Raises:
        ValueError: An object names a key that the bibliography lacks.

    >>> from mho.programming import Denoise
    >>> citation(Denoise()).startswith("@article{rao2023")
    True
    """
    keys: dict[str, None] = {}
    for item in objects:
        _collect(item, keys)
    known = bibliography()
    for key in keys:
        check_choice(key, "references", known)
    return "\n\n".join(known[key] for key in keys)


def _collect(item: Any, keys: dict[str, None]) -> None:
    """Keys of an object, then of its fields."""
    for key in getattr(item, "references", ()):
        keys[key] = None
    is_class = isinstance(item, type)
    if is_class or not dataclasses.is_dataclass(item):
        return
    for field in dataclasses.fields(item):
        _collect(getattr(item, field.name), keys)
