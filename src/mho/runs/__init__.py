"""From options to results in a folder: what the commands do, for who wants it from Python.

A run can be interrupted and resumed, and ends with the same bits.
"""

from mho.runs.answers import evaluate_once
from mho.runs.deployment import (
    deployment_folder,
    image_for,
    make_chip,
    packed_by_itself,
    scaled_by_itself,
)
from mho.runs.drawn import cells_of, draw_chips, way_chosen
from mho.runs.evaluation import Evaluation, evaluate
from mho.runs.job import Job, Questions
from mho.runs.judging import (
    LAYER_COLUMNS,
    digital_outputs,
    input_names,
    layer_rows,
    metric_for,
    output_rows,
    verdict,
)
from mho.runs.kept_data import PAGE_DATA, load_run_data, save_run_data
from mho.runs.lifetime import REFRESHED, LifeJob, grow_old
from mho.runs.measurement import measure
from mho.runs.population import plain_chip, populate
from mho.runs.population_figures import Batch, ChipFigures, Population
from mho.runs.recorded import RecordedRun
from mho.runs.run_data import (
    JudgedChip,
    LayerMap,
    RunData,
    Traces,
    WireAccount,
)
from mho.runs.stuck_cells import (
    MOST,
    REMEDIES,
    YieldJob,
    YieldPoint,
    measure_yields,
)
from mho.runs.task import Task, names_network, prepare, unasked
from mho.runs.training import TrainJob, learn, training_data
from mho.runs.tuning import Tuned, TuneJob, tune
from mho.runs.warm_kernels import warm_up

__all__ = [
    "LAYER_COLUMNS",
    "MOST",
    "PAGE_DATA",
    "REFRESHED",
    "REMEDIES",
    "Batch",
    "ChipFigures",
    "Evaluation",
    "Job",
    "JudgedChip",
    "LayerMap",
    "LifeJob",
    "Population",
    "Questions",
    "RecordedRun",
    "RunData",
    "Task",
    "Traces",
    "TrainJob",
    "TuneJob",
    "Tuned",
    "WireAccount",
    "YieldJob",
    "YieldPoint",
    "cells_of",
    "deployment_folder",
    "digital_outputs",
    "draw_chips",
    "evaluate",
    "evaluate_once",
    "grow_old",
    "image_for",
    "input_names",
    "layer_rows",
    "learn",
    "load_run_data",
    "make_chip",
    "measure",
    "measure_yields",
    "metric_for",
    "names_network",
    "output_rows",
    "packed_by_itself",
    "plain_chip",
    "populate",
    "prepare",
    "save_run_data",
    "scaled_by_itself",
    "training_data",
    "tune",
    "unasked",
    "verdict",
    "warm_up",
    "way_chosen",
]
