"""Walk with a command through the house: which rooms its calls enter, and where they return.

    python tools/walk.py -- deploy digits --seed 0 --out /tmp/digits
    python tools/walk.py --deep --json - --src elsewhere/src -- presets rao2023

The command runs in this process, and every first call of a function by another counts once, in
the order in which it happens; so a loop is one step. A room is a package right under `mho`, with
`--deep` the innermost package; files right under `mho` are one room. A step into another room
than the step before is an entry, and an entry into a room that was left before is a return: few
returns mean that data travel one way. What runs while a module is imported does not count, nor
does what happens in other processes.
"""

import argparse
import contextlib
import inspect
import itertools
import json
import re
import runpy
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

HOME = Path(__file__).resolve().parents[1]
PACKAGE = "mho"

# Python 3.12 runs comprehensions inside their function, so before it they are no functions either.
_INNER = re.compile(r"(\.<locals>\.<(listcomp|setcomp|dictcomp|genexpr)>)+$")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the house.

    Args:
        room: Package that it belongs to.
        name: File and qualified name.
        imports: Whether it is the body of a module, which runs while the module is imported.
        code: Kept, because a freed one would leave its identity to another.
    """

    room: str
    name: str
    imports: bool
    code: CodeType


@dataclass(frozen=True, slots=True)
class Step:
    """The first call of one function by another."""

    caller: str
    callee: str
    room: str
    crosses: bool


@dataclass(slots=True)
class Walk:
    """Listens to the calls of a program, and keeps the steps.

    Args:
        package: Folder of the package; calls of files elsewhere do not count.
        deep: Whether a room is the innermost package.
    """

    package: Path
    deep: bool = False
    steps: list[Step] = field(default_factory=list)
    _functions: dict[int, Function | None] = field(default_factory=dict)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _imports: int = 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen while the block runs, in this thread and in those that it starts."""
        threading.setprofile(self.heard)
        sys.setprofile(self.heard)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def heard(self, frame: FrameType, event: str, _: Any) -> None:
        """Take an event of `sys.setprofile`."""
        if event not in ("call", "return"):
            return
        callee = self._function(frame.f_code)
        if callee is None:
            return
        if callee.imports:
            self._imports += 1 if event == "call" else -1
        elif event == "call" and not self._imports:
            self._step(frame, callee)

    def _step(self, frame: FrameType, callee: Function) -> None:
        caller = self._caller(frame)
        if caller is None:
            edge, crosses = ("", callee.name), True
        else:
            edge, crosses = (
                (caller.name, callee.name),
                caller.room != callee.room,
            )
        if edge[0] == edge[1] or edge in self._seen:
            return
        self._seen.add(edge)
        self.steps.append(Step(*edge, callee.room, crosses))

    def _caller(self, frame: FrameType) -> Function | None:
        """The nearest function of the house that waits for this call, past those of others."""
        above = frame.f_back
        while above is not None:
            function = self._function(above.f_code)
            if function is not None:
                return function
            above = above.f_back
        return None

    def _function(self, code: CodeType) -> Function | None:
        """What a piece of code is in the house; `None` outside."""
        # by identity: codes compare and hash by their whole contents, which is slow
        key = id(code)
        if key not in self._functions:
            self._functions[key] = self._found(code)
        return self._functions[key]

    def _found(self, code: CodeType) -> Function | None:
        path = Path(code.co_filename)
        if not path.is_relative_to(self.package):
            return None
        inside = path.relative_to(self.package)
        name = f"{inside.as_posix()}:{_INNER.sub('', code.co_qualname)}"
        body = code.co_name == "<module>" and inside.name != "__main__.py"
        return Function(self._room(inside), name, body, code)

    def _room(self, inside: Path) -> str:
        folders = inside.parts[:-1]
        return ".".join(folders if self.deep else folders[:1]) or PACKAGE

    def report(self) -> dict[str, Any]:
        """Entries, returns and the route, as JSON."""
        route = [
            room
            for room, _ in itertools.groupby(step.room for step in self.steps)
        ]
        entries = Counter(route)
        returns = {
            room: count - 1
            for room, count in entries.most_common()
            if count > 1
        }
        return {
            "steps": len(self.steps),
            "steps_between_rooms": sum(step.crosses for step in self.steps),
            "rooms": len(entries),
            "entries": len(route),
            "returns": len(route) - len(entries),
            "returns_per_room": returns,
            "route": route,
        }


def walked(
    source: Path, words: list[str], *, deep: bool = False
) -> tuple[Walk, int]:
    """Run a command of the package under a folder of sources; the walk, and the exit code."""
    sys.path.insert(0, str(source))
    sys.argv = [PACKAGE, *words]
    walk = Walk(source / PACKAGE, deep)
    code: object = 0
    with walk.listening():
        try:
            runpy.run_module(PACKAGE, run_name="__main__", alter_sys=True)
        except SystemExit as stop:
            code = stop.code
    return walk, code if isinstance(code, int) else int(code is not None)


def show(report: dict[str, Any]) -> None:
    """Print the figures for people."""
    print(
        f"{report['steps']} steps (first calls of one function by another),"
        f" {report['steps_between_rooms']} of them between rooms"
    )
    print(
        f"{report['entries']} entries into {report['rooms']} rooms, {report['returns']} returns"
    )
    for room, count in report["returns_per_room"].items():
        print(f"  {count:5} returns to {room}")


def main(arguments: list[str]) -> int:
    """Run the command and print the walk; returns the command's exit code."""
    parser = argparse.ArgumentParser(
        description=inspect.cleandoc(__doc__ or ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--src", type=Path, default=HOME / "src", help="folder that holds mho"
    )
    parser.add_argument(
        "--deep", action="store_true", help="rooms are the innermost packages"
    )
    parser.add_argument(
        "--json", help="file for the figures; `-` for standard output"
    )
    parser.add_argument("words", nargs="+", help="the command, after `--`")
    options = parser.parse_args(arguments)
    source = options.src.resolve()
    if not (source / PACKAGE / "__main__.py").exists():
        parser.error(
            f"--src must hold {PACKAGE}/__main__.py, but {source} does not."
        )
    # what the command itself prints must not lie among the figures
    aside = sys.stderr if options.json == "-" else sys.stdout
    with contextlib.redirect_stdout(aside):
        walk, code = walked(source, options.words, deep=options.deep)
    report = walk.report()
    if options.json == "-":
        print(json.dumps(report))
    else:
        show(report)
    if options.json and options.json != "-":
        Path(options.json).write_text(json.dumps(report), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
