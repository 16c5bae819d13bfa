"""What a run depends on besides: compared where it was written down, and only there."""

import json
from pathlib import Path

import pytest

from mho.files import RunFolder
from mho.files.run_marks import MARKER, RUN

WORK = "unfinished"


def begun(folder: Path, details: str) -> None:
    """A run that keeps a value and is interrupted."""

    def begin() -> None:
        with RunFolder.open(folder, "test", "one", details=details) as run:
            run.put("first", 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()


def finished(folder: Path, details: str) -> None:
    """A whole run."""
    with RunFolder.open(
        folder, "test", "one", details=details, makes=("result.json",)
    ) as run:
        run.write_result(1)
        run.finish()


def as_before(path: Path) -> None:
    """Take away what marks of before did not say."""
    held = json.loads(path.read_text())
    del held["details"]
    path.write_text(json.dumps(held))


def test_a_run_goes_on_with_the_same_details(tmp_path: Path) -> None:
    begun(tmp_path, "relu")
    with RunFolder.open(
        tmp_path, "test", "one", details="relu", resume=True
    ) as run:
        assert run.get("first") == 1


def test_a_run_of_other_details_is_another_one(tmp_path: Path) -> None:
    """Its identity is the same: only what is said besides tells the two apart."""
    begun(tmp_path, "relu")
    with (
        pytest.raises(ValueError, match="holds another one"),
        RunFolder.open(tmp_path, "test", "one", details="tanh", resume=True),
    ):
        pass


def test_a_run_from_before_goes_on_whatever_its_details(tmp_path: Path) -> None:
    begun(tmp_path, "relu")
    as_before(tmp_path / WORK / RUN)
    with RunFolder.open(
        tmp_path, "test", "one", details="relu", resume=True
    ) as run:
        assert run.get("first") == 1


def test_a_finished_run_of_other_details_is_not_this_one(
    tmp_path: Path,
) -> None:
    finished(tmp_path, "relu")
    with (
        pytest.raises(ValueError, match="is another"),
        RunFolder.open(
            tmp_path,
            "test",
            "one",
            details="tanh",
            makes=("result.json",),
            resume=True,
        ),
    ):
        pass


@pytest.mark.parametrize("details", ["relu", ""])
def test_a_finished_run_from_before_is_complete(
    tmp_path: Path, details: str
) -> None:
    finished(tmp_path, details)
    as_before(tmp_path / MARKER)
    with RunFolder.open(
        tmp_path,
        "test",
        "one",
        details=details,
        makes=("result.json",),
        resume=True,
    ) as run:
        assert run.is_complete
