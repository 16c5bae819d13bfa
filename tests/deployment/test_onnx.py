"""Networks that others exported: the same outputs as the exporter's, and as the standard's."""

import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from exported import NETWORKS, build, export
from handmade import floats, model, node, onnx
from ideal_bench import on_ideal_chip
from torch import Tensor, nn

from mho.network import read_network
from mho.network.formats import load_network
from mho.network.formats.onnx import check_against_reference, read_onnx_file
from mho.network.formats.onnx.reader import read_onnx
from mho.runs import Job, prepare
from mho.units import uS

pytest.importorskip("onnxscript", reason="the test extra is missing")

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "onnx.md"
CASES = [(name, opset) for name in NETWORKS for opset in (18, 20)]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


def exported(
    folder: Path, name: str, opset: int
) -> tuple[Path, nn.Module, Tensor]:
    """One of the eight networks, exported once for all tests."""
    module, samples = build(name)
    path = folder / f"{name}-{opset}.onnx"
    return (
        path if path.exists() else export(module, samples, path, opset),
        module,
        samples,
    )


def outputs_of(module: nn.Module, samples: Tensor) -> Tensor:
    with torch.no_grad():
        return module(samples)


@pytest.mark.parametrize(("name", "opset"), CASES)
def test_an_exported_network_computes_what_the_module_computes(
    folder: Path, name: str, opset: int
) -> None:
    """Float32 through ten layers rounds to about 1e-6; 1e-4 of the largest output is the promise.

    Two batch sizes, as a reader that froze the batch would pass with one.
    """
    path, module, samples = exported(folder, name, opset)
    network = load_network(str(path), None, samples)
    for batch in (
        samples,
        samples[:1],
        samples.repeat(3, *[1] * (samples.ndim - 1)),
    ):
        wanted = outputs_of(module, batch)
        torch.testing.assert_close(
            network.run(batch),
            wanted,
            rtol=0,
            atol=1e-4 * float(wanted.abs().max()),
        )


@pytest.mark.parametrize(("name", "opset"), CASES)
def test_an_exported_network_runs_on_an_ideal_chip(
    folder: Path, name: str, opset: int
) -> None:
    """Without noise and wires, converters of 16 bits stay within 1e-4 of the largest output.

    Outputs differ from sample to sample, or there would be nothing to get wrong.
    """
    path, module, samples = exported(folder, name, opset)
    network = load_network(str(path), None, samples)
    wanted = outputs_of(module, samples)
    assert bool((wanted.flatten(1).std(0) > 0.01 * wanted.abs().max()).any())
    found = on_ideal_chip(network, samples)(samples)
    torch.testing.assert_close(
        found, wanted, rtol=0, atol=1e-4 * float(wanted.abs().max())
    )


@pytest.mark.parametrize("name", ["cnn", "lstm", "transformer"])
def test_layers_keep_the_names_of_the_module(folder: Path, name: str) -> None:
    """Exporters fold and turn weights and call the result `val_4`; a user looks for `0`."""
    path, module, samples = exported(folder, name, 20)
    network = load_network(str(path), None, samples)
    known = {
        name
        for name, _ in [*module.named_modules(), *module.named_parameters()]
    }
    for layer in network.layers:
        assert layer.name in known


@pytest.mark.parametrize("name", ["cnn", "decoder"])
def test_a_file_that_insists_on_its_batch_size_runs_with_any(
    tmp_path: Path, name: str
) -> None:
    """`torch.onnx.export` without `dynamic_shapes` writes the batch size of the example."""
    module, samples = build(name)
    path = export(
        module, samples[:1], tmp_path / "fixed.onnx", 18, fixed_batch=True
    )
    network = read_network(read_onnx(path), samples)
    torch.testing.assert_close(
        network.run(samples), outputs_of(module, samples)
    )


@pytest.mark.filterwarnings("ignore:.*legacy:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["gru", "transformer"])
def test_files_of_the_older_exporter_are_read(
    tmp_path: Path, name: str
) -> None:
    """It computes every shape by a chain of operations, and fills states with ConstantOfShape."""
    module, samples = build(name)
    path = export(module, samples, tmp_path / "old.onnx", 17, dynamo=False)
    network = load_network(str(path), None, samples)
    torch.testing.assert_close(
        network.run(samples), outputs_of(module, samples)
    )


def test_a_difference_to_the_reference_is_found_and_its_node_named(
    folder: Path,
) -> None:
    """A wrong reader is played by a file whose ReLU turns into a tanh after it was read."""
    path, _, samples = exported(folder, "mlp", 18)
    source = read_onnx_file(path)
    network = read_network(source.graph, samples)
    check_against_reference(path, source, network, samples)
    relu = next(
        item for item in source.model.graph.node if item.op_type == "Relu"
    )
    relu.op_type = "Tanh"
    with pytest.raises(
        ValueError, match=r"reference.*first in node `relu` \(`Tanh`\)"
    ):
        check_against_reference(path, source, network, samples)


def test_weights_in_a_file_beside_the_model_are_read(tmp_path: Path) -> None:
    """Exporters put weights of large networks into a second file."""
    proto = model([node("Gemm", "w", transB=1)], (6,), w=floats(3, 6))
    path = tmp_path / "model.onnx"
    onnx.save(
        proto,
        path,
        save_as_external_data=True,
        location="model.data",
        size_threshold=0,
    )
    assert (tmp_path / "model.data").exists()
    samples = torch.from_numpy(floats(2, 6, seed=2))
    network = load_network(str(path), None, samples)
    np.testing.assert_allclose(
        network.run(samples).numpy(),
        samples.numpy() @ floats(3, 6).T,
        atol=1e-6,
    )


def test_shared_weights_are_one_layer(tmp_path: Path) -> None:
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "w"], ["h"]),
        onnx.helper.make_node("MatMul", ["h", "w"], ["y"]),
    ]
    path = tmp_path / "twice.onnx"
    onnx.save(model(nodes, (6,), w=floats(6, 6)), path)
    assert (
        len(
            load_network(str(path), None, torch.from_numpy(floats(2, 6))).layers
        )
        == 1
    )


def test_nothing_imports_onnx_before_a_file_is_opened() -> None:
    code = (
        "import sys, mho, mho.network.formats; assert 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_about_onnx_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program writes the two files that its command reads; the command runs up to the chip."""
    monkeypatch.chdir(tmp_path)
    page = HOW_TO.read_text()
    program, command = (
        re.findall(f"```{kind}\n(.*?)```", page, re.DOTALL)[0]
        for kind in ("python", "sh")
    )
    with warnings.catch_warnings():
        # The exporter warns about its own internals.
        warnings.simplefilter("ignore")
        exec(program, {})
    words = shlex.split(command)
    assert words[:3] == ["mho", "deploy", "model.onnx"]
    sources = prepare(
        Job("model.onnx", tolerance=2 * uS, data=words[4]), lambda *_: None
    )
    data = sources.data
    right = sources.network.run(data.inputs).argmax(1) == data.labels
    assert float(right.float().mean()) > 0.85
