"""How inputs and outputs are meant, where a network's file leaves that open."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ideal_bench import normal, randomise
from torch import Tensor, nn

from mho.cli.main import main
from mho.data import Data
from mho.network import State
from mho.network.formats import Signature, declared_example, load_network
from mho.runs import Job, prepare

onnx = pytest.importorskip("onnx", reason="the extra `mho[onnx]` is missing")
helper = onnx.helper
REAL = onnx.TensorProto.FLOAT
HIDDEN = 4


class Scaled(nn.Module):
    """A layer whose inputs are scaled by a second input, the same for all samples."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(3, 2)

    def forward(self, x: Tensor, gain: Tensor) -> Tensor:
        return self.dense(x * gain)


def scaled() -> nn.Module:
    return randomise(Scaled()).requires_grad_(requires_grad=False)


def value(name: str, *sizes: int | str) -> Any:
    return helper.make_tensor_value_info(name, REAL, list(sizes))


def file_of(
    folder: Path,
    nodes: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    **arrays: Tensor,
) -> str:
    """An ONNX file with these operations."""
    stored = [
        onnx.numpy_helper.from_array(array.numpy(), name)
        for name, array in arrays.items()
    ]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, stored)
    opsets = [helper.make_opsetid("", 17)]
    path = folder / "model.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=opsets, ir_version=8), path
    )
    return str(path)


INTO = normal(3, HIDDEN, name="into")
ACROSS = normal(HIDDEN, HIDDEN, name="across") / 3
OUT = normal(HIDDEN, 2, name="out")


def step_file(folder: Path) -> str:
    """`h' = tanh(x I + h A)`, `y = h' O`."""
    return file_of(
        folder,
        [
            helper.make_node("MatMul", ["x", "I"], ["a"]),
            helper.make_node("MatMul", ["h", "A"], ["b"]),
            helper.make_node("Add", ["a", "b"], ["c"]),
            helper.make_node("Tanh", ["c"], ["hn"]),
            helper.make_node("MatMul", ["hn", "O"], ["y"]),
        ],
        [value("x", "n", 3), value("h", "n", HIDDEN)],
        [value("y", "n", 2), value("hn", "n", HIDDEN)],
        I=INTO,
        A=ACROSS,
        O=OUT,
    )


def steps_by_hand(x: Tensor) -> Tensor:
    state = torch.zeros(x.shape[0], HIDDEN)
    found = []
    for place in range(x.shape[1]):
        state = torch.tanh(x[:, place] @ INTO + state @ ACROSS)
        found.append(state @ OUT)
    return torch.stack(found, 1)


@pytest.mark.parametrize("states", [(), ("h=hn",)])
def test_a_file_of_one_step_is_told_from_the_data(
    tmp_path: Path, states: tuple[str, ...]
) -> None:
    """Data lack `h`, and `hn` has its shape: sequences run step by step."""
    x = normal(5, 6, 3)
    other = normal(5, name="other")
    network = load_network(
        step_file(tmp_path),
        None,
        {"x": x, "pitch": other},
        (),
        Signature(states=states),
    )
    assert network.graph.states == (State("h", "hn"),)
    torch.testing.assert_close(
        network.run(x), steps_by_hand(x), rtol=0, atol=1e-5
    )


def test_a_file_of_whole_sequences_runs_sample_by_sample(
    tmp_path: Path,
) -> None:
    """The file's first axis is time and is mixed; data have an axis of samples in front of it."""
    path = file_of(
        tmp_path,
        [
            helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1),
            helper.make_node("Sub", ["x", "m"], ["d"]),
            helper.make_node("MatMul", ["d", "I"], ["y"]),
        ],
        [value("x", "time", 3)],
        [value("y", "time", HIDDEN)],
        I=INTO,
    )
    x = normal(5, 6, 3)
    wanted = (x - x.mean(1, keepdim=True)) @ INTO
    for signature in (Signature(), Signature(single=True)):
        network = load_network(path, None, {"x": x}, (), signature)
        assert network.graph.single
        torch.testing.assert_close(network.run(x), wanted, rtol=0, atol=1e-5)


def test_a_file_is_cut_at_a_tensor_within_it(tmp_path: Path) -> None:
    """By the file's own name; inputs that nothing needs any more are left out."""
    x = normal(5, 3)
    network = load_network(
        step_file(tmp_path), None, x, (), Signature(outputs=("a",))
    )
    assert network.output_names == ("a",)
    assert [entry.name for entry in network.inputs] == ["x"]
    torch.testing.assert_close(network.run(x), x @ INTO, rtol=0, atol=1e-5)


