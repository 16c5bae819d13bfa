"""The numbers of a TFLite file: real ones, and those that whole ones stand for."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.checks import RefusedError
from mho.files import check_memory
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.file import Quantization, TensorRecord
from mho.network.formats.tflite.sparsity import with_zeros

Array = npt.NDArray[Any]


def read_numbers(tensor: TensorRecord) -> Array:
    """The numbers of a tensor: real ones in single precision, others as they are.

    Whole numbers that stand for real ones are taken back exactly, `scale * (number - zero)`,
    rounded once.

    Raises:
        RefusedError: Numbers are missing, too many, or of a type that mho does not read.
        TooLargeError: They need more memory than is allowed.
    """
    if tensor.content is None:
        raise RefusedError(f"has a tensor `{tensor.name}` without numbers")
    if tensor.kind not in schema.TYPES:
        raise RefusedError(
            f"has a tensor `{tensor.name}` of a number type that mho does not read"
        )
    dtype = schema.TYPES[tensor.kind]
    count = math.prod(tensor.shape)
    size = len(tensor.content)
    wanted = count * dtype.itemsize
    whole = tensor.sparsity is None
    fits = size == wanted if whole else size % dtype.itemsize == 0
    has_negative_size = min(tensor.shape, default=1) < 0
    if has_negative_size or not fits:
        raise RefusedError(
            f"has a tensor `{tensor.name}` of {size} bytes where its shape"
            f" {tensor.shape} asks for {wanted}"
        )
    # Real numbers need four bytes, and eight while they are worked out.
    check_memory(12 * count, "network", f"its tensor `{tensor.name}`")
    array = tensor.content.view(dtype.newbyteorder("<"))
    array = array.astype(dtype, copy=False)
    if tensor.sparsity is None:
        array = array.reshape(tensor.shape)
    else:
        _check_zero_is_zero(tensor)
        array = with_zeros(array, tensor.shape, tensor.sparsity, tensor.name)
    if tensor.kind in schema.REAL_TYPES:
        return array.astype(np.float32)
    if tensor.quantization is None:
        return array
    # Old writers put signed bytes into unsigned ones and left the zero point out.
    has_zero_point = tensor.quantization.zero.any()
    if dtype == np.uint8 and not has_zero_point:
        raise RefusedError(
            f"keeps `{tensor.name}` as bytes without a zero point, which versions of the format"
            " read differently"
        )
    return _dequantised(array, tensor.quantization, tensor.name)


def _check_zero_is_zero(tensor: TensorRecord) -> None:
    """Refuse numbers that were left out and stand for something else than zero."""
    how = tensor.quantization
    if how is not None and how.zero.any():
        raise RefusedError(
            f"leaves out zeros of `{tensor.name}`, which stand for other numbers"
        )


def _dequantised(array: Array, how: Quantization, name: str) -> Array:
    scale = how.scale.astype(np.float64)
    zero = how.zero.astype(np.float64)
    if len(scale) > 1 or len(zero) > 1:
        fits = 0 <= how.axis < array.ndim
        if not fits or array.shape[how.axis] != len(scale):
            raise RefusedError(
                f"quantises `{name}` of shape {array.shape} with {len(scale)} scales along axis"
                f" {how.axis}"
            )
        along = [1] * array.ndim
        along[how.axis] = -1
        scale = scale.reshape(along)
        zero = zero.reshape(along) if len(zero) > 1 else zero
    return np.asarray(scale * (array - zero), dtype=np.float32).reshape(
        array.shape
    )
