"""What a page of a deployment shows, as one file of numbers: the page can be made again from it.

Values stand in it by the names of their classes, of which only those here are made again, and
tensors by their numbers. It has a checksum, and nothing in it is ever executed.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mho.data import Metric, metric_of
from mho.files.packed import load, save
from mho.ledger import Ledger
from mho.programming import ProgrammingOptions
from mho.runs.population_figures import Batch, ChipFigures, Population
from mho.runs.run_data import (
    DrawnCells,
    LayerMap,
    RunData,
    Traces,
    WireAccount,
)

PAGE_DATA = "page.safetensors"
"""Name of the file in the folder of a run."""

_KIND = "mho-page"

_CLASSES = {
    one.__name__: one
    for one in (
        Batch,
        ChipFigures,
        DrawnCells,
        LayerMap,
        Ledger,
        Population,
        ProgrammingOptions,
        RunData,
        Traces,
        WireAccount,
    )
}
_OF = "of"
_TENSOR = "tensor"
_MAPPING = "mapping"


def save_run_data(path: Path, data: RunData) -> None:
    """Write what a page shows, all or nothing.

    Args:
        path: The file.
        data: A finished deployment; its result is in another file, and left out.

    Raises:
        OSError: The folder cannot be written or the disk is full.
    """
    tensors: dict[str, Tensor] = {}
    held = {
        one.name: _plain(getattr(data, one.name), tensors)
        for one in fields(data)
        if one.name != "result"
    }
    save(path, _KIND, {"data": held}, tensors)


def load_run_data(path: Path, result: Mapping[str, Any]) -> RunData:
    """Read what `save_run_data` wrote.

    Args:
        path: The file.
        result: What `result.json` holds.

    Raises:
        TooLargeError: It takes more memory than is allowed.
        ValueError: The file is damaged, or something else; one sentence says so.
        OSError: It cannot be read.
    """
    packed = load(path, (_KIND,), "runs")
    metric = metric_of(result)
    # a damaged file can break every assumption about it, hence every kind of error
    try:
        held = {
            name: _made(value, packed.tensors, metric)
            for name, value in packed.content["data"].items()
        }
        return RunData(result=dict(result), **held)
    except Exception as error:
        raise ValueError(
            f"File `{path}` must hold what a page shows, but is damaged or of another version;"
            " the run's own page and result are as they were."
        ) from error


def _plain(value: Any, tensors: dict[str, Tensor]) -> Any:
    """A value as JSON, and its tensors beside it."""
    if isinstance(value, Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = value.detach().cpu()
        return {_TENSOR: name}
    if isinstance(value, Metric):
        # it stands in the result
        return {_OF: Metric.__name__}
    if is_dataclass(value):
        held = {
            one.name: _plain(getattr(value, one.name), tensors)
            for one in fields(value)
        }
        return {_OF: type(value).__name__, "fields": held}
    if isinstance(value, Mapping):
        held = {
            str(name): _plain(inner, tensors) for name, inner in value.items()
        }
        return {_MAPPING: held}
    if isinstance(value, list | tuple):
        return [_plain(one, tensors) for one in value]
    return value


def _made(held: Any, tensors: Mapping[str, Tensor], metric: Metric) -> Any:
    """A value as it was."""
    if isinstance(held, list):
        return tuple(_made(one, tensors, metric) for one in held)
    if not isinstance(held, dict):
        return held
    if _TENSOR in held:
        return tensors[held[_TENSOR]]
    if _MAPPING in held:
        own = held[_MAPPING]
        return {k: _made(v, tensors, metric) for k, v in own.items()}
    if held[_OF] == Metric.__name__:
        return metric
    own = held["fields"]
    return _CLASSES[held[_OF]](
        **{k: _made(v, tensors, metric) for k, v in own.items()}
    )
