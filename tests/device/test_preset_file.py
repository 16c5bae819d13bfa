"""Preset files: written ones read back to the identical cells; wrong ones are one sentence."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

import mho
from mho.device.laws import Fit
from mho.device.published import (
    PRESETS,
    Confidence,
    Correlations,
    Origin,
    Preset,
    Value,
    label,
    preset_text,
    read_preset_file,
    write_preset_file,
)
from mho.device.published.preset_file.quantities import quantity, written
from mho.device.published.preset_file.schema import (
    HEAD,
    NUMBER,
    WORDS,
    _told_unit,
    kind_names,
)
from mho.device.values import FURTHER_LAWS
from mho.files import identity

BASE = '[preset]\nbase = "rao2023"\n'


def read(folder: Path, text: str, name: str = "mycell.toml") -> Preset:
    """The preset of a file with this text."""
    file = folder / name
    file.write_text(text)
    return read_preset_file(file)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", PRESETS)
def test_a_shipped_preset_reads_back_to_the_identical_chip(
    name: str, whole: bool, tmp_path: Path
) -> None:
    """Same identity of values, so the same cells; and nothing is called the file's own."""
    shipped = PRESETS[name]
    back = read(tmp_path, preset_text(shipped, whole=whole))
    assert identity(mho.Chip(back)) == identity(mho.Chip(shipped))
    assert back.values == shipped.values
    assert back.kind is shipped.kind
    assert back.name == "mycell"
    assert back.origin == Origin("mycell.toml", name)


def test_steps_from_before_the_vigour_of_ramps_have_none(
    tmp_path: Path,
) -> None:
    """What the lack of a number meant that came later: ramps of a cell do not differ."""
    numbers = {
        f"{way}_{k}": "1 uS" for way in ("up", "down") for k in range(10)
    }
    numbers |= dict.fromkeys(("low", "spread_up", "spread_down"), "1 uS")
    numbers |= {"high": "100 uS", "width": "100 ns"}
    numbers |= dict.fromkeys(("pulses_up", "pulses_down"), "100")
    numbers |= dict.fromkeys(("voltage", "scale"), "1 V")
    rest = ("reversal", "threshold", "gain_spread", "bias_spread")
    rest += ("voltage_spread", "stuck_fraction", "stuck_high")
    numbers |= dict.fromkeys(rest, "0.1")
    lines = [f'{name} = "{value}"' for name, value in numbers.items()]
    whole = preset_text(PRESETS["rao2023"], whole=True)
    array = whole[whole.index("[array") :]
    head = '[cell]\nkind = "ramp-steps"\n'
    found = read(tmp_path, head + "\n".join(lines) + "\n\n" + array)
    assert found["cell.ramp_spread"] == 0.0


def test_what_is_fitted_reads_back_with_interval_and_correlations(
    tmp_path: Path,
) -> None:
    """A file as a fit writes it: base, a few numbers, all that is known of them."""
    base = PRESETS["rao2023"]
    step = Value(
        1.23456789012345e-6,
        "S",
        "a.csv",
        Confidence.FITTED,
        "",
        (1.1e-6, 1.3e-6),
    )
    births = Value(
        1 / 3, "1", "b.csv", Confidence.FITTED, 'a "note"', (0.1, 1.0)
    )
    own = {"switching.step": step, "telegraph.births": births}
    both = Correlations(tuple(own), ((1.0, -0.25), (-0.25, 1.0)))
    origin = Origin("cell.toml", "rao2023", frozenset(own), both)
    fitted = replace(base, name="cell", values=base.values | own, origin=origin)
    write_preset_file(tmp_path / "cell.toml", fitted)
    back = read_preset_file(tmp_path / "cell.toml")
    assert back.values == fitted.values
    assert back.origin == origin
    assert back.name == "cell"
    assert identity(back) == identity(fitted) != identity(base)


def test_notes_sources_and_intervals_do_not_change_what_a_chip_is(
    tmp_path: Path,
) -> None:
    """Mended notes are the same chip, another number is another one."""
    long = '{ value = "1.2 uS", source = "x", confidence = "fitted", interval = ["1 uS", "2 uS"] }'
    said = [
        f"[switching]\nstep = {one}\n" for one in ('"1.2 uS"', long, '"1.3 uS"')
    ]
    first, second, third = (read(tmp_path, BASE + one) for one in said)
    assert identity(first) == identity(second) != identity(third)
    assert first.values["switching.step"].confidence is Confidence.CHOICE
    assert second.values["switching.step"].interval == (1e-6, 2e-6)
    assert first.origin is not None
    assert first.origin.given == {"switching.step"}
    assert (
        first.values["switching.slope"]
        is PRESETS["rao2023"].values["switching.slope"]
    )


