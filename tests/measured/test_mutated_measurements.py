"""A few changed files of each format: the right numbers or a sentence; the benchmark tries 10⁴."""

from pathlib import Path

import pytest

from lab_files import FILES
from mutated_measurements import BINARY, GOOD, one_try

TRIES = 45


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_gives_numbers_or_a_sentence(
    tmp_path: Path, name: str
) -> None:
    """One in three is only written otherwise, and keeps its numbers."""
    lab = FILES[name]()
    for seed in range(TRIES):
        damage = name in BINARY or seed % 3 != 0
        word = one_try(lab, tmp_path, seed, damage)
        assert word in GOOD, (seed, word)
        assert damage or word == "same numbers", (seed, word)
