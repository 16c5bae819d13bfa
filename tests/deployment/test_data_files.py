"""Samples from files: numbers as they are, everything else refused in one sentence."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from mho.data import load_data


def test_data_come_as_float32_with_whole_labels(tmp_path: Path) -> None:
    """Any real number type; calibration inputs default to the first 64 inputs. Exact."""
    inputs = np.arange(100 * 6, dtype=">u2").reshape(100, 2, 3)
    np.savez(
        tmp_path / "data.npz",
        inputs=inputs,
        labels=np.arange(100, dtype=np.uint8) % 7,
    )
    data = load_data(str(tmp_path / "data.npz"))
    assert torch.equal(data.inputs, torch.arange(600.0).reshape(100, 2, 3))
    assert torch.equal(data.labels, torch.arange(100) % 7)
    assert torch.equal(data.calibration, data.inputs[:64])
    assert data.classes == 7


def test_calibration_inputs_of_the_file_are_used(tmp_path: Path) -> None:
    """They need not be test inputs. Exact."""
    arrays = {
        "inputs": np.zeros((3, 2)),
        "labels": np.zeros(3, int),
        "calibration": np.ones((1, 2)),
    }
    np.savez_compressed(tmp_path / "data.npz", **arrays)
    assert torch.equal(
        load_data(str(tmp_path / "data.npz")).calibration, torch.ones(1, 2)
    )


GOOD = {"inputs": np.zeros((3, 2)), "labels": np.zeros(3, int)}
BAD_DATA = [
    (
        {"labels": GOOD["labels"]},
        "lacks the array `inputs`; it holds `labels`",
    ),
    # an array of any other name is an input of that name
    (
        {"labels": GOOD["labels"], "x": np.zeros((1, 2))},
        "`labels` must have shape (1), but has (3,)",
    ),
    ({}, "lacks the array `inputs`; it holds nothing"),
    (
        GOOD | {"inputs": np.full((3, 2), np.nan)},
        "`inputs` must be finite, but 6 of 6",
    ),
    (GOOD | {"inputs": np.full((3, 2), 1e300)}, "`inputs` must be finite"),
    (
        GOOD | {"inputs": np.zeros((3, 2), complex)},
        "real numbers, but holds complex128",
    ),
    (GOOD | {"inputs": np.zeros((3, 2), str)}, "real numbers, but holds <U1"),
    (
        GOOD | {"inputs": np.zeros((0, 2))},
        "at least one sample, but has (0, 2)",
    ),
    (GOOD | {"inputs": np.zeros(3)}, "must have shape (samples, ...)"),
    (
        GOOD | {"labels": np.zeros(4, int)},
        "`labels` must have shape (3), but has (4,)",
    ),
    (
        GOOD | {"labels": np.zeros(3)},
        "must be whole numbers of shape (samples,), but is float64",
    ),
    (GOOD | {"labels": np.eye(3, dtype=int)}, "take the index of the class"),
    (
        GOOD | {"labels": np.array([0, -1, 2])},
        "count classes from 0, but one label is -1",
    ),
    (
        GOOD | {"calibration": np.zeros((2, 3))},
        "`calibration` must have shape (any, 2)",
    ),
]


@pytest.mark.parametrize(
    ("arrays", "reason"), BAD_DATA, ids=[reason for _, reason in BAD_DATA]
)
def test_data_that_cannot_be_used_are_refused(
    arrays: dict[str, np.ndarray], reason: str, tmp_path: Path
) -> None:
    """One sentence that names the array."""
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(ValueError, match=re.escape(reason)) as raised:
        load_data(str(tmp_path / "data.npz"))
    assert "\n" not in str(raised.value)


def test_a_data_file_that_is_none_is_named(tmp_path: Path) -> None:
    """Missing, empty, a directory, text, a single array, truncated, or other members."""
    np.savez(tmp_path / "good.npz", **GOOD)
    content = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "empty.npz").touch()
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "short.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "flipped.npz").write_bytes(content.replace(b"NUMPY", b"NUMPI"))
    with (tmp_path / "single.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    for name in (
        "absent",
        "folder",
        "empty",
        "text",
        "short",
        "flipped",
        "single",
    ):
        with pytest.raises(
            ValueError, match=rf"Argument `data` must .*{name}\.npz"
        ):
            load_data(str(tmp_path / f"{name}.npz"))
