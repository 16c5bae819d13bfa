"""The rooms of the house: how large each package is, and who imports what: a report, never a gate.

    python tools/rooms.py
    python tools/rooms.py elsewhere/src/mho --json -

A folder should hold 16 files and 3,500 lines at most, its sub-packages not counted; `!` marks what
is over. A circle is a ring of imports among the sub-packages of one package, the files that lie
beside them counting as one more. An import reaches past a package's face if it names a file inside
a package in which the importer does not lie; what a package offers stands in its `__init__.py`,
whose own imports from below it are no part of a circle; nor are those of a `__main__.py`.
"""

import argparse
import ast
import inspect
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
MOST_FILES, MOST_LINES = 16, 3500
OWN_FILES = "its own files"


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file of the house.

    Args:
        name: Dotted; a package's face bears the package's name.
        path: Where it lies.
        face: Whether it is an `__init__.py`.
    """

    name: str
    path: Path
    face: bool

    @property
    def package(self) -> str:
        """The package that it lies in; a face lies in its own."""
        return self.name if self.face else self.name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Import:
    """One module imports another.

    Args:
        importer: The module that imports.
        imported: The module that is imported.
        line: Of the import.
    """

    importer: Module
    imported: Module
    line: int

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "importer": self.importer.name,
            "imported": self.imported.name,
            "line": self.line,
        }


def modules(root: Path) -> dict[str, Module]:
    """All files of a package, by dotted name."""
    found: dict[str, Module] = {}
    for path in sorted(root.rglob("*.py")):
        parts = (root.name, *path.relative_to(root).with_suffix("").parts)
        face = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if face else parts)
        found[name] = Module(name, path, face)
    return found


def imports(house: dict[str, Module]) -> list[Import]:
    """Who imports whom, each pair and line once.

    Raises:
        ValueError: A file is not Python.
        OSError: A file cannot be read.
    """
    found: dict[Import, None] = {}
    for module in house.values():
        try:
            tree = ast.parse(module.path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError) as error:
            raise ValueError(
                f"{module.path} must be Python in UTF-8, but is not: {error}."
            ) from error
        for name, line in _names(tree, module):
            imported = _holder(name, house)
            if imported is not None and imported != module:
                found[Import(module, imported, line)] = None
    return list(found)


def _names(tree: ast.Module, module: Module) -> Iterator[tuple[str, int]]:
    """Dotted names that are imported, and their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            start = _start(node, module)
            for alias in node.names:
                yield f"{start}.{alias.name}", node.lineno


def _start(node: ast.ImportFrom, module: Module) -> str:
    """What stands between `from` and `import`, in full."""
    if not node.level:
        return node.module or ""
    above = module.package.split(".")
    above = above[: len(above) - (node.level - 1)]
    return ".".join([*above, node.module] if node.module else above)


def _holder(name: str, house: dict[str, Module]) -> Module | None:
    """The module that a dotted name is or lies in; `None` outside the house."""
    while name:
        if name in house:
            return house[name]
        name = name.rpartition(".")[0]
    return None


def _inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def sizes(house: dict[str, Module]) -> list[dict[str, Any]]:
    """Files and lines of every package, its own and with its sub-packages."""
    lines = {
        name: len(m.path.read_text(encoding="utf-8").splitlines())
        for name, m in house.items()
    }
    rows = []
    for package in sorted(
        module.name for module in house.values() if module.face
    ):
        own = [lines[name] for name, m in house.items() if m.package == package]
        every = [
            lines[name]
            for name, m in house.items()
            if _inside(m.package, package)
        ]
        rows.append(
            {
                "package": package,
                "files": len(own),
                "lines": sum(own),
                "files_with_subpackages": len(every),
                "lines_with_subpackages": sum(every),
                "too_large": len(own) > MOST_FILES or sum(own) > MOST_LINES,
            }
        )
    return rows


def past_faces(found: list[Import], root: str) -> list[Import]:
    """Imports of a file inside a package in which the importer does not lie."""
    return [
        one
        for one in found
        if not one.imported.face
        and one.imported.package != root
        and not _inside(one.importer.name, one.imported.package)
    ]


