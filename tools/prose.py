"""How densely the code is written: a report for readers, never a gate.

    python tools/prose.py
    python tools/prose.py src/mho/chip tests --worst 20
    python tools/prose.py --json -

Density is the number of syntax nodes a line of a function's body has, of bodies of eight lines
or more, without their docstrings: prose with one idea a line has six to eight. A package is a
folder. Shares and rates are of all lines; the first share of comments is of lines that bear any,
the second of lines that hold nothing else.
"""

import argparse
import ast
import inspect
import io
import json
import statistics
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
SHORTEST_BODY = 8
AIMED_LINES, MOST_LINES = 250, 400

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SEVERAL = (ast.Tuple, ast.List)


@dataclass(frozen=True, slots=True)
class Body:
    """The statements of a function, without its docstring.

    Args:
        place: File and line of the function.
        name: Of the function.
        lines: From the first statement to the end of the last.
        nodes: Syntax nodes of all statements.
    """

    place: str
    name: str
    lines: int
    nodes: int

    @property
    def density(self) -> float:
        """Syntax nodes a line."""
        return self.nodes / self.lines


@dataclass(frozen=True, slots=True)
class File:
    """What was counted in one file.

    Args:
        path: As it is shown.
        package: Folder of the file, as it is shown.
        lines: All of them.
        comments: Lines that bear a comment.
        comments_alone: Lines of nothing but a comment.
        skips: Comments `fmt: skip`.
        tuples: Assignments of several values at once, `a, b = x, y`.
        bodies: Of all functions.
    """

    path: str
    package: str
    lines: int
    comments: int
    comments_alone: int
    skips: int
    tuples: int
    bodies: tuple[Body, ...]


def read(path: Path) -> File:
    """Count in one file.

    Raises:
        ValueError: It is not Python.
        OSError: It cannot be read.
    """
    shown = path.relative_to(HOME) if path.is_relative_to(HOME) else path
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        raise ValueError(
            f"{shown} must be Python in UTF-8, but is not: {error}."
        ) from error
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    return File(
        path=shown.as_posix(),
        package=shown.parent.as_posix(),
        lines=len(text.splitlines()),
        comments=len(comments),
        comments_alone=sum(
            token.line.lstrip().startswith("#") for token in comments
        ),
        skips=sum("fmt: skip" in token.string for token in comments),
        tuples=sum(_several_at_once(node) for node in ast.walk(tree)),
        bodies=tuple(_bodies(tree, shown.as_posix())),
    )


def _several_at_once(node: ast.AST) -> bool:
    if not isinstance(node, ast.Assign) or not isinstance(node.value, _SEVERAL):
        return False
    values = len(node.value.elts)
    return any(
        isinstance(to, _SEVERAL) and len(to.elts) == values
        for to in node.targets
    )


def _bodies(tree: ast.Module, shown: str) -> Iterator[Body]:
    for node in ast.walk(tree):
        if not isinstance(node, _FUNCTIONS):
            continue
        documented = ast.get_docstring(node, clean=False) is not None
        statements = node.body[documented:]
        if not statements:
            continue
        lines = (statements[-1].end_lineno or 0) - statements[0].lineno + 1
        nodes = sum(1 for statement in statements for _ in ast.walk(statement))
        yield Body(f"{shown}:{node.lineno}", node.name, lines, nodes)


def summary(files: Iterable[File]) -> dict[str, Any]:
    """Figures of some files together."""
    files = list(files)
    densities = [body.density for body in _long_enough(files)]
    lines = sum(file.lines for file in files)
    tuples = sum(file.tuples for file in files)
    comments = sum(file.comments for file in files)
    alone = sum(file.comments_alone for file in files)
    some = max(1, lines)
    return {
        "files": len(files),
        "lines": lines,
        "bodies": len(densities),
        "median_nodes_per_line": round(statistics.median(densities), 2)
        if densities
        else None,
        "tuple_assignments_per_1000_lines": round(1000 * tuples / some, 2),
        "fmt_skips": sum(file.skips for file in files),
        "comment_share": round(comments / some, 4),
        "comment_line_share": round(alone / some, 4),
    }


