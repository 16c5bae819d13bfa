"""From what was read of a file to a network, with inputs and outputs as they are meant."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from mho.checks import one_line
from mho.files import readable_file
from mho.network.binding import bound
from mho.network.formats.architecture import read_architecture
from mho.network.formats.pt2 import read_archive
from mho.network.formats.signature import Signature
from mho.network.formats.taken_inputs import taken_by, taken_inputs
from mho.network.formats.tflite import check_real_numbers, read_tflite
from mho.network.graph import Graph
from mho.network.network import Network
from mho.network.reading import read_network
from mho.network.tracing import first_line
from mho.samples import Inputs


def network_of_module(
    module: nn.Module,
    example: Inputs,
    digital: Sequence[str],
    meant: Signature,
) -> Network:
    """A network from a module of the user's.

    Args:
        module: The module.
        example: Typical inputs (1).
        digital: Modules that stay digital.
        meant: How inputs and outputs are meant.

    Raises:
        ValueError: As `read_network`; or an input is fixed to a number, which a module can do.
    """
    if meant.constants:
        name = next(iter(meant.constants))
        raise ValueError(
            "Argument `input` must name an array of the data for a module, but"
            f" `{one_line(name)}` is a number; write a module that knows it."
        )
    return read_network(
        module,
        taken_by(module, example),
        digital,
        outputs=meant.outputs,
        states=meant.handed_on,
        single=meant.single,
        batch_axis=meant.batch_axis,
    )


def network_of_archive(
    path: Path, example: Inputs, digital: Sequence[str], meant: Signature
) -> Network:
    """A network from a `.pt2` file.

    Args:
        path: The file.
        example: Typical inputs (1).
        digital: Modules that stay digital.
        meant: How inputs and outputs are meant.

    Raises:
        ValueError: In one sentence that names the file.
    """
    graph = read_archive(path)
    names = [entry.name for entry in graph.inputs]
    given = taken_inputs(
        example, [n for n in names if n not in meant.constants]
    )
    axes = {entry.name: 1 + len(entry.sample_shape) for entry in graph.inputs}
    alone = meant.single or meant.batch_axis is not None
    if alone or one_axis_more(given, axes):
        graph = graph.of_single_samples()
    graph = bound(graph, meant.constants)
    return followed(path, graph, given, digital, meant)


def network_of_tflite(
    path: Path, example: Inputs, digital: Sequence[str], meant: Signature
) -> Network:
    """A network from a TFLite file.

    Args:
        path: The file.
        example: Typical inputs (1).
        digital: Modules that stay digital.
        meant: How inputs and outputs are meant.

    Raises:
        ValueError: In one sentence that names the file.
    """
    if meant.single:
        raise ValueError(
            "Argument `time_axis` must be left out for a TFLite file, whose first axis is that of"
            f" samples, but is given for `{path}`."
        )
    source = read_tflite(path)
    names = [entry.name for entry in source.graph.inputs]
    given = taken_inputs(
        example, [n for n in names if n not in meant.constants]
    )
    check_real_numbers(path, source, given)
    graph = source.graph
    if meant.batch_axis is not None:
        graph = graph.of_single_samples()
    graph = bound(graph, meant.constants)
    return followed(path, graph, given, digital, meant, source.states)


def network_of_list(
    network: str,
    weights: str | None,
    example: Inputs,
    digital: Sequence[str],
    meant: Signature,
) -> Network:
    """A network from a list of layers and a file of their weights.

    Args:
        network: The list, a `.toml` file.
        weights: State dict.
        example: Typical inputs of the only input (1).
        digital: Modules that stay digital.
        meant: How inputs and outputs are meant.

    Raises:
        ValueError: In one sentence that names the file.
    """
    if weights is None:
        raise ValueError(
            "Argument `weights` must name a state dict for the layers of"
            f" `{network}`, but is missing."
        )
    _check_of_list(network, meant)
    path = readable_file(network, "network")
    stored = readable_file(weights, "weights")
    if not isinstance(example, Tensor):
        raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
            f"Argument `data` must hold `inputs` alone for the layers of `{network}`, but holds"
            f" {len(example)} inputs by name."
        )
    graph = read_architecture(path, stored, tuple(example.shape[1:]))
    return followed(path, graph, example, digital, meant)


def _check_of_list(network: str, meant: Signature) -> None:
    """Refuse what a list of layers cannot mean: it has one input, with samples in front.

    Raises:
        ValueError: In the house sentence.
    """
    axes = {
        "time_axis": meant.single,
        "batch_axis": meant.batch_axis is not None,
    }
    for name, given in axes.items():
        if given:
            raise ValueError(
                f"Argument `{name}` must be left out for a list of layers, which take an axis of"
                f" samples, but is given for `{network}`."
            )
    if meant.constants:
        name = next(iter(meant.constants))
        raise ValueError(
            f"Argument `input` must name an array of the data for the layers of `{network}`, but"
            f" `{one_line(name)}` is a number; the list has one input, which changes."
        )


def one_axis_more(given: Inputs, axes: Mapping[str, int]) -> bool:
    """Whether all data have one axis more than the inputs that they are for.

    Args:
        given: Data (1).
        axes: Number of axes of each input, by name (1).
    """
    if isinstance(given, Tensor):
        # A file may take nothing, which is refused when it is read.
        given = dict.fromkeys(list(axes)[:1], given)
    pairs = [(x.ndim, axes[n]) for n, x in given.items() if n in axes]
    return bool(pairs) and all(mine == own + 1 for mine, own in pairs)


def followed(
    path: Path,
    graph: Graph,
    example: Inputs,
    digital: Sequence[str],
    meant: Signature,
    states: Mapping[str, str] | None = None,
) -> Network:
    """A network from a graph that was read from a file.

    Args:
        path: The file.
        graph: The graph.
        example: Typical inputs (1).
        digital: Modules that stay digital.
        meant: How inputs and outputs are meant.
        states: States that the file itself hands on.

    Raises:
        ValueError: In one sentence.
    """
    try:
        return read_network(
            graph,
            example,
            digital,
            outputs=meant.outputs,
            states={**(states or {}), **meant.handed_on},
            batch_axis=meant.batch_axis,
        )
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(
            "Argument `network` must hold a program that can be followed, but"
            f" `{path}` fails with {first_line(error)}."
        ) from error