def test_a_file_is_a_preset_wherever_a_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mho.preset` and `mho.Chip` take the word; folders of runs are called after the file."""
    monkeypatch.chdir(tmp_path)
    read(tmp_path, BASE + "[array]\nrows = 8\ncols = 16\n")
    assert mho.preset("mycell.toml")["array.rows"] == 8
    assert mho.Chip("mycell.toml").cells == 128
    assert label("lab/mycell.toml") == "mycell"


@pytest.mark.parametrize(
    ("said", "unit", "value"),
    [
        ("1.2 uS", "S", 1.2 * 1e-6),
        ("1.2µS", "S", 1.2 * 1e-6),
        ("1.2e-6 S", "S", 1.2e-6),
        ("10 kOhm", "Ω", 1e4),
        ("1.1 eV", "J", 1.1 * 1.602176634e-19),
        ("5 nJ", "J", 5 * 1e-9),
        ("1.5 1/V²", "1/V²", 1.5),
        ("1.5 /V^2", "1/V²", 1.5),
        ("2 mS/V", "S/V", 2e-3),
        ("2 h", "s", 7200.0),
        ("8 %", "1", 0.08),
        (0.08, "1", 0.08),
        (3, "1", 3.0),
    ],
)
def test_units_are_read_as_people_write_them(
    said: object, unit: str, value: float
) -> None:
    assert quantity(said, unit) == value


@pytest.mark.parametrize(
    "unit",
    sorted({v.unit for p in PRESETS.values() for v in p.values.values()}),
)
def test_numbers_are_written_to_the_last_bit(unit: str) -> None:
    """Random mantissas and exponents, short and long ones; equal, not close."""
    numbers = mho.Stream(0).child("numbers", unit).generator()
    import torch

    for draw in torch.rand(
        300, 2, generator=numbers, dtype=torch.float64
    ).tolist():
        size = 10 ** (24 * draw[0] - 18)
        for number in (draw[1] * size, -size, round(draw[1], 2) * size, 0.0):
            text = written(number, unit)
            said = text.strip('"') if text.startswith('"') else float(text)
            assert quantity(said, unit) == number


SWITCHING = BASE + "[switching]\n"
WRONG = {
    "no unit": (SWITCHING + "step = 1.2", "line 4", "with its unit"),
    "another unit": (SWITCHING + 'step = "1.2 V"', "line 4", "a unit of S"),
    "glued unit": (BASE + '[cell]\ncurvature = "1.71/V²"', "1/V²"),
    "out of range": (SWITCHING + 'step = "-1 uS"', "line 4", "above 0 S"),
    "unknown number": (SWITCHING + 'setp = "1 uS"', "Did you mean `step`"),
    "unknown table": (BASE + "[swiching]\n", "Did you mean `switching`"),
    "NaN": (SWITCHING + "cycle_spread = nan", "line 4", "finite"),
    "infinite": (SWITCHING + 'step = "9e999 S"', "line 4", "finite"),
    "no number": (SWITCHING + "step = 1979-05-27", "must be a number"),
    "truth value": (SWITCHING + "cycle_spread = true", "must be a number"),
    "twice": (
        SWITCHING + "cycle_spread = 1\ncycle_spread = 2\nwidth = 1",
        "line 5",
    ),
    "interval": (
        SWITCHING + 'step = { value = "3 uS", interval = ["1 uS", "2 uS"] }',
        "within its `interval`",
    ),
    "confidence": (
        SWITCHING + 'step = { value = "3 uS", confidence = "fited" }',
        "Did you mean `fitted`",
    ),
    "key of a number": (
        SWITCHING + 'step = { valu = "3 uS" }',
        "Did you mean `value`",
    ),
    "fraction of a count": (BASE + "[array]\nrows = 8.5", "whole number"),
    "levels crossed": (
        BASE + '[array]\nlevel_low = "5 mS"',
        "below `level_high`",
    ),
    "unknown base": ('[preset]\nbase = "rao2024"', "Did you mean `rao2023`"),
    "neither base nor kind": ("", "must name a `base`"),
    "numbers missing": (
        '[cell]\nkind = "soft-bound"',
        "`cell.low` and 48 others",
    ),
    "base of another kind": (
        BASE + '[cell]\nkind = "soft-bound"',
        "take `tiox_jang2022`",
    ),
    "kind in Python": (BASE + '[cell]\nkind = "my_cells.py:Kind"', "line 4"),
    "law without numbers": (
        BASE + '[relaxation]\nlaw = "fitted"',
        "`relaxation.scale` and 15 others",
    ),
    "gates of a passive array": (
        '[preset]\nbase = "kim2021_passive"\n[array]\nbiasing = "none"',
        "array.gate_",
    ),
    "a newer schema": ("schema = 2\n" + BASE, "a newer mho"),
    "no TOML": ("[preset", "must be TOML"),
    "deep": ("a = " + "[" * 100_000, "must be TOML"),
    "long name": ("a." * 200_000 + "b = 1", "many parts"),
    "large number": ("a = " + "9" * 5000, "must be TOML"),
    "no table": ("preset = 3", "must be a table"),
    "name of a shipped one": (
        '[preset]\nbase = "rao2023"\nname = "wan2022"',
        "its own",
    ),
    "name that is a path": (
        '[preset]\nbase = "rao2023"\nname = "../../etc/x"',
        "line 3",
        "no path",
    ),
    "no conductance of a cell": (
        BASE + '[array]\nlevel_high = "4000 S"',
        "line 4",
        "1 S at most",
    ),
    "times of a law crossed": (
        '[preset]\nbase = "wan2022"\n[relaxation]\nmiddle = "1 ms"',
        "line 4",
        "Key `middle`",
        "above `early`",
    ),
    "correlation of what has no interval": (
        BASE + '[correlations]\nnames = ["switching.step"]\nmatrix = [[1]]',
        "with an `interval`",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(
    case: str, tmp_path: Path
) -> None:
    """File and what there is to say, on one line; no traceback of another kind."""
    text, *parts = WRONG[case]
    with pytest.raises(ValueError, match=r"mycell\.toml") as caught:
        read(tmp_path, text)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith((".", "?"))
    for part in parts:
        assert part in said


def test_files_that_are_no_texts_are_refused(tmp_path: Path) -> None:
    """Not there, a folder, too large, another encoding."""
    (tmp_path / "large.toml").write_bytes(b"#" * 2**22)
    (tmp_path / "latin.toml").write_bytes(b'[preset]\nname = "\xe9"')
    (tmp_path / "folder.toml").mkdir()
    for name in ("none.toml", "large.toml", "latin.toml", "folder.toml"):
        with pytest.raises(ValueError, match="must") as caught:
            read_preset_file(tmp_path / name)
        assert name in str(caught.value)


def test_words_from_a_file_do_not_speak_to_the_terminal(tmp_path: Path) -> None:
    """Letters that command a terminal are shown as `�`, in sentences and in texts."""
    with pytest.raises(ValueError, match="�"):
        read(tmp_path, BASE + '[switching]\n"a\\u001b[2J" = 1\n')
    odd = read(tmp_path, BASE + 'summary = "a\\u001b[2J"\n')
    assert odd.summary == "a�[2J"


def test_the_page_of_the_schema_has_every_number_and_its_unit() -> None:
    """One line for each number of each kind, law and array, and one for each key."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "preset.md"
    text = page.read_text()
    for shipped in PRESETS.values():
        for full, value in shipped.values.items():
            line = f"| `{full.partition('.')[2]}` | {value.unit} |"
            assert line in text, (shipped.name, full)
    for key in (
        *HEAD,
        *NUMBER,
        *(w for words in WORDS.values() for w in words),
    ):
        assert f"`{key}`" in text, key
    for kind in kind_names():
        assert f"`{kind}`" in text or f'"{kind}"' in text


def test_laws_that_no_preset_has_tell_their_units() -> None:
    """As their texts say them; where both are known they agree."""
    for shipped in PRESETS.values():
        for full, value in shipped.values.items():
            group, _, name = full.partition(".")
            law = shipped.parts.get(group)
            if law is not None and law is not Fit:
                assert _told_unit(law, name) == value.unit, full
    for laws in FURTHER_LAWS.values():
        for law in laws.values():
            units = {_told_unit(law, one.name) for one in fields(law)}
            assert units <= {"1", "S", "s"}, law
