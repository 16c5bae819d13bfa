"""ONNX files from anywhere: refused in one sentence, quickly, and nothing outside is touched."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from handmade import floats, model, node, onnx, whole

from mho.cli.main import main
from mho.network.formats import load_network
from mho.network.formats.onnx.reader import read_onnx

EXAMPLE = torch.from_numpy(floats(3, 6))


def plain() -> Any:
    return model([node("Gemm", "w", transB=1)], (6,), w=floats(3, 6))


def save(made: Any, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def refused(path: Path) -> str:
    """The sentence, after making sure that it is one."""
    with pytest.raises(ValueError) as caught:
        load_network(str(path), None, EXAMPLE)
    sentence = str(caught.value)
    assert sentence.startswith("Argument `")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_the_file_that_all_others_are_made_from_is_good(tmp_path: Path) -> None:
    assert (
        len(load_network(str(save(plain(), tmp_path)), None, EXAMPLE).layers)
        == 1
    )


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 no model", b"\x80\x04.", b"\x00" * 99, b"<html>"]
)
def test_a_file_of_another_type_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert "is no ONNX file, or is truncated" in refused(path)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    """The format has no checksum, so every length is tried; only all of the file is good."""
    content = plain().SerializeToString()
    path = tmp_path / "model.onnx"
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        refused(path)


def test_no_flipped_byte_brings_anything_but_a_sentence(tmp_path: Path) -> None:
    """A changed weight cannot be told from a good one; anything else must be refused."""
    content = plain().SerializeToString()
    sentences = list[str]()
    path = tmp_path / "model.onnx"
    for place in range(0, len(content), 3):
        path.write_bytes(
            content[:place]
            + bytes([content[place] ^ 0xFF])
            + content[place + 1 :]
        )
        sentences.append(sentence_of(path))
    assert any("is no ONNX file" in sentence for sentence in sentences)
    assert all(
        sentence.startswith("Argument `") for sentence in sentences if sentence
    )


def sentence_of(path: Path) -> str:
    """What is said about a file, nothing if it is good; any other error ends the test."""
    try:
        load_network(str(path), None, EXAMPLE)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("opset", [0, 22, 99, 999])
def test_another_opset_is_refused_with_the_ones_that_are_read(
    tmp_path: Path, opset: int
) -> None:
    made = model([node("Gemm", "w", transB=1)], (6,), opset, w=floats(3, 6))
    assert f"has opset {opset} where mho reads 7 to 21" in refused(
        save(made, tmp_path)
    )


def test_a_file_of_other_operators_alone_is_refused_with_their_names(
    tmp_path: Path,
) -> None:
    made = plain()
    made.opset_import[0].domain = "ai.onnx.ml"
    assert "only those of `ai.onnx.ml`" in refused(save(made, tmp_path))


def outside(location: str, **more: str) -> Any:
    made = plain()
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        entry = tensor.external_data.add()
        entry.key = key
        entry.value = value
    return made


@pytest.mark.parametrize(
    "location",
    [
        "../secret.bin",
        "a/../../secret.bin",
        "..\\secret.bin",
        "/etc/hostname",
        "C:\\secret.bin",
        "",
        ".",
        "link.bin",
        "nul\0byte",
    ],
)
def test_weights_outside_the_folder_are_not_read(
    tmp_path: Path, location: str
) -> None:
    """The secret has the right size, so that reading it would succeed."""
    (tmp_path / "secret.bin").write_bytes(bytes(72))
    folder = tmp_path / "inside"
    (folder / "a").mkdir(parents=True)
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    assert "outside its own folder" in refused(save(outside(location), folder))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "fewer numbers"),
        ({"length": "71"}, "fewer numbers"),
        ({"length": "72", "offset": str(2**62)}, "fewer numbers"),
        ({"offset": "-4"}, "impossible place"),
        ({"length": "1e9"}, "impossible place"),
    ],
)
def test_weights_that_are_not_all_there_are_refused(
    tmp_path: Path, more: dict[str, str], reason: str
) -> None:
    (tmp_path / "short.bin").write_bytes(bytes(60))
    assert reason in refused(save(outside("short.bin", **more), tmp_path))


def test_a_missing_file_of_weights_is_named(tmp_path: Path) -> None:
    assert "`absent.bin`, which is missing" in refused(
        save(outside("absent.bin"), tmp_path)
    )


def edited(edit: Callable[[Any], None]) -> Any:
    made = plain()
    edit(made)
    return made


def dims(*sizes: int) -> Callable[[Any], None]:
    def edit(made: Any) -> None:
        del made.graph.initializer[0].dims[:]
        made.graph.initializer[0].dims.extend(sizes)

    return edit


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (dims(2**40, 2**40), "impossible shape"),
        (dims(-3, -6), "impossible shape"),
        (dims(3, 7), "18 numbers where its shape (3, 7) asks for 21"),
        (
            lambda made: setattr(made.graph.initializer[0], "data_type", 8),
            "number type",
        ),
        (
            lambda made: setattr(
                made.graph.input[0].type.tensor_type, "elem_type", 7
            ),
            "must hold whole numbers",
        ),
        (
            lambda made: made.graph.node[0].input.__setitem__(0, "later"),
            "before it is computed",
        ),
        (
            lambda made: made.graph.node.append(made.graph.node[0]),
            "computes `y` twice",
        ),
        (
            lambda made: made.graph.output.append(made.graph.output[0]),
            "returns 2 tensors",
        ),
        (
            lambda made: setattr(made.graph.output[0], "name", "w"),
            "does not compute",
        ),
        (
            lambda made: setattr(made.graph.node[0].attribute[0], "i", 0),
            "cannot be computed",
        ),
    ],
)
def test_contradictions_are_refused(
    tmp_path: Path, edit: Callable[[Any], None], reason: str
) -> None:
    assert reason in refused(save(edited(edit), tmp_path))


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Expand", "s")],
        [
            onnx.helper.make_node("ConstantOfShape", ["s"], ["c"]),
            node("Add", "c"),
        ],
        [
            onnx.helper.make_node("Expand", ["one", "s"], ["c"]),
            node("Add", "c"),
        ],
        [
            onnx.helper.make_node("Range", ["zero", "end", "one"], ["c"]),
            node("Add", "c"),
        ],
        [node("Pad", "p")],
        [
            onnx.helper.make_node("Reshape", ["x", "t"], ["r"]),
            node("MatMul", "wide"),
        ],
    ],
)
def test_small_files_do_not_ask_for_large_memory(
    tmp_path: Path, nodes: list[Any]
) -> None:
    """Each asks for 2^50 numbers or contradicts itself; running one would end this process."""
    nodes[-1].input[0] = nodes[0].output[0] if len(nodes) > 1 else "x"
    made = model(
        nodes,
        (6,),
        s=whole(2**25, 2**25),
        zero=np.int64(0),
        one=np.int64(1),
        end=np.int64(2**50),
        p=whole(0, 0, 2**25, 2**25),
        t=whole(-1, 6),
        wide=floats(2, 6),
    )
    with pytest.raises(
        ValueError, match=r"impossible shape|result of shape|cannot be computed"
    ):
        read_onnx(save(made, tmp_path))


def test_an_unknown_operation_is_named_with_its_node_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A custom domain may even call its operation `Relu`; a standard one may be unsupported."""
    data = tmp_path / "data.npz"
    np.savez(data, inputs=EXAMPLE.numpy(), labels=np.array([0, 1, 2]))
    for item, reason in [
        (node("Relu", domain="acme.ai"), "node `y` (`acme.ai::Relu`)"),
        (node("NonZero"), "node `y` (`NonZero`)"),
        (node("Shape"), "does not compute from its input"),
    ]:
        path = save(model([item], (6,)), tmp_path)
        with pytest.raises(SystemExit) as caught:
            main(
                [
                    "deploy",
                    str(path),
                    "--data",
                    str(data),
                    "--out",
                    str(tmp_path / "out"),
                ]
            )
        assert caught.value.code == 2
        assert reason in capsys.readouterr().err


