"""The same plain functions for a GPU: what its compiler wants in other words, and no more.

Laws are scalar functions of records of numbers, without a Python object, so that numba's CUDA
target takes them as they are but for square roots, rounding, and the smaller and larger of two
numbers, which are put in here. Kernels over cells are for whoever has such a device: one thread
for each cell, as in `tests/device/gpu_kernels.py`. Nothing of the product runs on one today. A
device that fuses products and sums differs in last bits.
"""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from mho.compiled.arithmetic import Real
from mho.compiled.translate import Laws, Translation

_SHARED = ("float32", "float64", "int32", "int64", "uint64", "nan", "inf")


def rint(x: Real) -> Real:
    """The nearest whole number, of two the even one."""
    return np.float32(round(x))


def least(x: Real, y: Real) -> Real:
    """The smaller of two numbers."""
    return x if x < y else y


def most(x: Real, y: Real) -> Real:
    """The larger of two numbers."""
    return x if x > y else y


def gpu_translation(laws: Laws) -> Translation:
    """Translates laws, and kernels that call them, into functions of a GPU.

    Kernels themselves are decorated by `numba.cuda.jit`: `translation(kernel, cuda.jit)`.

    Args:
        laws: A kind's laws, `CellModel.laws()`.
    """
    from numba import cuda

    on_device: Callable[[Any], Any] = cuda.jit(device=True)
    # compiled functions take modules as tables of names
    numbers = ModuleType("numbers_of_gpu")
    for name in _SHARED:
        setattr(numbers, name, getattr(np, name))
    numbers.sqrt = math.sqrt  # type: ignore[attr-defined]
    numbers.rint = on_device(rint)  # type: ignore[attr-defined]
    others: dict[str, Any] = {"np": numbers, "min": least, "max": most}

    return Translation(on_device, {**laws, **others})
