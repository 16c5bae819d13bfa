"""Networks are taken out of wheels as data, and whatever else is in a wheel stays there."""

import zipfile
from pathlib import Path

import pytest

from real import wheels
from real.commands import mho

MEMBER = "swift_f0/model.onnx"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with a network, a program, and a path that leads out of it."""
    path = (
        tmp_path / f"swift_f0-{wheels.version_of('swift-f0')}-py3-none-any.whl"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, b"a network")
        archive.writestr("swift_f0/config.json", b"{}")
        archive.writestr("swift_f0/inner/other.txt", b"elsewhere")
        archive.writestr("../swift_f0/out.txt", b"outside")
    return path


def test_a_network_comes_out_with_the_files_beside_it(wheel: Path) -> None:
    """And with no others; the second time nothing is unpacked."""
    cache = wheel.parent
    file = wheels.network_file("swift-f0", MEMBER, cache)
    assert file.read_bytes() == b"a network"
    assert file.with_name("config.json").exists()
    assert not (file.parent / "inner").exists()
    assert not list(cache.rglob("out.txt"))
    file.write_bytes(b"kept")
    again = wheels.network_file("swift-f0", MEMBER, cache)
    assert again.read_bytes() == b"kept"


def test_a_file_that_is_too_large_stays_in_the_wheel(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "_LARGEST", 4)
    with pytest.raises(RuntimeError, match="of at most 4 bytes"):
        wheels.network_file("swift-f0", MEMBER, wheel.parent)


def test_a_package_without_a_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="must have a version"):
        wheels.network_file("no-such-package", MEMBER, tmp_path)


def test_commands_tell_what_they_took_and_what_went_wrong() -> None:
    """Python holds more than 5 MiB; a refusal ends in its sentence."""
    refused = mho(["inspect", "--no-such-option"])
    assert refused.code == 2
    assert "--no-such-option" in refused.sentence
    assert refused.seconds > 0
    assert refused.mib > 5
