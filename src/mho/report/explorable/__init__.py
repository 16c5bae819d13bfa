"""What can be explored on a page: numbers rounded and packed into it, and scripts that draw them.

A page stays one file that opens without a network, and its own policy forbids it to ask for one.
"""

from mho.report.explorable.chips import chips_shown
from mho.report.explorable.maps import MOST_CELLS, Maps, maps_shown
from mho.report.explorable.packing import Packer, Values, step_for
from mho.report.explorable.policy import (
    WITH_PLOTS,
    PageParts,
    page_parts,
    payload_text,
)
from mho.report.explorable.traces import traces_shown

__all__ = [
    "MOST_CELLS",
    "WITH_PLOTS",
    "Maps",
    "Packer",
    "PageParts",
    "Values",
    "chips_shown",
    "maps_shown",
    "page_parts",
    "payload_text",
    "step_for",
    "traces_shown",
]
