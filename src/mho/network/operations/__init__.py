"""What a node of a network computes, on tiles or digitally.

An operation on tiles is a matrix product with digital work around it; what no tile can do says
why.
"""

from mho.network.operations.dense import DENSE_OPERATORS, dense_operation
from mho.network.operations.digital import (
    arguments_of,
    check_prepared,
    evaluate_node,
    plain_operator,
    prepare_graph,
)
from mho.network.operations.digital_operators import (
    ANALOG,
    PYTHON_OPERATORS,
    UNCHANGED_OPERATORS,
    UNROUNDED,
)
from mho.network.operations.linear_layer import LinearLayer
from mho.network.operations.on_tiles import (
    AnalogOperation,
    Dense,
    GroupProduct,
    LayerTable,
    Product,
    stored_tensor,
    weight_name,
)
from mho.network.operations.recurrent import (
    RECURRENT_OPERATORS,
    Recurrent,
    multiply_adds,
    recurrent_operation,
    without_zero_states,
)
from mho.network.operations.refusals import NotOnTilesError, refusal
from mho.network.operations.rehearsal import (
    Rehearsal,
    known_shape,
    last_uses,
    size_of,
)
from mho.network.operations.unfolding import Convolution

__all__ = [
    "ANALOG",
    "DENSE_OPERATORS",
    "PYTHON_OPERATORS",
    "RECURRENT_OPERATORS",
    "UNCHANGED_OPERATORS",
    "UNROUNDED",
    "AnalogOperation",
    "Convolution",
    "Dense",
    "GroupProduct",
    "LayerTable",
    "LinearLayer",
    "NotOnTilesError",
    "Product",
    "Recurrent",
    "Rehearsal",
    "arguments_of",
    "check_prepared",
    "dense_operation",
    "evaluate_node",
    "known_shape",
    "last_uses",
    "multiply_adds",
    "plain_operator",
    "prepare_graph",
    "recurrent_operation",
    "refusal",
    "size_of",
    "stored_tensor",
    "weight_name",
    "without_zero_states",
]
