"""Which operators run on tiles, which digitally, and which change nothing."""

import operator
from collections.abc import Callable

from mho.network.operations.dense import DENSE_OPERATORS
from mho.network.operations.recurrent import RECURRENT_OPERATORS
from mho.network.operations.refusals import REFUSED_OPERATORS

ANALOG = DENSE_OPERATORS | RECURRENT_OPERATORS
"""Operators that multiply by stored weights and therefore run on tiles."""


def _names(names: str, overload: str = "default") -> tuple[str, ...]:
    return tuple(f"aten.{name}.{overload}" for name in names.split())


ACTIVATIONS = "relu tanh sigmoid silu elu leaky_relu hardtanh hardswish hardsigmoid relu6 selu"
TORCH_OPERATORS = frozenset(
    (
        *_names(ACTIVATIONS),
        *_names(" ".join(f"{name}_" for name in ACTIVATIONS.split())),
        *_names(
            "gelu softplus prelu mish log_sigmoid clamp clamp_min clamp_max neg abs sqrt exp"
        ),
        *_names("log sin cos erf rsqrt reciprocal square minimum maximum"),
        *_names(
            "max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d"
        ),
        *_names("adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d"),
        *_names(
            "batch_norm layer_norm group_norm instance_norm pad constant_pad_nd"
        ),
        *_names(
            "view reshape contiguous unsqueeze permute cat stack clone expand repeat flip t"
        ),
        *_names(
            "pixel_shuffle pixel_unshuffle channel_shuffle zeros ones full arange"
        ),
        *_names(
            "max_pool3d avg_pool3d adaptive_avg_pool3d adaptive_max_pool3d _weight_norm"
        ),
        *_names("embedding new_zeros mT"),
        *REFUSED_OPERATORS,
        *_names(
            "upsample_nearest1d upsample_nearest2d upsample_bilinear2d", "vec"
        ),
        *_names("upsample_nearest1d upsample_nearest2d upsample_bilinear2d"),
        *_names("add add_ sub sub_ mul mul_ div div_ split", "Tensor"),
        *_names("add sub mul div rsub masked_fill", "Scalar"),
        *_names(
            "softmax log_softmax unflatten transpose select unbind swapaxes movedim",
            "int",
        ),
        *_names("mean squeeze max min", "dim"),
        *_names("eq ne lt le gt ge add sub mul div rsub remainder", "Scalar"),
        *_names("eq ne lt le gt ge fmod remainder", "Tensor"),
        *_names("logical_and logical_or logical_xor logical_not sign floor"),
        *_names("ceil round tan asin acos atan sinh cosh asinh acosh atanh"),
        *_names("amin logsumexp argmax argmin cumsum triu tril gather"),
        *_names("index_select index_put fft_rfft2 real imag"),
        *_names("where", "self"),
        "aten.sum.dim_IntList",
        "aten.pow.Tensor_Scalar",
        "aten.pow.Tensor_Tensor",
        "aten.div.Tensor_mode",
        "aten.prod.dim_int",
        "aten.sort.stable",
        "aten.index.Tensor",
        "aten.scatter.src",
        "aten.scatter_reduce.two",
        "aten.flatten.using_ints",
        "aten.squeeze.dims",
        "aten.slice.Tensor",
        "aten.chunk.default",
        "aten.amax.default",
        "aten.split_with_sizes.default",
        "aten.sym_size.int",
        "aten.lift_fresh_copy.default",
        "aten.arange.start_step",
    )
)
UNROUNDED = "mho.unrounded.default"
"""A value that a file rounds to whole numbers, and that stays real here."""

UNCHANGED_OPERATORS = frozenset((UNROUNDED,)) | frozenset(
    f"aten.{name}.default"
    for name in (
        *("alias", "detach", "detach_", "dropout", "dropout_"),
        *(
            "feature_dropout",
            "feature_dropout_",
            "alpha_dropout",
            "feature_alpha_dropout",
        ),
    )
)
"""Operators whose result is their first argument once a network is no longer trained."""

PYTHON_OPERATORS: dict[str, Callable[..., object]] = {
    "_operator.add": operator.add,
    "_operator.sub": operator.sub,
    "_operator.mul": operator.mul,
    "_operator.floordiv": operator.floordiv,
    "_operator.getitem": operator.getitem,
}
SUPPORTED_OPERATORS = (
    ANALOG | TORCH_OPERATORS | UNCHANGED_OPERATORS | frozenset(PYTHON_OPERATORS)
)
NEW_OPERATORS = frozenset(
    f"aten.{name}"
    for name in (
        "zeros.default",
        "ones.default",
        "full.default",
        "arange.default",
        "arange.start_step",
        "new_zeros.default",
    )
)
LOOKUPS_OPERATORS = ("aten.embedding.default", "aten.embedding_bag.padding_idx")
RESHAPES = {"aten.view.default": "size", "aten.reshape.default": "shape"}
ASSERTIONS = ("aten._assert", "aten.sym_constrain_range")
