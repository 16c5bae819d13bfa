"""Checksums of the first release's chips, so that files from then and now are the same.

The first release took the checksum of a chip's description in Python, notes, class names and all.
Those words are frozen in `first_checksums.json`: the checksum does not move when a note is mended
or a class renamed today, and a chip whose numbers are still those of that time keeps it.
"""

import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from mho.device.published import FORMERLY, preset
from mho.files import identity

if TYPE_CHECKING:
    from mho.bench.simulated.specimen import ChipSpec

_STUCK = "'cell.stuck_fraction': Value("


@cache
def _recorded() -> dict[str, dict[str, str]]:
    """Of each preset of that time its description, and the identity of its numbers."""
    text = (
        files(__package__).joinpath("first_checksums.json").read_text("utf-8")
    )
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def first_checksum(spec: "ChipSpec") -> str | None:
    """The checksum that the first release gave a chip; `None` if its numbers are others by now.

    Args:
        spec: The chip.
    """
    recorded = _recorded().get(FORMERLY.get(spec.preset, spec.preset))
    if recorded is None or recorded["numbers"] != identity(preset(spec.preset)):
        return None
    words = recorded["words"]
    if spec.stuck is not None:
        words = _with_stuck(words, spec.stuck)
    lines = spec.wires
    wires = (
        f"WireModel(word_line={lines.word_line!r}, bit_line={lines.bit_line!r},"
        f" driver={lines.driver!r}, sense={lines.sense!r}, access={lines.access!r},"
        f" sides={lines.sides!r}, sense_sides={lines.sense_sides!r})"
    )
    whole = (
        f"Chip(preset={words}, tiles={spec.tiles!r}, rows={spec.rows!r}, cols={spec.cols!r},"
        f" driver='off_chip', wires={wires}, temperature={spec.temperature!r},"
        f" periphery=None, biasing={preset(spec.preset).biasing!r})"
    )
    return hashlib.sha256(whole.encode()).hexdigest()


def _with_stuck(words: str, share: float) -> str:
    """A preset's description after its share of stuck cells was changed by hand."""
    start = words.index(_STUCK)
    end = words.index("')", start) + 2
    entry = words[start:end]
    source = re.search(r"unit='1', source='[^']*'", entry)
    assert source is not None
    changed = (
        f"{_STUCK}value={share!r}, {source[0]},"
        " confidence=<Confidence.CHOICE: 'choice'>, note='changed by hand')"
    )

    return words[:start] + changed + words[end:]