def test_functions_of_the_file_are_not_called(tmp_path: Path) -> None:
    """A file may bring its own meaning of `Relu`; the standard's counts, whatever is in there."""
    body = [onnx.helper.make_node("Boom", ["a"], ["b"], domain="acme.ai")]
    made = model(
        [
            onnx.helper.make_node("Gemm", ["x", "w"], ["h"], transB=1),
            onnx.helper.make_node("Relu", ["h"], ["y"]),
        ],
        (6,),
        w=floats(3, 6),
    )
    opsets = [onnx.helper.make_opsetid("", 18)]
    made.functions.append(
        onnx.helper.make_function("", "Relu", ["a"], ["b"], body, opsets)
    )
    network = load_network(str(save(made, tmp_path)), None, EXAMPLE)
    assert float(network.run(EXAMPLE).min()) >= 0


def test_without_the_package_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(plain(), tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert refused(path).endswith("install `mho[onnx]`.")


def test_weights_beside_the_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"must be left out for a `.onnx` file"
    ):
        load_network(str(save(plain(), tmp_path)), "weights.pt", EXAMPLE)


def test_a_file_that_takes_nothing_is_refused(tmp_path: Path) -> None:
    """Found by ten thousand changed files, where an input was renamed away."""
    made = plain()
    del made.graph.input[:]
    assert "must name an ONNX file" in refused(save(made, tmp_path))
