"""What a run judges outputs by: a metric that is built in, or one of the user's own."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from mho.data import ACCURACY, AGAINST_DIGITAL, Data, Metric, Outputs, against
from mho.files import readable_file
from mho.network import Network
from mho.network.formats import run_python_file
from mho.network.operations import Product
from mho.samples import Inputs, batches, joined, number_of

_BATCH = 256
"""Samples that the digital network computes at once (1)."""
_UNLABELED = "error"
"""What data without labels are judged by unless something else is asked for."""


def digital_outputs(
    network: Network,
    inputs: Inputs,
    product: Product | None = None,
    *,
    progress: Callable[[float], None] = lambda _: None,
) -> Outputs:
    """All outputs of a network in software by name, so many samples at a time.

    Args:
        network: The network.
        inputs: Samples (1). Shape (batch, ...), by name if it has several inputs.
        product: Multiplies in place of the digital layers.
        progress: Told how much is done (1).
    """
    parts = []
    for batch in batches(inputs, _BATCH):
        parts.append(network.outputs(batch, product))
        progress(min(1.0, len(parts) * _BATCH / number_of(inputs)))
    return joined(parts)


def input_names(network: Network) -> tuple[str, ...]:
    """Names of what a network takes, states that may begin with given values among them."""
    return tuple(entry.name for entry in network.graph.inputs)


def metric_for(
    name: str | None, data: Data, wanted: Callable[[], Outputs]
) -> Metric:
    """The metric that is asked for.

    Args:
        name: `accuracy`, one of `AGAINST_DIGITAL`, or `module.py:function`; if `None`, accuracy
            where there are labels and the error against the digital network where there are none.
        data: The samples.
        wanted: Gives all outputs of the digital network for them.

    Raises:
        ValueError: There is no such metric, it needs labels, or the user's file fails.
        OSError: The user's file cannot be read.
    """
    if name is None:
        name = ACCURACY.name if data.labels is not None else _UNLABELED
    if name == ACCURACY.name:
        _check_labels(data)
        return ACCURACY
    if name in AGAINST_DIGITAL:
        return against(name, wanted())
    path, colon, function = name.rpartition(":")
    if not (colon and path.endswith(".py") and function.isidentifier()):
        names = (ACCURACY.name, *AGAINST_DIGITAL)
        built_in = ", ".join(f"`{one}`" for one in names)
        raise ValueError(
            f"Argument `metric` must be {built_in} or `module.py:function`, but is `{name}`."
        )
    return own_metric(readable_file(path, "metric").resolve(), function)


def own_metric(path: Path, name: str) -> Metric:
    """A metric from a Python file of the user's, which is run as any script of theirs.

    Args:
        path: The file.
        name: Name of a `Metric` in it, or of a function of outputs and data that gives a number;
            of such a one, higher is better and it has no unit.

    Raises:
        ValueError: The file fails, or has nothing of that name.
    """
    found = _named_in(path, name)
    source = hashlib.sha256(path.read_bytes()).hexdigest()
    function = OwnFunction(path, name)
    if isinstance(found, Metric):
        return replace(found, function=function, source=source)
    return Metric(name, function, source=source)


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """A function of the user's by its file and name, which other processes read anew.

    Args:
        path: The file.
        name: Name of a function in it, or of a `Metric`.
    """

    path: Path
    name: str

    def __call__(self, outputs: Any, data: Data) -> float:
        """What the function gives."""
        found = _named_in(self.path, self.name)
        if isinstance(found, Metric):
            found = found.function
        return found(outputs, data)


@cache
def _named_in(path: Path, name: str) -> Metric | Callable[..., float]:
    """A metric or a function in a file, which is run once in each process."""
    found = run_python_file(path, "metric", name)
    if isinstance(found, Metric):
        return found
    if not callable(found):
        raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
            f"Argument `metric` must name a function or a `Metric` in `{path}`, but `{name}` is"
            " neither."
        )
    return found


def _check_labels(data: Data) -> None:
    if data.labels is None:
        raise ValueError(
            "Argument `metric` must not be `accuracy` for data without labels, but is; add"
            " `labels` to the file, or leave the metric out to compare with the digital network."
        )