def _long_enough(files: Iterable[File]) -> list[Body]:
    return [
        body
        for file in files
        for body in file.bodies
        if body.lines >= SHORTEST_BODY
    ]


def report(files: list[File], worst: int) -> dict[str, Any]:
    """Everything, as JSON."""
    packages: dict[str, list[File]] = defaultdict(list)
    for file in files:
        packages[file.package].append(file)
    densest = sorted(_long_enough(files), key=lambda body: -body.density)
    longest = sorted(_long_enough(files), key=lambda body: -body.lines)
    long = sorted(files, key=lambda file: -file.lines)
    return {
        "overall": summary(files),
        "packages": {
            name: summary(packages[name]) for name in sorted(packages)
        },
        "worst": [_shown(body) for body in densest[:worst]],
        "longest": [_shown(body) for body in longest[:worst]],
        "files_over_400_lines": {
            f.path: f.lines for f in long if f.lines > MOST_LINES
        },
        "files_over_250_lines": {
            f.path: f.lines for f in long if AIMED_LINES < f.lines <= MOST_LINES
        },
    }


def _shown(body: Body) -> dict[str, Any]:
    return {**asdict(body), "nodes_per_line": round(body.density, 1)}


def show(found: dict[str, Any], *, brief: bool) -> None:
    """Print for people; in brief the whole and the densest bodies."""
    overall = found["overall"]
    print(_sentence(overall))
    print("densest bodies, syntax nodes a line:")
    for body in found["worst"]:
        print(f"  {body['nodes_per_line']:5}  {body['place']} {body['name']}")
    if brief:
        return
    print("longest bodies, lines:")
    for body in found["longest"]:
        print(f"  {body['lines']:5}  {body['place']} {body['name']}")
    for kind in ("files_over_400_lines", "files_over_250_lines"):
        print(f"{kind.replace('_', ' ')}: {len(found[kind])}")
        for path, lines in found[kind].items():
            print(f"  {lines:5}  {path}")
    print(
        "nodes a line, tuple assignments per 1,000 lines, fmt: skip, comments, package"
    )
    for name, row in found["packages"].items():
        print(
            f"  {row['median_nodes_per_line'] or '-':>6}"
            f"  {row['tuple_assignments_per_1000_lines']:5}"
            f"  {row['fmt_skips']:4}  {row['comment_share']:6.1%}  {name}"
        )


def _sentence(overall: dict[str, Any]) -> str:
    return (
        f"median {overall['median_nodes_per_line']} syntax nodes a line in {overall['bodies']}"
        f" bodies of {SHORTEST_BODY} lines or more;"
        f" {overall['tuple_assignments_per_1000_lines']} tuple assignments per 1,000 lines,"
        f" {overall['fmt_skips']} fmt: skip, {overall['comment_share']:.1%} comments"
        f" ({overall['comment_line_share']:.1%} on lines of their own)"
    )


def python_files(paths: list[Path]) -> list[Path]:
    """All Python files at or below some paths, each once.

    Raises:
        ValueError: A path is not there.
    """
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise ValueError(
                f"PATH must be a file or folder, but {path} is not there."
            )
        found.update(
            path.resolve().rglob("*.py") if path.is_dir() else [path.resolve()]
        )
    return sorted(found)


def main(arguments: list[str]) -> int:
    """Count and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=inspect.cleandoc(__doc__ or ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, default=[HOME / "src"], metavar="PATH"
    )
    parser.add_argument("--worst", type=int, default=10, help="bodies to list")
    parser.add_argument(
        "--brief", action="store_true", help="the whole and the densest bodies"
    )
    parser.add_argument(
        "--json", help="file for the figures; `-` for standard output"
    )
    options = parser.parse_args(arguments)
    try:
        files = [read(path) for path in python_files(options.paths)]
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    found = report(files, options.worst)
    if options.json == "-":
        print(json.dumps(found))
        return 0
    if options.json:
        Path(options.json).write_text(json.dumps(found), encoding="utf-8")
    show(found, brief=options.brief)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
