"""Files that claim or have any size: looked at before memory is taken."""

import json
import os
import tracemalloc
from pathlib import Path

import pytest
import torch

from mho.deployment.storage import load_chip, load_image
from mho.files import TooLargeError, allow_memory
from mho.files.packed import pack

MIB = 2**20


def sparse(path: Path, size: int) -> Path:
    """A file of zeros that takes no room on the disk, with a header that says so truthfully."""
    header = {
        "__metadata__": {
            "content": "{}",
            "format": "mho-image",
            "sha256": "0" * 64,
            "version": "1",
        },
        "a": {"data_offsets": [0, size], "dtype": "U8", "shape": [size]},
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    os.truncate(path, 8 + len(text) + size)
    return path


def peak_of_refusal(path: Path, reason: str) -> int:
    """Most memory taken while a file is refused (bytes)."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=reason):
            load_image(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_file_of_five_gigabytes_is_refused_before_it_is_read(
    tmp_path: Path,
) -> None:
    """It took 4.7 to 9.8 GiB of memory; the sentence says what allows it."""
    path = sparse(tmp_path / "bomb.mho", 5 * 10**9)
    assert (
        peak_of_refusal(path, r"must fit into 4 GiB .*--max-memory 5GiB") < MIB
    )


def test_a_damaged_file_takes_no_memory_although_it_is_small_enough(
    tmp_path: Path,
) -> None:
    """Its checksum is taken piece by piece before it is read whole."""
    path = sparse(tmp_path / "bomb.mho", 96 * MIB)
    assert peak_of_refusal(path, "another checksum") < 4 * MIB


def test_a_file_with_less_or_more_than_its_header_says_is_not_read(
    tmp_path: Path,
) -> None:
    path = sparse(tmp_path / "bomb.mho", 96 * MIB)
    size = path.stat().st_size
    for wrong, reason in (
        (size + 1, "more bytes"),
        (size - 1, "fewer or more"),
    ):
        os.truncate(path, wrong)
        assert peak_of_refusal(path, reason) < MIB


def test_a_header_longer_than_any_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.mho"
    path.write_bytes((65 * MIB).to_bytes(8, "little"))
    os.truncate(path, 80 * MIB)
    assert peak_of_refusal(path, "no safetensors file") < MIB


def test_the_limit_can_be_raised_and_lowered(tmp_path: Path) -> None:
    """A file within the limit is refused for what it is, no longer for its size."""
    path = tmp_path / "file.mho"
    path.write_bytes(pack("mho-chip", {}, {"a": torch.zeros(MIB)})[0])
    with (
        allow_memory("3MiB"),
        pytest.raises(TooLargeError, match="3 MiB of memory"),
    ):
        load_chip(path)
    with (
        allow_memory("5MiB"),
        pytest.raises(ValueError, match="possible value at"),
    ):
        load_chip(path)
