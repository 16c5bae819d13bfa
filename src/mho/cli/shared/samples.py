"""Samples for a network, lines of its tiles and files to write: what options stand for."""

from collections.abc import Mapping
from pathlib import Path

from mho.checks import one_line
from mho.cli.shared.output import check_writable, resistance
from mho.data import BUILT_IN, Data, load_data
from mho.deployment.storage import CompiledNetwork
from mho.mapping import output_share
from mho.network import Network
from mho.runs import input_names
from mho.samples import Inputs, shape_of_sample, without_numbers
from mho.wires import WireModel


def given_wires(text: str | None) -> WireModel | None:
    """Lines with segments of the resistance that was given; `None` if none was.

    Raises:
        ValueError: It is no resistance.
    """
    if text is None:
        return None
    segment = resistance(text, "wires")
    return WireModel(word_line=segment, bit_line=segment)


def output_file(path: str, *inputs: str | None) -> Path:
    """A file that can be written and is none of those read."""
    for name in inputs:
        if name is not None and Path(name).resolve() == Path(path).resolve():
            raise ValueError(
                f"Argument `save` must name another file, but is `{name}` itself."
            )
    if Path(path).is_dir():
        raise ValueError(
            f"Argument `save` must name a file, but `{path}` is a folder."
        )
    check_writable(Path(path).parent)
    return Path(path)


def test_data(
    image: CompiledNetwork,
    data: str | None,
    arrays: Mapping[str, str],
) -> Data:
    """Test data from a file, or those that belong to the image.

    Args:
        image: The image.
        data: The file; those of the image if `None`.
        arrays: Array that feeds an input of another name, by the input's name.

    Raises:
        ValueError: There are none.
    """
    if data is not None:
        names = input_names(image.network)
        return load_data(data).fed(arrays).for_inputs(names)
    own = image.provenance.data
    if own in BUILT_IN:
        return BUILT_IN[own].test()
    raise ValueError(
        "Argument `data` must name a .npz file of test data, but is missing, and the image names"
        " no built-in test set."
    )


def rehearse(network: Network, inputs: Inputs) -> None:
    """Refuse inputs that the network cannot take, before a chip works on them."""
    try:
        network.run(without_numbers(shape_of_sample(inputs), 1))
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(
            "Argument `data` must fit the network, but its samples have shape"
            f" {shape_of_sample(inputs)}."
        ) from error


def course_rows(network: Network) -> list[tuple[str, str]]:
    """How samples go through a network, for a table; nothing if they go in a batch.

    Args:
        network: The network.
    """
    graph = network.graph
    rows = [
        (f"state {one.input}", f"`{one.output}` of the step before")
        for one in graph.states
    ]
    if graph.single:
        rows.append(("samples run", "one by one: the first axis is theirs"))
    if graph.separate:
        rows.append(("samples run", "one by one: the file is for one"))
    return rows


def scale_rows(network: Network, scale: str) -> list[tuple[str, str]]:
    """Why every output of a network has a scale of its own; nothing if none has.

    Args:
        network: The network.
        scale: What shares a scale, as it was decided.
    """
    if scale == "layer":
        return []
    shares = {
        layer.name: output_share(layer.weight) for layer in network.layers
    }
    name = min(shares, key=lambda one: shares[one])
    told = (
        f"one for every output: half of the outputs of `{one_line(name)}` would use less than"
        f" {shares[name]:.1%} of the range of cells"
    )
    return [("scale of weights", told)]
