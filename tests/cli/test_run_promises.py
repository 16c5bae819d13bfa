"""What commands promise of folders and files that are not theirs, and what they say."""

import errno
import io
import os
import shutil
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from calling import call

from mho.files import RunFolder, write_out, write_whole
from mho.files.old_work import is_old_work

GOLDEN = Path(__file__).parents[1] / "golden" / "unfinished"
LEVELS = ("levels", "--levels", "8", "--no-compare", "--tolerance", "1uS")


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_users_own_folders_stop_a_command_and_stay(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (".old", "unfinished"):
        Path(name).mkdir()
        Path(name, "mine.txt").write_text("mine")
    before = tree(tmp_path)
    assert call(*LEVELS, "--out", ".") == 2
    assert "`unfinished` is, which no run made" in capsys.readouterr().err
    assert tree(tmp_path) == before
    shutil.rmtree("unfinished")
    assert call(*LEVELS, "--out", ".") == 0
    assert Path(".old/mine.txt").read_text() == "mine"
    assert call(*LEVELS, "--out", ".", "--seed", "1") == 0


def test_json_goes_into_a_pipe_that_somebody_reads(tmp_path: Path) -> None:
    """A pipe, or a link to one, stays what it is; so does a file's link."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    read: list[bytes] = []
    for path in (pipe, tmp_path / "link"):
        reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
        reader.start()
        write_out(path, b"{}")
        reader.join(20)
    assert read == [b"{}", b"{}"]
    assert pipe.is_fifo()
    (tmp_path / "file").write_text("old")
    (tmp_path / "other").symlink_to("file")
    write_out(tmp_path / "other", b"new")
    assert (tmp_path / "other").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_json_of_a_command_goes_into_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert (
        call(*LEVELS, "--out", str(tmp_path / "run"), "--json", str(pipe)) == 0
    )
    reader.join(20)
    assert read == [(tmp_path / "run" / "result.json").read_bytes()]
    assert pipe.is_fifo()


def test_no_file_that_is_written_on_the_way_follows_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever guesses its name and puts a link there is found out."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123456789abcdef")
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".mho-0123456789abcdef.part").symlink_to(tmp_path / "mine")
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "result.json", b"{}")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("words", [LEVELS, ("wires", "--size", "8")])
def test_only_a_command_that_can_be_resumed_advises_it(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full disk, and an interruption by hand, in each: the words are the same but for that."""
    inner = write_whole

    def last(path: Path, content: bytes, **options: Any) -> None:
        if path.name in ("levels.png", "wires.png"):
            full_disk()
        inner(path, content, **options)

    for module in ("mho.files.run_folder", "mho.cli.work.circuits.wires"):
        monkeypatch.setattr(f"{module}.write_whole", last)
    out = ("--out", str(tmp_path / "run"))
    assert call(*words, *out) == 2
    said = capsys.readouterr().err
    assert "The disk must have room" in said
    assert ("--resume" in said) == (words == LEVELS)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for module in ("mho.files.run_folder", "mho.cli.work.circuits.wires"):
        monkeypatch.setattr(f"{module}.write_whole", stopped)
    assert call(*words, *out, *(["--resume"] if words == LEVELS else [])) == 130
    said = capsys.readouterr().err
    assert "Interrupted. " in said
    assert ("--resume" in said) == (words == LEVELS)


def unpacked(kept: Path, place: Path) -> Path:
    """What an interrupted run of the first release left."""
    if kept.suffix == ".gz":
        with tarfile.open(fileobj=io.BytesIO(kept.read_bytes())) as archive:
            archive.extractall(place, filter="data")
    else:
        shutil.copytree(kept, place)
    return place


@pytest.mark.parametrize(
    "kept", sorted(GOLDEN.iterdir()), ids=lambda path: path.name
)
def test_unfinished_work_of_the_first_release_is_known_and_kept(
    kept: Path, tmp_path: Path
) -> None:
    """Going on is refused in one sentence that says so; a fresh start keeps it by another name."""
    place = unpacked(kept, tmp_path / "place")
    (work,) = (
        list(place.rglob("unfinished"))
        or list(place.rglob("*.unfinished"))
        or list(place.rglob("points.json"))
    )
    before = tree(place)
    if (
        work.name == "points.json"
    ):  # of a sweep, which kept its points among its results
        with (
            pytest.raises(ValueError, match="is, which no run made"),
            RunFolder.open(work.parent, "sweep", "x", makes=("points.json",)),
        ):
            pass
        assert tree(place) == before
        return
    assert is_old_work(work)
    where = {
        "folder": work.parent,
        "command": "x",
        "identity": "x",
        "work": work.name,
    }
    with (
        pytest.raises(ValueError, match="made by another one; nothing is lost"),
        RunFolder.open(**where, resume=True),
    ):
        pass
    assert tree(place) == before
    with RunFolder.open(**where) as run:
        assert run.set_aside == work.with_name(f"{work.name}.1")
    shutil.rmtree(work)
    run.set_aside.rename(work)
    assert tree(place) == before
