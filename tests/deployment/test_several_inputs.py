"""Networks with several inputs and outputs by name, in memory, in files and on a chip."""

from pathlib import Path
from typing import Any

import pytest
import torch
from ideal_bench import normal, on_ideal_chip, randomise
from small_image import kind_of_chip
from torch import Tensor, nn

from mho.deployment.storage import (
    compile_image,
    image_parts,
    load_image,
    save_image,
)
from mho.network import (
    DIGITAL,
    FLOAT,
    INTEGER,
    GraphInput,
    Network,
    read_network,
)
from mho.network.account import account
from mho.network.formats import load_network
from mho.network.formats.onnx.reader import read_onnx
from mho.network.formats.pt2 import read_archive
from mho.rng import Stream
from mho.samples import batches, number_of

TOKENS = 10


class Scored(nn.Module):
    """Tokens and features become scores and shares."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, 4)
        self.dense = nn.Linear(7, 5)

    def forward(self, tokens: Tensor, features: Tensor) -> dict[str, Tensor]:
        joint = torch.cat([self.embedding(tokens), features], 1)
        scores = self.dense(joint)
        return {"scores": scores, "shares": scores.softmax(1)}


def module() -> nn.Module:
    return randomise(Scored()).requires_grad_(requires_grad=False)


def samples(count: int = 6) -> dict[str, Tensor]:
    generator = Stream(0, ("tokens",)).generator()
    return {
        "tokens": torch.randint(TOKENS, (count,), generator=generator),
        "features": normal(count, 3),
    }


def check_outputs(network: Network) -> None:
    """Every output by name, and the first one as the answer."""
    inputs = samples()
    wanted = module()(**inputs)
    found = network.outputs(inputs)
    assert list(found) == ["scores", "shares"]
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, wanted[name], rtol=0, atol=1e-6)
    assert torch.equal(network.run(inputs), found["scores"])
    assert network.inputs == (
        GraphInput("tokens", (), None, INTEGER),
        GraphInput("features", (3,), None, FLOAT),
    )


def exported() -> torch.export.ExportedProgram:
    """Exported with arguments by their places, as most people do it."""
    free = {0: torch.export.Dim.AUTO}
    arguments = tuple(samples().values())
    return torch.export.export(module(), arguments, dynamic_shapes=(free, free))


def test_a_module_keeps_the_names_of_its_arguments_and_results() -> None:
    """Float32 rounding of seven terms below 1e-6."""
    check_outputs(read_network(module(), samples()))


def test_a_program_and_its_file_are_the_module(tmp_path: Path) -> None:
    """The same names and numbers by all three ways."""
    program = exported()
    check_outputs(read_network(program, samples()))
    torch.export.save(program, tmp_path / "scored.pt2")
    graph = read_archive(tmp_path / "scored.pt2")
    check_outputs(read_network(graph, samples()))


def test_an_onnx_file_has_inputs_and_outputs_by_name(tmp_path: Path) -> None:
    """`y = [float(k), x] W` and its softmax, against torch; whole numbers stay whole."""
    onnx = pytest.importorskip("onnx", reason="the extra is missing")
    helper = onnx.helper
    weight = normal(7, 5)
    real = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["k"], ["real"], to=real),
            helper.make_node("Concat", ["real", "x"], ["joint"], axis=1),
            helper.make_node("MatMul", ["joint", "w"], ["y"]),
            helper.make_node("Softmax", ["y"], ["p"]),
        ],
        "graph",
        [
            helper.make_tensor_value_info(
                "k", onnx.TensorProto.INT64, ["n", 4]
            ),
            helper.make_tensor_value_info("x", real, ["n", 3]),
        ],
        [
            helper.make_tensor_value_info("p", real, ["n", 5]),
            helper.make_tensor_value_info("y", real, ["n", 5]),
        ],
        [onnx.numpy_helper.from_array(weight.numpy(), "w")],
    )
    opsets = [helper.make_opsetid("", 17)]
    path = tmp_path / "scored.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=opsets, ir_version=8), path
    )
    inputs = {"k": torch.arange(24).view(6, 4) % TOKENS, "x": normal(6, 3)}
    network = load_network(str(path), None, inputs)
    wanted = torch.cat([inputs["k"].float(), inputs["x"]], 1) @ weight
    found = network.outputs(inputs)
    assert list(found) == ["p", "y"]
    torch.testing.assert_close(found["y"], wanted, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        found["p"], wanted.softmax(1), rtol=1e-5, atol=1e-5
    )
    assert [entry.kind for entry in read_onnx(path).inputs] == [INTEGER, FLOAT]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tokens": None}, "but lacks `tokens`"),
        ({"other": normal(6, 2)}, "holds `other`, which is none of them"),
        ({"tokens": normal(6)}, "`tokens` must hold whole numbers"),
        ({"features": normal(5, 3)}, "holds 6 of `tokens`, 5 of `features`"),
        ({"features": normal(6, 4)}, "`features` must have shape"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_by_name(
    change: dict[str, Any], sentence: str
) -> None:
    """One sentence each, before anything is computed."""
    network = read_network(module(), samples())
    inputs = {**samples(), **change}
    given = {name: x for name, x in inputs.items() if x is not None}
    with pytest.raises(ValueError, match=r"^Argument") as raised:
        network.run(given)
    assert sentence in str(raised.value)


def test_one_tensor_for_several_inputs_is_refused() -> None:
    network = read_network(module(), samples())
    with pytest.raises(ValueError, match="takes `tokens`, `features`, but is"):
        network.run(normal(6, 3))


def test_whole_numbers_may_be_given_as_real_ones() -> None:
    """Files of samples hold what they hold; 3.0 is an index as good as 3."""
    network = read_network(module(), samples())
    real = {name: x.float() for name, x in samples().items()}
    assert torch.equal(network.run(real), network.run(samples()))


def test_an_image_keeps_inputs_and_outputs(tmp_path: Path) -> None:
    """What comes back computes the same to the last bit, by the same names."""
    image = compile_image(module(), kind_of_chip(), samples())
    assert image.sample_shape == {"tokens": (), "features": (3,)}
    save_image(tmp_path / "scored.mho", image)
    loaded = load_image(tmp_path / "scored.mho")
    assert loaded.sha256 == image.sha256
    assert loaded.sample_shape == image.sample_shape
    check_outputs(loaded.network)


def test_a_graph_of_one_input_and_output_has_the_first_files_record() -> None:
    """So images of the networks of before are the same files, checksum and all."""
    simple = compile_image(
        randomise(nn.Sequential(nn.Linear(3, 2))), kind_of_chip(), normal(4, 3)
    )
    words = []
    for image in (simple, compile_image(module(), kind_of_chip(), samples())):
        content, _ = image_parts(image)
        words.append(content["image"]["fields"]["network"]["fields"]["graph"])
    assert [word["is"] for word in words] == ["Graph", "NamedGraph"]
    assert words[0]["fields"]["output"] == "linear"


def test_an_ideal_chip_computes_every_output() -> None:
    """Converters of 16 bits round by 2⁻¹⁷ of their range, far below 1e-4 of the largest output."""
    inputs = samples(20)
    deployed = on_ideal_chip(read_network(module(), inputs), inputs)
    wanted = module()(**inputs)
    found = deployed.outputs(inputs)
    for name, tensor in found.items():
        torch.testing.assert_close(
            tensor, wanted[name], rtol=0, atol=1e-4 * float(wanted[name].max())
        )
    assert torch.equal(deployed.answers(inputs), wanted["scores"].argmax(1))


def test_samples_are_cut_alike_for_every_input() -> None:
    """Put together again, batches are what was cut."""
    inputs = samples(7)
    parts = list(batches(inputs, 3))
    assert [number_of(part) for part in parts] == [3, 3, 1]
    for name, tensor in inputs.items():
        assert torch.equal(torch.cat([part[name] for part in parts]), tensor)


def test_an_index_beyond_the_rows_of_a_table_is_refused() -> None:
    """Before torch stumbles over it; a look-up is digital and costs no multiply-add."""
    network = read_network(module(), samples())
    embedding = next(
        one for one in account(network).operations if one.kind == "embedding"
    )
    assert (embedding.runs, embedding.analog, embedding.digital) == (
        DIGITAL,
        0,
        0,
    )
    for wrong in (TOKENS, -1):
        tokens = samples()["tokens"]
        tokens[2] = wrong
        with pytest.raises(ValueError, match=f"from 0 to 9 .* holds {wrong}"):
            network.run({**samples(), "tokens": tokens})
