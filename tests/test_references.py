"""Every paper that the code names stands in the bibliography."""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from typing import ClassVar

import pytest

import mho
from mho.device.laws import TelegraphNoise
from mho.device.published import preset
from mho.references import bibliography, citation


def _classes() -> list[type]:
    """All classes of all modules that carry `references` of their own."""
    found: dict[str, type] = {}
    for info in pkgutil.walk_packages(mho.__path__, "mho."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for _, item in inspect.getmembers(module, inspect.isclass):
            if item.__module__.startswith("mho.") and "references" in vars(
                item
            ):
                found[f"{item.__module__}.{item.__qualname__}"] = item
    return [found[name] for name in sorted(found)]


def test_every_reference_of_every_class_resolves() -> None:
    """A tuple of keys, none empty, each in the bibliography; and the search finds the laws."""
    classes = _classes()
    assert TelegraphNoise in classes
    assert len(classes) >= 6
    for item in classes:
        keys = vars(item)["references"]
        assert isinstance(keys, tuple), item
        assert keys, item
        assert set(keys) <= set(bibliography()), item


def test_every_entry_is_read_whole() -> None:
    """As many entries as the file has `@` at line starts, each with title, author and year."""
    text = "\n\n".join(bibliography().values())
    assert text.count("\n@") + 1 == len(bibliography())
    for key, entry in bibliography().items():
        assert entry.startswith("@"), key
        assert entry.endswith("}"), key
        assert entry.count("{") == entry.count("}"), key
        for name in ("title = ", "author = ", "year = "):
            assert name in entry, (key, name)


def test_a_citation_collects_the_parts_once() -> None:
    """A cell cites the papers of its laws, each one time."""
    text = citation(
        preset("rao2023").cell(), preset("rao2023").cell().telegraph
    )
    for key in (
        "rao2023",
        "wan2022",
        "machlup1954noise",
        "kirton1989",
        "dutta1981",
    ):
        assert text.count(f"{{{key},") == 1
    assert citation() == ""


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    """A misspelt key never passes silently."""

    @dataclass(frozen=True)
    class Wrong:
        references: ClassVar = ("rao2032",)

    with pytest.raises(ValueError, match="Did you mean `rao2023`"):
        citation(Wrong())
