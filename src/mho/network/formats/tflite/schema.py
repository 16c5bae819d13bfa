"""What the numbers in a TFLite file mean: facts of `schema.fbs`, version 3, of TensorFlow Lite.

Fields are numbered in the order of the schema, where a union counts twice. New ones are only ever
added at the end, so these stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

IDENTIFIER = b"TFL3"
"""Bytes 4 to 7 of a file."""
VERSION = 3


class Model:
    """Fields of the table `Model`."""

    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    BUFFERS = 4
    SIGNATURES = 7
    EXTERNAL_BUFFERS = 9


class OperatorCode:
    """Fields of the table `OperatorCode`; the first one ends at 127."""

    OLD_BUILTIN = 0
    CUSTOM = 1
    BUILTIN = 3


class SubGraph:
    """Fields of the table `SubGraph`."""

    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3


class TensorTable:
    """Fields of the table `Tensor`."""

    SHAPE = 0
    TYPE = 1
    BUFFER = 2
    NAME = 3
    QUANTIZATION = 4
    IS_VARIABLE = 5
    SPARSITY = 6
    SHAPE_SIGNATURE = 7
    EXTERNAL_BUFFER = 10


class SparsityTable:
    """Fields of the table `SparsityParameters`."""

    TRAVERSAL_ORDER = 0
    BLOCK_MAP = 1
    DIM_METADATA = 2


class DimensionTable:
    """Fields of the table `DimensionMetadata`."""

    FORMAT = 0
    DENSE_SIZE = 1
    SEGMENTS_TYPE = 2
    SEGMENTS = 3
    INDICES_TYPE = 4
    INDICES = 5


class Quantization:
    """Fields of the table `QuantizationParameters`."""

    SCALE = 2
    ZERO_POINT = 3
    DETAILS_TYPE = 4
    AXIS = 6


class Buffer:
    """Fields of the table `Buffer`; large files keep its bytes behind the flat buffer."""

    DATA = 0
    OFFSET = 1
    SIZE = 2


class OperatorTable:
    """Fields of the table `Operator`."""

    CODE = 0
    INPUTS = 1
    OUTPUTS = 2
    OPTIONS_TYPE = 3
    OPTIONS = 4


class Signature:
    """Fields of the table `SignatureDef`, and of `TensorMap`, which it lists."""

    INPUTS = 0
    OUTPUTS = 1
    SUBGRAPH = 4
    NAME = 0
    TENSOR = 1


TYPES: Mapping[int, np.dtype[Any]] = {
    0: np.dtype(np.float32),
    1: np.dtype(np.float16),
    2: np.dtype(np.int32),
    3: np.dtype(np.uint8),
    4: np.dtype(np.int64),
    6: np.dtype(np.bool_),
    7: np.dtype(np.int16),
    9: np.dtype(np.int8),
    10: np.dtype(np.float64),
}
"""Number types by `TensorType`; texts, complex numbers and half bytes are not read."""

REAL_TYPES = (0, 1, 10)
"""Members of `TensorType` that hold real numbers."""

SAME = 0
"""Member of `Padding`: as many positions as strides fit in; the other one pads nothing."""

ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
"""Members of `ActivationFunctionType`."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where the options of an operator lie.

    Args:
        member: Number of their table in the union `BuiltinOptions`.
        fields: Numbers of its fields, by their names.
    """

    member: int
    fields: dict[str, int]


def _options(member: int, names: str) -> Options:
    return Options(
        member, {name: place for place, name in enumerate(names.split())}
    )


_FUSED = "fused_activation_function"
_MOVES = "padding stride_w stride_h"
OPTIONS = {
    "CONV_2D": _options(
        1, f"{_MOVES} {_FUSED} dilation_w_factor dilation_h_factor"
    ),
    "DEPTHWISE_CONV_2D": _options(
        2,
        f"{_MOVES} depth_multiplier {_FUSED} dilation_w_factor dilation_h_factor",
    ),
    "AVERAGE_POOL_2D": _options(
        5, f"{_MOVES} filter_width filter_height {_FUSED}"
    ),
    "MAX_POOL_2D": _options(5, f"{_MOVES} filter_width filter_height {_FUSED}"),
    "FULLY_CONNECTED": _options(8, f"{_FUSED} weights_format keep_num_dims"),
    "SOFTMAX": _options(9, "beta"),
    "CONCATENATION": _options(10, f"axis {_FUSED}"),
    "ADD": _options(11, _FUSED),
    "RESHAPE": _options(17, "new_shape"),
    "MUL": _options(21, _FUSED),
    "MEAN": _options(27, "keep_dims"),
    "SUM": _options(27, "keep_dims"),
    "REDUCE_MAX": _options(27, "keep_dims"),
    "REDUCE_PROD": _options(27, "keep_dims"),
    "SUB": _options(28, _FUSED),
    "DIV": _options(29, _FUSED),
    "SQUEEZE": _options(30, "squeeze_dims"),
    "STRIDED_SLICE": _options(
        32,
        "begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask",
    ),
    "SPLIT": _options(35, "num_splits"),
    "GATHER": _options(23, "axis batch_dims"),
    "TRANSPOSE_CONV": _options(49, f"{_MOVES} {_FUSED}"),
    "PACK": _options(59, "values_count axis"),
    "LEAKY_RELU": _options(75, "alpha"),
    "RESIZE_BILINEAR": _options(
        15, "new_height new_width align_corners half_pixel_centers"
    ),
    "RESIZE_NEAREST_NEIGHBOR": _options(74, "align_corners half_pixel_centers"),
    "DEPTH_TO_SPACE": _options(94, "block_size"),
    "REDUCE_MIN": _options(27, "keep_dims"),
    "UNPACK": _options(64, "num axis"),
    "MIRROR_PAD": _options(77, "mode"),
    "GELU": _options(116, "approximate"),
    "CALL_ONCE": _options(103, "init_subgraph_index"),
    "VAR_HANDLE": _options(111, "container shared_name"),
}
"""Options of the operators that have some; all others have an empty table or none."""

_OPERATORS = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6
RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL
CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST
PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN
TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK
REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR
LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS
WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG
REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL
BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD
UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR
RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM
STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM
STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS
STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER
STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER
STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE
STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT
STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR
REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
"""
OPERATORS = tuple(_OPERATORS.split())
"""Members of `BuiltinOperator`, in their order."""
