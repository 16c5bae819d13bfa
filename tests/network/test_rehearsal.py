"""A few bytes of a file can ask for any amount of numbers: found out on shapes alone."""

import tracemalloc
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mho.files import TooLargeError, allow_memory
from mho.network import (
    Graph,
    GraphInput,
    GraphOutput,
    Network,
    Node,
    Ref,
    read_network,
)
from mho.network.operations import evaluate_node, known_shape, last_uses
from mho.network.operations.rehearsal import _SHAPE_KEPT

SAMPLES = torch.linspace(-1, 1, 3 * 8).view(3, 8)


def graph(*nodes: Node, sample_shape: tuple[int, ...] = (8,)) -> Graph:
    """A linear layer of 4 outputs, and what comes after it."""
    dense = {"input": Ref("x"), "weight": Ref("w"), "bias": None}
    first = Node("y", "aten.linear.default", dense)
    return Graph(
        inputs=(GraphInput("x", sample_shape),),
        nodes=(first, *nodes),
        outputs=(GraphOutput(nodes[-1].name, nodes[-1].name),),
        tensors={"w": torch.linspace(-1, 1, 32).view(4, 8)},
        labels={"w": "dense.weight"},
    )


def node(name: str, operator: str, **arguments: object) -> Node:
    return Node(name, f"aten.{operator}", arguments)


REPEAT = graph(
    node("z", "repeat.default", self=Ref("y"), repeats=(1, 2**22)),
    node("out", "mean.dim", self=Ref("z"), dim=(1,), keepdim=True),
)
EXPAND = graph(
    node("column", "unsqueeze.default", self=Ref("y"), dim=2),
    node("z", "expand.default", self=Ref("column"), size=(-1, -1, 2**24)),
    node("out", "sum.dim_IntList", self=Ref("z"), dim=(2,)),
)
CONSTANT = graph(
    node("c", "repeat.default", self=Ref("w"), repeats=(2**18, 1)),
    node("s", "sum.dim_IntList", self=Ref("c"), dim=(0, 1)),
    node("out", "add.Tensor", self=Ref("y"), other=Ref("s")),
)
KEPT = graph(
    *(
        node(f"z{k}", "repeat.default", self=Ref("y"), repeats=(1, 2**12))
        for k in range(40)
    ),
    node(
        "out",
        "cat.default",
        tensors=tuple(Ref(f"z{k}") for k in range(40)),
        dim=1,
    ),
)


@pytest.mark.parametrize(
    ("bomb", "guilty"),
    [(REPEAT, "`z`"), (EXPAND, "`z`"), (CONSTANT, "`c`"), (KEPT, "`z")],
    ids=["repeat", "expand", "constant", "many kept at once"],
)
def test_what_would_not_fit_is_refused_before_it_is_computed(
    bomb: Graph, guilty: str
) -> None:
    """Results of 5 samples at least, under a limit of 8 MiB.

    `repeat` asks for 320 MiB; `expand` for 1.25 GiB that are never written but summed; a
    constant for 32 MiB; and forty results of 320 kB that are all needed in the end for 12.5 MiB.
    """
    with (
        allow_memory("8MiB"),
        pytest.raises(TooLargeError, match="must fit into 8 MiB") as caught,
    ):
        read_network(bomb, SAMPLES)
    assert guilty in str(caught.value)


def test_results_that_nobody_reads_any_more_take_no_memory() -> None:
    """A hundred results of 400 kB, one after the other: a rehearsal holds two of them at most.

    Exact: 5 samples of 2**12 x 4 numbers take 327,680 bytes, so 700 kB are enough and 600 kB are
    not; the real run allocates no more than that either.
    """
    wide = node("z0", "repeat.default", self=Ref("y"), repeats=(1, 2**12))
    chain = [
        node(f"z{k + 1}", "relu.default", self=Ref(f"z{k}")) for k in range(100)
    ]
    end = node("out", "mean.dim", self=Ref("z100"), dim=(1,), keepdim=True)
    long = graph(wide, *chain, end)
    with allow_memory("700kB"):
        network = read_network(long, SAMPLES)
    with allow_memory("600kB"), pytest.raises(TooLargeError):
        read_network(long, SAMPLES)
    assert network.run(SAMPLES).shape == (3, 1)


def test_calibration_samples_count() -> None:
    """The whole example is what the network is calibrated with next, at once."""
    small = graph(
        node("z", "repeat.default", self=Ref("y"), repeats=(1, 2**12)),
        node("out", "mean.dim", self=Ref("z"), dim=(1,), keepdim=True),
    )
    with allow_memory("1MB"):
        read_network(small, SAMPLES)
        with pytest.raises(TooLargeError, match=r"shape \(64, 16384\)"):
            read_network(small, SAMPLES[:1].expand(64, 8))


