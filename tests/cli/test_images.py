import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from calling import PERCEPTRON, call
from torch import nn

from mho.data import BUILT_IN, digits_data
from mho.deployment.storage import load_image, save_image

COMPILE = [
    "compile",
    "net.py:mlp",
    "--data",
    "data.npz",
    "--size",
    "8x16",
    "-o",
    "net.mho",
]
PROGRAM = [
    "program",
    "net.mho",
    "--seed",
    "7",
    "--tolerance",
    "5uS",
    "-o",
    "chip.mho",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network, data, an image and a chip; tests write files of other names."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    (folder / "net.py").write_text(PERCEPTRON)
    inputs = rng.random((60, 6), "f4")
    np.savez(folder / "data.npz", inputs=inputs, labels=rng.integers(0, 3, 60))
    np.savez(folder / "bare.npz", inputs=inputs)
    np.savez(
        folder / "wide.npz",
        inputs=rng.random((4, 7), "f4"),
        labels=np.zeros(4, int),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert call(*COMPILE) == 0
        assert call(*PROGRAM) == 0
    return folder


@pytest.fixture(autouse=True)
def entered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on standard error."""
    lines = [
        line
        for line in capsys.readouterr().err.splitlines()
        if not line.endswith("…")
    ]
    assert len(lines) == 1
    return lines[0]


def test_the_same_commands_give_the_same_files(place: Path) -> None:
    image = (place / "net.mho").read_bytes()
    chip = (place / "chip.mho").read_bytes()
    assert call(*COMPILE[:-1], "again.mho") == 0
    assert (place / "again.mho").read_bytes() == image
    assert call("program", "again.mho", *PROGRAM[2:-1], "again-chip.mho") == 0
    assert (place / "again-chip.mho").read_bytes() == chip
    assert not list(place.glob("*.unfinished"))
    assert not list(place.glob(".*"))


def test_an_exported_program_compiles_without_its_code() -> None:
    """The image of a `.pt2` file computes what the module does, and keeps its checksum."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).eval()
    batch = {"input": {0: torch.export.Dim("batch")}}
    torch.export.save(
        torch.export.export(module, (torch.zeros(2, 6),), dynamic_shapes=batch),
        "m.pt2",
    )
    assert (
        call(
            "compile",
            "m.pt2",
            "--data",
            "bare.npz",
            "--size",
            "8x16",
            "-o",
            "m.mho",
        )
        == 0
    )
    image = load_image("m.mho")
    inputs = torch.rand(5, 6)
    assert torch.allclose(image.network.run(inputs), module(inputs), atol=1e-6)
    assert image.provenance.source == "m.pt2"
    assert set(image.provenance.sha256) == {"network", "data"}


def test_outputs_are_near_those_of_the_network(place: Path) -> None:
    """A chip programmed to 5 µS of 450 µS computes to a few per cent of the largest output."""
    assert call("run", "chip.mho", "--data", "bare.npz", "-o", "y.npz") == 0
    outputs = torch.from_numpy(np.load(place / "y.npz")["outputs"])
    inputs = torch.from_numpy(np.load(place / "bare.npz")["inputs"])
    wanted = load_image("net.mho").network.run(inputs)
    assert float((outputs - wanted).abs().max()) < 0.1 * float(
        wanted.abs().max()
    )


def test_only_keep_changes_the_chip(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = place / "kept.mho"
    own.write_bytes((place / "chip.mho").read_bytes())
    before = own.read_bytes()
    evaluate = [
        "evaluate",
        "kept.mho",
        "--data",
        "data.npz",
        "--wait",
        "1000s",
        "--json",
        "-",
    ]
    capsys.readouterr()
    assert call(*evaluate) == 0
    first = json.loads(capsys.readouterr().out)
    assert call("run", "kept.mho", "--data", "data.npz", "-o", "kept.npz") == 0
    assert own.read_bytes() == before
    assert call(*evaluate, "--keep") == 0
    capsys.readouterr()
    assert own.read_bytes() != before
    assert call("inspect", "kept.mho", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == first["accuracy"]
    assert call(*evaluate) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["clock_seconds"] == pytest.approx(
        first["clock_seconds"] + 1000, rel=1e-6
    )
    # 60 vectors times the cells of both layers, a pair for each weight.
    assert first["cost"]["multiplies"] == 60 * 2 * (6 * 8 + 8 * 3)
    assert first["cost"]["pulses"] == 0


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("net.mho", ["image", "net.py:mlp", "144 on 2 tiles of 8×16", "valid"]),
        (
            "chip.mho",
            ["programmed chip", "rao2023, seed 7", "converged", "not recorded"],
        ),
    ],
)
@pytest.mark.usefixtures("rendered_figures")
def test_inspect_says_what_a_file_is_and_draws_it(
    file: str, words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("inspect", file, "--draw", "drawn/it.png") == 0
    text = capsys.readouterr().out
    assert all(word in text for word in words)
    assert (place / "drawn/it.png").read_bytes().startswith(b"\x89PNG")


def test_inspect_knows_results_and_run_folders(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "run").mkdir()
    (place / "run/result.json").write_text(
        '{"network": "digits", "version": "0.1.0"}'
    )
    (place / "begun/unfinished").mkdir(parents=True)
    for name, word in (
        ("run", "digits"),
        ("run/result.json", "digits"),
        ("begun", "--resume"),
    ):
        assert call("inspect", name) == 0
        assert word in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["inspect", "data.npz"], "is none of them"),
        (["inspect", "."], "is none of them"),
        (["inspect", "absent"], "no such file"),
        (["program", "chip.mho"], "is of kind `mho-chip`"),
        (["run", "net.mho", "--data", "bare.npz"], "is of kind `mho-image`"),
        (["evaluate", "net.py"], "is no safetensors file"),
        (["evaluate", "chip.mho"], "names no built-in test set"),
        (
            [
                "evaluate",
                "chip.mho",
                "--data",
                "bare.npz",
                "--metric",
                "accuracy",
            ],
            "data without labels",
        ),
        (["evaluate", "chip.mho", "--data", "wide.npz"], "shape"),
        (["run", "chip.mho", "--data", "wide.npz"], "shape"),
        (["run", "chip.mho", "--data", "bare.npz", "--wait", "-3s"], "`wait`"),
        (
            ["run", "chip.mho", "--data", "bare.npz", "-o", "chip.mho"],
            "another file",
        ),
        (["program", "net.mho", "-o", "net.mho"], "another file"),
        (["program", "net.mho", "--chip", "wan2022"], "be of the kind"),
        (["program", "net.mho", "--chip", "rao"], "`rao2023`"),
        (["program", "net.mho", "--resume"], "must find an unfinished run"),
        (["program", "net.mho", "--tolerance", "1pS"], "tolerance"),
        (["compile", "net.py:mlp"], "`data`"),
        (["compile", "digits", "--data", "data.npz"], "brings its own"),
        (
            ["compile", "net.py:mlp", "--data", "data.npz", "--size", "8*16"],
            "`size`",
        ),
        (["compile", "absent.pt2", "--data", "data.npz"], "does not exist"),
    ],
)
def test_mistakes_end_in_one_sentence(
    words: list[str],
    sentence: str,
    place: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {p: p.read_bytes() for p in place.glob("*.mho")}
    capsys.readouterr()
    assert call(*words) == 2
    assert sentence in said(capsys)
    assert {p: p.read_bytes() for p in place.glob("*.mho")} == before


@pytest.mark.parametrize(
    "source", ["\x1b]0;owned\x07", "[/bold]", "[red]x[/red]", "a\nb\rc"]
)
def test_words_from_a_file_do_not_speak_to_the_terminal(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names in a file may be anything; they are shown as they are, but for control letters."""
    image = load_image("net.mho")
    own = replace(image.provenance, source=source, preset=source)
    save_image("named.mho", replace(image, provenance=own))
    capsys.readouterr()
    assert call("inspect", "named.mho") == 0
    shown = capsys.readouterr().out
    assert "".join(c if c.isprintable() else "�" for c in source) in shown
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    assert call("program", "named.mho") == 2
    assert said(capsys).isprintable()


@pytest.mark.parametrize("command", [["inspect"], ["program"]])
def test_a_damaged_image_is_refused(
    command: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = bytearray((place / "net.mho").read_bytes())
    whole[-1] ^= 1
    (place / "hurt.bin").write_bytes(whole)
    capsys.readouterr()
    assert call(*command, "hurt.bin") == 2
    assert "another checksum" in said(capsys)


def test_the_image_of_the_digits_knows_its_test_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Training is left out: an untrained network of digits compiles alike."""
    module = (
        nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        .eval()
        .requires_grad_(False)
    )
    untrained = replace(BUILT_IN["digits"], train=lambda *_: module)
    monkeypatch.setitem(BUILT_IN, "digits", untrained)
    assert call("compile", "digits", "--size", "64x32", "-o", "digits.mho") == 0
    words = ["--tolerance", "20uS", "--no-denoise", "-o", "digits-chip.mho"]
    assert call("program", "digits.mho", *words) == 0
    capsys.readouterr()
    assert call("evaluate", "digits-chip.mho", "--json", "-") == 0
    assert (
        json.loads(capsys.readouterr().out)["samples"]
        == digits_data().right.numel()
    )
