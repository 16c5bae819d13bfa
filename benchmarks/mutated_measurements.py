"""Files of measurements, changed, by the thousand: the right numbers or one sentence.

    python benchmarks/mutated_measurements.py --count 10000 [--format arc_one]

A small file of each format is changed in one of two ways and read in this process. *Rewritten*
files say the same in another way (ends of lines, encodings, marks of the byte order, comments,
empty lines, separators, packing): the numbers must be the same, or there is a sentence. *Damaged*
files have bits flipped, ends cut, pieces doubled, taken out or exchanged, numbers replaced by
telling ones: there is a value that keeps what is promised of values, or a sentence. Anything else
is listed with the number of its seed: another exception, a file that took too long, an event of
the audit that no file may cause (a process, a socket, a pickle), broken promises. One JSON object
is printed.
"""

import argparse
import collections
import gzip
import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from lab_files import FILES, LabFile
from mho.measured import Measurement, read_measured

LIMIT = 10.0
"""Time that a file may take (s)."""
BINARY = ("arc_two", "matlab_4", "matlab_7", "matlab_73", "parquet")
FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "socket.connect",
    "pickle.find_class",
    "exec",
)
"""Events of the audit that no file may cause."""
TELLING = (
    b"nan",
    b"inf",
    b"-1",
    b"1e999",
    b"0",
    b"1e-320",
    b"9.91e37",
    b"",
    b"1,5",
    b"#",
    b";",
    b"\t",
    b'"',
    b"1_000",
    b"__import__('os')",
    b"=1+1",
    b"\xd9\xa1",
    b"\x00",
    b"-",
    b"45 uS",
    b"\xef\xbb\xbf",
    b"\n\n",
)


LONG = ("pulses", "waits", "endurance", "sweeps")
"""Kinds whose arrays are of one length."""
FINITE = {
    "pulses": ("before", "after"),
    "waits": ("conductance",),
    "endurance": ("cycle",),
    "sweeps": ("voltage", "current"),
    "trace": ("conductance",),
    "steps": ("conductance", "step"),
}
"""Arrays that have no NaN, by kind."""


class TooSlowError(Exception):
    """A file took longer than is allowed."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def flipped(content: bytes, chance: random.Random) -> bytes:
    """One bit to a few bits turned."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    """The end is missing, or the beginning."""
    place = chance.randrange(len(content))
    return content[:place] if chance.random() < 0.8 else content[place:]


def moved(content: bytes, chance: random.Random) -> bytes:
    """A piece is doubled, taken out, or put elsewhere."""
    size = chance.choice((1, 2, 4, 16, 64, 300))
    start = chance.randrange(len(content))
    piece = content[start : start + size]
    way = chance.randrange(3)
    if way == 0:
        return content[:start] + piece + content[start:]
    rest = content[:start] + content[start + size :]
    if way == 1:
        return rest
    place = chance.randrange(len(rest) + 1)
    return rest[:place] + piece + rest[place:]


def lied(content: bytes, chance: random.Random) -> bytes:
    """Four or eight bytes become a telling number: lengths and counts that lie."""
    place = chance.randrange(len(content))
    number = chance.choice(
        (0, 1, 255, 2**31 - 1, 2**32 - 1, 2**16, 2**63 - 1, 2**28)
    )
    size = chance.choice((1, 2, 4, 8))
    order = "little" if chance.random() < 0.5 else "big"
    lie = int(number % 256**size).to_bytes(size, order)  # type: ignore[arg-type]
    return content[:place] + lie + content[place + size :]


def told(content: bytes, chance: random.Random) -> bytes:
    """A number of a text becomes something telling."""
    numbers = list(re.finditer(rb"[-+0-9.eE]+", content))
    if not numbers:
        return flipped(content, chance)
    for _ in range(chance.choice((1, 1, 3))):
        one = chance.choice(numbers)
        content = (
            content[: one.start()]
            + chance.choice(TELLING)
            + content[one.end() :]
        )
    return content


def headed(content: bytes, chance: random.Random) -> bytes:
    """The head changes: words and units exchanged, doubled, lost."""
    lines = content.split(b"\n")
    words = re.split(rb"([,;\t ()\[\]_/])", lines[0])
    way = chance.randrange(4)
    place = chance.randrange(len(words))
    if way == 0:
        words[place] = chance.choice(words)
    elif way == 1:
        words[place] = chance.choice(
            (
                b"uS",
                b"kOhm",
                b"V",
                b"time",
                b"G",
                b"cell",
                b"",
                b"before",
                b"-",
                b"%",
            )
        )
    elif way == 2:
        del words[place]
    else:
        lines.insert(chance.randrange(3), lines[0])
    lines[0] = b"".join(words)
    return b"\n".join(lines)


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped,
    cut,
    moved,
    lied,
    told,
    headed,
)


def rewritten(lab: LabFile, content: bytes, chance: random.Random) -> bytes:
    """The same table, written in another way."""
    packed = content.startswith(b"\x1f\x8b")
    text = gzip.decompress(content) if packed else content
    lines = text.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
    for _ in range(chance.choice((1, 2, 3))):
        lines = chance.choice(REWRITINGS)(lines, lab, chance)
    end = chance.choice((b"\n", b"\r\n", b"\r"))
    joined = end.join(lines) + chance.choice((end, b""))
    way = chance.randrange(5)
    if way == 0:
        joined = _decoded(joined).encode("utf-8-sig")
    elif way in (1, 2):
        plain = _decoded(joined)
        joined = plain.encode("utf-16" if way == 1 else "utf-16-le")
    is_packed = packed or chance.random() < 0.2
    return gzip.compress(joined, mtime=0) if is_packed else joined


def _commented(
    lines: list[bytes], _: LabFile, chance: random.Random
) -> list[bytes]:
    place = chance.choice((0, chance.randrange(len(lines))))
    return [*lines[:place], b"# measured by somebody", *lines[place:]]


def _blank(
    lines: list[bytes], _: LabFile, chance: random.Random
) -> list[bytes]:
    place = chance.randrange(1, len(lines) + 1)
    return [*lines[:place], chance.choice((b"", b"   ")), *lines[place:]]


def _spaced(lines: list[bytes], _: LabFile, __: random.Random) -> list[bytes]:
    return [line + b"  " for line in lines]


def _separated(
    lines: list[bytes], lab: LabFile, _: random.Random
) -> list[bytes]:
    """Semicolons for commas, where commas stand between columns and nowhere else."""
    if lab.name in ("trace.csv", "sweep.csv"):
        return lines
    return [line.replace(b",", b";") for line in lines]


REWRITINGS = (_commented, _blank, _spaced, _separated)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def keeps_promises(found: Measurement) -> str:
    """What a value breaks of what is promised; empty if nothing."""
    arrays = {
        one.name: np.asarray(getattr(found, one.name))
        for one in fields(found)
        if hasattr(getattr(found, one.name), "shape")
    }
    if not all(isinstance(remark, str) and remark for remark in found.remarks):
        return "remarks are no sentences"
    lengths = {len(values) for values in arrays.values()}
    if found.kind in LONG and len(lengths) != 1:
        return "arrays differ in length"
    for name, values in arrays.items():
        if (
            values.dtype.kind not in "fi"
            or np.isinf(values.astype(float)).any()
        ):
            return f"{name} is of {values.dtype}, or infinite"
        if name in FINITE.get(found.kind, ()) and np.isnan(values).any():
            return f"{name} is not finite"
    return ""


def same_numbers(lab: LabFile, found: Measurement) -> bool:
    """Whether a value has the numbers of the original file."""
    if found.kind != lab.kind:
        return False
    for name, expected in lab.holds.items():
        values = np.asarray(getattr(found, name))
        if values.shape != expected.shape or not np.allclose(
            values, expected, rtol=2e-5, atol=1e-12
        ):
            return False
    return True


HAPPENED: list[str] = []
"""Forbidden events since the last look."""


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Hook of the audit: note what no file may cause.

    Code that lies in a file of a package is imported late, and is none of the file's.
    """
    if event == "exec" and Path(arguments[0].co_filename).is_file():
        return
    if event in FORBIDDEN:
        HAPPENED.append(event)