def test_an_input_is_fixed_to_a_number(tmp_path: Path) -> None:
    """In a program of torch and in an ONNX file, as in the module itself."""
    free = {0: torch.export.Dim.AUTO}
    program = torch.export.export(
        scaled(),
        (normal(4, 3), normal(4, 1)),
        dynamic_shapes=(free, free),
    )
    torch.export.save(program, tmp_path / "scaled.pt2")
    file = file_of(
        tmp_path,
        [
            helper.make_node("Mul", ["x", "gain"], ["z"]),
            helper.make_node("Gemm", ["z", "W", "b"], ["y"], transB=1),
        ],
        [value("x", "n", 3), value("gain", "n", 1)],
        [value("y", "n", 2)],
        W=scaled().dense.weight,
        b=scaled().dense.bias,
    )
    x = normal(4, 3)
    wanted = scaled()(x, torch.full((4, 1), 2.5))
    for path in (str(tmp_path / "scaled.pt2"), file):
        network = load_network(
            path, None, {"x": x}, (), Signature(("gain=2.5",))
        )
        assert [entry.name for entry in network.inputs] == ["x"]
        torch.testing.assert_close(network.run(x), wanted, rtol=0, atol=1e-6)
        with pytest.raises(ValueError, match=r"`gian` is none|no input `gian`"):
            load_network(path, None, {"x": x}, (), Signature(("gian=2.5",)))


def test_a_fixed_input_needs_no_data_to_be_looked_at(tmp_path: Path) -> None:
    """What a file declares, without the inputs that are fixed: two samples of the right shape."""
    file = file_of(
        tmp_path,
        [
            helper.make_node("Mul", ["x", "gain"], ["z"]),
            helper.make_node("MatMul", ["z", "I"], ["y"]),
        ],
        [value("x", "n", 3), value("gain")],
        [value("y", "n", HIDDEN)],
        I=INTO,
    )
    with pytest.raises(ValueError, match="fix it by `--input gain=VALUE`"):
        declared_example(file)
    example = declared_example(file, Signature(("gain=2",)))
    assert {name: tuple(x.shape) for name, x in example.items()} == {
        "x": (2, 3)
    }


def test_an_input_that_is_missing_is_named_with_what_to_do(
    tmp_path: Path,
) -> None:
    """Nothing has the shape of `gain`, so it cannot be a state."""
    file = file_of(
        tmp_path,
        [
            helper.make_node("Mul", ["x", "gain"], ["z"]),
            helper.make_node("MatMul", ["z", "I"], ["y"]),
        ],
        [value("x", "n", 3), value("gain", "n", 1)],
        [value("y", "n", HIDDEN)],
        I=INTO,
    )
    with pytest.raises(ValueError, match=r"^Argument `data` must") as raised:
        load_network(file, None, {"x": normal(4, 3), "y": normal(4, 2)})
    assert (
        "but lacks `gain`; name its array or its number with `--input"
        in str(raised.value)
    )


def test_a_module_leaves_out_what_it_does_not_take(tmp_path: Path) -> None:
    """Other arrays of the data are for a metric; numbers are for the module itself."""
    code = tmp_path / "scaled.py"
    code.write_text(
        "from torch import nn\n"
        "class Scaled(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.dense = nn.Linear(3, 2)\n"
        "    def forward(self, x, gain):\n"
        "        return self.dense(x * gain)\n"
    )
    data = {"x": normal(4, 3), "gain": normal(4, 1), "truth": normal(4)}
    network = load_network(f"{code}:Scaled", None, data)
    assert [entry.name for entry in network.inputs] == ["x", "gain"]
    with pytest.raises(ValueError, match="`gain` is a number; write a module"):
        load_network(f"{code}:Scaled", None, data, (), Signature(("gain=2",)))


def test_words_become_numbers_and_names() -> None:
    """A number is a number, anything else the name of an array."""
    meant = Signature(("sr=16000", "x=audio", "f = 1e-3"), (), ("h=hn",))
    assert meant.constants == {"sr": 16000.0, "f": 1e-3}
    assert meant.arrays == {"x": "audio"}
    assert meant.handed_on == {"h": "hn"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"inputs": ("x",)}, "`NAME=ARRAY` or `NAME=NUMBER`, but is `x`"),
        ({"states": ("h=",)}, "`NAME=OUTPUT`, but is `h=`"),
        ({"inputs": ("x=a", "x=b")}, "names `x` twice"),
    ],
)
def test_words_that_say_nothing_are_refused(
    words: dict[str, tuple[str, ...]], sentence: str
) -> None:
    with pytest.raises(ValueError, match=r"^Argument") as raised:
        Signature(**words)
    assert sentence in str(raised.value)


