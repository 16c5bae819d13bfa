"""What is wrong with a kind of one's own is said in one sentence, with file and line."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

import mho
from mho.device import Cells, TypicalSwitching
from mho.device.checked import check_kind
from own_cells import TEXT, Faulty

PULSE = (
    "        size = p.step * abs(shot.volts) * (1 + 0.3 * normal(draw, STEP))"
)
RETURN = "        return cell.conductance"


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def refusal(folder: Path, text: str) -> str:
    """What is said of a file with a kind `Soft`."""
    file = folder / "my_cells.py"
    file.write_text(text)
    with pytest.raises((ValueError, TypeError)) as caught:
        mho.preset(f"{file}:Soft")
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith((".", "?"))
    return said


WRONG = {
    "        cell.conductanse = 1.0": "`cell.conductanse` is a column that there is not;"
    " name it in `Soft.columns`. Did you mean `cell.conductance`?",
    "        size = p.stpe": "`p.stpe` is a number that there is not; make it a field of"
    " `Soft`. Did you mean `p.step`?",
    "        size = shot.volt": "`shot.volt` is a part of a shot that there is not; see"
    " `mho.device.Shot`. Did you mean `shot.volts`?",
    "        p.step = 2.0": "leave `p.step` as it is, but changes it; all cells share it",
    "        size = stepp": "`stepp` has none",
    "        size = self.step": "A law sees no object: numbers of the kind are `p.NAME`.",
    "        size = mho.compiled.exp(1.0)": "says `mho.compiled.exp`; import them by name",
    "        import math": "imports; import at the top of the file",
    "        print(f'{shot.volts}')": "makes a text",
    "        size = sum(x for x in (1, 2))": "collects items",
    "        with open('a'): size = 1": "opens something with `with`",
    "        size = {1: 2}[1]": "makes a dictionary or set",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_law_that_says_something_else_than_its_kind_declares(
    line: str, tmp_path: Path
) -> None:
    """Looked for in the source, before anything is compiled."""
    text = TEXT.replace(PULSE, f"{PULSE}\n{line}")
    said = refusal(tmp_path, text)
    place = line_of(text, line.strip())
    assert f"Law `pulse` (my_cells.py, line {place}) must " in said
    assert WRONG[line] in said


@pytest.mark.parametrize("call", ["np.random.normal()", "random.random()"])
def test_draws_have_names(call: str, tmp_path: Path) -> None:
    """A draw without one would depend on the order of cells, and on threads."""
    text = TEXT.replace(
        "import mho\n", "import random\nimport numpy as np\nimport mho\n"
    )
    text = text.replace(PULSE, f"        size = {call}")
    assert "must draw by name" in refusal(tmp_path, text)


def test_helpers_of_a_law_are_looked_through_as_well(tmp_path: Path) -> None:
    helper = "def moved(one, size):\n    one.conductanc += size\n\n\n"
    text = TEXT.replace("@dataclass", f"{helper}@dataclass", 1)
    text = text.replace("        # a comment", "        moved(cell, 1e-9)")
    said = refusal(tmp_path, text)
    place = line_of(text, "    one.conductanc")
    assert f"Law `moved` (my_cells.py, line {place})" in said
    assert "Did you mean `one.conductance`?" in said


def test_records_within_records_and_rows_are_left_alone(tmp_path: Path) -> None:
    """What is taken of a column or of a nested record is the compiler's business."""
    text = TEXT.replace(
        '{"conductance": "f4"}', '{"conductance": "f4", "x": ("f4", 2)}'
    )
    text = text.replace(
        "        # a comment", "        cell.x[0] = cell.x.shape[0]"
    )
    file = tmp_path / "my_cells.py"
    file.write_text(text)
    assert mho.preset(f"{file}:Soft").name == "Soft"


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "other parameters": (
        lambda t: t.replace(
            "def pulse(cell, p, shot, draw)", "def pulse(cell, p, draw)"
        ),
        r"Law `pulse` \(my_cells.py, line \d+\) must take cell, p, shot, draw, but takes cell,"
        r" p, draw; write `def pulse\(cell, p, shot, draw\):`.",
    ),
    "no static method": (
        lambda t: t.replace("    @staticmethod\n    def read", "    def read"),
        r"Law `read` \(my_cells.py, line \d+\) must be a static method",
    ),
    "no pulse": (
        lambda t: t.replace("def pulse", "def pulses"),
        r"Kind `Soft` \(my_cells.py, line \d+\) must say what a pulse does",
    ),
    "no read": (
        lambda t: t.replace("def read", "def look"),
        r"must say what a look sees, but has no method `read`",
    ),
    "nothing seen": (
        lambda t: t.replace(RETURN, "        cell.conductance"),
        r"Law `read` \(my_cells.py, line \d+\) must return the conductance",
    ),
    "no conductance": (
        lambda t: t.replace('"conductance": "f4"', '"state": "f4"'),
        r"must have a column `conductance`, or a method `load` .* are `state`",
    ),
    "a name that every cell has": (
        lambda t: t.replace(
            '"conductance": "f4"', '"conductance": "f4", "clock": "f8"'
        ),
        r"must leave the names `key`, `event`, `clock` .* calls a column `clock`",
    ),
    "a type that there is not": (
        lambda t: t.replace(
            '"conductance": "f4"', '"conductance": "float"'
        ).replace('"float"', '"floaty"'),
        r"must give column `conductance` a type such as \"f4\", but gives 'floaty'",
    ),
    "a range upside down": (
        lambda t: t.replace("low: float = 1e-6", "low: float = 30e-6"),
        r"its `low`, 30 µS, is not below its `high`, 20 µS",
    ),
    "no range": (
        lambda t: t.replace("    low: float = 1e-6\n", ""),
        r"must have a field `low`, the lowest conductance of a typical cell in S",
    ),
    "a field with the name of a law": (
        lambda t: t.replace("offset: float", "heat: float"),
        r"has a field `heat`, which every kind has as a method; choose another name",
    ),
    "no dataclass": (
        lambda t: t.replace("@dataclass(frozen=True, slots=True)\n", ""),
        r"Kind `Soft` must be a frozen dataclass, but is none",
    ),
    "a field without value": (
        lambda t: (
            t.replace("step: float = 0.02", "step: float")
            .replace("low: float = 1e-6", "low: float")
            .replace("high: float = 20e-6", "high: float")
        ),
        r"must have a value for each field",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_kind_that_lacks_something(what: str, tmp_path: Path) -> None:
    change, wanted = BROKEN[what]
    said = refusal(tmp_path, change(TEXT))
    assert re.search(wanted, said), said


def test_a_file_that_fails_is_refused_with_its_line(tmp_path: Path) -> None:
    text = TEXT + "\n\nx = 1 / 0\n"
    place = line_of(text, "x = 1 / 0")
    said = refusal(tmp_path, text)
    assert (
        f"but in line {place} ZeroDivisionError says: division by zero." in said
    )
    said = refusal(tmp_path, TEXT.replace("return cell", "return return cell"))
    assert "SyntaxError says: invalid syntax." in said


def test_a_name_that_is_not_there_has_the_nearest_one(tmp_path: Path) -> None:
    file = tmp_path / "my_cells.py"
    file.write_text(TEXT)
    with pytest.raises(
        ValueError, match=r"`Sotf` is not there; .*mean `Soft`\?"
    ):
        mho.preset(f"{file}:Sotf")
    with pytest.raises(ValueError, match=r"`STEP` is none; make it a subclass"):
        mho.preset(f"{file}:STEP")
    with pytest.raises(ValueError, match=r"cannot be read \(No such file"):
        mho.preset(f"{tmp_path / 'other.py'}:Soft")


@pytest.mark.parametrize("name", mho.PRESETS)
def test_kinds_of_the_house_say_what_users_may_say(name: str) -> None:
    """The same look through the source, which refuses none of what is right."""
    check_kind(mho.preset(name).cell())


def pulsed(model: Faulty, volts: float) -> None:
    cells = Cells(model, 4, mho.Stream(0), 300.0)
    train = torch.full((2, 2), volts)
    cells.pulse(torch.tensor([1, 3]), train, 1e-7, torch.ones(2), 0.0)


def test_a_pulse_must_leave_a_conductance() -> None:
    """Told with the law, its place, the first cell and what was done to it."""
    code = Faulty.pulse.__code__
    where = (
        rf"Law `pulse` \(own_cells.py, line {code.co_firstlineno}\) must leave"
    )
    pulsed(Faulty(change=1e-6), 1.0)
    with pytest.raises(
        ValueError,
        match=rf"{where} .* left cell 1 with -1 µS after 2 pulses, the first of -1 V",
    ):
        pulsed(Faulty(change=1e-6), -1.0)
    with pytest.raises(ValueError, match=rf"{where} .* left cell 1 with inf"):
        pulsed(Faulty(change=1e30), 1e10)


def test_a_look_must_see_a_conductance() -> None:
    where = r"Law `read` \(own_cells.py, line \d+\) must see"
    every = torch.arange(4)
    cells = Cells(Faulty(share=0.0), 4, mho.Stream(0), 300.0)
    with pytest.raises(ValueError, match=rf"{where} .* saw nan in cell 0"):
        cells.sample(every, 0.0, 1e-3, 1e-3, 2)
    cells = Cells(Faulty(offset=-2e-6), 4, mho.Stream(0), 300.0)
    with pytest.raises(ValueError, match=rf"{where} .* saw -1 µS in cell 0"):
        cells.sample(every, 0.0, 1e-3, 1e-3, 2)


@dataclass(frozen=True, slots=True)
class Told(Faulty):
    """The same, and nothing has to be measured."""

    def typical(self) -> TypicalSwitching:
        return TypicalSwitching(1.0, 1.0, 0.1, 1e-6, 1e-7, 1e-5)


def test_a_read_out_does_not_hide_what_is_no_number() -> None:
    """Its converter has codes for all numbers, and none for NaN."""
    chip = mho.Chip(Told(share=0.0), rows=2, cols=2)
    bench = mho.SimulatedBench(chip, mho.Stream(0))
    with pytest.raises(ValueError, match=r"Law `read` .* saw nan"):
        bench.read(torch.arange(4), samples=1, window=0.0)
    bench.pulse(mho.Pulse(torch.ones(4), 1e-7, 2.5), torch.arange(4))


def test_what_the_compiler_refuses_has_a_line_as_well(tmp_path: Path) -> None:
    """A dictionary at the top of the file is found by the compiler alone."""
    file = tmp_path / "my_cells.py"
    text = TEXT.replace("STEP =", "TABLE = {1: 2.0}\nSTEP =")
    text = text.replace(PULSE, "        size = TABLE[1]")
    file.write_text(text)
    place = line_of(text, "        size = TABLE[1]")
    model = mho.preset(f"{file}:Soft").cell()
    cells = Cells(model, 4, mho.Stream(0), 300.0)
    with pytest.raises(
        ValueError,
        match=rf"Law `pulse` \(my_cells.py, line {place}\) .* says: .*TABLE",
    ) as caught:
        cells.pulse(torch.arange(4), torch.ones(1, 4), 1e-7, torch.ones(4), 0.0)
    assert "\n" not in str(caught.value)
