"""One network on one bench.

From a placement to a programmed, calibrated and tuned network; how it ages and is refreshed.
"""

from mho.deployment.aging import (
    QUANTILES,
    Age,
    Life,
    Refresh,
    check_times,
    lifetime,
)
from mho.deployment.chip_programming import program_image
from mho.deployment.deploy import CELLS, deploy
from mho.deployment.deployed import (
    BATCH,
    Correction,
    DeployedNetwork,
    DigitalSettings,
)
from mho.deployment.draw_network import draw_network, ready_to_draw
from mho.deployment.layer_errors import LayerError, layer_errors
from mho.deployment.looks import Looks
from mho.deployment.options import DeployOptions
from mho.deployment.output_fit import (
    Refit,
    fit_columns,
    refit,
    set_ranges,
    wanted_products,
)
from mho.deployment.pipeline import program_network
from mho.deployment.program import program_pairs
from mho.deployment.ranges import RULES, RangeRule, Ranges, calibrate_ranges
from mho.deployment.sizing import fitting_chip
from mho.deployment.stages import FinishedStages
from mho.deployment.tile_use import TileUse, tile_use, use_rows
from mho.network import NetworkOnChip

__all__ = [
    "BATCH",
    "CELLS",
    "QUANTILES",
    "RULES",
    "Age",
    "Correction",
    "DeployOptions",
    "DeployedNetwork",
    "DigitalSettings",
    "FinishedStages",
    "LayerError",
    "Life",
    "Looks",
    "NetworkOnChip",
    "RangeRule",
    "Ranges",
    "Refit",
    "Refresh",
    "TileUse",
    "calibrate_ranges",
    "check_times",
    "deploy",
    "draw_network",
    "fit_columns",
    "fitting_chip",
    "layer_errors",
    "lifetime",
    "program_image",
    "program_network",
    "program_pairs",
    "ready_to_draw",
    "refit",
    "set_ranges",
    "tile_use",
    "use_rows",
    "wanted_products",
]