def data(**arrays: Tensor) -> Data:
    """Named inputs as `load_data` gives them."""
    some = {name: 2 * array[:2] for name, array in arrays.items()}
    truth = normal(6, name="truth")
    others = {"truth": truth, "calibration_truth": 3 * truth[:2]}
    return Data(arrays, None, some, 0, others)


def test_arrays_feed_inputs_of_other_names() -> None:
    """An array of any name, those that were taken for no input among them."""
    sound = normal(6, 3)
    fed = data(sound=sound, pitch=normal(6, 1)).fed(
        {"x": "sound", "t": "truth"}
    )
    assert isinstance(fed.inputs, dict)
    assert set(fed.inputs) == {"pitch", "x", "t"}
    assert torch.equal(fed.inputs["x"], sound)
    assert isinstance(fed.calibration, dict)
    assert torch.equal(fed.calibration["x"], 2 * sound[:2])
    truth = normal(6, name="truth")
    assert torch.equal(fed.calibration["t"], 3 * truth[:2])
    assert not fed.others
    with pytest.raises(ValueError, match="`sound`, but `music` is none"):
        data(sound=sound).fed({"x": "music"})


def test_inputs_are_calibrated_with_the_same_samples() -> None:
    """First rows go with first rows; with samples that were chosen, only those of its own."""
    sound = normal(6, 3)
    truth = normal(6, name="truth")
    plain = Data(sound, None, sound[:4], 0, {"truth": truth})
    fed = plain.fed({"t": "truth"})
    assert isinstance(fed.calibration, dict)
    assert torch.equal(fed.calibration["t"], truth[:4])
    chosen = replace(plain, calibration=2 * sound[:4])
    with pytest.raises(ValueError, match="must hold `calibration_truth`, as"):
        chosen.fed({"t": "truth"})
    fewer = {"truth": truth, "calibration_truth": truth[:3]}
    with pytest.raises(ValueError, match="4 of `inputs`, 3 of `t`"):
        replace(chosen, others=fewer).fed({"t": "truth"})


def test_what_would_be_ignored_is_refused(tmp_path: Path) -> None:
    """A built-in network and a list of layers know; a file of sequences knows no length."""
    ignored = (
        Signature(("x=1",)),
        Signature((), ("y",)),
        Signature((), (), ("h=y",)),
        Signature(single=True),
    )
    for meant in ignored:
        with pytest.raises(ValueError, match="left out for the built-in"):
            prepare(Job("digits", signature=meant), lambda _, __: None)
    x = normal(4, 3)
    for meant, said in (
        (ignored[0], "`input` must name an array"),
        (ignored[3], "`time_axis` must be left out"),
    ):
        with pytest.raises(ValueError, match=said):
            load_network("layers.toml", "w.safetensors", x, (), meant)
    for meant in ignored[2:]:
        with pytest.raises(ValueError, match="`data` must name a"):
            declared_example(step_file(tmp_path), meant)


def test_a_job_without_a_signature_has_the_name_that_it_had() -> None:
    """Folders of runs from before are found again; a signature makes another run."""
    plain = Job("net.onnx", data="x.npz")
    assert plain.asked == []
    meant = Signature(("sr=16000",))
    other = Job("net.onnx", data="x.npz", signature=meant)
    assert other.asked == [meant]
    assert other.name != plain.name


def test_commands_take_sequences_and_say_how_they_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In software: the outputs of every step by name, equal to the loop by hand."""
    x = normal(5, 6, 3)
    np.savez(tmp_path / "x.npz", sound=x.numpy())
    words = [step_file(tmp_path), "--data", str(tmp_path / "x.npz")]
    saved = tmp_path / "y.npz"
    with pytest.raises(SystemExit) as ended:
        main(["run", *words, "--input", "x=sound", "-o", str(saved)])
    assert not ended.value.code
    assert "`hn` of the step before" in capsys.readouterr().out
    with np.load(saved) as outputs:
        assert list(outputs) == ["y"]
        found = torch.from_numpy(outputs["y"])
    torch.testing.assert_close(found, steps_by_hand(x), rtol=0, atol=1e-5)
