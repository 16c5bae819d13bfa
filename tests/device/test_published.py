"""Published numbers: all there, each with a unit, a source, a confidence and a reason."""

import pytest

from mho.device.published import PRESETS, Confidence, Value, preset
from mho.references import bibliography

EVERY = [
    (name, field) for name in PRESETS for field in sorted(PRESETS[name].values)
]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_gives_every_parameter_of_the_cell(name: str) -> None:
    """Each field of each parameter dataclass has a value; nothing but these and the array."""
    given = set(PRESETS[name].values)
    needed = set(PRESETS[name].field_names())
    assert needed <= given
    assert all(extra.startswith("array.") for extra in given - needed)
    assert isinstance(PRESETS[name].cell(), PRESETS[name].kind)


@pytest.mark.parametrize(("name", "field"), EVERY)
def test_every_number_has_unit_confidence_note_and_source(
    name: str, field: str
) -> None:
    """Nothing is empty, and the source key stands in the bibliography."""
    value = PRESETS[name].values[field]
    assert isinstance(value, Value)
    assert value.unit.strip()
    assert isinstance(value.confidence, Confidence)
    assert value.note.strip()
    assert value.source in bibliography()


def test_a_preset_is_found_by_its_own_name() -> None:
    """Key and name agree; a summary and a validity are given."""
    for name, found in PRESETS.items():
        assert preset(name) is found
        assert found.name == name
        assert found.summary
        assert found.validity


def test_the_published_levels_are_the_published_ones() -> None:
    """2,048 levels from 50 to 4,144 µS are 2 µS apart: 4094/2047 = 2 exactly."""
    chip = preset("rao2023")
    levels = chip["array.level_high"] - chip["array.level_low"]
    assert levels / 2047 == pytest.approx(2e-6, rel=1e-12)


def test_replace_changes_one_number_and_says_so() -> None:
    """The new number is a choice by hand with the old unit; all else and the original stay."""
    old = preset("rao2023")
    new = old.replace(switching__slope=0.1)
    assert new["switching.slope"] == 0.1
    assert new.cell().switching.slope == 0.1
    value = new.values["switching.slope"]
    assert value.confidence is Confidence.CHOICE
    assert value.unit == old.values["switching.slope"].unit
    assert old["switching.slope"] == 0.08
    same = {k: v for k, v in new.values.items() if k != "switching.slope"}
    assert same == {
        k: v for k, v in old.values.items() if k != "switching.slope"
    }


def test_a_group_is_what_its_dataclass_takes() -> None:
    """`group` strips the prefix and nothing else."""
    group = preset("rao2023").group("relaxation")
    assert set(group) == {
        "scale",
        "relative",
        "absolute",
        "growth",
        "onset",
        "renewal_step",
    }
    assert group["onset"] == preset("rao2023")["relaxation.onset"]


def test_misspelt_names_suggest_the_nearest() -> None:
    """A preset, a number read and a number changed: each error names what was meant."""
    with pytest.raises(ValueError, match="Did you mean `rao2023`"):
        preset("rao23")
    with pytest.raises(ValueError, match=r"Did you mean `switching\.slope`"):
        preset("rao2023")["switching.slop"]
    with pytest.raises(ValueError, match=r"Did you mean `telegraph\.births`"):
        preset("rao2023").replace(telegraph__birth=1.0)


def test_a_changed_number_is_still_checked() -> None:
    """`replace` takes any number; building the cell refuses what makes no sense."""
    with pytest.raises(ValueError, match="Argument `slope` must"):
        preset("rao2023").replace(switching__slope=0.0).cell()
    with pytest.raises(ValueError, match="Argument `stuck_fraction` must"):
        preset("rao2023").replace(cell__stuck_fraction=1.5).cell()
