"""What differs between the fleets of one run: fields of the job or of the chips, over a grid."""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from mho.checks import Configuration, check_between, check_choice
from mho.device.published import check_preset, number_in, preset, word_with
from mho.runs.job import Job
from mho.units import parse, show

_MOST = 1000
"""Fleets of one run (1)."""
_ZERO_CELSIUS = 273.15
_TEMPERATURES = (1.0, 2000.0)
"""Least and largest temperature of a chip (K)."""
_TEMPERATURE = re.compile(r"([-+]?[0-9]{1,9}(?:\.[0-9]+)?)\s*(K|°?C)")
_SWITCH = {"on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Condition(Configuration):
    """Under what the chips of a fleet are made.

    Args:
        job: What is deployed and how; `chips` and `seed` of it name the fleet's.
        temperature: At which the chips are switched on (K).
        stuck: Share of cells that never switch (1); the preset's if `None`.
        words: What differs from other fleets of the run, as people read it, by field.
        purpose: What the chips are made for, as people read it, where it is another than usual.
    """

    job: Job
    temperature: float = 300.0
    stuck: float | None = None
    words: Mapping[str, str] = field(
        default_factory=dict, metadata={"identity": None}
    )
    purpose: str = field(default="", metadata={"identity": None})

    def __post_init__(self) -> None:
        check_between(self.temperature, "temperature", *_TEMPERATURES, "K")
        if self.stuck is not None:
            check_between(self.stuck, "stuck", 0.0, 1.0, "1")


def conditions_of(job: Job, asked: Sequence[str]) -> list[Condition]:
    """Every combination of what varies; a single one if nothing does.

    Args:
        job: What is deployed if nothing varies.
        asked: Fields and their values, such as `tolerance=0.5uS,1uS`.

    Raises:
        ValueError: No such field, a value that it cannot have, or a field named twice.

    >>> [c.words for c in conditions_of(Job("digits"), ["temperature=25C,85C"])]
    [{'temperature': '25C'}, {'temperature': '85C'}]
    """
    axes = [_axis(text, job) for text in asked]
    names = [name for name, _ in axes]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"Argument `vary` must name each field once, but names `{name}` twice."
            )
    count = math.prod(len(values) for _, values in axes)
    check_between(count, "vary", 1, _MOST, "1")
    found = []
    for values in itertools.product(*(values for _, values in axes)):
        condition = Condition(job)
        words = dict(zip(names, values, strict=True))
        # a number is changed of the chip that another one names
        for name in sorted(names, key=_is_number):
            condition = _changed(condition, name, words[name])
        found.append(replace(condition, words=words))
    return found


def _axis(text: str, job: Job) -> tuple[str, list[str]]:
    """A field and its values, each once."""
    name, equals, rest = text.partition("=")
    name = name.strip()
    numbers = preset(job.chip).values
    is_known = name in _FIELDS or name in numbers
    if not is_known:
        known = ", ".join(f"`{one}`" for one in _FIELDS)
        raise ValueError(
            f"Argument `vary` must name one of {known}, or a number of the preset (see"
            f" `mho presets {job.chip}`), but names `{name}`.{_nearest(name, numbers)}"
        )

    values = [value.strip() for value in rest.split(",")]
    if not equals or not all(values):
        raise ValueError(
            f"Argument `vary` must have values after `{name}=`, as in"
            f" `{_EXAMPLES.get(name, f'{name}=1,2')}`, but is `{text}`."
        )
    if len(set(values)) != len(values):
        raise ValueError(
            f"Argument `vary` must have each value of `{name}` once, but repeats one."
        )
    return name, values


def _nearest(name: str, numbers: Iterable[str]) -> str:
    """What somebody may have meant: by the whole name, or by what is behind its dot."""
    known = [*_FIELDS, *numbers]
    close = get_close_matches(name, known, 1)
    if not close:
        last = name.rpartition(".")[2]
        by_end = {one.rpartition(".")[2]: one for one in reversed(known)}
        ends = get_close_matches(last, list(by_end), 1)
        close = [by_end[end] for end in ends]
    return f" Did you mean `{close[0]}`?" if close else ""


def _is_number(name: str) -> bool:
    """Whether a field is a number of the preset."""
    return name not in _FIELDS


def _changed(condition: Condition, name: str, text: str) -> Condition:
    """A condition with one field changed."""
    if name in _FIELDS:
        return _FIELDS[name](condition, text)
    chip = condition.job.chip
    value = number_in(preset(chip), name, text)
    return _with_job(condition, chip=word_with(chip, name, value))


def _quantity(text: str, name: str, unit: str) -> float:
    try:
        return parse(text, unit)
    except ValueError as error:
        raise ValueError(f"Argument `vary`, field `{name}`, {error}") from None


def _with_job(condition: Condition, **changed: Any) -> Condition:
    return replace(condition, job=replace(condition.job, **changed))


def _tolerance(condition: Condition, text: str) -> Condition:
    return _with_job(condition, tolerance=_quantity(text, "tolerance", "S"))


def _denoise(condition: Condition, text: str) -> Condition:
    check_choice(text, "vary", _SWITCH)
    return _with_job(condition, denoise=_SWITCH[text])


def _chip(condition: Condition, text: str) -> Condition:
    check_preset(text, "vary")
    return _with_job(condition, chip=text)


def _wires(condition: Condition, text: str) -> Condition:
    written = text.replace("ohm", "Ω").replace("Ohm", "Ω")
    if not written.endswith("Ω"):
        written += "Ω"
    return _with_job(condition, wires=_quantity(written, "wires", "Ω"))


def _temperature(condition: Condition, text: str) -> Condition:
    found = _TEMPERATURE.fullmatch(text)
    if found is None:
        raise ValueError(
            "Argument `vary`, field `temperature`, must be a number with its unit such as `85C`,"
            f" but is `{text}`."
        )
    value = float(found[1]) + (0.0 if found[2] == "K" else _ZERO_CELSIUS)
    check_between(value, "temperature", *_TEMPERATURES, "K")
    return replace(condition, temperature=value)


def _stuck(condition: Condition, text: str) -> Condition:
    number = text.removesuffix("%")
    try:
        value = float(number) / (1 if number == text else 100)
    except ValueError:
        raise ValueError(
            f"Argument `vary`, field `stuck`, must be a share such as `0.01`, but is `{text}`."
        ) from None
    check_between(value, "stuck", 0.0, 1.0, "1")
    return replace(condition, stuck=value)


_FIELDS: dict[str, Callable[[Condition, str], Condition]] = {
    "tolerance": _tolerance,
    "denoise": _denoise,
    "chip": _chip,
    "wires": _wires,
    "temperature": _temperature,
    "stuck": _stuck,
}
_EXAMPLES = {
    "tolerance": "tolerance=0.5uS,1uS",
    "denoise": "denoise=on,off",
    "chip": "chip=rao2023,wan2022",
    "wires": "wires=0,0.5Ohm",
    "temperature": "temperature=25C,85C",
    "stuck": "stuck=0,0.01",
}


def condition_words(condition: Condition) -> str:
    """A condition as people read it.

    >>> condition_words(Condition(Job("digits")))
    '±1 µS, denoised'
    """
    said = [f"{name} {word}" for name, word in condition.words.items()]
    if not said:
        how = "denoised" if condition.job.denoise else "not denoised"
        said = [f"±{show(condition.job.tolerance, 'S')}, {how}"]
    if condition.purpose:
        said.append(condition.purpose)
    return ", ".join(said)
