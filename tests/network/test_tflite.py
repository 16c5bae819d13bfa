"""TFLite files: read equal to the definitions of their operators, or refused in one sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("flatbuffers", reason="the test extra is missing")

from tflite_networks import TINY
from tflite_operations import OPERATIONS
from tflite_reference import evaluate
from tflite_writer import Writer

from mho.network import Network
from mho.network.formats import Signature, load_network
from mho.network.formats.tflite import read_tflite
from mho.network.graph import Graph
from mho.network.operations import arguments_of, evaluate_node

CHANCE = np.random.default_rng(0)


def samples(*shape: int) -> np.ndarray:
    return CHANCE.normal(0, 1, (4, *shape)).astype(np.float32)


def read(path: Path, content: bytes, *inputs: np.ndarray) -> Network:
    path.write_bytes(content)
    return load_network(str(path), None, torch.tensor(inputs[0]))


def close(found: torch.Tensor, wanted: np.ndarray) -> None:
    """Float32 through ten layers rounds to about 1e-6 of the largest output."""
    largest = float(np.abs(wanted).max())
    np.testing.assert_allclose(
        found.numpy(), wanted, rtol=0, atol=1e-5 * largest
    )


@pytest.mark.parametrize("quantized", [False, True], ids=["float", "int8"])
@pytest.mark.parametrize("name", TINY)
def test_a_network_of_mlperf_tiny_computes_what_its_operators_are_defined_to(
    name: str, quantized: bool, tmp_path: Path
) -> None:
    """Real weights, and weights of 8 bits that are taken back exactly; see `close`."""
    network = Writer(seed=1, quantized=quantized)
    content = network.content(TINY[name](network))
    x = samples(*network.shape(network.inputs[0])[1:])[:2]
    found = read(tmp_path / "n.tflite", content, x).run(torch.tensor(x))
    close(found, evaluate(network, x)[0])


def run_graph(graph: Graph, *inputs: np.ndarray) -> list[torch.Tensor]:
    """A graph alone, operation by operation, whether or not it holds a layer."""
    values: dict[str, object] = dict(graph.tensors)
    for entry, array in zip(graph.inputs, inputs, strict=True):
        values[entry.name] = torch.tensor(array)
    for item in graph.nodes:
        values[item.name] = evaluate_node(item, arguments_of(item, values))
    found = [values[output.value] for output in graph.outputs]
    return [item for item in found if isinstance(item, torch.Tensor)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_computes_what_it_is_defined_to(
    name: str, tmp_path: Path
) -> None:
    """Four samples, where the file was saved for one; sizes of all axes differ."""
    network = Writer(seed=2)
    path = tmp_path / "n.tflite"
    path.write_bytes(network.content(OPERATIONS[name](network)))
    x = samples(*network.shape(network.inputs[0])[1:])
    (found,) = run_graph(read_tflite(path).graph, x)
    close(found, evaluate(network, x)[0])


def small(network: Writer) -> int:
    """A convolution and a layer: 3×3 pixels of two channels to four numbers."""
    x = network.conv(network.input(3, 3, 2), 5, (3, 3))
    return network.dense(network.flatten(x), 4)


def test_a_file_of_whole_numbers_computes_with_the_real_ones_they_stand_for(
    tmp_path: Path,
) -> None:
    """Inputs, weights, biases and results of 8 and 32 bits: nothing is rounded, and it is said.

    The reference works on the real numbers, so the agreement is that of float32.
    """
    network = Writer(quantized=True)
    x = network.input(3, 3, 2)
    scaled = network.op("QUANTIZE", [x], network.shape(x))
    y = network.conv(scaled, 5, (3, 3))
    y = network.dense(network.flatten(y), 4)
    network.round_activations()
    given = samples(3, 3, 2)
    found = read(tmp_path / "n.tflite", network.content(y), given)
    close(found.run(torch.tensor(given)), evaluate(network, given)[0])
    kept = [note for note in found.notes.values() if note.kind == "unrounded"]
    assert [note.runs for note in kept] == ["digital", "digital"]
    assert all("float32" in note.why for note in kept)


def test_whole_numbers_in_place_of_real_ones_are_noticed(
    tmp_path: Path,
) -> None:
    """Pixels from -128 to 127 are no real numbers of a file whose inputs end at 6.5."""
    network = Writer(quantized=True)
    y = small(network)
    network.round_activations()
    given = np.round(100 * samples(3, 3, 2))
    with pytest.raises(ValueError, match="must hold the real numbers"):
        read(tmp_path / "n.tflite", network.content(y), given)


def test_inputs_and_outputs_have_the_names_of_their_signature(
    tmp_path: Path,
) -> None:
    """Two of each; the first output is the one that a network with one is asked for."""
    network = Writer()
    image = network.input(3, 3, 2, name="serving_default_image:0")
    more = network.input(5, name="serving_default_more:0")
    x = network.dense(network.flatten(network.conv(image, 5, (3, 3))), 4)
    y = network.op(
        "CONCATENATION", [x, more], (1, 9), axis=1, name="PartitionedCall:0"
    )
    network.names = {image: "image", more: "more", y: "all", x: "features"}
    path = tmp_path / "n.tflite"
    path.write_bytes(network.content(y, x))
    inputs = {"image": samples(3, 3, 2), "more": samples(5)}
    tensors = {name: torch.tensor(array) for name, array in inputs.items()}
    found = load_network(str(path), None, tensors).outputs(tensors)
    wanted = evaluate(network, *inputs.values())
    assert list(found) == ["all", "features"]
    for output, expected in zip(found.values(), wanted, strict=True):
        close(output, expected)


def test_an_embedding_is_a_look_up(tmp_path: Path) -> None:
    """Whole inputs pick rows of a table."""
    network = Writer()
    x = network.input(3, kind=2)
    table = network.constant(np.eye(5, 4, dtype=np.float32))
    rows = network.op("GATHER", [table, x], (1, 3, 4), axis=0)
    y = network.dense(network.flatten(rows), 2)
    path = tmp_path / "n.tflite"
    path.write_bytes(network.content(y))
    places = np.array([[0, 4, 1], [2, 2, 3]])
    found = load_network(str(path), None, torch.tensor(places))
    close(found.run(torch.tensor(places)), evaluate(network, places)[0])


def test_whole_inputs_become_real_where_the_file_says_so(
    tmp_path: Path,
) -> None:
    """A layer of real weights multiplies them; torch would refuse whole numbers."""
    network = Writer()
    real = network.op("CAST", [network.input(3, kind=2)], (1, 3))
    path = tmp_path / "n.tflite"
    path.write_bytes(network.content(network.dense(real, 2)))
    numbers = np.array([[0, 4, 1], [2, -2, 3]])
    found = load_network(str(path), None, torch.tensor(numbers))
    close(found.run(torch.tensor(numbers)), evaluate(network, numbers)[0])


@pytest.mark.parametrize("activation", ["NONE", "RELU", "RELU6"])
def test_constants_are_added_with_the_activation_built_in(
    activation: str, tmp_path: Path
) -> None:
    """-2, 3 and 9 are cut at 0, and at 6."""
    network = Writer()
    first = network.constant(np.array([[-3, 1, 5]], np.float32))
    second = network.constant(np.array([[1, 2, 4]], np.float32))
    both = network.add(first, second, activation)
    y = network.dense(network.add(network.input(3), both), 2)
    x = samples(3)
    found = read(tmp_path / "n.tflite", network.content(y), x)
    close(found.run(torch.tensor(x)), evaluate(network, x)[0])


def test_a_file_with_samples_in_front_takes_no_axis_of_time(
    tmp_path: Path,
) -> None:
    network = Writer()
    path = tmp_path / "n.tflite"
    path.write_bytes(network.content(small(network)))
    x = torch.tensor(samples(3, 3, 2))
    with pytest.raises(ValueError, match="`time_axis` must be left out"):
        load_network(str(path), None, x, (), Signature(single=True))


def test_equal_names_are_told_apart(tmp_path: Path) -> None:
    """Names in a file are for people, and need not differ."""
    network = Writer()
    y = small(network)
    for tensor in network.tensors:
        tensor.name = "t"
    x = samples(3, 3, 2)
    network.names = {network.inputs[0]: "x", y: "y"}
    found = read(tmp_path / "n.tflite", network.content(y), x)
    close(found.run(torch.tensor(x)), evaluate(network, x)[0])


def _unknown(network: Writer) -> int:
    x = network.op("SVDF", [small(network)], (1, 4), name="memory")
    return network.op("CUSTOM Flex", [x], (1, 4), name="flex")


def _mixing(network: Writer) -> int:
    x = network.op("TRANSPOSE", [network.input(1), network.whole(1, 0)], (1, 1))
    return network.dense(x, 2)


def _halved(network: Writer) -> int:
    x = network.input(6)
    return network.op("RESHAPE", [x, network.whole(1, 4)], (1, 4))


def _over_samples(network: Writer) -> int:
    return network.op("MEAN", [small(network), network.whole(0)], (4,))


def _ended(network: Writer) -> int:
    return network.dense(network.input(3), 2, "TANH")


def _computed_weights(network: Writer) -> int:
    x = network.input(4)
    return network.op("FULLY_CONNECTED", [x, x, -1], (1, 1))


def _plain_weights(network: Writer) -> int:
    weight = network.constant(np.ones((2, 3), np.int8))
    return network.op("FULLY_CONNECTED", [network.input(3), weight, -1], (1, 2))


def _not_there(network: Writer) -> int:
    x = network.dense(network.input(3), 2)
    network.operations[0].inputs[0] = x
    return x


def _stateful(network: Writer) -> int:
    y = small(network)
    network.lasting = [y]
    return y


def _wrong_count(network: Writer) -> int:
    y = network.dense(network.input(3), 2)
    network.tensors[network.operations[0].inputs[1]].shape = (2**15, 2**15)
    return y


def _scales(network: Writer) -> int:
    network.quantized = True
    y = network.dense(network.input(3), 2)
    weights = network.tensors[network.operations[0].inputs[1]]
    weights.scale = [0.1, 0.2, 0.3]
    weights.zero = [0, 0, 0]
    return y


def _bytes(network: Writer) -> int:
    y = network.dense(network.input(3), 2)
    weights = network.tensors[network.operations[0].inputs[1]]
    weights.array = np.ones((2, 3), np.uint8)
    weights.kind = 3
    weights.scale = [0.1]
    weights.zero = [0]
    return y


def _first_sample(network: Writer) -> int:
    x = network.input(4)
    ends = [network.whole(k, k) for k in range(3)]
    network.tensors[ends[2]].array[:] = 1
    return network.op("STRIDED_SLICE", [x, *ends], (4,), shrink_axis_mask=1)


def _sound(network: Writer) -> int:
    x = network.input(4)
    network.tensors[x].shape = (16_000,)
    network.tensors[x].signature = None
    return network.op("RESHAPE", [x, network.whole(1, 16_000)], (1, 16_000))


REFUSED: dict[str, tuple[Callable[[Writer], int], str]] = {
    "unknown": (
        _unknown,
        "has a node `memory` (`SVDF`) that mho cannot run (nor `CUSTOM Flex`)",
    ),
    "mixing": (_mixing, "(`TRANSPOSE`) that turns axes by (1, 0)"),
    "halved": (_halved, "(`RESHAPE`) that reshapes (6,) of each sample"),
    "over samples": (_over_samples, "(`MEAN`) that joins samples"),
    "ended": (_ended, "ends with the activation `TANH`"),
    "computed weights": (_computed_weights, "must be constant"),
    "plain weights": (_plain_weights, "whole weights without a scale"),
    "not there": (_not_there, "before it is computed"),
    "stateful": (_stateful, "from one sample to the next"),
    "wrong count": (_wrong_count, "asks for 4294967296"),
    "bytes": (_bytes, "as bytes without a zero point"),
    "first sample": (_first_sample, "picks some of the samples"),
    "sound": (
        _sound,
        "takes an input `input` of shape (16000,), without samples",
    ),
    "scales": (_scales, "with 3 scales along axis 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_run_is_named_in_one_sentence(
    name: str, tmp_path: Path
) -> None:
    """Node, operator and reason, before anything is computed."""
    build, reason = REFUSED[name]
    network = Writer()
    path = tmp_path / "n.tflite"
    path.write_bytes(network.content(build(network)))
    with pytest.raises(ValueError, match="must name a TFLite file") as caught:
        read_tflite(path)
    assert reason in str(caught.value)


def test_weights_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    network = Writer()
    y = small(network)
    network.tensors[1].array[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="`weights_1` must be finite"):
        read(tmp_path / "n.tflite", network.content(y), samples(3, 3, 2))


@pytest.mark.parametrize("end", [0, 3, 8, 40, 400, -1])
def test_a_file_that_ends_too_early_is_refused(
    end: int, tmp_path: Path
) -> None:
    """Offsets of the rest then lead behind the end; the last byte belongs to a number."""
    network = Writer()
    content = network.content(small(network))
    path = tmp_path / "n.tflite"
    path.write_bytes(content[:end])
    with pytest.raises(ValueError, match="must name a TFLite file"):
        read_tflite(path)


def test_a_vector_of_one_table_many_times_is_refused(tmp_path: Path) -> None:
    """A small file may list a table 2³¹ times; its length is compared with the bytes there are."""
    network = Writer()
    content = bytearray(network.content(small(network)))
    root = int.from_bytes(content[:4], "little")
    listing = root - int.from_bytes(content[root : root + 4], "little")
    subgraphs = root + int.from_bytes(
        content[listing + 8 : listing + 10], "little"
    )
    vector = subgraphs + int.from_bytes(
        content[subgraphs : subgraphs + 4], "little"
    )
    content[vector : vector + 4] = (2**31).to_bytes(4, "little")
    path = tmp_path / "n.tflite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: it points to bytes"):
        read_tflite(path)


def test_names_that_command_a_terminal_are_told_without(
    tmp_path: Path,
) -> None:
    """Found by changed files: a name of a tensor came into a sentence as it was."""
    network = Writer()
    y = small(network)
    network.tensors[1].name = "w\x1b[2J"
    network.tensors[1].array[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"`w�\[2J` must be finite"):
        read(tmp_path / "n.tflite", network.content(y), samples(3, 3, 2))
