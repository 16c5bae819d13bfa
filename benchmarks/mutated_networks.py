"""Files of networks with a few bytes changed, by the thousand: a result or one sentence.

    python benchmarks/mutated_networks.py --format tflite --count 10000

Small networks of many operators are written, changed at one to three places (bits, cut ends,
pieces doubled or taken out, offsets and lengths that lie, weights that are no numbers) and read
in this process. Each ends in a network that runs, or in a `ValueError` whose text is a sentence of
the house; anything else is listed with the number of its seed. One JSON object is printed.
"""

import argparse
import collections
import importlib
import json
import random
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from mho.files import allow_memory
from mho.network.formats import load_network

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "network"))
SAMPLES = 3
MEMORY = "256MiB"
"""What a file may ask for; the whole process is measured beside it."""


class TooSlowError(Exception):
    """A file took longer than is allowed."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tflite_files() -> dict[str, tuple[bytes, torch.Tensor]]:
    """Content and inputs of small TFLite networks, by name."""
    writer: Any = importlib.import_module("tflite_writer").Writer
    operations: Any = importlib.import_module("tflite_operations").OPERATIONS
    found = {}
    for number, (name, build) in enumerate(operations.items()):
        network = writer(seed=number, quantized=number % 3 == 0)
        x = build(network)
        shape = network.shape(network.inputs[0])[1:]
        y = network.dense(network.flatten(x), 3)
        if number % 3 == 0:
            network.round_activations()
        network.names = {network.inputs[0]: "x", y: "y"}
        found[name] = (network.content(y), torch.randn(SAMPLES, *shape))
    return found


def onnx_files() -> dict[str, tuple[bytes, torch.Tensor]]:
    """Content and inputs of small ONNX networks, by name."""
    onnx: Any = importlib.import_module("onnx")
    helper = onnx.helper
    chance = np.random.default_rng(0)

    def made(
        nodes: list[Any], shape: tuple[int, ...], **arrays: Any
    ) -> tuple[bytes, torch.Tensor]:
        real = onnx.TensorProto.FLOAT
        stored = [
            onnx.numpy_helper.from_array(np.asarray(array), name)
            for name, array in arrays.items()
        ]
        entry = helper.make_tensor_value_info("x", real, ["batch", *shape])
        result = helper.make_tensor_value_info("y", real, None)
        graph = helper.make_graph(nodes, "g", [entry], [result], stored)
        opsets = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        return model.SerializeToString(), torch.randn(SAMPLES, *shape)

    def real(*shape: int) -> Any:
        return chance.normal(size=shape).astype(np.float32)

    def whole(*numbers: int) -> Any:
        return np.array(numbers, np.int64)

    node = helper.make_node
    image = [
        node("Conv", ["x", "w", "b"], ["a"], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["a", "s", "s", "s", "s"], ["n"]),
        node("Relu", ["n"], ["r"]),
        node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["p"], ["f"]),
        node("Gemm", ["f", "m"], ["g"], transB=1),
        node("Softmax", ["g"], ["y"]),
    ]
    lookup = [
        node("MatMul", ["x", "m"], ["a"]),
        node("Shape", ["a"], ["sizes"]),
        node("Gather", ["sizes", "first"], ["count"]),
        node("Concat", ["count", "rest"], ["target"], axis=0),
        node("Reshape", ["a", "target"], ["r"]),
        node("Slice", ["r", "first", "stop", "axis"], ["c"]),
        node("ReduceMean", ["c", "axis"], ["k"], keepdims=0),
        node("LayerNormalization", ["k", "s"], ["y"]),
    ]
    sequence = [
        node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        node("LSTM", ["t", "w", "r"], ["h"], hidden_size=4),
        node("Squeeze", ["h", "axis"], ["q"]),
        node("Transpose", ["q"], ["u"], perm=[1, 0, 2]),
        node("MatMul", ["u", "m"], ["y"]),
    ]
    return {
        "image": made(
            image,
            (2, 6, 6),
            w=real(3, 2, 3, 3),
            b=real(3),
            s=np.abs(real(3)),
            m=real(4, 27),
        ),
        "look-up": made(
            lookup,
            (6,),
            m=real(6, 12),
            first=whole(0),
            rest=whole(3, 4),
            stop=whole(2),
            axis=whole(1),
            s=real(4),
        ),
        "sequence": made(
            sequence,
            (5, 3),
            w=real(1, 16, 3),
            r=real(1, 16, 4),
            m=real(4, 2),
            axis=whole(1),
        ),
    }


def twisted_tflite(content: bytes, chance: random.Random) -> bytes:
    """Numbers of four bytes again: tables, options and shapes are made of nothing else."""
    mutations: Any = importlib.import_module("mutations")
    changed: bytes = mutations.bent(content, chance)
    return changed


def twisted_onnx(content: bytes, chance: random.Random) -> bytes:
    """A file that parses, and says something else: edges, shapes, types, attributes, versions."""
    onnx: Any = importlib.import_module("onnx")
    model = onnx.ModelProto.FromString(content)
    for _ in range(chance.randint(1, 3)):
        chance.choice(TWISTS)(model, chance)
    return bytes(model.SerializeToString())


def _edge(model: Any, chance: random.Random) -> None:
    """Another input or result: what is missing, comes later, or is there already."""
    node = chance.choice(model.graph.node)
    names = [
        name
        for other in model.graph.node
        for name in (*other.input, *other.output, "nowhere")
    ]
    ends = chance.choice((node.input, node.output))
    if ends:
        ends[chance.randrange(len(ends))] = chance.choice(names)


def _operator(model: Any, chance: random.Random) -> None:
    kinds = [node.op_type for node in model.graph.node]
    node = chance.choice(model.graph.node)
    node.op_type = chance.choice([*kinds, "If", "Loop", "Scan", "Gather"])


def _attribute(model: Any, chance: random.Random) -> None:
    node = chance.choice(model.graph.node)
    for attribute in node.attribute:
        attribute.i = chance.choice(NUMBERS)
        attribute.ints[:] = [chance.choice(NUMBERS) for _ in attribute.ints]


def _shape(model: Any, chance: random.Random) -> None:
    tensor = chance.choice(model.graph.initializer)
    if tensor.dims:
        place = chance.randrange(len(tensor.dims))
        tensor.dims[place] = chance.choice(NUMBERS)


def _type(model: Any, chance: random.Random) -> None:
    tensor = chance.choice(model.graph.initializer)
    tensor.data_type = chance.randrange(24)


def _elsewhere(model: Any, chance: random.Random) -> None:
    """Numbers in another file, which is not there or none of ours."""
    tensor = chance.choice(model.graph.initializer)
    tensor.data_location = 1
    entry = tensor.external_data.add()
    entry.key = "location"
    entry.value = chance.choice(["../secret", "/etc/passwd", "w.bin"])


def _version(model: Any, chance: random.Random) -> None:
    versions = (1, 6, 7, 12, 13, 21, 22, 99, -1)
    model.opset_import[0].version = chance.choice(versions)


def _input(model: Any, chance: random.Random) -> None:
    sizes = model.graph.input[0].type.tensor_type.shape.dim
    chance.choice(sizes).dim_value = chance.choice(NUMBERS)


TWISTS = (
    _edge,
    _operator,
    _attribute,
    _shape,
    _type,
    _elsewhere,
    _version,
    _input,
)
NUMBERS = (-(2**31), -3, -1, 0, 1, 2, 3, 5, 2**16, 2**31 - 1, 2**62)
FORMATS = {
    "tflite": (tflite_files, twisted_tflite),
    "onnx": (onnx_files, twisted_onnx),
}
"""What makes the files of a format, and what changes their meaning rather than their bytes."""


def outcome(path: Path, example: torch.Tensor, seconds: float) -> str:
    """What became of a file: `read`, `refused`, or what went wrong."""
    try:
        with time_limit(seconds), allow_memory(MEMORY):
            network = load_network(str(path), None, example)
            network.run(example)
    except ValueError as error:
        said = str(error)
        known = said.startswith(("Argument `", "File `"))
        if known and said.isprintable() and said.endswith((".", "?")):
            return "refused"
        return f"no sentence: {said[:300]!r}"
    except TooSlowError:
        return f"slower than {seconds:g} s"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {str(error)[:300]!r}"
    return "read"


def attack(
    name: str, count: int, first: int, seconds: float
) -> dict[str, object]:
    """Read `count` changed files of a format."""
    mutations: Any = importlib.import_module("mutations")
    made, twisted = FORMATS[name]
    files = list(made().items())
    changes = (mutations.mutated, mutations.bent, twisted, twisted)
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"network.{name}"
        for label, (content, example) in files:
            path.write_bytes(content)
            found = outcome(path, example, seconds)
            if found != "read":
                wrong.append(f"{label}, unchanged: {found}")
        for seed in range(first, first + count):
            chance = random.Random(f"{name} {seed}")
            label, (content, example) = files[seed % len(files)]
            path.write_bytes(chance.choice(changes)(content, chance))
            began = time.perf_counter()
            found = outcome(path, example, seconds)
            slowest = max(slowest, time.perf_counter() - began)
            kind = found if found in ("read", "refused") else "wrong"
            counts[kind] += 1
            if kind == "wrong":
                wrong.append(f"seed {seed} ({label}): {found}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "format": name,
        "files": len(files),
        "mutations": count,
        "read": counts["read"],
        "refused": counts["refused"],
        "wrong": counts["wrong"],
        "slowest_s": round(slowest, 3),
        "peak_MiB": peak // 1024,
        "list": wrong[:20],
    }


def main() -> None:
    """Print one JSON object; leave with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=FORMATS, default="tflite")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    result = attack(given.format, given.count, given.first, given.seconds)
    print(json.dumps(result, indent=2))
    if result["list"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
