"""Fields by name, values with units, grids in order."""

import re
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from mho.device.published import preset
from mho.programming import ProgramProtocol
from mho.sweeping import UNKNOWNS, Subject, grid_points, parse_axis
from mho.sweeping.fields import UNITS

SUBJECT = Subject(preset("rao2023"), ProgramProtocol())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("telegraph.births=0.3,1", (0.3, 1.0)),
        ("telegraph.amplitude=0.5uS, 3uS", (0.5e-6, 3e-6)),
        ("telegraph.longest=10s:1000s:3:log", (10.0, 100.0, 1000.0)),
        ("protocol.denoise.first=4:12:3", (4.0, 8.0, 12.0)),
        ("protocol.tolerance=1e-6", (1e-6,)),
        ("protocol.denoise=off,on", (0.0, 1.0)),
    ],
)
def test_values_are_read_with_their_units(
    text: str, values: tuple[float, ...]
) -> None:
    assert parse_axis(text, SUBJECT).values == pytest.approx(values)


def test_a_grid_changes_presets_and_protocols_the_last_axis_fastest() -> None:
    axes = [
        parse_axis(text, SUBJECT)
        for text in (
            "telegraph.births=1,2",
            "protocol.denoise.first=3,4",
            "protocol.trim.aim=0.5",
        )
    ]
    points = grid_points(axes, SUBJECT)
    assert [values for values, _ in points] == [
        (1, 3, 0.5),
        (1, 4, 0.5),
        (2, 3, 0.5),
        (2, 4, 0.5),
    ]
    changed = points[1][1]
    assert changed.preset["telegraph.births"] == 1
    assert changed.protocol.denoise is not None
    assert changed.protocol.denoise.first == 4
    assert SUBJECT.protocol == ProgramProtocol()


def test_every_field_can_be_set_to_what_it_is() -> None:
    """A field that is left as it is changes nothing, whichever it is."""
    for name in SUBJECT.names():
        if name == "protocol.denoise":
            continue
        part: Any = SUBJECT.protocol
        if name in SUBJECT.preset.values:
            value = SUBJECT.preset[name]
        else:
            for step in name.split(".")[1:]:
                part = getattr(part, step)
            value = float(part)
        same = SUBJECT.changed(name, value)
        assert same.protocol == SUBJECT.protocol
        assert same.preset.cell() == SUBJECT.preset.cell()


def test_units_of_the_protocol_are_those_its_docstrings_state() -> None:
    def stated(part: Any, prefix: str) -> dict[str, str]:
        found = {}
        for field in fields(part):
            value = getattr(part, field.name)
            name = f"{prefix}.{field.name}"
            if is_dataclass(value):
                found |= stated(value, name)
                continue
            text = re.search(
                rf"^ +{field.name}: (.*?)(?=^ +\w+: |\Z)",
                type(part).__doc__,
                re.M | re.S,
            )  # type: ignore[arg-type]
            unit = re.findall(r"\(([A-Za-z1]+)\)", text[1]) if text else []
            if unit and unit[-1] != "1":
                found[name] = unit[-1]
        return found

    assert stated(SUBJECT.protocol, "protocol") == UNITS


@pytest.mark.parametrize("name", UNKNOWNS)
def test_every_ready_sweep_can_be_made(name: str) -> None:
    axis = parse_axis(UNKNOWNS[name].sweep, SUBJECT)
    assert len(grid_points([axis], SUBJECT)) == len(axis.values) >= 3
    assert UNKNOWNS[name].why


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["telegraph.birth=1"], "Did you mean `telegraph.births`?"),
        (["telegraph.births"], "must be followed by values"),
        (["telegraph.births=one"], "`telegraph.births` must be a number"),
        (
            ["telegraph.amplitude=3V"],
            "`telegraph.amplitude` must carry a unit of S",
        ),
        (["telegraph.births=1,1"], "each value once"),
        (["telegraph.births=1:2"], "must be a range like"),
        (
            ["telegraph.longest=0:9:3:log"],
            "must be positive for logarithmic steps",
        ),
        (["telegraph.births=1", "telegraph.births=2"], "given twice"),
        (
            ["protocol.denoise.first=2.5"],
            "`protocol.denoise.first` must be a whole number",
        ),
        (["telegraph.births=-1"], "`births` must be finite and not negative"),
        (
            ["protocol.denoise=maybe"],
            "`protocol.denoise` must be one of `off`, `on`",
        ),
        (
            ["protocol.denoise=off", "protocol.denoise.first=3"],
            "a protocol that denoises",
        ),
        (
            ["telegraph.births=0:1:200", "telegraph.spawning=0:1:200"],
            "`points` must lie within",
        ),
    ],
)
def test_what_cannot_be_swept_is_refused(
    texts: list[str], sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        grid_points([parse_axis(text, SUBJECT) for text in texts], SUBJECT)
