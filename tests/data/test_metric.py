"""What outputs are judged by: accuracy, one's own measure, and samples to judge by."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mho.data import ACCURACY, Data, Metric, fixed_choice, load_data, metric_of


def labelled(count: int = 200) -> Data:
    """Samples whose only number is their own number."""
    inputs = torch.arange(count, dtype=torch.float32)[:, None]
    labels = torch.arange(count) % 5
    return Data(
        inputs,
        labels,
        inputs[:4],
        5,
        {"truth": inputs[:, 0], "one": inputs[:1]},
    )


def test_accuracy_is_the_share_of_right_answers() -> None:
    """One score in 200 is largest at the wrong place."""
    data = labelled()
    scores = torch.nn.functional.one_hot(data.right).float()
    scores[7] = scores[7].roll(1)
    assert ACCURACY.score({"scores": scores}, data) == 199 / 200
    assert ACCURACY.show(199 / 200) == "99.50%"


def test_a_metric_sees_outputs_and_every_array_of_the_file(
    tmp_path: Path,
) -> None:
    """The mean distance from an array that has no meaning but for this metric."""
    path = tmp_path / "data.npz"
    np.savez(
        path,
        inputs=np.zeros((3, 2)),
        pitch=np.array([100.0, 200.0, 300.0]),
        comment=np.array(["text is left alone"]),
    )
    data = load_data(str(path))
    assert data.labels is None
    assert set(data.others) == {"pitch"}
    metric = Metric(
        "pitch",
        lambda outputs, given: float(
            (outputs - given.others["pitch"]).abs().mean()
        ),
        higher_is_better=False,
        unit="cents",
    )
    found = metric.score({"f0": torch.tensor([101.0, 198.0, 303.0])}, data)
    assert found == pytest.approx(2.0)
    assert metric.better(1.0, found)
    assert metric.show(found) == "2 cents"
    again = metric_of({"metric": metric.described})
    assert (again.show(found), again.key) == ("2 cents", "score")
    assert metric_of({}) == ACCURACY


def test_a_metric_of_ones_own_may_be_called_accuracy() -> None:
    """Its keys say `score`, as of any other one, and a result that is read again says so, too."""
    own = Metric("accuracy", lambda *_: 0.5)
    assert (own.key, own.record(0.5)) == ("score", {"accuracy": None})
    assert metric_of({"metric": own.described}).key == "score"
    assert metric_of({"metric": ACCURACY.described}) == ACCURACY
    # of a result from before there was a key
    old = {"name": "accuracy", "unit": "%", "higher_is_better": True}
    assert metric_of({"metric": old}) == ACCURACY


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda *_: math.nan, "finite"),
        (lambda *_: {}["x"], "raised KeyError"),
        (lambda *_: "good", "raised ValueError"),
    ],
)
def test_a_metric_that_gives_no_number_is_told_in_one_sentence(
    function: object, words: str
) -> None:
    """Whatever the user's function does."""
    metric = Metric("mine", function)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=words) as raised:
        metric.score({"y": torch.zeros(3, 1)}, labelled())
    assert "\n" not in str(raised.value)


def test_a_choice_of_samples_is_always_the_same_and_grows() -> None:
    """Twenty are among forty, in the order of the file; a sorted file keeps all of its classes."""
    data = labelled()
    small = fixed_choice(data, 20)
    large = fixed_choice(data, 40)
    few = small.only_input[:, 0].tolist()
    assert few == sorted(few)
    assert set(few) <= set(large.only_input[:, 0].tolist())
    assert few == fixed_choice(data, 20).only_input[:, 0].tolist()
    # the first twenty of the file would not reach beyond number 19
    assert max(few) > 100
    assert small.others["truth"].tolist() == few
    assert small.others["one"].shape == (1, 1)
    assert small.number(3) == few[3]
    assert torch.equal(small.right, small.only_input[:, 0].long() % 5)
    assert fixed_choice(data, 1000).right.numel() == 200


def test_inputs_by_name_are_told_from_truths(tmp_path: Path) -> None:
    """Without `inputs`, arrays of as many samples are inputs; what a network lacks is none."""
    path = tmp_path / "data.npz"
    np.savez(
        path,
        audio=np.zeros((70, 4), np.float32),
        mask=np.ones((70, 2), np.int64),
        pitch=np.ones(70),
        rate=np.array([16000]),
        calibration_audio=np.zeros((64, 4), np.float32),
    )
    data = load_data(str(path)).for_inputs(["audio", "mask"])
    assert isinstance(data.inputs, dict)
    assert isinstance(data.calibration, dict)
    assert set(data.inputs) == {"audio", "mask"}
    assert data.inputs["mask"].dtype == torch.int64
    assert {n: len(x) for n, x in data.calibration.items()} == {
        "audio": 64,
        "mask": 64,
    }
    assert set(data.others) == {"pitch", "rate"}
