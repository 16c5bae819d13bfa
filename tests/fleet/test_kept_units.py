"""Rows that are each a task of its own: kept one by one, made once, whoever is killed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mho.fleet import Crew, PartStore, collected

MADE: list[int] = []


@dataclass(frozen=True)
class Square:
    """A unit that notes that it was made."""

    key: str
    number: int
    fails: bool = False

    def row(self) -> dict[str, float]:
        if self.fails:
            raise KeyboardInterrupt
        MADE.append(self.number)
        return {"square": self.number**2 / 7}


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    MADE.clear()
    told: list[str] = []
    done: list[float] = []
    return Crew(
        PartStore(tmp_path / "parts"), 1, lambda: None, done.append, told.append
    )


def units(*numbers: int) -> list[Square]:
    return [Square(f"{n % 2:x}" * 64, n) for n in numbers]


def test_what_is_there_is_not_made_again_whatever_else_is_asked_for(
    crew: Crew,
) -> None:
    """Rows are in the order of the units, and a larger run makes the new ones alone."""
    assert collected(units(3, 1), crew) == [
        {"square": 9 / 7},
        {"square": 1 / 7},
    ]
    rows = collected(units(0, 1, 2, 3), crew)
    assert [row["square"] for row in rows] == [0, 1 / 7, 4 / 7, 9 / 7]
    assert MADE == [3, 1, 0, 2]


def test_an_interruption_costs_what_was_under_way_alone(crew: Crew) -> None:
    """The row before it is on the disk when the next one begins."""
    with pytest.raises(KeyboardInterrupt):
        collected([*units(1), Square("1" * 64, 5, fails=True)], crew)
    collected(units(1, 5), crew)
    assert MADE == [1, 5]


def test_a_part_that_was_cut_is_made_again_and_a_half_written_one_goes(
    crew: Crew,
) -> None:
    collected(units(1, 2), crew)
    folder = crew.store.folder
    (cut,) = folder.glob("1*.json")
    cut.write_bytes(cut.read_bytes()[:-4])
    half = folder / ".mho-0123456789abcdef.part"
    half.write_bytes(b"{")
    assert collected(units(1, 2), crew)[0] == {"square": 1 / 7}
    assert MADE == [1, 2, 1]
    assert not half.exists()


def test_several_workers_make_the_same_rows_as_one(
    crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads stand for the processes of a pool; parts have the same names and bytes."""
    monkeypatch.setattr(
        "mho.fleet.units.opened_executor",
        lambda *_: lambda: ThreadPoolExecutor(2),
    )
    two = replace(crew, store=PartStore(tmp_path / "other"), workers=2)
    assert collected(units(1, 2, 3), two) == collected(units(1, 2, 3), crew)
    assert {p.name: p.read_bytes() for p in two.store.folder.iterdir()} == {
        p.name: p.read_bytes() for p in crew.store.folder.iterdir()
    }
