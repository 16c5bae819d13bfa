"""Checks of tensors: how many elements are wrong, and where the worst one is."""

import math
from collections.abc import Mapping

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.units import show

_PLAIN = (torch.float32, torch.float64, torch.int32, torch.int64)
"""Types that are the same numbers elsewhere."""


def check_within(
    values: Shaped[Tensor, "*shape"],
    name: str,
    low: float | int,
    high: float | int,
    *,
    unit: str,
    hint: str,
) -> None:
    """Refuse a tensor with an element outside `low` … `high`; name how many and the worst.

    Raises:
        ValueError: In the house sentence. NaN counts as outside.
    """
    if values.numel() == 0 or _spans(values, low, high):
        return
    inside = (values >= low) & (values <= high)
    outside = ~inside
    if not outside.any():
        return
    # NaN is the worst of all
    excess = torch.maximum(low - values, values - high).nan_to_num(nan=math.inf)
    excess = torch.where(outside, excess, -math.inf)

    worst = torch.unravel_index(excess.argmax(), values.shape)
    place = ", ".join(str(int(index)) for index in worst)
    count = int(outside.sum())
    raise ValueError(
        f"Argument `{name}` must lie within {show(low, unit)} to {show(high, unit)}, but"
        f" {count} of {values.numel()} cells do not; the worst is cell ({place}) with"
        f" {show(float(values[worst]), unit)}. {hint}"
    )


def _spans(values: Tensor, low: float | int, high: float | int) -> bool:
    """Whether smallest and largest element lie within, by one thread; no for what it cannot read.

    The threads of a tensor operation wait for the next one on cores that kernels could have.
    """
    if values.device.type != "cpu" or values.dtype not in _PLAIN:
        return False
    array = values.detach().numpy()
    # NaN compares with nothing
    return bool(array.min() >= low and array.max() <= high)


def check_finite(
    values: Shaped[Tensor, "*shape"], name: str, hint: str
) -> None:
    """Refuse a tensor with NaN or infinite elements.

    Raises:
        ValueError: In the house sentence.
    """
    bad = ~torch.isfinite(values)
    if not bad.any():
        return

    first = ", ".join(str(int(index)) for index in bad.nonzero()[0])
    count = int(bad.sum())
    raise ValueError(
        f"Argument `{name}` must be finite, but {count} of {values.numel()} elements"
        f" are NaN or infinite; the first is element ({first}). {hint}"
    )


def check_shape(
    values: Shaped[Tensor, "*shape"], name: str, shape: tuple[int | None, ...]
) -> None:
    """Refuse a tensor of another shape; `None` allows any size on that axis.

    Raises:
        ValueError: In the house sentence.
    """
    if _fits(tuple(values.shape), shape):
        return
    wanted = ", ".join("any" if size is None else str(size) for size in shape)
    raise ValueError(
        f"Argument `{name}` must have shape ({wanted}), but has {tuple(values.shape)}."
    )


def _fits(given: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    if len(given) != len(wanted):
        return False
    return all(
        want in (None, have) for have, want in zip(given, wanted, strict=True)
    )


def check_alike(
    values: Mapping[str, Shaped[Tensor, "..."]],
    name: str,
    wanted: Mapping[str, Shaped[Tensor, "..."]],
    *,
    longest: int | None = None,
) -> None:
    """Refuse tensors with other names, kinds of numbers or shapes than those wanted.

    Args:
        values: Tensors by name.
        name: Name of the argument.
        wanted: Tensors like them.
        longest: Largest length of the last axis, which all tensors share and which may be any up
            to this; the length of those wanted if `None`.

    Raises:
        ValueError: In the house sentence.
    """
    demand = f"Argument `{name}` must have the tensors of what it is restored to, but"
    for key in sorted(wanted.keys() ^ values.keys()):
        what = "is missing" if key in wanted else "belongs to nothing"
        raise ValueError(f"{demand} `{key[:120]}` {what}.")
    length = next((one.shape[-1] for one in values.values() if one.ndim), 0)
    if longest is not None and length > longest:
        raise ValueError(
            f"{demand} has {length} cells, where {longest} are the most."
        )
    for key, like in wanted.items():
        one = values[key]
        free = longest is not None and like.ndim > 0
        shape = (*like.shape[:-1], length) if free else like.shape
        if one.dtype != like.dtype or one.shape != torch.Size(shape):
            raise ValueError(
                f"{demand} `{key}` is {_kind(one)} in the place of {_kind(like)}."
            )


def _kind(values: Shaped[Tensor, "..."]) -> str:
    """Shape and kind of numbers, for a sentence."""
    return f"{str(values.dtype).removeprefix('torch.')} of shape {tuple(values.shape)}"
