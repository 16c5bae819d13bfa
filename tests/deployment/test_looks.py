"""Looks at a deployed network: kept between batches, judged by any metric, layer by layer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from quiet_chip import COARSE, deployed_on, perceptron, problem, quiet_bench

import mho
from mho.chip import Chip
from mho.data import Data, Metric, against
from mho.deployment import DeployedNetwork, layer_errors
from mho.files import RunFolder
from mho.network import read_network
from mho.rng import Stream
from mho.runs import Questions, Task, digital_outputs, evaluate

FEW = 3
"""Looks instead of twenty: the laws hold for any number (1)."""


@pytest.fixture(autouse=True)
def few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mho.runs.evaluation.LOOKS", FEW)


def task(count: int = 600) -> Task:
    """A perceptron against itself in software; three batches of samples."""
    stream = Stream(3)
    inputs, _ = problem(stream, count)
    network = read_network(perceptron(stream), inputs)
    wanted = digital_outputs(network, inputs)
    data = Data(inputs, None, inputs[:40], 0)
    return Task(network, data, metric=against("error", wanted))


def noisy(asked: Task) -> DeployedNetwork:
    """The network on a chip whose cells drift and whose noise moves."""
    chip = Chip("rao2023", tiles=2, rows=32, cols=64)
    bench = mho.SimulatedBench(chip, Stream(5))
    assert isinstance(asked.data.calibration, torch.Tensor)
    return mho.deploy(asked.network, bench, asked.data.calibration, COARSE)


def test_an_interrupted_evaluation_ends_like_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted in the middle of the second look: the same scores and outputs, to the bit.

    Every batch is kept, as every look is taken for a long one.
    """
    monkeypatch.setattr("mho.files.kept_parts.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("mho.runs.evaluation._PATIENCE", 0.0)
    asked = task()
    whole = evaluate(noisy(asked), asked, lambda _: None)

    batches = 0

    def stop(_: float) -> None:
        nonlocal batches
        batches += 1
        if batches == 6:
            raise KeyboardInterrupt

    place = tmp_path / "run"
    with (
        pytest.raises(KeyboardInterrupt),
        RunFolder.open(place, "deploy", "same") as run,
    ):
        evaluate(noisy(asked), asked, stop, run.state("looks"))
    with RunFolder.open(place, "deploy", "same", resume=True) as run:
        found = evaluate(noisy(asked), asked, stop, run.state("looks"))
    # five batches were kept, the one that was interrupted came to its end but was not
    assert batches == 6 + 3 * FEW - 5
    assert found.scores == whole.scores
    assert all(
        torch.equal(found.outputs[name], tensor)
        for name, tensor in whole.outputs.items()
    )


def test_a_metric_of_ones_own_is_asked_at_every_look() -> None:
    """It is given all outputs and the data, once for each look."""
    asked = task(300)
    seen = []

    def count(outputs: torch.Tensor, data: Data) -> float:
        assert outputs.shape == (300, 3)
        assert data is asked.data
        seen.append(outputs)
        return float(len(seen))

    found = evaluate(
        noisy(asked), replace(asked, metric=Metric("n", count)), lambda _: None
    )
    assert found.interval == {"low": 1.0, "best": 2.0, "high": float(FEW)}


def test_the_network_in_software_is_asked_at_once_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is programmed, and for everything that compares with it afterwards."""
    asked = 0

    def counted(*given: Any) -> Any:
        nonlocal asked
        asked += 1
        return digital_outputs(*given)

    monkeypatch.setattr("mho.runs.task.digital_outputs", counted)
    given = task(300)
    found = given.asked(Questions("sqnr"))
    assert found.software_score == 313.0
    assert found.software_outputs.keys() == given.software_outputs.keys()
    # the second is that of the task from before
    assert asked == 2
    other = replace(found, data=task(40).data)
    assert next(iter(other.software_outputs.values())).shape[0] == 40
    bad = tmp_path / "bad.py"
    bad.write_text("def bad(outputs, data):\n    return 1 / 0\n")
    with pytest.raises(ValueError, match="`bad` raised ZeroDivisionError"):
        given.asked(Questions(f"{bad}:bad"))


def test_a_metric_of_another_file_is_another_run(tmp_path: Path) -> None:
    """Also where it is called as the built-in one is."""
    given = task(40)
    told = {given.fingerprint}
    for value in (1, 2):
        file = tmp_path / f"own{value}.py"
        file.write_text(f"def accuracy(outputs, data):\n    return {value}.0\n")
        told.add(given.asked(Questions(f"{file}:accuracy")).fingerprint)
    assert len(told) == 3


def test_errors_of_layers_are_where_they_were_put() -> None:
    """The first layer's products are halved, and so, without biases, are those of the second.

    Alone, the first is half of the signal off and the second as it was; accumulated, both are. The
    chip is free of noise, and cells within ±5 µS leave some per cent, here and there.
    """
    stream = Stream(4)
    inputs, _ = problem(stream)
    module = perceptron(stream)
    for layer in (module[0], module[2]):  # type: ignore[index]
        layer.bias.zero_()
    deployed = deployed_on(quiet_bench(), module, inputs)
    quiet = layer_errors(deployed, inputs)
    assert [one.vectors for one in quiet] == [120, 120]
    assert all(one.alone < 0.05 and one.accumulated < 0.06 for one in quiet)

    class Off(DeployedNetwork):
        def product(
            self, index: int, layer: object, vectors: torch.Tensor
        ) -> torch.Tensor:
            found = super().product(index, layer, vectors)  # type: ignore[arg-type]
            return 0.5 * found if index == 0 else found

    off = Off(
        deployed.network,
        deployed.bench,
        deployed.placement,
        deployed.ranges,
        deployed.programming,
    )
    first, second = layer_errors(off, inputs)
    assert first.alone == pytest.approx(0.5, abs=0.05)
    assert first.accumulated == pytest.approx(0.5, abs=0.05)
    assert second.alone == pytest.approx(quiet[1].alone, abs=0.01)
    assert second.accumulated == pytest.approx(0.5, abs=0.06)
