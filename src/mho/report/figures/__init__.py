"""One file for each kind of figure, in one style for screen and print.

Figures take values in SI and draw in the units that people read (µS, Ω, s).
"""

from mho.report.figures.cell_errors import (
    error_histogram,
    readback_scatter,
)
from mho.report.figures.counts import (
    confusion_matrix,
    effort_histograms,
)
from mho.report.figures.layer_errors import layer_error_figure
from mho.report.figures.levels import levels_figure, widths_figure
from mho.report.figures.lifetime import lifetime_figure
from mho.report.figures.noise import noise_figure
from mho.report.figures.population import population_figure
from mho.report.figures.stuck_cells import yield_figure
from mho.report.figures.style import (
    BLACK,
    BLUE,
    COUNT_OF_CELLS,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    add_legend,
    as_array,
    draw_data_url,
    draw_png,
    new_figure,
    say_empty,
    to_uS,
)
from mho.report.figures.sweep import sweep_figure
from mho.report.figures.targets import conductance_figure, targets_figure
from mho.report.figures.training import training_figure
from mho.report.figures.tuning import tuning_figure
from mho.report.figures.wire_weights import wire_weights
from mho.report.figures.wires import plan_cost, plan_name, wires_figure

__all__ = [
    "BLACK",
    "BLUE",
    "COUNT_OF_CELLS",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "add_legend",
    "as_array",
    "conductance_figure",
    "confusion_matrix",
    "draw_data_url",
    "draw_png",
    "effort_histograms",
    "error_histogram",
    "layer_error_figure",
    "levels_figure",
    "lifetime_figure",
    "new_figure",
    "noise_figure",
    "plan_cost",
    "plan_name",
    "population_figure",
    "readback_scatter",
    "say_empty",
    "sweep_figure",
    "targets_figure",
    "to_uS",
    "training_figure",
    "tuning_figure",
    "widths_figure",
    "wire_weights",
    "wires_figure",
    "yield_figure",
]
