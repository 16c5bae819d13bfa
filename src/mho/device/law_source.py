"""What the source of a law says that a compiler would not take, or not mean: told with its line.

Laws are compiled for records of numbers, so that a misspelt name would come back as a page about
types, and a change of the numbers that all cells share, or a draw that has no name, not at all.
"""

import ast
import builtins
import difflib
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

from mho.compiled import bare, used_by
from mho.device.model import SHARED, CellModel
from mho.device.shots import Shot, Trains

_ROOM = 300.0
"""Temperature at which a kind is asked for its numbers (K)."""


def check_source(model: CellModel) -> None:
    """Refuse laws that use what a kind does not declare, or what is no arithmetic.

    Laws without source, as those typed at a prompt, are left to the compiler.

    Raises:
        ValueError: In the house sentence, with file and line.
    """
    for sentence in _complaints(model):
        raise ValueError(sentence)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a record has.

    Args:
        what: What such a name is, for sentences.
        names: The names.
        declare: What to do about a missing one.
        fixed: Why a law must not change it; empty if it may.
    """

    what: str
    names: frozenset[str]
    declare: str
    fixed: str = ""


_Records = dict[str, _Known]
"""Records that a function sees, by the names that it gives them."""
_Key = tuple[FunctionType, tuple[str, ...]]


def _complaints(model: CellModel) -> Iterator[str]:
    """A sentence for each thing that a kind's laws should not say."""
    kind = type(model)
    columns = {**SHARED, **model.constants, **model.state_columns()}
    own = _Known(
        "a number",
        frozenset(model.numbers(_ROOM)),
        f"make it a field of `{kind.__name__}`",
        "all cells share it; make it a column of the cell",
    )
    shot = _Known(
        "a part of a shot",
        frozenset(Shot._fields),
        "see `mho.device.Shot`",
        "it is what was given; use a variable",
    )
    trains = _Known(
        "a part of trains",
        frozenset(Trains._fields),
        "see `mho.device.Trains`",
        "they are what was given; use a variable",
    )
    cell = _Known(
        "a column", frozenset(columns), f"name it in `{kind.__name__}.columns`"
    )
    records = {
        "cell": cell,
        "p": own,
        "after": own,
        "shot": shot,
        "trains": trains,
    }
    seen: set[_Key] = set()
    for name, law in model.laws().items():
        short = name.removeprefix("law_")
        seam = getattr(CellModel, short, None)
        if seam is None or law is seam:
            continue
        wanted = list(inspect.signature(seam).parameters)
        given = list(inspect.signature(law).parameters)
        known = {
            mine: records[theirs]
            for mine, theirs in zip(given, wanted, strict=True)
            if theirs in records
        }
        function = bare(law)
        yield from _in_function(function, known, seen)
        if short == "read":
            yield from _without_result(function)


def _in_function(
    function: FunctionType, known: _Records, seen: set[_Key]
) -> Iterator[str]:
    """The same for one function, and for those of the user's that it calls."""
    key = (function, tuple(known))
    if key in seen:
        return
    seen.add(key)
    tree = _tree(function)
    if tree is None:
        return
    there = dict(used_by(function, {}))
    local = _local_names(tree)
    for node in ast.walk(tree):
        said = (
            _about_record(node, known)
            or _about_name(node, function, local)
            or _about_module(node, there)
            or _about_statement(node)
        )
        if said:
            yield f"Law {_place(function, node)} must {said}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            helper = there.get(node.func.id)
            if isinstance(helper, FunctionType) and not _is_of_house(helper):
                handed = _handed(node, helper, known)
                yield from _in_function(helper, handed, seen)


def _handed(call: ast.Call, helper: FunctionType, known: _Records) -> _Records:
    """Records that a call hands on, by the names that they have there."""
    names = list(inspect.signature(helper).parameters)
    pairs = list(zip(names, call.args, strict=False))
    pairs += [(word.arg, word.value) for word in call.keywords if word.arg]
    return {
        name: known[value.id]
        for name, value in pairs
        if isinstance(value, ast.Name) and value.id in known
    }


def _about_record(node: ast.AST, known: _Records) -> str:
    """A column or number that there is not, or one that a law must not change."""
    if not (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ):
        return ""
    there = known.get(node.value.id)
    if there is None:
        return ""
    said = f"{node.value.id}.{node.attr}"
    if node.attr not in there.names:
        near = difflib.get_close_matches(node.attr, sorted(there.names), 1, 0.5)
        hint = f" Did you mean `{node.value.id}.{near[0]}`?" if near else ""
        return (
            f"use what its kind declares, but `{said}` is {there.what} that there is not;"
            f" {there.declare}.{hint}"
        )
    if there.fixed and not isinstance(node.ctx, ast.Load):
        return f"leave `{said}` as it is, but changes it; {there.fixed}."
    return ""


