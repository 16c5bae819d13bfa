"""Parts are additive files: merged by copying, told when they are not what they were."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from mho.fleet import DAMAGED, Part, PartStore, missing_parts

TASK = "0123456789abcdef" * 4
OTHER = "f" * 64


def rows(first: int, count: int) -> list[dict[str, float]]:
    return [
        {"score": n / 7, "stuck_cells": n} for n in range(first, first + count)
    ]


def test_what_is_put_is_found_to_the_last_bit(tmp_path: Path) -> None:
    store = PartStore(tmp_path / "parts")
    store.put(Part(TASK, 4, 3), rows(4, 3))
    store.put(Part(OTHER, 4, 3), rows(0, 3))
    assert store.find(TASK).rows == dict(enumerate(rows(4, 3), 4))


def test_folders_are_merged_by_copying(tmp_path: Path) -> None:
    """Also where both have the same part."""
    halves = [PartStore(tmp_path / name) for name in ("a", "b")]
    halves[0].put(Part(TASK, 0, 3), rows(0, 3))
    halves[1].put(Part(TASK, 3, 2), rows(3, 2))
    halves[1].put(Part(TASK, 0, 3), rows(0, 3))
    shutil.copytree(halves[0].folder, halves[1].folder, dirs_exist_ok=True)
    assert halves[1].find(TASK).rows == dict(enumerate(rows(0, 5)))


@pytest.mark.parametrize(
    "what", ["cut", "edited", "swapped", "emptied", "link"]
)
def test_a_part_that_is_not_what_it_was_costs_itself_alone(
    tmp_path: Path, what: str
) -> None:
    store = PartStore(tmp_path / "parts")
    bad = store.put(Part(TASK, 0, 2), rows(0, 2))
    good = store.put(Part(TASK, 2, 2), rows(2, 2))
    content = bad.read_bytes()
    if what == "cut":
        bad.write_bytes(content[:-5])
    elif what == "edited":
        bad.write_bytes(content.replace(b"0.0", b"0.9"))
    elif what == "swapped":
        bad.write_bytes(good.read_bytes())
    elif what == "emptied":
        bad.write_bytes(b"")
    else:
        bad.unlink()
        bad.symlink_to(good)
    found = store.find(TASK)
    assert sorted(found.rows) == [2, 3]
    assert found.damaged == (bad.name,)
    assert (store.folder / DAMAGED / bad.name).is_symlink() or (
        store.folder / DAMAGED / bad.name
    ).exists()
    assert store.find(TASK).damaged == ()


def test_two_results_of_one_chip_are_refused(tmp_path: Path) -> None:
    """They cannot both be of the same task; nobody can say which is right."""
    store = PartStore(tmp_path)
    store.put(Part(TASK, 0, 2), rows(0, 2))
    store.put(Part(TASK, 1, 1), rows(5, 1))
    with pytest.raises(ValueError, match="other figures of chip 1"):
        store.find(TASK)


def test_missing_parts_make_just_what_is_missing() -> None:
    there = {0: 1, 1: 1, 5: 1, 9: 1}
    parts = missing_parts(TASK, 12, there, 4)
    made = [n for p in parts for n in range(p.first, p.first + p.count)]
    assert made == [n for n in range(12) if n not in there]
    assert all(p.first // 4 == (p.first + p.count - 1) // 4 for p in parts)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("rows", [7, 8]),
        ("rows", [{"score": 10**400}, {"score": 1}]),
        ("rows", [{"score": 1.0}]),
        ("first", 1e400),
        ("first", -1),
        ("first", 0.5),
        ("task", TASK[:16] + "0" * 48),
    ],
)
def test_a_part_made_by_hand_with_the_right_hash_is_put_aside(
    tmp_path: Path, what: str, value: object
) -> None:
    """Whoever can compute a hash can write anything; it costs that part alone."""
    store = PartStore(tmp_path)
    path = store.put(Part(TASK, 0, 2), rows(0, 2))
    held = json.loads(path.read_bytes()) | {what: value}
    content = json.dumps(held).encode()
    path.unlink()
    mark = hashlib.sha256(content).hexdigest()[:24]
    (tmp_path / f"{TASK[:16]}-0-2-{mark}.json").write_bytes(content)
    found = store.find(TASK)
    assert not found.rows
    assert len(found.damaged) == 1
