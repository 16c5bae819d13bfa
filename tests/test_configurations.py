"""Every field of every configuration: misspelt, of a wrong kind or out of range, it is refused."""

import copy
import importlib
import inspect
import math
import pickle
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, get_args

import pytest
from cyclopts import App

import mho
from configurations import MAKERS, made
from mho.checks import CONFIGURATIONS, Configuration, check_number
from mho.cli.main import app, main
from mho.device import CellModel
from mho.device.laws import BarrierRelaxation, QuantileRelaxation
from mho.device.published import PRESETS, preset
from mho.programming import ProgramProtocol
from mho.sweeping import Subject

HUGE = 10**400
EITHER_SIGN = "signals and errors of converters have either sign"
FIT = (
    "coefficients of a fit have either sign; the sum is what cannot be negative"
)
OPEN = "an infinite resistance is an open line or cell"
FREE = "an infinite limit is none"
ALLOWED: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("Converter", "low"): (("negative",), EITHER_SIGN),
    ("Converter", "offset"): (("negative",), EITHER_SIGN),
    ("SignedConverter", "offset"): (("negative",), EITHER_SIGN),
    ("Ferroelectric", "offset"): (("negative",), EITHER_SIGN),
    ("Selector", "threshold"): (
        ("negative",),
        "a depletion transistor opens below 0 V",
    ),
    **{
        ("Fit", name): (("negative",), EITHER_SIGN)
        for name in (
            *("offset", "slope", "factor"),
            *("constant", "linear", "square", "cube"),
        )
    },
    ("PhaseChange", "mean_slope"): (("negative",), "steps shrink upwards"),
    ("TwoState", "correlation"): (("negative",), EITHER_SIGN),
    **{
        ("WireModel", name): (("infinite",), OPEN)
        for name in ("word_line", "bit_line", "driver", "sense", "access")
    },
    **{
        ("LineLimits", name): (("infinite",), FREE)
        for name in ("word_line", "bit_line", "driver")
    },
    **{
        ("FittedRelaxation", f"{fit}_{power}"): (("negative",), FIT)
        for fit in ("early", "late")
        for power in range(5)
    },
    **{
        (law.__name__, field.name): (("negative",), FIT)
        for law in (QuantileRelaxation, BarrierRelaxation)
        for field in fields(law)
        if field.name[-1].isdigit() or field.name == "lifetime_slope"
    },
}
"""What else would be refused but has a meaning, field by field, and which."""


def kinds(hint: Any) -> set[type]:
    """Number types of a field."""
    return {kind for kind in (*get_args(hint), hint) if kind in (int, float)}


def every_field(*, numbers: bool) -> Iterator[tuple[str, str]]:
    for name in MAKERS:
        for field in fields(made(name)):
            if not numbers or kinds(field.type):
                yield name, field.name


