"""A file of weights alone, read as linear layers one after the other."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from mho.checks import RefusedError, check_choice
from mho.network.formats.python_factory import read_state

ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
}
"""What may stand between two layers."""


def perceptron(path: Path, activation: str | None) -> nn.Module:
    """Linear layers with the matrices of a `.safetensors` file, in the order of their names.

    A file of weights does not say what is computed with them. Matrices that follow one another,
    with or without biases, are read as a perceptron, with the activation that the user names.

    Args:
        path: File with tensors `NAME.weight` (out, in) and, if wanted, `NAME.bias` (out,); or
            `weight` and `bias` of a single layer. `layer10` comes after `layer2`.
        activation: One of `ACTIVATIONS`; may be `None` for a single layer.

    Raises:
        ValueError: The file is damaged, holds other tensors, or its matrices do not follow one
            another.
    """
    demand = (
        f"Argument `network` must hold matrices of linear layers, but `{path}`"
    )
    try:
        state = read_state(path)
    except RefusedError as error:
        raise ValueError(f"{demand} {error}.") from error
    matrices = {
        n: t for n, t in state.items() if _named(n, "weight") and t.ndim == 2
    }
    names = sorted(matrices, key=_natural)
    biases = {_bias_of(name) for name in names}
    others = [
        name for name in state if name not in matrices and name not in biases
    ]
    if others or not names:
        what = (
            f"has `{others[0]}` of shape {tuple(state[others[0]].shape)}"
            if others
            else "has none"
        )
        raise ValueError(
            f"{demand} {what}; name the module with `module.py:factory --weights`."
        )
    if activation is None and len(names) > 1:
        raise ValueError(
            f"Argument `network` must say what stands between the {len(names)} layers of `{path}`,"
            f" but does not; write for example `{path}:relu`."
        )
    if activation is not None:
        check_choice(activation, "network", tuple(ACTIVATIONS))
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    before = None
    for name in names:
        weight = matrices[name]
        if before is not None and weight.shape[1] != before:
            raise ValueError(
                f"{demand} goes from {before} outputs to the {weight.shape[1]} inputs of `{name}`;"
                " name the module with `module.py:factory --weights`."
            )
        if parts and activation is not None:
            parts[f"{activation} before {_short(name)}"] = ACTIVATIONS[
                activation
            ]()
        parts[_short(name)] = _linear(weight, state.get(_bias_of(name)), demand)
        before = weight.shape[0]
    return nn.Sequential(parts).eval()


def _linear(weight: Tensor, bias: Tensor | None, demand: str) -> nn.Linear:
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"{demand} has a bias of shape {tuple(bias.shape)} for a matrix of shape"
            f" {tuple(weight.shape)}."
        )
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.weight.data = weight.float()
    if bias is not None:
        layer.bias.data = bias.float()
    return layer


def _named(name: str, last: str) -> bool:
    return name == last or name.endswith(f".{last}")


def _short(name: str) -> str:
    """Name of a layer as a module may have it."""
    return (
        name.removesuffix("weight").removesuffix(".").replace(".", "_")
        or "layer"
    )


def _bias_of(name: str) -> str:
    return name.removesuffix("weight") + "bias"


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers in names count as numbers."""
    return [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", name)
    ]
