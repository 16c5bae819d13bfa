"""The example in the README runs, and prints what the README says it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def blocks() -> tuple[str, str]:
    """The Python example and the output below it."""
    found = re.search(
        r"```python\n(.*?)```\s*```\n(.*?)```", README.read_text(), re.DOTALL
    )
    assert found is not None
    return found[1], found[2]


def test_the_example_prints_what_the_readme_says() -> None:
    """Word for word but for numbers, which machines round differently: within a third.

    A last bit may decide whether a straggling cell needs another pulse, and the network of the
    example is drawn from torch's own generator.
    """
    example, expected = blocks()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, str(README), "exec"), {})
    assert NUMBER.sub("#", printed.getvalue()) == NUMBER.sub("#", expected)
    got, wanted = (
        [float(n) for n in NUMBER.findall(text)]
        for text in (printed.getvalue(), expected)
    )
    for one, other in zip(got, wanted, strict=True):
        assert one == pytest.approx(other, rel=0.34, abs=0.02)


def test_the_two_command_lines_are_there() -> None:
    text = README.read_text()
    assert "python3 run.py deploy digits\n" in text
    assert "python3 run.py test\n" in text
