"""Outputs against those that they should equal: formulas, limits, and metrics made of them."""

import json
import math
import pickle

import pytest
import torch

from mho.data import AGAINST_DIGITAL, Data, against, agreement
from mho.rng import Stream
from mho.runs import output_rows, verdict

DATA = Data(torch.zeros(50, 1), None, torch.zeros(2, 1), 0)


def outputs(samples: int = 50, entries: int = 8) -> torch.Tensor:
    """Normal numbers, in double precision."""
    return torch.randn(
        samples,
        entries,
        generator=Stream(1).generator(),
        dtype=torch.float64,
    )


def test_noise_of_a_known_size_is_found() -> None:
    """Errors of one tenth of the signal: 10 %, 20 dB, cosine 1/sqrt(1 + 0.01).

    With n = 400 numbers the relative error of a root mean square is 1/sqrt(2n) = 3.5 %, of a
    ratio of two 5 %; five of these. The cosine moves by a twentieth of its 0.005 for each.
    """
    wanted = outputs()
    noise = torch.randn(50, 8, generator=Stream(2).generator()).double()
    found = agreement(wanted + 0.1 * noise, wanted)
    assert found.error == pytest.approx(0.1, rel=0.25)
    assert found.sqnr == pytest.approx(-20 * math.log10(found.error), rel=1e-9)
    assert found.cosine == pytest.approx(1 / math.sqrt(1.01), abs=0.005)


def test_the_worst_sample_is_the_one_that_is_off() -> None:
    """One sample is doubled, so that its error is all of itself; the others are exact."""
    wanted = outputs()
    seen = wanted.clone()
    seen[17] *= 2
    found = agreement(seen, wanted)
    assert found.worst_sample == 17
    assert found.worst == pytest.approx(1.0)
    share = wanted[17].square().sum() / wanted.square().sum()
    assert found.error == pytest.approx(math.sqrt(share))
    assert found.agreeing == 1.0


def test_answers_that_change_are_counted() -> None:
    """In 3 of 50 samples the two largest entries change places: 47 agree."""
    wanted = outputs()
    seen = wanted.clone()
    for sample in (3, 20, 41):
        first, second = wanted[sample].argsort(descending=True)[:2]
        seen[sample, first] = wanted[sample, second]
        seen[sample, second] = wanted[sample, first]
    assert agreement(seen, wanted).agreeing == 47 / 50


def test_equal_and_silent_outputs_have_no_error() -> None:
    """Nothing is divided by zero: equal outputs are infinitely good, also where all are zero."""
    wanted = outputs()
    silent = torch.zeros(4, 3)
    for tensor in (wanted, silent):
        found = agreement(tensor.clone(), tensor)
        assert found.error == 0.0
        assert found.sqnr == math.inf
        assert found.cosine == pytest.approx(1.0)
        assert found.described["sqnr_dB"] is None
    # where nothing is wanted, the error is absolute
    assert agreement(silent + 0.5, silent).worst == pytest.approx(
        0.5 * math.sqrt(3)
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_infinitely_wrong(value: float) -> None:
    """Of found or wanted, in one sample of 50: its error is infinite, and so that of all.

    The plain values are JSON, which knows neither NaN nor infinity.
    """
    numbers = outputs()
    broken = numbers.clone()
    broken[17, 2] = value
    for seen, wanted in ((broken, numbers), (numbers, broken)):
        found = agreement(seen, wanted)
        assert found.error == found.worst == math.inf
        assert found.sqnr == -math.inf
        assert found.worst_sample == 17
        assert found.cosine == 0.0
        assert found.agreeing < 1.0 or value == math.inf
        assert found.described["relative_rms"] is None
        json.dumps(found.described, allow_nan=False)
        (sentence,) = verdict({"outputs": {"y": found.described}})
        assert "no numbers" in sentence
        assert "number 17" in sentence
        assert "none" in output_rows("y", found.described)[0][1]
        with pytest.raises(ValueError, match="finite number"):
            against("error", {"y": wanted}).score({"y": seen}, DATA)


def test_the_same_infinity_in_both_is_no_difference() -> None:
    """As a mask leaves it: errors are those of the other entries, 10 % of them here."""
    wanted = outputs()
    seen = 1.1 * wanted
    seen[:, 0] = wanted[:, 0] = -math.inf
    assert agreement(wanted.clone(), wanted).sqnr == math.inf
    found = agreement(seen, wanted)
    assert found.error == pytest.approx(0.1)
    assert found.cosine == pytest.approx(1.0)


def test_outputs_without_entries_agree() -> None:
    """There is nothing in which they could differ."""
    nothing = torch.zeros(3, 0, 2)
    found = agreement(nothing, nothing)
    assert (found.error, found.sqnr) == (0.0, math.inf)


def test_of_several_outputs_the_worst_counts() -> None:
    """Every metric: exact in one output, off in the other, is as bad as the other alone."""
    wanted = {"a": outputs(), "b": outputs() + 1}
    seen = {"a": wanted["a"], "b": wanted["b"].flip(1)}
    alone = {"b": wanted["b"]}
    for name in AGAINST_DIGITAL:
        both = against(name, wanted)
        one = against(name, alone)
        # another process that judges is given the same metric
        sent = pickle.loads(pickle.dumps(both))
        expected = one.score({"b": seen["b"]}, DATA)
        assert both.score(seen, DATA) == pytest.approx(expected)
        assert sent.score(seen, DATA) == both.score(seen, DATA)
        assert both.better(both.score(wanted, DATA), expected)


def test_other_shapes_are_refused() -> None:
    """A missing axis would be broadcast, and be wrong."""
    with pytest.raises(ValueError, match="must have the shape"):
        agreement(torch.zeros(3, 1), torch.zeros(3, 4))