def circles(
    found: list[Import], house: dict[str, Module]
) -> list[dict[str, Any]]:
    """Rings of imports among the sub-packages of each package."""
    rings = []
    for package in (module.name for module in house.values() if module.face):
        ties: dict[tuple[str, str], Import] = {}
        for one in found:
            ends = _room(one.importer, package), _room(one.imported, package)
            if None in ends or ends[0] == ends[1] or _hands_on(one):
                continue
            ties.setdefault((str(ends[0]), str(ends[1])), one)
        rings += [
            {
                "package": package,
                "rooms": ring,
                "imports": [
                    one.shown()
                    for (a, b), one in ties.items()
                    if {a, b} <= set(ring)
                ],
            }
            for ring in _rings(list(ties))
        ]
    return rings


def _hands_on(one: Import) -> bool:
    """Whether a package's face or front door takes something from below it, to offer it."""
    door = one.importer.face or one.importer.name.endswith(".__main__")
    return door and _inside(one.imported.name, one.importer.package)


def _room(module: Module, package: str) -> str | None:
    """Which part of a package a module belongs to; `None` if it lies elsewhere."""
    if not _inside(module.package, package):
        return None
    below = module.package.removeprefix(package).lstrip(".")
    return below.partition(".")[0] or OWN_FILES


def _rings(ties: list[tuple[str, str]]) -> list[list[str]]:
    """Sets of nodes that all lead to one another."""
    targets: dict[str, set[str]] = defaultdict(set)
    for start, end in ties:
        targets[start].add(end)
    reached = {node: _reached(node, targets) for node in list(targets)}
    rings: list[list[str]] = []
    for node in sorted(reached):
        ring = sorted(
            other for other in reached[node] if node in reached.get(other, ())
        )
        if ring and ring not in rings:
            rings.append(ring)
    return rings


def _reached(node: str, targets: dict[str, set[str]]) -> set[str]:
    """All nodes that some way leads to."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        fresh = targets.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def report(root: Path) -> dict[str, Any]:
    """Everything, as JSON.

    Raises:
        ValueError: A file is not Python, or the folder no package.
        OSError: A file cannot be read.
    """
    if not (root / "__init__.py").exists():
        raise ValueError(
            f"PATH must be a package, but {root} has no __init__.py."
        )
    house = modules(root.resolve())
    found = imports(house)
    return {
        "packages": sizes(house),
        "circles": circles(found, house),
        "past_faces": [
            one.shown() for one in past_faces(found, root.resolve().name)
        ],
    }


def show(found: dict[str, Any]) -> None:
    """Print for people."""
    print("  files   lines  with sub-packages  package")
    for row in found["packages"]:
        mark = "!" if row["too_large"] else " "
        every = f"{row['files_with_subpackages']:5} {row['lines_with_subpackages']:9,}"
        print(
            f"{mark} {row['files']:5} {row['lines']:7,}    {every}  {row['package']}"
        )
    print(
        f"{sum(row['too_large'] for row in found['packages'])} packages too large"
    )
    print(f"{len(found['circles'])} circles")
    for ring in found["circles"]:
        print(f"  in {ring['package']}: {', '.join(ring['rooms'])}")
        for one in ring["imports"]:
            print(f"    {_sentence(one)}")
    print(
        f"{len(found['past_faces'])} imports past a package's face; `--json -` names them"
    )
    faces = Counter(
        one["imported"].rpartition(".")[0] for one in found["past_faces"]
    )
    for package, count in faces.most_common():
        print(f"  {count:5} past {package}")


def _sentence(one: dict[str, Any]) -> str:
    return f"{one['importer']} imports {one['imported']} (line {one['line']})"


def main(arguments: list[str]) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=inspect.cleandoc(__doc__ or ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        default=HOME / "src" / "mho",
        metavar="PATH",
    )
    parser.add_argument(
        "--json", help="file for the figures; `-` for standard output"
    )
    options = parser.parse_args(arguments)
    try:
        found = report(options.path)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.json == "-":
        print(json.dumps(found))
        return 0
    if options.json:
        Path(options.json).write_text(json.dumps(found), encoding="utf-8")
    show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
