"""Preset files, changed, by the thousand: the right preset or one sentence.

    python benchmarks/mutated_presets.py --count 10000

As `mutated_measurements.py` for files of measurements, in this process. *Rewritten* files say the
same in another way (ends of lines, marks of the byte order, comments, spaces, tables in another
order, numbers written otherwise): the numbers must be the same. *Damaged* files have bits
flipped, ends cut, pieces doubled, taken out or exchanged, numbers and words replaced by telling
ones: there is a preset whose cells can be made, or a sentence. Anything else is listed with the
number of its seed. One JSON object is printed.
"""

import argparse
import collections
import json
import math
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
from dataclasses import fields, replace
from pathlib import Path
from types import FrameType
from typing import Any

from mho.device.published import (
    Confidence,
    Correlations,
    Origin,
    Preset,
    preset,
    preset_text,
    read_preset_file,
)
from mutated_measurements import (
    HAPPENED,
    LIMIT,
    TooSlowError,
    cut,
    flipped,
    moved,
    told,
    watch,
)

GOOD = ("sentence", "same numbers", "other numbers")
TELLING = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e999",
    "1e-320",
    "9" * 400,
    "0x7fffffffffffffffff",
    "true",
    '""',
    '"1e999 uS"',
    '"nan V"',
    '"5 bananas"',
    "\"__import__('os').system('true')\"",
    '"../../../../etc/passwd"',
    "[]",
    "[[[[[[[[[[]]]]]]]]]]",
    "{}",
    "{ value = 1 }",
    "{ value = { value = 1 } }",
    '{ value = "1 V", interval = ["2 V", "1 V"] }',
    "1979-05-27T07:32:00Z",
    "07:32:00",
    '"""\n\n"""',
    "'''\\u0000'''",
    '"\\u0000"',
    '"\\ud800"',
    "a.b.c.d = 1",
    "[cell]",
    "[[cell]]",
    "[preset]",
    "base = 'rao2023'",
    "kind = 'soft-bound'",
    "kind = 'measured-steps'",
    "table = '/dev/zero'",
    "schema = 2",
    "= 1",
    "\u202e",
    "\u0660",
)
"""What numbers, words and lines become."""


@contextmanager
def processor_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes more time of the processor: a busy machine is no matter."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def replaced(content: bytes, chance: random.Random) -> bytes:
    """A value, or a line, becomes something telling."""
    lines = content.decode("utf-8", "replace").split("\n")
    place = chance.randrange(len(lines))
    word = chance.choice(TELLING)
    key, sign, _ = lines[place].partition("=")
    way = chance.randrange(3)
    if way == 0 and sign:
        lines[place] = f"{key}= {word}"
    elif way == 1:
        lines.insert(place, word)
    else:
        lines[place] = word
    return "\n".join(lines).encode("utf-8", "replace")


def mixed(content: bytes, chance: random.Random) -> bytes:
    """Lines are exchanged, doubled, or lost."""
    lines = content.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    way = chance.randrange(3)
    if way == 0:
        lines[one], lines[other] = lines[other], lines[one]
    elif way == 1:
        lines.insert(one, lines[other])
    else:
        del lines[one]
    return b"\n".join(lines)


def redigited(content: bytes, chance: random.Random) -> bytes:
    """A digit becomes another one: most numbers then are sound, and others."""
    places = [at.start() for at in re.finditer(rb"[0-9]", content)]
    if not places:
        return flipped(content, chance)
    place = chance.choice(places)
    digit = str(chance.randrange(10)).encode()
    return content[:place] + digit + content[place + 1 :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped,
    cut,
    moved,
    told,
    replaced,
    mixed,
    redigited,
)


def rewritten(content: bytes, chance: random.Random) -> bytes:
    """The same preset, written in another way."""
    text = content.decode()
    head, *tables = re.split(r"(?m)^(?=\[)", text)
    chance.shuffle(tables)
    lines = "".join(
        [head, *(one.rstrip("\n") + "\n\n" for one in tables)]
    ).split("\n")
    for _ in range(chance.choice((1, 2, 3))):
        lines = chance.choice(REWRITINGS)(lines, chance)
    joined = chance.choice(("\n", "\r\n")).join(lines)
    return joined.encode(chance.choice(("utf-8", "utf-8-sig")))


def _commented(lines: list[str], chance: random.Random) -> list[str]:
    place = chance.randrange(len(lines) + 1)
    return [*lines[:place], "# as measured by somebody", *lines[place:]]


def _spaced(lines: list[str], chance: random.Random) -> list[str]:
    gap = chance.choice((" ", "\t", "   "))
    return [gap + line + gap if line.strip() else line for line in lines]


