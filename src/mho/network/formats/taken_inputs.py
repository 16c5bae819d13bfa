"""Which arrays of a file of samples a network takes: the others are left to whoever asks."""

import inspect
from collections.abc import Collection, Mapping

from torch import nn

from mho.samples import Inputs

_NAMED = (
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


def taken_inputs(example: Inputs, names: Collection[str]) -> Inputs:
    """Samples without what has another name than the inputs, if any of these are there.

    Args:
        example: Samples.
        names: Names of the inputs of a network.
    """
    if not isinstance(example, Mapping):
        return example
    taken = {name: example[name] for name in example if name in names}
    return taken or example


def taken_by(module: nn.Module, example: Inputs) -> Inputs:
    """Samples without what has another name than the arguments of a module.

    Args:
        module: The module.
        example: Samples.
    """
    if not isinstance(example, Mapping):
        return example
    parameters = inspect.signature(module.forward).parameters.values()
    if any(one.kind == one.VAR_KEYWORD for one in parameters):
        return example
    known = {one.name for one in parameters if one.kind in _NAMED}
    return taken_inputs(example, known)
