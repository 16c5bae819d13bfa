"""What a node of a network computes, on tiles or digitally."""

from mho.network.operations.dense import DENSE_OPERATORS, dense
from mho.network.operations.digital import (
    ANALOG,
    arguments_of,
    check_prepared,
    evaluate,
    prepare,
)
from mho.network.operations.linear_layer import LinearLayer
from mho.network.operations.on_tiles import (
    AnalogOperation,
    LayerTable,
    Product,
    stored,
    weight_name,
)
from mho.network.operations.recurrent import (
    RECURRENT_OPERATORS,
    multiply_adds,
    recurrent,
    without_zero_states,
)
from mho.network.operations.refusals import NotOnTilesError, refusal
from mho.network.operations.unfolding import Convolution

__all__ = [
    "ANALOG",
    "DENSE_OPERATORS",
    "RECURRENT_OPERATORS",
    "AnalogOperation",
    "Convolution",
    "LayerTable",
    "LinearLayer",
    "NotOnTilesError",
    "Product",
    "arguments_of",
    "check_prepared",
    "dense",
    "evaluate",
    "multiply_adds",
    "prepare",
    "recurrent",
    "refusal",
    "stored",
    "weight_name",
    "without_zero_states",
]
