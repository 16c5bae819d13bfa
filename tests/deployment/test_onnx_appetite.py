"""A few bytes that ask for everything: one sentence, at once, and little memory."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade import floats, model, node, onnx, whole

from mho.network.formats.onnx.reader import read_onnx

make = onnx.helper.make_node
MOST = 2 * 2**30
"""Memory that reading may take in all (bytes)."""
HUGE = whole(2**40)
REAL = np.float32(1)


def met(*inputs: str, operator: str, **attributes: Any) -> list[Any]:
    """The result of an operation on constants, added to the input."""
    first = make(operator, list(inputs), ["c"], **attributes)
    return [first, make("Add", ["x", "c"], ["y"])]


def body(nodes: list[Any], name: str) -> Any:
    kind = onnx.TensorProto.FLOAT
    result = onnx.helper.make_tensor_value_info(name, kind, None)
    return onnx.helper.make_graph(nodes, "body", [], [result])


def nested(depth: int) -> Any:
    """Branches inside of branches."""
    inner = [make("Identity", ["x"], ["r0"])]
    for level in range(1, depth):
        plain = body([make("Identity", ["x"], ["p"])], "p")
        choice = make(
            "If",
            ["yes"],
            [f"r{level}"],
            then_branch=body(inner, f"r{level - 1}"),
            else_branch=plain,
        )
        inner = [choice]
    return [*inner, make("Identity", [f"r{depth - 1}"], ["y"])]


def squares(count: int) -> list[Any]:
    """The size of a batch, squared again and again: 2^count digits."""
    nodes = [make("Shape", ["x"], ["s0"])]
    nodes += [
        make("Mul", [f"s{k}", f"s{k}"], [f"s{k + 1}"]) for k in range(count)
    ]
    return [*nodes, make("Expand", ["x", f"s{count}"], ["y"])]


def recurrent(operator: str, **attributes: Any) -> list[Any]:
    """A layer over a sequence of a million steps, made of one number."""
    return [
        make("Expand", ["x", "long"], ["sequence"]),
        make(
            operator, ["sequence", "w", "r"], ["o"], hidden_size=2, **attributes
        ),
        make("Flatten", ["o"], ["y"]),
    ]


def gathered() -> list[Any]:
    """Many sizes, all that of the batch, as numbers to compute with."""
    return [
        make("Shape", ["x"], ["s"]),
        make("Gather", ["s", "many"], ["t"]),
        make("Add", ["t", "t"], ["u"]),
        make("Add", ["x", "u"], ["y"]),
    ]


FILES = {
    "tile": (
        met("one", "t", operator="Tile"),
        {"one": floats(1, 1), "t": whole(2**30, 2**30)},
    ),
    "tile input": ([node("Tile", "t")], {"t": whole(1, 2**40)}),
    "expand": ([node("Expand", "t")], {"t": whole(2**20, 2**20, 1, 6)}),
    "filled": (
        met("t", operator="ConstantOfShape"),
        {"t": whole(2**31, 2**31)},
    ),
    "filled below zero": (
        met("t", operator="ConstantOfShape"),
        {"t": whole(-1, 6)},
    ),
    "range": (
        met("a", "b", "c", operator="Range"),
        {"a": np.int64(0), "b": np.int64(2**50), "c": np.int64(1)},
    ),
    "range that stands": (
        met("a", "b", "c", operator="Range"),
        {"a": np.int64(0), "b": np.int64(9), "c": np.int64(0)},
    ),
    "range of nothing": (
        met("a", "b", "c", operator="Range"),
        {"a": REAL, "b": np.float32(np.nan), "c": REAL},
    ),
    "pad": ([node("Pad", "p")], {"p": whole(0, 0, 0, 2**40)}),
    "pad by reflection": (
        [node("Pad", "p", mode="reflect")],
        {"p": whole(0, 0, 0, 2**40)},
    ),
    "classes": (
        met("i", "d", "v", operator="OneHot"),
        {"i": whole(1), "d": HUGE, "v": floats(2)},
    ),
    "resize": (
        [
            make("Unsqueeze", ["x", "ax"], ["i"]),
            make("Resize", ["i", "", "f"], ["y"]),
        ],
        {"ax": whole(1), "f": np.float32([1, 1, 1e12])},
    ),
    "resize by size": (
        [
            make("Unsqueeze", ["x", "ax"], ["i"]),
            make("Resize", ["i", "", "", "z"], ["y"], mode="cubic"),
        ],
        {"ax": whole(1), "z": whole(2, 1, 2**40)},
    ),
    "shrunk smoothly": (
        [
            make("Unsqueeze", ["x", "ax"], ["i"]),
            make("Resize", ["i", "", "f"], ["y"], mode="linear", antialias=1),
        ],
        {"ax": whole(1), "f": np.float32([1, 1, 1e-12])},
    ),
    "pool": (
        [
            make("Unsqueeze", ["x", "ax"], ["i"]),
            make(
                "AveragePool",
                ["i"],
                ["y"],
                kernel_shape=[2**40],
                pads=[2**39, 2**39],
            ),
        ],
        {"ax": whole(1)},
    ),
    "dilated pool": (
        [
            make("Unsqueeze", ["x", "ax"], ["i"]),
            make(
                "AveragePool",
                ["i"],
                ["y"],
                kernel_shape=[3],
                dilations=[2**40],
                pads=[2**40, 2**40],
            ),
        ],
        {"ax": whole(1)},
    ),
    "blocks": (
        [
            make("Unsqueeze", ["x", "ax"], ["i"]),
            make("SpaceToDepth", ["i"], ["y"], blocksize=2**40),
        ],
        {"ax": whole(1, 2)},
    ),
    "blocks of steps": (
        [make("QuantizeLinear", ["x", "q"], ["y"], block_size=2**40)],
        {"q": floats(1, 6)},
    ),
    "identity": (met("m", operator="EyeLike"), {"m": floats(1, 1)}),
    "split": ([make("Split", ["x"], ["y"], num_outputs=2**40, axis=1)], {}),
    "product": (
        [
            make("Reshape", ["x", "t"], ["r"]),
            make("Mul", ["r", "x"], ["m"]),
            make("Expand", ["m", "u"], ["y"]),
        ],
        {"t": whole(-1, 6, 1), "u": whole(1, 1, 2**40)},
    ),
    "squares": (squares(60), {}),
    "steps of torch": (
        recurrent("LSTM"),
        {
            "long": whole(2**27, 2, 6),
            "w": floats(1, 8, 6),
            "r": floats(1, 8, 2),
        },
    ),
    "steps written out": (
        recurrent("GRU"),
        {
            "long": whole(2**20, 2, 6),
            "w": floats(1, 6, 6),
            "r": floats(1, 6, 2),
        },
    ),
    "branches": (nested(20), {"yes": np.bool_(1)}),
    "sizes": (gathered(), {"many": np.zeros(2**17, np.int64)}),
    "circle": (
        [
            make("Add", ["x", "b"], ["a"]),
            make("Add", ["a", "x"], ["b"]),
            make("Add", ["a", "b"], ["y"]),
        ],
        {},
    ),
    "missing": ([node("Add", "nowhere")], {}),
    "no branch": ([make("If", ["yes"], ["y"])], {"yes": np.bool_(1)}),
    "branch without result": (
        [
            make(
                "If",
                ["yes"],
                ["y"],
                then_branch=body([], "lost"),
                else_branch=body([], "lost"),
            )
        ],
        {"yes": np.bool_(1)},
    ),
    "division": (met("a", "b", operator="Div"), {"a": whole(1), "b": whole(0)}),
    "power": (
        [
            make("LpPool", ["i"], ["y"], kernel_shape=[1], p=0),
            make("Unsqueeze", ["x", "ax"], ["i"]),
        ][::-1],
        {"ax": whole(1)},
    ),
    "sum": (
        [
            make(
                "Einsum",
                ["x"] * 8,
                ["y"],
                equation="ai,bj,ck,dl,em,fn,go,hp->abcdefghijklmnop",
            )
        ],
        {},
    ),
}
FINE = ("branches", "identity", "pool", "split")
"""What asks for much and is right all the same."""


@pytest.mark.parametrize("name", FILES)
def test_a_small_file_that_asks_for_much_ends_in_a_sentence_at_once(
    tmp_path: Path, name: str
) -> None:
    nodes, arrays = FILES[name]
    path = tmp_path / "hungry.onnx"
    path.write_bytes(model(nodes, (6,), **arrays).SerializeToString())
    begin = time.process_time()
    try:
        read_onnx(path)
    except ValueError as error:
        sentence = str(error)
        assert sentence.startswith("Argument `network` must name an ONNX file")
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert name not in FINE
    else:
        assert name in FINE
    assert time.process_time() - begin < 10


MEASURED = """
import resource, sys
from pathlib import Path
from mho.network.formats.onnx.reader import read_onnx
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        read_onnx(path)
    except ValueError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_all_of_them_together_stay_within_two_gibibytes(tmp_path: Path) -> None:
    """In a process of their own, whose largest memory ever the system tells (KiB)."""
    for name, (nodes, arrays) in FILES.items():
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(model(nodes, (6,), **arrays).SerializeToString())
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) * 1024 < MOST
