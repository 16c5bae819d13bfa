"""A kind of one's own is a chip by its object or by its word, with an array made of choices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch

import mho
from mho.device import Cells
from mho.device.published import (
    Confidence,
    label,
    own_preset,
    recorded_preset,
)
from mho.device.published.own_file import _NAMED
from own_cells import TEXT, Soft, Steep


@dataclass(frozen=True, slots=True)
class Passive(Soft):
    """Soft cells without selectors."""

    parts: int = 3
    biasing: ClassVar = "V/2"
    array: ClassVar = {"amplitude_max": 2.0, "rows": 8, "driver": 5.0}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with `my_cells.py`, in it, and a memory of its own of what was named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MHO_CACHE", str(tmp_path / "cache"))
    before = dict(_NAMED)
    _NAMED.clear()
    (tmp_path / "my_cells.py").write_text(TEXT)
    yield tmp_path
    _NAMED.clear()
    _NAMED.update(before)


def forget() -> None:
    """As in a new process on the same computer."""
    _NAMED.clear()


def test_an_array_around_a_kind_is_made_of_choices_that_follow_from_its_range() -> (
    None
):
    chip = mho.Chip(Soft(high=30e-6))
    numbers = chip.published.values
    assert {value.confidence for value in numbers.values()} == {
        Confidence.CHOICE
    }
    assert chip.cell == Soft(high=30e-6)
    assert chip.published.array.level_low == 1e-6
    assert chip.published.array.level_high == 30e-6
    assert (chip.rows, chip.biasing) == (256, None)
    assert set(chip.published.field_names()) == {
        "cell.low",
        "cell.high",
        "cell.step",
        "cell.noise",
    }
    # a selector that lets pulses through as they are, and never stops a SET in the range
    assert float(chip.selector.resistance(2.5)) == 0
    assert float(chip.selector.compliance(2.5)) > 30e-6


def test_a_kind_says_what_it_knows_better_about_its_array() -> None:
    chip = mho.Chip(Passive())
    array = chip.published.array
    assert (chip.biasing, chip.rows, array.cols) == ("V/2", 8, 256)
    assert (array.amplitude_max, array.driver) == (2.0, 5.0)
    with pytest.raises(ValueError, match=r"must be one of .*amplitude_max"):
        own_preset(Misspelt())


@dataclass(frozen=True, slots=True)
class Misspelt(Soft):
    """An array with a number that there is not."""

    array: ClassVar = {"amplitude": 2.0}


def test_numbers_are_changed_as_those_of_any_preset() -> None:
    """Counts stay counts; a changed number makes another chip, and so does another law."""
    kind = own_preset(Passive())
    changed = kind.replace(cell__parts=5.0, array__cols=4.0)
    assert changed.cell() == Passive(parts=5)
    with pytest.raises(
        ValueError, match=r"`cell.parts` must be a whole number"
    ):
        kind.replace(cell__parts=5.5)
    marks = {
        one.laws_sha256
        for one in (kind, changed, own_preset(Soft()), own_preset(Steep()))
    }
    assert len(marks) == 3


def test_a_word_names_a_file_and_a_kind(folder: Path) -> None:
    chip = mho.Chip("my_cells.py:Soft", rows=2, cols=2)
    assert chip.published.name == label("cells/my_cells.py:Soft") == "Soft"
    assert chip.published.summary.startswith("Steps that shrink")
    again = mho.preset(f"{folder / 'my_cells.py'}:Soft")
    assert again == chip.published
    assert isinstance(again.cell(), type(chip.cell))
    (folder / "my_cells.py").write_text(
        TEXT + "\nsmall = Soft(high=2e-6)\nshown = mho.preset('rao2023')\n"
    )
    assert mho.preset("my_cells.py:small")["cell.high"] == 2e-6
    assert mho.preset("my_cells.py:shown") == mho.preset("rao2023")


def test_comments_and_texts_are_no_laws(folder: Path) -> None:
    """Files of chips outlive them; numbers and code are what cells are."""

    def mark(text: str) -> str:
        (folder / "my_cells.py").write_text(text)
        found = mho.preset("my_cells.py:Soft")
        assert isinstance(found, mho.device.published.OwnPreset)
        return found.laws_sha256

    first = mark(TEXT)
    assert mark(TEXT.replace("# a comment", "# another\n\n")) == first
    assert mark(TEXT.replace("Steps that shrink", "Cells")) == first
    assert mark(TEXT.replace("1 + 0.3 *", "1 + 0.4 *")) != first
    assert mark(TEXT.replace('"f4"', '"f8"')) != first
    assert mark(TEXT.replace('purpose("step")', 'purpose("steps")')) != first
    helper = TEXT.replace(
        "@dataclass", "def unit():\n    return 1\n\n\n@dataclass", 1
    )
    helper = helper.replace("p.step *", "unit() * p.step *")
    assert mark(helper) != mark(helper.replace("return 1", "return 2"))


def test_a_word_in_a_file_runs_nothing_that_was_not_named_here(
    folder: Path,
) -> None:
    """Files are data: a chip from elsewhere may bring a Python file with it."""
    trace = folder / "trace"
    (folder / "my_cells.py").write_text(
        TEXT
        + f"\nimport pathlib\npathlib.Path({str(trace)!r}).write_text('run')\n"
    )
    spec = mho.ChipSpec("my_cells.py:Soft", 0, 1, 2, 2)
    with pytest.raises(
        ValueError,
        match=r"used on this computer before, but `my_cells.py:Soft` was not, or has changed"
        r" since; look at `my_cells.py`, and name it once with `mho presets my_cells.py:Soft`",
    ):
        _ = spec.chip
    assert not trace.exists()
    mho.preset("my_cells.py:Soft")
    assert spec.chip.published.name == "Soft"
    assert trace.read_text() == "run"
    forget()
    # another process of the same user remembers
    assert recorded_preset("my_cells.py:Soft").name == "Soft"
    (folder / "my_cells.py").write_text(TEXT + "\n# changed\n")
    forget()
    with pytest.raises(ValueError, match="or has changed since"):
        recorded_preset("my_cells.py:Soft")


@pytest.mark.usefixtures("folder")
def test_a_chip_of_own_cells_is_pulsed_and_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a bench as any other; two of one seed are the same."""
    # what is compiled already need not be compiled anew
    monkeypatch.delenv("MHO_CACHE")
    every = torch.arange(16)
    seen = []
    mho.preset("my_cells.py:Soft")
    for _ in range(2):
        bench = mho.ChipSpec("my_cells.py:Soft", 3, 1, 4, 4).bench()
        bench.pulse(mho.Pulse(torch.ones(5, 16), 1e-7, 2.5), every)
        seen.append(bench.read(every, samples=1, window=0.0).mean)
    assert torch.equal(*seen)
    assert float(seen[0].min()) > 1.5e-6
    assert not bench.truth().stuck.any()
    with pytest.raises(
        ValueError, match="`stuck` must be left out, for cells of `Soft`"
    ):
        _ = replace(
            mho.ChipSpec("my_cells.py:Soft", 3, 1, 4, 4), stuck=0.1
        ).chip


def test_cells_of_a_kind_stay_in_the_house_of_their_numbers() -> None:
    """Laws see the numbers of the object, not those of its class."""
    cells = Cells(Soft(low=2e-6), 4, mho.Stream(0), 300.0)
    assert cells.column("conductance").tolist() == pytest.approx([2e-6] * 4)
