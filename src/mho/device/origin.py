"""Where the numbers of a preset file come from: what it gives itself, and what it keeps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correlations:
    """How far numbers that were fitted together depend on each other.

    Args:
        names: The numbers, by group and field.
        matrix: Coefficients of correlation between them (1). Shape (names, names).
    """

    names: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """A preset file, told apart by what stands in it.

    Args:
        file: Name of the file, without its folder.
        base: Preset that it builds on; empty if it gives every number itself.
        given: Numbers that differ from the base's in value, source or confidence, by group and
            field; all if there is no base.
        correlations: Between numbers that were fitted together, if it has them.
    """

    file: str
    base: str = ""
    given: frozenset[str] = frozenset()
    correlations: Correlations | None = None
