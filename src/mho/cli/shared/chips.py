"""What options stand for that depend on a chip's cells."""

from mho.bench import BenchInfo
from mho.bench.simulated import describe_chip
from mho.chip import Chip
from mho.cli.shared.output import quantity
from mho.device.published import check_preset


def info_of(chip: str) -> BenchInfo:
    """What a bench with this chip says of itself.

    Args:
        chip: Name of a preset, or a kind of cell in a file of the user's.

    Raises:
        ValueError: There is no such preset or kind.
    """
    check_preset(chip, "chip")
    return describe_chip(Chip(chip))


def tolerance_of(text: str | None, info: BenchInfo) -> float:
    """Half-width of the acceptance window (S): as said, or what suits a bench's cells.

    Raises:
        ValueError: It is no conductance.
    """
    if text is None:
        return info.usual_tolerance
    return quantity(text, "tolerance", "S")
