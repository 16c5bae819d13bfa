"""Large networks whose cells are drawn from the statistics of programmed ones.

`convert` puts a PyTorch module on tiles; a table of errors, measured on a bench, says how far from
its target a cell ends up.
"""

from mho.statistical.convert import convert
from mho.statistical.converted_module import ConvertedModule
from mho.statistical.named_normals import NamedNormals
from mho.statistical.programmed_pairs import (
    ConductanceRange,
    DrawnPairs,
    draw_programmed_pairs,
)
from mho.statistical.surrogate import DrawnCells, Surrogate, TrainingBudget
from mho.statistical.surrogate_file import (
    kept_surrogate,
    load_surrogate,
    save_surrogate,
)
from mho.statistical.surrogate_training import (
    measure_surrogate,
    slots_of_rows,
    surrogate_identity,
)

__all__ = [
    "ConductanceRange",
    "ConvertedModule",
    "DrawnCells",
    "DrawnPairs",
    "NamedNormals",
    "Surrogate",
    "TrainingBudget",
    "convert",
    "draw_programmed_pairs",
    "kept_surrogate",
    "load_surrogate",
    "measure_surrogate",
    "save_surrogate",
    "slots_of_rows",
    "surrogate_identity",
]
