"""Sphinx configuration."""

import builtins
import pkgutil
from collections.abc import Collection, Iterator
from importlib import import_module
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType

from docutils import nodes
from sphinx.addnodes import desc, pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

import mho

project = "mho"
author = "The mho developers"
release = installed("mho")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
]
html_theme = "furo"
html_title = "mho"
exclude_patterns = ["_build", "reference/_rooms"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_default_options = {
    "members": True,
    "undoc-members": False,
    # scikit-learn adds them to every estimator, with references into its own documentation
    "exclude-members": ", ".join(
        f"set_{method}_request"
        for method in ("fit", "predict", "predict_proba", "score")
    ),
}
autodoc_member_order = "bysource"
nitpicky = True
# what `Raises:` names; the documentation is built without a network, so without their inventory
nitpick_ignore = [
    ("py:exc", name)
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception)
] + [
    ("py:class", name)
    for name in ("collections.abc.Callable", "numpy.float32", "numpy.uint64")
]
# in docstrings, `WireModel` is a link where it names something of ours, and code where not
default_role = "py:obj"

ROOMS = Path(__file__).parent / "reference" / "_rooms"


def faces(room: ModuleType) -> Iterator[ModuleType]:
    """A package of the house and those in it; what is no package has no face, but itself."""
    yield room
    for module in pkgutil.iter_modules(getattr(room, "__path__", ())):
        if module.ispkg:
            yield from faces(import_module(f"{room.__name__}.{module.name}"))


def section(face: ModuleType, shown: set[int]) -> list[str]:
    """A face's part of a page.

    Args:
        face: The package.
        shown: What stands elsewhere already, by its identity; what stands here is added.
    """
    offered = {
        name: getattr(face, name) for name in getattr(face, "__all__", ())
    }
    again = [name for name, value in offered.items() if id(value) in shown]
    shown |= {id(value) for value in offered.values() if callable(value)}
    exclude = [f"   :exclude-members: +{', '.join(again)}"] if again else []
    start = [f"## {face.__name__}", "", "```{eval-rst}"]
    return [*start, f".. automodule:: {face.__name__}", *exclude, "```", ""]


def write_rooms() -> None:
    """One page for each room, to be included in the page of its concept.

    They are made of the faces, so that a new name, or a new package in a room, needs no edit here.
    What a face lists of the rooms inside stands with the face alone.
    """
    ROOMS.mkdir(exist_ok=True)
    wanted = {}
    shown: set[int] = set()
    for module in pkgutil.iter_modules(mho.__path__):
        if module.name in ("cli", "__main__"):
            continue
        lines: list[str] = []
        for face in faces(import_module(f"mho.{module.name}")):
            lines += section(face, shown)
        wanted[ROOMS / f"{module.name}.md"] = "\n".join(lines)
    for page in ROOMS.glob("*.md"):
        if page not in wanted:
            page.unlink()
    for page, text in wanted.items():
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


def full_name(target: str, documented: Collection[str]) -> str | None:
    """The one name in the reference that a short one stands for, or `None`.

    Args:
        target: A name as written in a docstring: `WireModel.solve`.
        documented: All names in the reference, in full.
    """
    head, dot, rest = target.removeprefix("mho.").partition(".")
    at_the_door = {
        name: room for room, names in mho.NAMES.items() for name in names
    }
    if head in at_the_door:
        target = f"{at_the_door[head]}.{head}{dot}{rest}"
    if target in documented:
        return target
    ends = [name for name in documented if name.endswith("." + target)]
    return ends[0] if len(ends) == 1 else None


def link_or_code(
    app: Sphinx,
    env: BuildEnvironment,
    node: pending_xref,
    content: nodes.Element,
) -> nodes.Element | None:
    """Code in backticks: a link to what it names, or code if it names an argument or a value.

    A name of the front door, or one with `mho.`, has to be found.
    """
    if node.get("reftype") != "obj":
        return None
    target = str(node.get("reftarget", ""))
    found = env.domains.python_domain.objects
    name = full_name(target, found)
    if name is not None:
        entry = found[name]
        return make_refnode(
            app.builder,
            node["refdoc"],
            entry.docname,
            entry.node_id,
            content,
            name,
        )
    if target.startswith("mho.") or target.partition(".")[0] in mho.__all__:
        return None
    return nodes.literal("", content.astext(), classes=["code"])


def no_type_in_front(
    app: Sphinx,  # noqa: ARG001
    what: str,
    name: str,  # noqa: ARG001
    obj: object,  # noqa: ARG001
    options: object,  # noqa: ARG001
    lines: list[str],
) -> None:
    """Napoleon takes what stands before a colon in an attribute's docstring for its type."""
    if what in ("attribute", "data", "property") and lines[-1:]:
        mark, front = lines[-1][:7], lines[-1][7:]
        if mark == ":type: ":
            lines[:] = [f"{front}: {lines[0]}", *lines[1:-1]]


def no_members_in_contents(app: Sphinx, tree: nodes.document) -> None:  # noqa: ARG001
    """Contents of a page list classes and functions; what is in a class stands below it.

    Every page has the contents of all pages in its navigation while it is made, and members are
    three quarters of these: most of the time went into copying them.
    """
    for described in tree.findall(desc):
        if described.get("objtype") in ("attribute", "method", "property"):
            described["no-contents-entry"] = True


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    # before the contents are collected
    app.connect("doctree-read", no_members_in_contents, priority=400)
    app.connect("missing-reference", link_or_code)
    app.connect("autodoc-process-docstring", no_type_in_front, priority=600)


write_rooms()