def test_python_arithmetic_is_for_numbers() -> None:
    """A sequence times a number is a sequence of any length."""
    times = Node("n", "_operator.mul", {"a": ("x",), "b": 2**40})
    tracemalloc.start()
    with pytest.raises(TypeError, match="is given a sequence"):
        evaluate_node(times, times.arguments)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert (
        evaluate_node(
            replace(times, arguments={"a": 6, "b": 7}), {"a": 6, "b": 7}
        )
        == 42
    )


def test_a_padded_image_counts_though_its_result_is_small() -> None:
    """A stride as wide as the padding: four positions of a 64 MB image of zeros."""
    weight = torch.ones(1, 1, 1, 1)
    move = {
        "input": Ref("x"),
        "weight": Ref("w"),
        "bias": None,
        "stride": (2_000, 2_000),
        "padding": (2_000, 2_000),
        "dilation": (1, 1),
        "groups": 1,
    }
    bomb = Graph(
        (GraphInput("x", (1, 2, 2)),),
        (Node("y", "aten.conv2d.default", move),),
        (GraphOutput("y", "y"),),
        {"w": weight},
        {},
    )
    with allow_memory("32MB"), pytest.raises(TooLargeError, match="needs"):
        read_network(bomb, torch.ones(1, 1, 2, 2))


@pytest.mark.parametrize("operator", sorted(_SHAPE_KEPT))
def test_shapes_that_are_kept_are_those_that_torch_finds(operator: str) -> None:
    """Shape, type and order of memory of torch's own result on numbers. Exact."""
    values = torch.rand(2, 3, 4).transpose(1, 2) + 0.5
    needed = {"min": 0.0} if "clamp" in operator else {}
    found = known_shape(
        Node("n", operator, {}), {"self": values.to("meta"), **needed}
    )
    _, name, overload = operator.split(".")
    wanted = getattr(getattr(torch.ops.aten, name), overload)(values, **needed)
    assert isinstance(found, Tensor)
    assert found.is_meta
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    assert found.stride() == wanted.stride()
    assert known_shape(Node("n", operator, {}), {"self": values}) is None


@pytest.mark.parametrize(
    ("kernel", "stride"), [((2, 2), (2, 2)), ((3, 1), (1, 2)), ((5, 7), (9, 9))]
)
def test_a_pooling_has_the_shape_that_torch_finds(
    kernel: tuple[int, int], stride: tuple[int, int]
) -> None:
    """Of what has only a kernel and a stride; all else is torch's own affair. Exact."""
    image = torch.rand(2, 3, 5, 7)
    pooling = Node("n", "aten.max_pool2d.default", {})
    sizes = {"kernel_size": kernel, "stride": stride}
    found = known_shape(pooling, {"self": image.to("meta"), **sizes})
    wanted = torch.ops.aten.max_pool2d.default(image, kernel, stride)
    assert found is not None
    assert found.shape == wanted.shape
    for other in (
        {"kernel_size": (6, 1)},
        {"stride": (0, 1)},
        {"ceil_mode": True},
        {"kernel_size": (2,)},
    ):
        asked = {"self": image.to("meta"), **sizes, **other}
        assert known_shape(pooling, asked) is None


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("size", [(3, 3), (9, 8)])
def test_layers_without_numbers_have_the_shapes_of_layers_with_them(
    size: tuple[int, int], groups: int
) -> None:
    """Convolutions, transposed ones and linear layers, rehearsed and run. Exact."""
    kinds = (
        torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=groups),
        torch.nn.Conv2d(4, 6, (3, 2), dilation=(1, 2), groups=groups),
        torch.nn.ConvTranspose2d(4, 6, 3, stride=2, groups=groups),
        torch.nn.Linear(size[1], 5),
    )
    example = torch.rand(2, 4, *size)
    for layer in kinds:
        network = read_network(layer, example)
        found = network.run(example.to("meta"))
        assert found.is_meta
        assert found.shape == network.run(example).shape


def test_a_value_is_done_with_after_its_last_reader() -> None:
    """Neither stored tensors nor the output ever are; what nobody reads is at once. Exact."""
    some = graph(
        node("a", "relu.default", self=Ref("y")),
        node("unread", "neg.default", self=Ref("y")),
        node("out", "add.Tensor", self=Ref("a"), other=Ref("y")),
    )
    found = {key: set(names) for key, names in last_uses(some).items()}
    assert found == {"y": {"x"}, "unread": {"unread"}, "out": {"a", "y"}}


def test_a_rehearsal_returns_a_shape_and_computes_nothing() -> None:
    network = read_network(
        graph(node("out", "relu.default", self=Ref("y"))), SAMPLES
    )
    assert isinstance(network, Network)
    outputs = network.run(torch.empty(2**40, 8, device="meta")[:7])
    assert outputs.is_meta
    assert outputs.shape == (7, 4)
