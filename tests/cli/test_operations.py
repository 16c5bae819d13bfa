"""`--digital` and the printed account, from the command line to the image."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from calling import call

from mho.cli.shared import names
from mho.deployment.storage import Reader, image_parts, load_image, read_image
from mho.network.account import account

MODULE = """
from torch import nn

def net():
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3)
    )
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(MODULE)
    np.savez("data.npz", inputs=np.random.default_rng(0).random((20, 6), "f4"))
    return tmp_path


def compiled(*more: str) -> int:
    torch.manual_seed(0)
    return call(
        "compile",
        "net.py:net",
        "--data",
        "data.npz",
        "--size",
        "16",
        "-o",
        "n.mho",
        *more,
    )


def test_what_is_kept_digital_survives_the_image(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The table of `compile`, the image and `inspect` tell the same."""
    assert compiled("--digital", "3, 5") == 0
    told = capsys.readouterr().out
    assert "digital by choice" in told
    assert "folded into 0" in told
    image = load_image("n.mho")
    assert [layer.name for layer in image.network.layers] == ["0"]
    assert call("inspect", "n.mho", "--json", "-") == 0
    seen = json.loads(capsys.readouterr().out)["operations"]
    assert seen == account(image.network).plain()
    fates = {one["name"]: one["runs"] for one in seen if one["parameters"]}
    assert fates == {
        "0": "analog",
        "1": "folded",
        "3": "digital by choice",
        "5": "digital by choice",
    }
    assert call("inspect", "n.mho") == 0
    assert "relu_1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("digital", "sentence"),
    [
        ("3,head", "`head` is none. Did you mean `"),
        ("*", "must leave at least one layer on tiles"),
    ],
)
def test_a_name_that_is_none_and_no_layer_left_end_with_one_sentence(
    digital: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and no image."""
    assert compiled("--digital", digital) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("n.mho").exists()


def test_images_from_before_the_account_are_read() -> None:
    """They have neither notes nor a list of what is no parameter; the rest is the same."""
    assert compiled() == 0
    image = load_image("n.mho")
    plain, tensors = image_parts(image)
    own = plain["image"]["fields"]["network"]["fields"]
    assert own.pop("notes")["map"]
    assert own["graph"]["fields"].pop("untrained")
    old = read_image(Reader(tensors), plain)
    assert old.network.notes == {}
    before = account(old.network)
    after = account(image.network)
    assert (before.analog, before.digital) == (after.analog, after.digital)
    assert [e.name for e in before.operations] == [
        e.name for e in after.operations if e.runs != "folded"
    ]


def test_names_are_split_at_commas() -> None:
    """Blanks around them and empty ones do not count."""
    assert names(" head ,encoder.*,") == ("head", "encoder.*")
