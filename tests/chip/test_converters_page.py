"""The page on converters shows what the code does."""

import doctest
from pathlib import Path


def test_every_example_of_the_page_gives_what_it_says() -> None:
    """All examples run, in order, in one session; there are some."""
    page = Path(__file__).parents[2] / "docs" / "explanation" / "converters.md"
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 20
    assert result.failed == 0
