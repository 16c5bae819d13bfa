"""From a list of layers and a file of weights to a graph."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from torch import Tensor

from mho.checks import RefusedError, one_line
from mho.network.formats.architecture.description import (
    Description,
    LayerEntry,
    read_description,
)
from mho.network.formats.architecture.layers import (
    KINDS,
    Construction,
    activated,
)
from mho.network.formats.building import Builder
from mho.network.formats.python_factory import read_state
from mho.network.graph import Graph, GraphInput, GraphOutput, Ref
from mho.network.tracing import first_line

_IGNORED = "num_batches_tracked"
"""Numbers that torch's norms count in training, and never use again."""


def read_architecture(
    path: Path, weights: Path, sample_shape: tuple[int, ...]
) -> Graph:
    """Read a network that is listed layer by layer.

    Args:
        path: The list, in TOML.
        weights: State dict, `.safetensors`, `.pt` or `.pth`.
        sample_shape: Shape of one sample of the data, taken if the list does not state one.

    Raises:
        ValueError: Something about one of the files, in one sentence with the line.
    """
    try:
        return _graph(read_description(path), _state(weights), sample_shape)
    except RefusedError as error:
        raise ValueError(
            f"Argument `network` must list layers that mho can run, but `{path}` {error}."
        ) from error
    # A hostile file can break every assumption about it, hence every kind of error.
    except (RecursionError, OSError) as error:
        raise ValueError(
            "Argument `network` must list layers that mho can run, but"
            f" `{path}` cannot be read ({type(error).__name__})."
        ) from error


def _state(weights: Path) -> Mapping[str, Tensor]:
    try:
        return read_state(weights)
    except RefusedError as error:
        raise ValueError(
            f"Argument `weights` must name a state dict, but `{weights}` {error}; save"
            " `module.state_dict()`."
        ) from error


def _graph(
    description: Description,
    state: Mapping[str, Tensor],
    sample_shape: tuple[int, ...],
) -> Graph:
    shape = description.input or sample_shape
    builder = Builder((GraphInput("input", tuple(shape)),))
    network = Construction(builder, state)
    values = {"input": Ref("input")}
    before = "input"
    for entry in description.layers:
        values[entry.name] = _added(network, entry, values, before)
        before = entry.name
    left = [
        name
        for name in state
        if name not in network.used and not name.endswith(_IGNORED)
    ]
    if left:
        raise RefusedError(
            f"leaves {len(left)} tensors of the weights unused, such as `{one_line(left[0])}`"
        )
    return builder.finished(_outputs(description, values))


def _added(
    network: Construction,
    entry: LayerEntry,
    values: Mapping[str, Ref],
    before: str,
) -> Ref:
    kind = KINDS.get(entry.kind)
    if kind is None:
        near = get_close_matches(entry.kind, KINDS, n=1)
        hint = f" (did you mean `{near[0]}`?)" if near else ""
        raise entry.refused(
            f"is of no known kind{hint}: {', '.join(KINDS)}", "kind"
        )
    entry.check_options(kind.known)
    names = entry.names("inputs") or [before]
    least, most = kind.inputs
    if not least <= len(names) <= most:
        wanted = least if least == most else f"{least} or more"
        raise entry.refused(
            f"reads {len(names)} values, where it takes {wanted}", "inputs"
        )
    unknown = [name for name in names if name not in values]
    if unknown:
        raise entry.refused(
            f"reads `{one_line(unknown[0])}`, which no layer before it makes",
            "inputs",
        )
    network.builder.current = entry.name
    inputs = [values[name] for name in names]
    try:
        result = kind.build(network, entry, inputs)
        return activated(network, entry, result)
    except RefusedError:
        raise
    # torch refuses shapes that do not fit with errors of many kinds.
    except Exception as error:
        raise entry.refused(
            f"cannot be computed: {first_line(error)}"
        ) from error


def _outputs(
    description: Description, values: Mapping[str, Ref]
) -> list[GraphOutput]:
    names = description.outputs or (description.layers[-1].name,)
    unknown = [name for name in names if name not in values]
    if unknown or len(set(names)) < len(names):
        raise RefusedError(
            f"returns {', '.join(f'`{one_line(name)}`' for name in names)}, where each must be a"
            " layer, once"
        )
    return [GraphOutput(name, values[name].name) for name in names]
