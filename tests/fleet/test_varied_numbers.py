"""Numbers of presets that differ between fleets: by the names that preset files have."""

import pytest

from mho.bench.simulated import ChipSpec
from mho.device.published import label, preset, word_with
from mho.runs import Job
from mho.runs.fleets import conditions_of

JOB = Job("digits")


def test_a_word_with_a_number_is_the_preset_with_that_number() -> None:
    """To the bit, also where a chip is made anew from the numbers alone."""
    word = word_with("rao2023", "telegraph.births", 0.1 + 0.2)
    made = preset(word)
    meant = preset("rao2023").replace(telegraph__births=0.1 + 0.2)
    assert made.values == meant.values
    assert made.cell() == meant.cell()
    spec = ChipSpec(word, 1, 1, 4, 4)
    assert spec.numbers
    assert spec.chip.published.cell() == meant.cell()
    assert spec.chip.published.array == meant.array
    assert label(word) == "rao2023-telegraph.births=0.30000000000000004"


@pytest.mark.parametrize("number", [1e300, 1e-300, 12345678.0])
def test_a_word_holds_every_digit_of_a_number(number: float) -> None:
    """A plus in an exponent would begin another number."""
    word = word_with("rao2023", "temperature.trap_energy", number)
    assert word.count("+") == 1
    assert float(word.partition("=")[2]) == number


def test_fields_of_the_preset_vary_beside_others_with_their_units() -> None:
    """A number is changed of the chip that another field names, in whatever order they stand."""
    asked = [
        "array.read_noise_off_chip=50nS,0.1uS",
        "chip=rao2023,umass_ta_hfo2",
    ]
    found = conditions_of(JOB, asked)
    assert [c.words["array.read_noise_off_chip"] for c in found] == [
        "50nS",
        "50nS",
        "0.1uS",
        "0.1uS",
    ]
    presets = [preset(c.job.chip) for c in found]
    noise = [one["array.read_noise_off_chip"] for one in presets]
    assert noise == pytest.approx([50e-9, 50e-9, 1e-7, 1e-7], rel=1e-12)
    rows = [one["array.rows"] for one in presets]
    kinds = [
        preset(name)["array.rows"] for name in ("rao2023", "umass_ta_hfo2")
    ]
    assert rows == kinds * 2


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("telegraph.birth=1", "Did you mean `telegraph.births`?"),
        ("chip.read_noise=1uS", "Did you mean `array.read_noise_o"),
        ("tolerence=1uS", "Did you mean `tolerance`?"),
        ("telegraph.births=x", "`telegraph.births` must be a number"),
        ("telegraph.births=", "must have values after"),
        ("array.read_voltage=3A", "must carry a unit of V"),
        ("array.rows=2.5", "must be a whole number"),
    ],
)
def test_a_wrong_name_or_value_is_one_sentence(
    asked: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match="`") as refused:
        conditions_of(JOB, [asked])
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
