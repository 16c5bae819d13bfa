"""The front door and the faces of the rooms list what is there, and nobody passes by them."""

import ast
import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

import mho

HOME = Path(__file__).parents[1]
SOURCE = HOME / "src"
FACES = {
    ".".join(file.relative_to(SOURCE).parts[:-1]): file
    for file in sorted(SOURCE.rglob("mho/**/__init__.py"))
}
"""Every package of the house and its `__init__.py`."""
PAGES = [
    HOME / "README.md",
    HOME / "CONTRIBUTING.md",
    *HOME.glob("docs/**/*.md"),
]
WORDS = 10
"""What a paragraph has at least (1)."""
ONE_ROOM = "mho.cli"
"""Its files import each other when a command runs: faces would import torch even for help."""


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of Python code.

    Args:
        where: File, and line of its beginning.
        module: Dotted name, where it is part of the package; otherwise empty.
        tree: The code, parsed.
    """

    where: str
    module: str
    tree: ast.Module


def of_page(text: str) -> Iterator[tuple[int, str]]:
    """Code blocks of Python on a page, with the line at which each begins."""
    for block in re.finditer(r"```python\n(.*?)```", text, re.DOTALL):
        yield text[: block.start()].count("\n") + 1, block[1]


def examples_of(text: str) -> str:
    """The code of a text that may hold doctests; of a plain one, the text."""
    examples = doctest.DocTestParser().get_examples(text)
    return "".join(one.source for one in examples) if examples else text


def pieces() -> Iterator[Code]:
    """All code of the house but the tests: files, examples in docstrings, blocks on pages."""
    files = [
        *SOURCE.rglob("*.py"),
        *HOME.glob("benchmarks/**/*.py"),
        *HOME.glob("docs/**/*.py"),
    ]
    for file in sorted(files):
        tree = ast.parse(file.read_text())
        where = str(file.relative_to(HOME))
        inside = file.is_relative_to(SOURCE)
        parts = file.relative_to(SOURCE).with_suffix("").parts if inside else ()
        name = ".".join(parts).removesuffix(".__init__")
        yield Code(where, ONE_ROOM if name == "mho.__main__" else name, tree)
        for examples in docstring_examples(tree):
            yield Code(f"{where} (an example)", "", examples)
    for page in sorted(PAGES):
        for line, block in of_page(page.read_text()):
            where = f"{page.relative_to(HOME)}:{line}"
            yield Code(where, "", ast.parse(examples_of(block)))


def docstring_examples(tree: ast.Module) -> Iterator[ast.Module]:
    """The doctests of every docstring of a file."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, holders) else None
        if text and ">>>" in text:
            yield ast.parse(examples_of(text))


def names_of(face: str) -> list[str]:
    """What a face lists; a package without a list offers its sub-packages alone."""
    return list(getattr(import_module(face), "__all__", ()))


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """All imports of `mho`: a module, and the name that is taken from it, if one is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def past_a_face(code: Code) -> Iterator[str]:
    """Imports that name a file of another room, or what the room's face does not list."""
    for module, name in imports(code.tree):
        if not lies_in(module, "mho"):
            continue
        if not may_see(code, module):
            yield module
        elif name and not is_offered(code, module, name):
            yield f"{module}.{name}"


def lies_in(module: str, package: str) -> bool:
    """Whether a module is a package or lies in it."""
    return module == package or module.startswith(package + ".")


def may_see(code: Code, module: str) -> bool:
    """Whether a piece of code may import a module: a face, or a file of a room it lies in."""
    if module in FACES or in_one_room(code, module):
        return True
    room = module.rpartition(".")[0]
    return room == "mho" or lies_in(code.module, room)


def in_one_room(code: Code, module: str) -> bool:
    """Whether both lie in the room that counts as one, whatever folders it has."""
    return lies_in(module, ONE_ROOM) and lies_in(code.module, ONE_ROOM)


def is_offered(code: Code, module: str, name: str) -> bool:
    """Whether a name may be taken from a module that may be seen."""
    own = lies_in(code.module, module) and module != "mho"
    if module not in FACES or own or in_one_room(code, module):
        return True
    whole = f"{module}.{name}"
    room_of_house = module == "mho" and (SOURCE / "mho" / f"{name}.py").exists()
    return name in names_of(module) or whole in FACES or room_of_house


def test_nobody_imports_a_file_of_another_room() -> None:
    """A room is used by its face, so what lies behind may move and be renamed freely."""
    found = [
        f"{code.where}: {name}"
        for code in pieces()
        for name in past_a_face(code)
    ]
    assert not found, "\n".join(found)


def test_the_check_of_imports_sees_what_it_should() -> None:
    """A file of another room, a name that no face lists, an import of the whole module."""
    text = (
        "from mho.wires.model import WireModel\n"
        "from mho.wires import WireModel, hidden\n"
        "import mho.wires.model\n"
        "from mho.units import uS\n"
        "import mho.wires, torch\n"
    )
    wrong = ["mho.wires.model", "mho.wires.hidden", "mho.wires.model"]
    assert list(past_a_face(Code("", "", ast.parse(text)))) == wrong
    assert (
        list(past_a_face(Code("", "mho.chip.chip", ast.parse(text)))) == wrong
    )
    assert list(past_a_face(Code("", "mho.wires.sneak", ast.parse(text)))) == []


@pytest.mark.parametrize("face", FACES)
def test_a_face_lists_what_is_there_and_says_what_the_room_is(
    face: str,
) -> None:
    """Each name in `__all__` is found, once; the docstring is a paragraph, not a heading."""
    module = import_module(face)
    names = names_of(face)
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []
    assert len((module.__doc__ or "").split()) >= WORDS


def test_the_lists_of_the_front_door_agree() -> None:
    """What type checkers read, where names are looked up, and what is listed: the same."""
    tree = ast.parse(FACES["mho"].read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    looked_up = {
        name: room for room, names in mho.NAMES.items() for name in names
    }
    assert typed == looked_up
    assert sorted(typed) == sorted(mho.__all__)
    for name, room in looked_up.items():
        assert getattr(mho, name) is getattr(import_module(room), name)
    for room in mho.ROOMS:
        assert getattr(mho, room) is import_module(f"mho.{room}")


def test_what_examples_take_from_the_front_door_is_there() -> None:
    """`mho.NAME` in any code of the house but the package itself."""
    offered = {
        *mho.__all__,
        *mho.ROOMS,
        "NAMES",
        "ROOMS",
        "__all__",
        "__path__",
    }
    found = {
        f"{code.where}: mho.{node.attr}"
        for code in pieces()
        if not code.module
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "mho"
        and node.attr not in offered
    }
    assert not found, "\n".join(sorted(found))


def test_importing_the_front_door_imports_nothing_that_takes_time() -> None:
    """Not torch, and nothing else from outside; names come on first use, rooms as attributes."""
    code = (
        "import sys; before = set(sys.modules); import mho; "
        "outside = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(outside - set(sys.stdlib_module_names) - {'mho'})); "
        "print(sorted(n for n in sys.modules if n.startswith('mho'))); "
        "print(mho.wires.WireModel is mho.WireModel, 'WireModel' in dir(mho)); "
        "print(mho.device.laws.__name__, mho.characterise.levels.__name__)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines() == [
        "[]",
        "['mho']",
        "True True",
        "mho.device.laws mho.characterise.levels",
    ]


def test_an_unknown_name_is_refused_by_name() -> None:
    with pytest.raises(AttributeError, match="`mho` has no attribute `chipp`"):
        mho.chipp  # noqa: B018
