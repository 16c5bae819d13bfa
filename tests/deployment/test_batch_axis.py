"""Samples on another axis than the first, or mixed on theirs: each goes through alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ideal_bench import normal, randomise
from torch import Tensor, nn

from mho.cli.main import main
from mho.network import Network, read_network
from mho.network.formats import Signature, load_network

SAMPLES = normal(6, 5, 3, name="samples")
"""Six sequences of five steps."""


class TimeFirst(nn.Module):
    """Takes (steps, samples, features), and looks back along the first axis."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.cumsum(self.dense(x), 0)
        return torch.tanh(seen)


class Mixing(nn.Module):
    """Takes (samples, features) and subtracts the samples' mean, on purpose."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(x - 0.5 * x.mean(0, keepdim=True))


def frozen(module: nn.Module) -> nn.Module:
    return randomise(module).requires_grad_(requires_grad=False)


def alone(module: nn.Module, samples: Tensor, axis: int) -> Tensor:
    """What the module itself says of each sample alone."""
    found = [module(one.unsqueeze(axis)).squeeze(axis) for one in samples]
    return torch.stack(found)


def close(network: Network, samples: Tensor, wanted: Tensor) -> None:
    """Sums of a few terms of about one: float32 rounds them by 1e-6 at most."""
    torch.testing.assert_close(network.run(samples), wanted, rtol=0, atol=1e-5)


def test_samples_lie_where_the_network_wants_them() -> None:
    module = frozen(TimeFirst())
    network = read_network(module, SAMPLES, batch_axis=1)
    assert network.inputs[0].sample_shape[-1] == 3
    assert len(network.inputs[0].sample_shape) == 2
    close(network, SAMPLES, alone(module, SAMPLES, 1))


def test_a_network_that_mixes_samples_gets_one_at_a_time() -> None:
    """Together they would move each other; that is refused unless it is declared."""
    module = frozen(Mixing())
    samples = SAMPLES[:, 0]
    with pytest.raises(ValueError, match="batch_axis=0"):
        read_network(module, samples)
    network = read_network(module, samples, batch_axis=0)
    close(network, samples, alone(module, samples, 0))


def test_an_archive_is_read_alike(tmp_path: Path) -> None:
    module = frozen(TimeFirst())
    path = tmp_path / "net.pt2"
    steps = torch.export.Dim("samples", min=1)
    program = torch.export.export(
        module, (SAMPLES.transpose(0, 1),), dynamic_shapes=({1: steps},)
    )
    torch.export.save(program, path)
    network = load_network(
        str(path), None, SAMPLES, signature=Signature(batch_axis=1)
    )
    close(network, SAMPLES, alone(module, SAMPLES, 1))


def test_an_onnx_file_is_read_alike(tmp_path: Path) -> None:
    """And compared with the standard's evaluator, which gets the axis of one as well."""
    onnx = pytest.importorskip(
        "onnx", reason="the extra `mho[onnx]` is missing"
    )
    weight = normal(3, 4, name="weight")
    real = onnx.TensorProto.FLOAT
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "w"], ["seen"]),
        onnx.helper.make_node(
            "ReduceMean", ["seen"], ["mean"], axes=[0, 1], keepdims=1
        ),
        onnx.helper.make_node("Sub", ["seen", "mean"], ["y"]),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "graph",
        [onnx.helper.make_tensor_value_info("x", real, [5, "n", 3])],
        [onnx.helper.make_tensor_value_info("y", real, [5, "n", 4])],
        [onnx.numpy_helper.from_array(weight.numpy(), "w")],
    )
    path = tmp_path / "net.onnx"
    opsets = [onnx.helper.make_opsetid("", 17)]
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path
    )
    network = load_network(
        str(path), None, SAMPLES, signature=Signature(batch_axis=1)
    )
    seen = SAMPLES @ weight
    close(network, SAMPLES, seen - seen.mean(1, keepdim=True))


@pytest.mark.parametrize("axis", [2, 5])
def test_an_axis_that_holds_more_than_samples_is_refused(axis: int) -> None:
    """The last axis holds features; there is no fifth one."""
    module = frozen(TimeFirst())
    with pytest.raises(ValueError, match="must"):
        read_network(module, SAMPLES, batch_axis=axis)


@pytest.mark.parametrize("beside", [{"single": True}, {"states": ("h=hn",)}])
def test_each_sample_alone_is_one_way_only(beside: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="left out beside `batch_axis`"):
        Signature(batch_axis=1, **beside)


def test_the_command_takes_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    module = frozen(TimeFirst())
    program = torch.export.export(
        module,
        (SAMPLES.transpose(0, 1),),
        dynamic_shapes=({1: torch.export.Dim("samples", min=1)},),
    )
    torch.export.save(program, "net.pt2")
    np.savez("x.npz", inputs=SAMPLES.numpy())
    words = ["run", "net.pt2", "--data", "x.npz", "--batch-axis", "1"]
    with pytest.raises(SystemExit) as left:
        main([*words, "--save", "y.npz"])
    assert left.value.code == 0
    with np.load("y.npz") as found:
        outputs = next(iter(found.values()))
    wanted = alone(module, SAMPLES, 1).numpy()
    np.testing.assert_allclose(outputs, wanted, rtol=0, atol=1e-5)
