"""How many cells hold a number, in the words that users write."""

from dataclasses import dataclass

from mho.checks import check_choice

KINDS = ("pairs", "residual", "slices")


@dataclass(frozen=True, slots=True)
class NumberMapping:
    """How a number is held.

    Args:
        kind: One of `KINDS`: one pair; pairs that hold what the earlier ones miss; or digits.
        cells: Pairs of a number (1); chosen by precision if `None`.
    """

    kind: str
    cells: int | None

    @property
    def corrects(self) -> bool:
        """Whether pairs hold what was measured that earlier ones miss."""
        return self.kind != "slices"


def number_mapping(words: str) -> NumberMapping:
    """Read `pairs`, `residual`, `residual:3` or `slices:3`.

    Args:
        words: What the user wrote.

    Raises:
        ValueError: It is none of these.
    """
    kind, colon, count = words.partition(":")
    check_choice(kind, "mapping", KINDS)
    if not colon:
        return NumberMapping(kind, 1 if kind == "pairs" else None)
    if kind == "pairs" or not count.isdecimal() or not 1 <= int(count) <= 16:
        raise ValueError(
            "Argument `mapping` must be `pairs`, `residual:N` or `slices:N` with 1 to 16 cells,"
            f" but is `{words}`."
        )

    return NumberMapping(kind, int(count))
