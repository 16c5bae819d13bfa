"""Modules that the user keeps digital, by name."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from mho.network.fates import Origins, module_of
from mho.network.graph import Graph


def kept_digital(
    digital: Sequence[str], behind: Origins, recorded: Graph
) -> frozenset[str]:
    """Operations of the named modules.

    Args:
        digital: Names of modules or of their parameters, or patterns such as `"encoder.*"`. The
            name of a module stands for everything inside it.
        behind: The tensors that each operation reads.
        recorded: The network, for the names that the user knows.

    Raises:
        TypeError: A single text instead of several names.
        ValueError: A name that no module with parameters has.
    """
    if isinstance(digital, str):
        raise TypeError(
            f"Argument `digital` must be several names, but is one text; write `({digital!r},)`."
        )
    names = {
        operation: {
            name
            for tensor in tensors
            for name in _names(recorded.labels.get(tensor, tensor))
        }
        for operation, tensors in behind.items()
    }
    chosen: set[str] = set()
    for wanted in digital:
        found = {
            operation
            for operation, own in names.items()
            if any(fnmatchcase(name, wanted) for name in own)
        }
        if not found:
            raise ValueError(_unknown(wanted, names))
        chosen |= found
    return frozenset(chosen)


def _names(label: str) -> set[str]:
    """A parameter, its module, and all modules around that."""
    parts = label.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)} | {
        module_of(label)
    }


def _unknown(wanted: str, names: Mapping[str, set[str]]) -> str:
    known = sorted({module_of(name) for own in names.values() for name in own})
    near = get_close_matches(wanted, known, n=1, cutoff=0.0)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return (
        "Argument `digital` must name modules with parameters, or patterns that fit their names,"
        f" but `{wanted}` is none.{hint}"
    )
