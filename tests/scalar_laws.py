"""Scalar laws over arrays, compiled as the product compiles them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mho.compiled import Kernels, numbers_record
from mho.device.filament import CellParameters
from mho.device.published import preset

Law = Callable[..., Any]


def law_tested(*arguments: Any) -> Any:
    """Stands for the law."""
    raise NotImplementedError


def one(p: Any, given: Any, out: Any) -> None:
    """A law of one number."""
    for i in range(out.shape[0]):
        out[i] = law_tested(p[0], given[0, i])


def two(p: Any, given: Any, out: Any) -> None:
    """A law of two numbers."""
    for i in range(out.shape[0]):
        out[i] = law_tested(p[0], given[0, i], given[1, i])


def three(p: Any, given: Any, out: Any) -> None:
    """A law of three numbers."""
    for i in range(out.shape[0]):
        out[i] = law_tested(p[0], given[0, i], given[1, i], given[2, i])


KERNELS = (one, two, three)


def numbers(
    group: str, name: str = "rao2023", temperature: float = 300.0, **laws: Any
) -> Mapping[str, Any]:
    """A law's numbers with what follows from them, as cells get them.

    Args:
        group: The law: `"switching"`, `"retention"` and so on.
        name: The preset of all that is not given.
        temperature: Temperature of the cells (K).
        laws: Laws that take the place of the preset's, by group.
    """
    kind = preset(name).cell()
    assert isinstance(kind, CellParameters)
    found: Mapping[str, Any] = replace(kind, **laws).numbers(temperature)
    return found[group]


def over(
    law: Law, own: Mapping[str, Any], *given: float | list[float] | Tensor
) -> Tensor:
    """What a compiled law gives for numbers side by side (single precision).

    Args:
        law: The scalar law; its first argument is the record of its own numbers.
        own: These numbers.
        given: Its other arguments: numbers, or rows of them.
    """
    rows = torch.broadcast_tensors(
        *(torch.atleast_1d(torch.as_tensor(row)).float() for row in given)
    )
    arguments = torch.stack(rows).numpy()
    out = np.empty(arguments.shape[1], np.float32)
    kernel = KERNELS[len(given) - 1]
    kernels = Kernels({kernel.__name__: kernel}, {"law_tested": law})
    kernels[kernel.__name__](numbers_record(own), arguments, out)
    return torch.from_numpy(out).double()