def _exponents(lines: list[str], _: random.Random) -> list[str]:
    """A zero more behind the point, which is the same number."""
    found = []
    for line in lines:
        at = re.fullmatch(r"(\s*\w+\s*=\s*)(\d+\.\d+)(\s*)", line)
        found.append(f"{at[1]}{at[2]}0{at[3]}" if at else line)
    return found


REWRITINGS = (_commented, _spaced, _exponents)


def originals() -> dict[str, Preset]:
    """Presets of several kinds, one with intervals and correlations."""
    rao = preset("rao2023")
    names = ("switching.slope", "switching.set_voltage")
    values = dict(rao.values)
    for name in names:
        at = values[name]
        ends = (0.9 * at.value, 1.1 * at.value)
        values[name] = replace(
            at, confidence=Confidence.FITTED, source="pulses.csv", interval=ends
        )
    matrix = ((1.0, 0.5), (0.5, 1.0))
    origin = Origin(
        "fitted.toml", "rao2023", frozenset(names), Correlations(names, matrix)
    )
    fitted = replace(rao, name="fitted", values=values, origin=origin)
    found = {"fitted": fitted}
    for name in ("rao2023", "wan2022", "kim2021_passive", "ecram_li"):
        found[name] = replace(preset(name), name=f"my_{name}")
    return found


def numbers_of(found: Preset) -> dict[str, Any]:
    """All numbers of a preset, by name."""
    return {name: one.value for name, one in found.values.items()}


def keeps_promises(found: Preset) -> str:
    """What a preset breaks of what is promised; empty if nothing."""
    found.cell()
    _ = found.array
    for name, one in found.values.items():
        if not math.isfinite(one.value):
            return f"{name} is {one.value}"
        if one.interval and not all(map(math.isfinite, one.interval)):
            return f"{name} has an infinite interval"
    texts = [
        getattr(found, one.name) for one in fields(found) if one.type is str
    ]
    return "" if all(isinstance(text, str) for text in texts) else "no texts"


def is_sentence(text: str) -> bool:
    """Whether a text is one sentence of the house."""
    return (
        "\n" not in text
        and text.rstrip().endswith((".", "?"))
        and len(text) < 1500
    )


def changed(content: bytes, seed: int, damage: bool) -> bytes:
    """Other bytes for a file."""
    chance = random.Random(seed)
    if not damage:
        return rewritten(content, chance)
    for _ in range(chance.choice((1, 1, 2, 3))):
        content = chance.choice(DAMAGES)(content, chance) or b"\n"
    return content


def one_try(
    content: bytes, known: dict[str, Any], folder: Path, seed: int, damage: bool
) -> str:
    """Change a file, read it, and say what became of it in a word."""
    path = folder / "mine.toml"
    path.write_bytes(changed(content, seed, damage))
    HAPPENED.clear()
    try:
        with processor_limit(LIMIT):
            word = judged(read_preset_file(path), known, damage)
    except TooSlowError:
        return "too slow"
    except ValueError as error:
        word = (
            "sentence" if is_sentence(str(error)) else f"no sentence: {error}"
        )
        word = word if damage else f"refused though the same: {error}"
    # whatever else comes is what this looks for
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:120]}"
    return f"forbidden: {HAPPENED}" if HAPPENED else word


def judged(found: Preset, known: dict[str, Any], damage: bool) -> str:
    """What to call a preset that was read."""
    broken = keeps_promises(found)
    if broken:
        return f"broken: {broken}"
    if numbers_of(found) == known:
        return "same numbers"
    return "other numbers" if damage else "WRONG numbers of a rewritten file"


def attempt(name: str, made: Preset, count: int, first: int) -> dict[str, Any]:
    """Try one preset many times."""
    words: collections.Counter[str] = collections.Counter()
    bad: list[tuple[int, str]] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as place:
        content = preset_text(made, whole=name != "fitted").encode()
        for seed in range(first, first + count):
            begun = time.process_time()
            word = one_try(
                content, numbers_of(made), Path(place), seed, seed % 3 != 0
            )
            slowest = max(slowest, time.process_time() - begun)
            words[word if word in GOOD else "bad"] += 1
            if word not in GOOD:
                bad.append((seed, word))
    counted = {word: words[word] for word in (*GOOD, "bad")}
    return {
        "files": count,
        **counted,
        "slowest_s": round(slowest, 3),
        "worst": bad[:10],
    }


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--count", type=int, default=10_000, help="files in all"
    )
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    sys.addaudithook(watch)
    warnings.simplefilter("error")
    made = originals()
    each = -(-asked.count // len(made))
    result: dict[str, Any] = {
        name: attempt(name, one, each, asked.first)
        for name, one in made.items()
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result["peak_memory_GB"] = round(peak / 1e9, 3)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
