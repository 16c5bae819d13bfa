"""A few changed preset files: the right preset or a sentence; the benchmark tries 10⁴."""

from pathlib import Path

import pytest

from mho.device.published import preset_text
from mutated_presets import GOOD, numbers_of, one_try, originals

TRIES = 30


@pytest.mark.parametrize("name", ["fitted", "ecram_li"])
def test_a_changed_preset_gives_numbers_or_a_sentence(
    tmp_path: Path, name: str
) -> None:
    """One in three is only written otherwise, and keeps its numbers."""
    made = originals()[name]
    content = preset_text(made, whole=name != "fitted").encode()
    for seed in range(TRIES):
        damage = seed % 3 != 0
        word = one_try(content, numbers_of(made), tmp_path, seed, damage)
        assert word in GOOD, (seed, word)
        assert damage or word == "same numbers", (seed, word)
