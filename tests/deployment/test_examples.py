"""The examples of the documentation: trained for a moment, they run on chips as in software."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ideal_bench import on_ideal_chip

from mho.data import load_data
from mho.network import read_network
from mho.network.account import account
from mho.network.formats import build_network

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
CASES = [
    ("encoder.py", "torch_block"),
    ("encoder.py", "own_block"),
    ("lstm.py", "classifier"),
    ("gated.py", "classifier"),
    ("residual.py", "resnet"),
    ("vision_transformer.py", "classifier"),
]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four passes over the images instead of tens."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(FOLDER))
    import digit_rows

    whole = digit_rows.train
    monkeypatch.setattr(
        digit_rows,
        "train",
        lambda network, _, **more: whole(network, 4, **more),
    )


@pytest.mark.parametrize(("file", "factory"), CASES)
def test_an_example_answers_on_ideal_chips_what_it_answers_in_software(
    file: str, factory: str, tmp_path: Path
) -> None:
    """Converters of 16 bits are the only difference: no class but near ties may change."""
    import digit_rows

    digit_rows.write(str(tmp_path / "digits.npz"), samples=24)
    data = load_data(str(tmp_path / "digits.npz"))
    network = read_network(
        build_network(FOLDER / file, factory), data.calibration
    )
    wanted = network.run(data.inputs)
    assert float((wanted.argmax(1) == data.labels).float().mean()) > 0.3
    found = on_ideal_chip(network, data.inputs)(data.inputs)
    torch.testing.assert_close(
        found, wanted, rtol=0, atol=1e-3 * float(wanted.abs().max())
    )
    work = account(network)
    assert 0.85 < work.analog_share <= 1
    assert np.isin(
        [e.runs for e in work.operations],
        ["analog", "digital", "refused", "folded"],
    ).all()
