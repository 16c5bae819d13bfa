"""Files with a few bytes changed, of every kind: a result or one sentence, never more.

Mutations are drawn from a fixed seed: flipped bits, cut ends, bytes doubled, taken out or replaced
by telling ones, numbers that lie. A few are tried always; `benchmarks/mutated_networks.py` tries
ten thousand of the formats that hold networks.
"""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mutations import bent, mutated
from safetensors.torch import save_file
from torch import nn

from mho.characterise.telegraph import read_trace
from mho.cli.shared import load_arrays
from mho.data import load_data
from mho.files import allow_memory
from mho.network.formats import load_network
from mho.spice import line_values, read_raw

TRIES = 40
EXAMPLE = torch.linspace(-1, 1, 3 * 6).view(3, 6)


def npz(path: Path) -> None:
    some = np.linspace(0, 1, 24)
    np.savez(
        path, inputs=some.reshape(4, 6), labels=np.arange(4), conductance=some
    )


def packed(path: Path) -> None:
    some = np.zeros((40, 6))
    np.savez_compressed(
        path, inputs=some, labels=np.arange(40), conductance=some
    )


def npy(path: Path) -> None:
    np.save(path, np.linspace(0, 1, 24).reshape(4, 6))


def csv(path: Path) -> None:
    rows = [f"{k * 0.002:.6f},{1e-6 + k * 1e-9:.9g}" for k in range(201)]
    path.write_text("\n".join(["time_s,current_A", *rows]) + "\n")


def raw(path: Path) -> None:
    """A text of two currents."""
    head = "Title: t\nPlotname: Operating Point\nFlags: real\n"
    head += "No. Variables: 2\nNo. Points: 1\nVariables:\n"
    head += "\t0\ti(vout0)\tcurrent\n\t1\ti(vout1)\tcurrent\n"
    path.write_text(f"{head}Values:\n 0\t1e-6\n\t2e-6\n\n")


def binary_raw(path: Path) -> None:
    raw(path)
    head = path.read_bytes().partition(b"Values:")[0]
    path.write_bytes(head + b"Binary:\n" + np.array([1e-6, 2e-6]).tobytes())


def safetensors(path: Path) -> None:
    tensors = {"a.weight": torch.eye(6), "b.weight": torch.ones(2, 6)}
    save_file(tensors, str(path))


def pt2(path: Path) -> None:
    program = torch.export.export(
        nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)).eval(),
        (EXAMPLE,),
    )
    torch.export.save(program, path)


def onnx(path: Path) -> None:
    made = pytest.importorskip("onnx")
    tensor = made.TensorProto.FLOAT
    weight = made.numpy_helper.from_array(np.eye(6, dtype=np.float32), "w")
    graph = made.helper.make_graph(
        [
            made.helper.make_node("MatMul", ["x", "w"], ["y"]),
            made.helper.make_node("Relu", ["y"], ["z"]),
        ],
        "g",
        [made.helper.make_tensor_value_info("x", tensor, ["N", 6])],
        [made.helper.make_tensor_value_info("z", tensor, ["N", 6])],
        [weight],
    )
    opset = [made.helper.make_opsetid("", 17)]
    path.write_bytes(
        made.helper.make_model(graph, opset_imports=opset).SerializeToString()
    )


def tflite(path: Path) -> None:
    """Whole weights with a scale for each output, behind tables of tables."""
    pytest.importorskip("flatbuffers")
    from tflite_writer import Writer

    network = Writer(quantized=True)
    x = network.dense(network.input(6), 12, "RELU")
    x = network.op("RESHAPE", [x, network.whole(1, 2, 3, 2)], (1, 2, 3, 2))
    x = network.conv(x, 3, (2, 2))
    x = network.op("RESHAPE", [x, network.whole(-1, 18)], (1, 18))
    y = network.dense(x, 4)
    path.write_bytes(network.content(y))


def toml(path: Path) -> None:
    """A list of layers, beside weights that stay as they are."""
    safetensors(path.with_name("w.safetensors"))
    path.write_text(
        """input = [6]
[[layer]]
kind = "linear"
name = "a"
activation = "relu"
[[layer]]
kind = "add"
inputs = ["a", "input"]
[[layer]]
kind = "linear"
weights = "b"
"""
    )


def _operating_point(path: Path) -> object:
    return line_values(read_raw(path), "i", "vout")


def _network(path: Path) -> object:
    return load_network(str(path), None, EXAMPLE)


KINDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], object]]] = {
    "data.npz": (npz, lambda path: load_data(str(path))),
    "packed.npz": (packed, lambda path: load_data(str(path))),
    "array.npz": (
        npz,
        lambda path: load_arrays(str(path), "conductance", "conductance"),
    ),
    "array.npy": (
        npy,
        lambda path: load_arrays(str(path), "conductance", "conductance"),
    ),
    "trace.csv": (csv, lambda path: read_trace(path, 0.2)),
    "text.raw": (raw, _operating_point),
    "binary.raw": (binary_raw, _operating_point),
    "a.safetensors": (
        safetensors,
        lambda path: load_network(f"{path}:relu", None, EXAMPLE),
    ),
    "network.pt2": (pt2, _network),
    "network.onnx": (onnx, _network),
    "network.tflite": (tflite, _network),
    "layers.toml": (
        toml,
        lambda path: load_network(
            str(path), str(path.with_name("w.safetensors")), EXAMPLE
        ),
    ),
}


def attacked(name: str, folder: Path, tries: int) -> dict[str, int]:
    """How many mutations were read and how many refused.

    Raises:
        AssertionError: One of them ended in something else than a sentence.
    """
    make, read = KINDS[name]
    path = folder / name
    make(path)
    content = path.read_bytes()
    read(path)
    chance = random.Random(name)
    counts = {"read": 0, "refused": 0}
    for number in range(tries):
        change = bent if number % 2 else mutated
        path.write_bytes(change(content, chance))
        try:
            with allow_memory("256MiB"):
                read(path)
        except ValueError as error:
            said = str(error)
            known = said.startswith(("Argument `", "File `"))
            assert known, f"mutation {number}: {said}"
            assert said.endswith("."), f"mutation {number}: {said}"
            assert said.isprintable(), f"mutation {number}: {said!r}"
            counts["refused"] += 1
        else:
            counts["read"] += 1
    return counts


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_a_mutated_file_is_read_or_refused_in_one_sentence(
    name: str, tmp_path: Path
) -> None:
    """Nothing but `ValueError` leaves a reader, and its text begins and ends as all do."""
    counts = attacked(name, tmp_path, TRIES)
    assert sum(counts.values()) == TRIES
    assert counts["refused"] > 0
