"""Pictures of a run: files of its folder, and those within its pages.

All of it may come from elsewhere: only what is a PNG image is taken, and nothing of the text
around it but the words that describe it.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

_LARGEST = 1 << 26
"""Size of a page or picture beyond which it is left out (bytes)."""
_ADDRESS = "data:image/png;base64,"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_WORDS = 400
"""Letters of a description that are kept (1)."""
_HEADINGS = ("h2", "h3")


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure.

    Args:
        source: Its `data:` address.
        alt: What it shows, for who cannot see it.
    """

    source: str
    alt: str


Pictures = dict[str, Picture]
"""By what a picture shows: the heading above it, or the name of its file."""


def pictures_in(folder: Path, names: Sequence[str]) -> Pictures:
    """All pictures of a run.

    Args:
        folder: Its folder.
        names: Files and folders in it that are the run's.

    Raises:
        OSError: A file cannot be read.
    """
    found: Pictures = {}
    for path in _files(folder, names):
        if path.suffix == ".png":
            content = path.read_bytes()
            if content.startswith(_SIGNATURE):
                name = path.relative_to(folder).with_suffix("").as_posix()
                alt = f"Figure {path.name} of the run."
                _add(found, name, Picture(_address(content), alt))
        elif path.suffix == ".html":
            for heading, picture in _of_page(path):
                _add(found, heading, picture)
    return found


def _add(found: Pictures, name: str, picture: Picture) -> None:
    """Keep a picture under its name, or the next of that name."""
    number = 1
    key = name
    while key in found:
        # a figure that lies beside a page is often in it as well
        if found[key].source == picture.source:
            return
        number += 1
        key = f"{name} ({number})"
    if all(one.source != picture.source for one in found.values()):
        found[key] = picture


def _files(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Pages and pictures, in folders of the run as well; links lead to others'."""
    for name in names:
        path = folder / name
        if path.is_symlink():
            continue
        inner = sorted(path.iterdir()) if path.is_dir() else [path]
        for one in inner:
            is_file = one.is_file() and not one.is_symlink()
            if is_file and one.stat().st_size <= _LARGEST:
                yield one


def _of_page(path: Path) -> list[tuple[str, Picture]]:
    reader = _PageReader()
    reader.feed(path.read_text(encoding="utf-8", errors="replace"))
    return reader.found


class _PageReader(HTMLParser):
    """Takes the pictures of a page, each with the heading above it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, Picture]] = []
        self._heading = ""
        self._within = False

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Begin a heading, or take a picture."""
        if tag in _HEADINGS:
            self._heading = ""
            self._within = True
        if tag == "img":
            held = dict(attrs)
            source = _checked(held.get("src") or "")
            if source:
                alt = (held.get("alt") or "")[:_MOST_WORDS]
                name = " ".join(self._heading.split()) or "figure"
                self.found.append((name, Picture(source, alt)))

    def handle_endtag(self, tag: str) -> None:
        """End a heading."""
        if tag in _HEADINGS:
            self._within = False

    def handle_data(self, data: str) -> None:
        """Take the words of a heading."""
        if self._within:
            self._heading = (self._heading + data)[:_MOST_WORDS]


def _checked(source: str) -> str:
    """The address of a PNG image, written anew; nothing if it is something else."""
    if not source.startswith(_ADDRESS):
        return ""
    try:
        content = base64.b64decode(source[len(_ADDRESS) :], validate=True)
    except (binascii.Error, ValueError):
        return ""
    return _address(content) if content.startswith(_SIGNATURE) else ""


def _address(content: bytes) -> str:
    return _ADDRESS + base64.b64encode(content).decode("ascii")
