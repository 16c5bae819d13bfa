"""What a network is asked on the command line: without labels, by a measure of one's own."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from calling import call

from mho.data import Data
from mho.network.formats import build_network
from mho.runs.judging import own_metric

MODULE = """
import torch

def factory():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)
    ).eval()

class Two(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(6, 4)

    def forward(self, left, right):
        both = self.layer(left + right)
        return both, both.tanh()

def two():
    torch.manual_seed(0)
    return Two().eval()

def distance(outputs, data):
    return float((outputs - data.others["truth"]).abs().max())
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module, samples for it with what it answers, and samples by name."""
    folder = tmp_path_factory.mktemp("answers")
    (folder / "net.py").write_text(MODULE)
    draws = np.random.default_rng(1)
    inputs = draws.normal(size=(80, 6)).astype(np.float32)
    module = build_network(folder / "net.py", "factory")
    truth = module(torch.from_numpy(inputs)).detach().numpy()
    np.savez(folder / "plain.npz", inputs=inputs, truth=truth + 0.25)
    np.savez(folder / "named.npz", left=inputs, right=inputs[::-1])
    np.savez(folder / "truth.npz", truth=truth)
    return folder


@pytest.fixture(scope="module")
def chip(place: Path) -> Path:
    """The network on a chip."""
    source = f"{place / 'net.py'}:factory"
    data = str(place / "plain.npz")
    image = str(place / "net.mho")
    assert call("compile", source, "--data", data, "-o", image) == 0
    path = place / "chip.mho"
    words = ("--no-denoise", "--tolerance", "5uS", "-o", str(path))
    assert call("program", image, *words) == 0
    return path


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Everything in a file, which is closed again."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def test_a_network_file_runs_in_software(place: Path) -> None:
    """To a few roundings what torch computes, under the name of its output."""
    out = place / "y.npz"
    source = f"{place / 'net.py'}:factory"
    data = str(place / "plain.npz")
    assert call("run", source, "--data", data, "-o", str(out)) == 0
    (found,) = arrays(out).values()
    truth = arrays(place / "truth.npz")["truth"]
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-6)


def test_several_inputs_and_outputs_go_by_name(place: Path) -> None:
    """Two arrays in, two out; the second is the hyperbolic tangent of the first."""
    out = place / "two.npz"
    source = f"{place / 'net.py'}:two"
    data = str(place / "named.npz")
    assert call("run", source, "--data", data, "-o", str(out)) == 0
    first, second = arrays(out).values()
    np.testing.assert_allclose(second, np.tanh(first), atol=1e-6)


def test_a_chip_is_compared_with_its_network_where_there_are_no_labels(
    place: Path, chip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error that is told is that of the outputs which `mho run` writes; layers are as told."""
    data = str(place / "plain.npz")
    out = place / "chip.npz"
    assert call("run", str(chip), "--data", data, "-o", str(out)) == 0
    capsys.readouterr()
    words = ("--data", data, "--by-layer", "--json", "-")
    assert call("evaluate", str(chip), *words) == 0
    found = json.loads(capsys.readouterr().out)
    wanted = arrays(place / "truth.npz")["truth"]
    seen = arrays(out)["outputs"]
    error = np.sqrt(((seen - wanted) ** 2).sum() / (wanted**2).sum())
    (output,) = found["outputs"].values()
    assert output["relative_rms"] == pytest.approx(error, rel=1e-4)
    assert found["metric"]["name"] == "error"
    assert found["metric"]["higher_is_better"] is False
    assert [one["vectors"] for one in found["layers"]] == [64, 64]
    assert 0 < output["relative_rms"] < 0.5


def test_a_measure_of_ones_own_is_told_of_a_choice_of_samples(
    place: Path, chip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In software the truth is off by 0.25 as it was made; in words, and as JSON."""
    words = ("--data", str(place / "plain.npz"), "--samples", "30")
    metric = ("--metric", f"{place / 'net.py'}:distance")
    assert call("evaluate", str(chip), *words, *metric, "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"] == 30
    assert found["software_score"] == pytest.approx(0.25, abs=1e-6)
    assert found["metric"]["name"] == "distance"
    assert call("evaluate", str(chip), *words, *metric) == 0
    told = capsys.readouterr().out
    assert "distance in software" in told
    assert "The output is" in told


def test_the_option_that_a_chip_does_not_take_is_named(
    chip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each by its own name."""
    for words in (
        ("--output", "y"),
        ("--state", "a=b"),
        ("--time-axis",),
        ("--input", "x=1"),
    ):
        assert call("run", str(chip), *words) == 2
        option = words[0].removeprefix("--").replace("-", "_")
        told = capsys.readouterr().err.replace("-", "_")
        assert f"`{option}` must be left out" in told


def test_a_measure_of_ones_own_goes_to_other_processes(place: Path) -> None:
    """By file and name, as a function from a file cannot be sent; it is of that very file."""
    metric = own_metric(place / "net.py", "distance")
    sent = pickle.loads(pickle.dumps(metric))
    assert sent == metric
    assert len(sent.source) == 64
    outputs = {"y": torch.zeros(3, 1)}
    data = Data(
        torch.zeros(3, 1),
        None,
        torch.zeros(1, 1),
        0,
        {"truth": -outputs["y"] + 2},
    )
    assert sent.score(outputs, data) == 2.0


def test_a_network_is_looked_at_before_it_is_deployed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """6·8 + 8·3 = 72 weights and multiply-adds, two cells each; two layers, a tile each."""
    source = f"{place / 'net.py'}:factory"
    words = ("--data", str(place / "plain.npz"), "--json", "-")
    assert call("inspect", source, *words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["multiply_adds"]["analog"] == 72
    assert found["cells"] == 144
    assert found["tiles"] == 2
    assert found["inputs"][0]["shape"] == [6]
    assert found["outputs"][0]["shape"] == [3]
    one = found["per_cell"]
    for what in ("seconds", "joules"):
        of_all = found["programming"][what]
        assert of_all == pytest.approx(144 * one[what], rel=1e-6)
    assert call("inspect", source) == 2
    assert "must name a .npz file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "words", "reason"),
    [
        ("net.py:factory", ("--draw", "x.png"), "`draw` must be left out"),
        ("chip.mho", ("--data", "plain.npz"), "`data` must be left out"),
        ("chip.mho", ("--chip", "wan2022"), "`chip` must be left out"),
        ("chip.mho", ("--input", "x=y"), "`input` must be left out"),
        ("chip.mho", ("--time-axis",), "`time_axis` must be left out"),
        (
            "digits",
            ("--output", "y"),
            "`time_axis` or `batch_axis` must be left",
        ),
        ("digits", ("--data", "plain.npz"), "must be left out for the built"),
    ],
)
def test_options_without_an_effect_are_refused(
    place: Path,
    chip: Path,
    file: str,
    words: tuple[str, ...],
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file of mho's says itself what it holds; a network has no cells to draw."""
    assert chip.exists()
    monkeypatch.chdir(place)
    assert call("inspect", file, *words) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--metric", "accuracy"), "without labels"),
        (("--metric", "speed"), "must be `accuracy`"),
        (("--metric", "net.py:nothing"), "no `nothing`"),
        (("--samples", "0"), "samples"),
    ],
)
def test_questions_without_an_answer_are_refused_in_a_sentence(
    place: Path,
    chip: Path,
    words: tuple[str, str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line, no traceback."""
    monkeypatch.chdir(place)
    assert call("evaluate", str(chip), "--data", "plain.npz", *words) == 2
    told = capsys.readouterr().err
    assert reason in told
    assert told.strip().count("\n") == 0 or "evaluating" in told
