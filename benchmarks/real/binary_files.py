"""Contents of binary files of many kinds, made with what Python and Pillow can write."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.random import Generator
from PIL import Image

from real.text_files import name, number, sentence

Maker = Callable[[Generator], bytes]


def _prose(generator: Generator) -> bytes:
    lines = (sentence(generator) for _ in range(40))
    return "\n".join(lines).encode()


def _picture(kind: str) -> Maker:
    """Maker of pictures of smooth colours in a format that Pillow writes."""

    def make(generator: Generator) -> bytes:
        coarse = generator.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((96, 80))
        file = io.BytesIO()
        picture.save(file, kind)
        return file.getvalue()

    return make


def zipped(generator: Generator) -> bytes:
    """An archive of a few texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for _ in range(4):
            archive.writestr(f"{name(generator)}.txt", _prose(generator))
    return file.getvalue()


def tarred(generator: Generator) -> bytes:
    """A tape archive of a few texts."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for _ in range(3):
            text = _prose(generator)
            entry = tarfile.TarInfo(f"{name(generator)}.txt")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return file.getvalue()


def pdf(generator: Generator) -> bytes:
    """A document of one page with its table of objects."""
    lines = "".join(f"({sentence(generator)}) Tj T*\n" for _ in range(20))
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td\n{lines}ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    text = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    places = []
    for index, body in enumerate(objects, 1):
        places.append(len(text))
        text += f"{index} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    text += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    start = text.index("xref")
    text += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\n"
    text += f"startxref\n{start}\n"
    return (text + "%%EOF\n").encode("latin-1")


def sound(generator: Generator) -> bytes:
    """Half a second of a tone."""
    time = np.arange(4000) / 8000
    tone = np.sin(2 * np.pi * generator.uniform(200, 900) * time)
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes((tone * 20_000).astype("<i2").tobytes())
    return file.getvalue()


def database(generator: Generator) -> bytes:
    """A database of one table."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table t (id integer, name text, note text)")
        rows = [
            (number(generator), name(generator), sentence(generator))
            for _ in range(60)
        ]
        connection.executemany("insert into t values (?, ?, ?)", rows)
        connection.commit()
        contents = connection.serialize()
    connection.close()
    return contents


def array(generator: Generator) -> bytes:
    """An array of numpy's."""
    file = io.BytesIO()
    np.save(file, generator.normal(size=(40, 25)))
    return file.getvalue()


def pickled(generator: Generator) -> bytes:
    """Values as pickle writes them."""
    rows = {
        name(generator): [sentence(generator), number(generator)]
        for _ in range(30)
    }
    return pickle.dumps(rows)


def font(generator: Generator) -> bytes:
    """One of the fonts that come with matplotlib."""
    fonts = sorted(Path(mpl.get_data_path(), "fonts", "ttf").glob("*.ttf"))
    return fonts[generator.integers(len(fonts))].read_bytes()


BINARY_FILES: dict[str, Maker] = {
    "bmp": _picture("BMP"),
    "bzip": lambda generator: bz2.compress(_prose(generator)),
    "gif": _picture("GIF"),
    "gzip": lambda generator: gzip.compress(_prose(generator)),
    "jpeg": _picture("JPEG"),
    "npy": array,
    "pdf": pdf,
    "pickle": pickled,
    "png": _picture("PNG"),
    "sqlite": database,
    "tar": tarred,
    "tiff": _picture("TIFF"),
    "ttf": font,
    "wav": sound,
    "webp": _picture("WEBP"),
    "xz": lambda generator: lzma.compress(_prose(generator)),
    "zip": zipped,
}
"""Makers of binary files, by what magika calls the kind."""