def changed(lab: LabFile, chance: random.Random, damage: bool) -> bytes:
    """Other bytes for a file.

    Args:
        lab: The file.
        chance: What is drawn.
        damage: Whether to damage it, else it is rewritten.
    """
    if not damage:
        return rewritten(lab, lab.content, chance)
    content = lab.content
    for _ in range(chance.choice((1, 1, 2, 3))):
        content = chance.choice(DAMAGES)(content, chance) or b"\n"
    return content


def one_try(lab: LabFile, folder: Path, seed: int, damage: bool) -> str:
    """Change a file, read it, and say what became of it in a word."""
    path = lab.write(folder, changed(lab, random.Random(seed), damage))
    HAPPENED.clear()
    try:
        with time_limit(LIMIT):
            found = read_measured(path, **lab.given)
            word = judged(lab, found, damage)
    except TooSlowError:
        return "too slow"
    except (ValueError, OSError) as error:
        word = (
            "sentence" if is_sentence(str(error)) else f"no sentence: {error}"
        )
    # whatever else comes is what this looks for
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:120]}"
    return f"forbidden: {HAPPENED}" if HAPPENED else word


def is_sentence(text: str) -> bool:
    """Whether a text is one sentence of the house."""
    begins = text.startswith(("File `", "Argument `"))
    return begins and "\n" not in text and text.rstrip().endswith((".", "?"))


def judged(lab: LabFile, found: Measurement, damage: bool) -> str:
    """What to call a value that was read."""
    broken = keeps_promises(found)
    if broken:
        return f"broken: {broken}"
    if same_numbers(lab, found):
        return "same numbers"
    return "other numbers" if damage else "WRONG numbers of a rewritten file"


GOOD = ("sentence", "same numbers", "other numbers")


def attempt(name: str, count: int, first: int = 0) -> dict[str, Any]:
    """Try a format many times.

    Args:
        name: Name of the format.
        count: How many files.
        first: Seed of the first.
    """
    lab = FILES[name]()
    words: collections.Counter[str] = collections.Counter()
    bad: list[tuple[int, str]] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as place:
        read_measured(lab.write(Path(place)), **lab.given)
        for seed in range(first, first + count):
            damage = name in BINARY or seed % 3 != 0
            begun = time.monotonic()
            word = one_try(lab, Path(place), seed, damage)
            slowest = max(slowest, time.monotonic() - begun)
            words[word if word in GOOD else "bad"] += 1
            if word == "sentence" and not damage:
                words["rewritten and refused"] += 1
            if word not in GOOD:
                bad.append((seed, word))
    return {
        "files": count,
        **{
            word: words[word]
            for word in (*GOOD, "rewritten and refused", "bad")
        },
        "slowest_s": round(slowest, 3),
        "worst": bad[:10],
    }


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--format", choices=[*FILES, "all"], default="all")
    asked = parser.parse_args()
    sys.addaudithook(watch)
    warnings.simplefilter("error")
    chosen = list(FILES) if asked.format == "all" else [asked.format]
    result: dict[str, Any] = {
        name: attempt(name, asked.count, asked.first) for name in chosen
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result["peak_memory_GB"] = round(peak / 1e9, 3)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
