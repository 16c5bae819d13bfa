"""What a network's outputs are judged by, and the words for it: metrics and verdicts."""

from mho.runs.judging.metrics import (
    OwnFunction,
    digital_outputs,
    input_names,
    metric_for,
    own_metric,
)
from mho.runs.judging.verdict import (
    LAYER_COLUMNS,
    layer_rows,
    output_rows,
    verdict,
)

__all__ = [
    "LAYER_COLUMNS",
    "OwnFunction",
    "digital_outputs",
    "input_names",
    "layer_rows",
    "metric_for",
    "output_rows",
    "own_metric",
    "verdict",
]
