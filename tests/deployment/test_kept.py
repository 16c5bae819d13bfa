from pathlib import Path

import pytest

from mho.files import Kept, work_folder


def test_values_come_back_to_the_last_bit(tmp_path: Path) -> None:
    """JSON writes the shortest text that reads as the same float; a resumed run is exact."""
    kept = Kept(tmp_path / "kept", "a run")
    value = {"a": 0.1 + 0.2, "b": [1e-300, 5e-324, 2**60], "c": None}
    kept.put("chip-1", value)
    assert kept.get("chip-1") == value
    assert kept.get("chip-2") is None
    assert kept.names() == ["chip-1"]


def test_a_folder_without_values_has_none(tmp_path: Path) -> None:
    assert Kept(tmp_path / "absent", "a run").names() == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"value": 1}', "\x00"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "chip.json").write_text(content)
    with pytest.raises(ValueError, match=r"chip\.json` must hold a part of a run"):
        Kept(tmp_path, "a run").get("chip")


def test_values_of_another_run_are_refused(tmp_path: Path) -> None:
    Kept(tmp_path, "one run").put("chip", 1.0)
    with pytest.raises(
        ValueError, match=r"^Argument `resume` must go on with the same run"
    ):
        Kept(tmp_path, "another run").get("chip")


def test_unfinished_work_is_set_aside_once_and_taken_up_when_asked(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(ValueError, match=r"must find an unfinished run"):
        work_folder(folder, resume=True)
    assert not folder.exists()
    (work_folder(folder, resume=False) / "first").touch()
    assert (work_folder(folder, resume=True) / "first").exists()
    assert not any(work_folder(folder, resume=False).iterdir())
    assert (folder / "unfinished.old" / "first").exists()