def _about_name(
    node: ast.AST, function: FunctionType, local: frozenset[str]
) -> str:
    """A name that nobody has given a value."""
    if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
        return ""
    outside = {
        *function.__globals__,
        *function.__code__.co_freevars,
        *vars(builtins),
    }
    if node.id in local or node.id in outside:
        return ""
    if node.id == "self":
        hint = " A law sees no object: numbers of the kind are `p.NAME`."
    else:
        known = sorted(local | function.__globals__.keys())
        near = difflib.get_close_matches(node.id, known, 1, 0.6)
        hint = f" Did you mean `{near[0]}`?" if near else ""
    return (
        f"use names that have a value, but `{node.id}` has none; give it one in the law, or at"
        f" the top of the file.{hint}"
    )


def _about_module(node: ast.AST, there: dict[str, object]) -> str:
    """Draws without a name, and functions of mho that are reached through a module."""
    if not isinstance(node, ast.Attribute):
        return ""
    path = ast.unparse(node)
    root = there.get(path.split(".")[0])
    if not isinstance(root, ModuleType):
        return ""
    if root.__name__ == "random" or path.split(".")[1:2] == ["random"]:
        return (
            f"draw by name, so that a cell's draws depend on its own history alone, but uses"
            f' `{path}`; write `normal(draw, WORD)` with `WORD = normal_purpose("…")` at the top'
            " of the file, both from `mho.compiled`."
        )
    if root.__name__.split(".")[0] == "mho":
        return (
            f"call functions by their own names, but says `{path}`; import them by name, as in"
            " `from mho.compiled import exp`."
        )
    if path.endswith(".clip"):
        return f"limit one number, but says `{path}`; write `min(max(x, low), high)`."
    return ""


_STATEMENTS: tuple[tuple[tuple[type[ast.AST], ...], str, str], ...] = (
    ((ast.Import, ast.ImportFrom), "imports", "import at the top of the file"),
    ((ast.With,), "opens something with `with`", "do that outside of laws"),
    ((ast.Try,), "catches errors", "ask with `if` before"),
    ((ast.Raise,), "raises an error", "refuse numbers in `__post_init__`"),
    ((ast.JoinedStr,), "makes a text", "laws make numbers alone"),
    (
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Yield),
        "collects items",
        "add them up in a `for` loop",
    ),
    ((ast.Dict, ast.Set), "makes a dictionary or set", "use variables"),
    ((ast.ClassDef,), "defines a class", "define it outside"),
    ((ast.Global, ast.Nonlocal), "changes what is outside", "use a column"),
)


def _about_statement(node: ast.AST) -> str:
    """What is no arithmetic."""
    for types, what, instead in _STATEMENTS:
        if isinstance(node, types):
            return f"be arithmetic on numbers, but {what}; {instead}."
    return ""


def _without_result(function: FunctionType) -> Iterator[str]:
    """A `read` that ends without saying what it has seen."""
    tree = _tree(function)
    if tree is None:
        return
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    empty = [
        node
        for node in found
        if node.value is None
        or (isinstance(node.value, ast.Constant) and node.value.value is None)
    ]
    if not found or empty:
        at = empty[0] if empty else next(iter(ast.iter_child_nodes(tree)))
        yield (
            f"Law {_place(function, at)} must return the conductance that a look sees in S, but"
            " returns nothing; write `return cell.conductance`."
        )


def _tree(function: FunctionType) -> ast.Module | None:
    """A function's source, parsed, its lines numbered as in its file; `None` without one."""
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    body = tree.body[0]
    if not isinstance(body, ast.FunctionDef):
        return None
    # decorators and annotations are no part of what is compiled
    body.decorator_list = []
    body.returns = None
    for one in ast.walk(body.args):
        if isinstance(one, ast.arg):
            one.annotation = None
    ast.increment_lineno(tree, max(first, 1) - 1)
    return tree


def _local_names(tree: ast.Module) -> frozenset[str]:
    """Names that a function gives a value."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
    return frozenset(names)


def _place(function: FunctionType, node: ast.AST) -> str:
    """A law by name, file and line."""
    file = Path(function.__code__.co_filename).name
    line = getattr(node, "lineno", function.__code__.co_firstlineno)
    return f"`{function.__name__}` ({file}, line {line})"


def _is_of_house(function: FunctionType) -> bool:
    return str(function.__module__).startswith("mho.")