def settings(one: Any) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def misspelt(name: str) -> str:
    """Two letters swapped, or one doubled where there is only one."""
    middle = max(1, len(name) // 2)
    swapped = (
        name[: middle - 1]
        + name[middle : middle + 1]
        + name[middle - 1]
        + name[middle + 1 :]
    )
    return f"{name}{name[-1]}" if swapped in (name, "dac", "adc") else swapped


def test_every_configuration_is_listed() -> None:
    """Whatever derives from `Configuration` is in the list; a new class cannot be forgotten."""
    for part in pkgutil.walk_packages(mho.__path__, "mho."):
        if not part.name.endswith("__main__"):
            importlib.import_module(part.name)
    house = {
        c for c in CONFIGURATIONS.values() if c.__module__.startswith("mho.")
    } - {CellModel}
    assert house == {type(made(name)) for name in MAKERS}
    assert all(type(made(name)).__name__ == name for name in MAKERS)


def test_two_classes_of_one_name_are_two() -> None:
    """The list is by module and name, so that neither hides the other from the tests."""

    def in_module(name: str) -> type[Configuration]:
        @dataclass(frozen=True, slots=True)
        class Twin(Configuration):
            __module__ = name
            width: float = 1.0

        return Twin

    twins = [in_module(name) for name in ("first", "second")]
    assert [
        CONFIGURATIONS.pop(f"{name}.Twin") for name in ("first", "second")
    ] == twins


@pytest.mark.parametrize("name", [*MAKERS])
def test_settings_are_copied_and_pickled(name: str) -> None:
    """Copies are equal and hold no more, though they are made without a single value."""
    one = made(name)
    assert not hasattr(one, "__dict__")
    again = replace(one)
    assert repr(again) == repr(one)
    assert repr(pickle.loads(pickle.dumps(one))) == repr(one)
    assert repr(copy.copy(one)) == repr(one)


@pytest.mark.parametrize(("name", "field"), [*every_field(numbers=False)])
def test_a_misspelt_field_is_refused_with_the_nearest(
    name: str, field: str
) -> None:
    """By the constructor and by `dataclasses.replace`; the signature stays the dataclass's own.

    The nearest is the field meant, unless another one of the class looks even more alike.
    """
    one = made(name)
    wrong = misspelt(field)
    own = settings(one)
    (nearest,) = get_close_matches(wrong, own, n=1, cutoff=0.0)
    sentence = f"^Argument `{wrong}` must be a field of `{name}`, .* Did you mean `{nearest}`"
    with pytest.raises(TypeError, match=sentence):
        type(one)(
            **{
                wrong if key == field else key: value
                for key, value in own.items()
            }
        )
    with pytest.raises(TypeError, match=sentence):
        replace(one, **{wrong: own[field]})
    assert field in inspect.signature(type(one)).parameters


@pytest.mark.parametrize(("name", "field"), [*every_field(numbers=True)])
def test_a_number_that_means_nothing_is_refused(name: str, field: str) -> None:
    """NaN, ±∞, −1, ±10³⁰⁰ or 10³⁰, texts, truth values, lists and `None`, in one sentence.

    What has a meaning there all the same stands in `ALLOWED`, with the reason, and is accepted.
    """
    one = made(name)
    own = settings(one)
    hint = next(f.type for f in fields(one) if f.name == field)
    whole = kinds(hint) == {int}
    wrong: dict[str, Any] = {
        "nan": math.nan,
        "infinite": math.inf,
        "-infinite": -math.inf,
        "negative": -1 if whole else -1.0,
        "huge": HUGE if whole else 1e300,
        "-huge": -HUGE if whole else -1e300,
        "text": "1",
        "truth": True,
        "list": [None],
    }
    if type(None) not in get_args(hint) and (name, field) not in {
        ("Chip", "rows"),
        ("Chip", "cols"),
    }:
        wrong["none"] = None
    if whole:
        wrong["part"] = 1.5
    allowed = ALLOWED.get((name, field), ((), ""))[0]
    for what, value in wrong.items():
        if what in allowed:
            type(one)(**own | {field: value})
            continue
        with pytest.raises(
            (ValueError, TypeError), match=r"^Argument `[^\n]*\.( |$)[^\n]*"
        ) as raised:
            type(one)(**own | {field: value})
        assert type(raised.value) in (ValueError, TypeError)


def test_what_is_allowed_names_fields_that_are_there() -> None:
    """No reason without a field."""
    assert ALLOWED.keys() <= set(every_field(numbers=True))


@pytest.mark.parametrize("chip", PRESETS)
def test_every_number_of_a_preset_is_refused_when_misspelt_or_meaningless(
    chip: str,
) -> None:
    """`replace` asks the laws behind the numbers; `mho sweep` and `--set` go through it too."""
    own = preset(chip)
    for name in own.values:
        key = name.replace(".", "__")
        (near,) = get_close_matches(f"{name}x", own.values, n=1)
        with pytest.raises(ValueError, match=f"Did you mean `{near}`"):
            own.replace(**{f"{key}x": 1.0})
        for value in (math.nan, math.inf, -math.inf, 1e300, -1e300):
            with pytest.raises(ValueError, match=r"^Argument `"):
                own.replace(**{key: value})
        for value in ("1", True, None):
            with pytest.raises(TypeError):
                own.replace(**{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["telegraph.slots", "array.rows", "array.adc_bits"]
)
def test_counts_of_a_preset_are_whole(name: str) -> None:
    """Half a slot would be cut off without a word."""
    with pytest.raises(
        ValueError,
        match=f"^Argument `{name}` must be a whole number, but is 2.5",
    ):
        preset("rao2023").replace(**{name.replace(".", "__"): 2.5})


def test_every_field_of_a_sweep_is_refused_when_misspelt() -> None:
    """Presets and protocols alike, by their dotted names."""
    subject = Subject(preset("rao2023"), ProgramProtocol())
    for name in subject.names():
        with pytest.raises(
            ValueError,
            match=r"Argument `field` must be one of .* Did you mean `",
        ):
            subject.changed(f"{name}x", 1.0)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 2
    return capsys.readouterr().err


def commands(part: App, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Words of every command that does something."""
    below = [name for name in part if not name.startswith("-")]
    if not below:
        yield above
    for name in below:
        yield from commands(part[name], (*above, name))


def test_every_option_of_every_command_is_refused_when_misspelt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence with the nearest option, and exit code 2."""
    leaves = [words for words in commands(app, ()) if words]
    assert len(leaves) > 8
    for words in leaves:
        part = app
        for word in words:
            part = part[word]
        arguments = part.assemble_argument_collection()
        needed = [
            word
            for one in arguments
            if one.required
            for word in (one.names[0], "1")
        ]
        needed = (
            ["x"]
            if not needed or not needed[0].startswith("--")
            else ["x", *needed]
        )
        for argument in arguments:
            for option in argument.names:
                if option.startswith("--") and "no-" not in option:
                    told = said(capsys, *words, *needed, f"{option}x", "1")
                    assert told.count("\n") == 1
                    assert (
                        f"{option}x" in told or "requires an argument" in told
                    )


def test_a_number_is_a_number() -> None:
    """In the house sentence, also for callers that check no types."""
    with pytest.raises(
        TypeError,
        match=r"^Argument `switching\.step` must be a number, but is '1'",
    ):
        check_number("1", "switching.step")


def test_set_refuses_a_misspelt_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`mho reproduce --set` names the nearest field of the preset."""
    told = said(
        capsys,
        "reproduce",
        "rao2023",
        "--set",
        "telegraph.birth=0",
        "--out",
        "/nowhere",
    )
    assert "Did you mean `telegraph.births`?" in told


def test_items_of_a_sequence_are_checked_one_by_one() -> None:
    """By place, as in `values[1]`."""
    axis = made("Axis")
    with pytest.raises(
        ValueError, match=r"`values\[1\]` must be a number, but is NaN"
    ):
        replace(axis, values=(1.0, math.nan))
    with pytest.raises(
        TypeError, match=r"`digital\[0\]` must be a text, but is 3"
    ):
        replace(made("Job"), digital=(3,))


def test_the_decorator_keeps_what_a_dataclass_is() -> None:
    """Same name, fields, equality and order of arguments; positions are checked, too."""
    verify = made("Verify")
    assert verify == type(verify)(1.0, 32)
    with pytest.raises(
        TypeError,
        match="Argument `samples` must be a whole number, but is '32'",
    ):
        type(verify)(1.0, "32")
    assert (
        type(verify).__init__.__doc__
        == type(verify).__init__.__wrapped__.__doc__
    )
