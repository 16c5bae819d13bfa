"""Products that are foreseen are those that would have come anyway, to the last bit."""

import pytest
import torch
from torch import Tensor

import mho
from mho.bench import foresee
from mho.bench.simulated import READ_NOISES
from mho.chip import Chip
from mho.data import answers_of
from mho.deployment import DeployedNetwork, Looks

MOMENTS = [1.0, 2.5, 2.5, 40.0]
VECTORS = (5, 3)


def bench(read_noise: str = "frozen", **chip: object) -> mho.SimulatedBench:
    made = Chip("rao2023", tiles=2, rows=8, cols=8, **chip)
    return mho.SimulatedBench(made, mho.Stream(3), read_noise=read_noise)


def blocks() -> list[tuple[Tensor, Tensor | None]]:
    """Pairs on the first tile, columns one by one on the second."""
    cells = torch.arange(64).view(8, 8)
    return [(cells[:5, 0:4:2], cells[:5, 1:4:2]), (64 + cells[2:, 3:6], None)]


def looks(one: mho.SimulatedBench) -> list[Tensor]:
    """Two blocks, one after the other, at every moment."""
    found = []
    for moment in MOMENTS:
        one.wait(max(0.0, moment - one.clock))
        for (plus, minus), vectors in zip(blocks(), VECTORS, strict=True):
            volts = torch.linspace(0, 0.2, vectors * plus.shape[0])
            found.append(
                one.multiply(
                    volts.view(vectors, -1), plus, minus, full_scale=1e-4
                )
            )
    return found


@pytest.mark.parametrize("read_noise", READ_NOISES)
@pytest.mark.parametrize("wires", [None, mho.WireModel()])
def test_foreseen_products_are_the_same(
    read_noise: str,
    wires: mho.WireModel | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Currents, ledger, clock and every cell's state, in parts and at once. Exact."""
    unaware = bench(read_noise, wires=wires)
    wanted = looks(unaware)
    for at_once in (1, 60, 1 << 18):
        monkeypatch.setattr(
            "mho.bench.simulated.products.foresight._CELLS", at_once
        )
        aware = bench(read_noise, wires=wires)
        with foresee(aware, list(zip(blocks(), VECTORS, strict=True)), MOMENTS):
            found = looks(aware)
        for one, other in zip(found, wanted, strict=True):
            assert torch.equal(one, other)
        assert aware.ledger == unaware.ledger
        assert aware.clock == unaware.clock
        state = unaware.state()
        for name, tensor in aware.state().items():
            assert torch.equal(tensor, state[name]), name


def test_another_product_than_foreseen_is_refused() -> None:
    """Cells have moved on already: whatever comes instead would be wrong."""
    aware = bench()
    (plus, minus), _ = blocks()
    calls = [((plus, minus), 2)]
    volts = torch.full((2, 5), 0.1)
    with foresee(aware, calls, [1.0, 2.0]):
        aware.multiply(volts, plus, minus, full_scale=1e-4)
        aware.wait(0.5)
        with pytest.raises(RuntimeError, match="foreseen"):
            aware.multiply(volts, plus, minus, full_scale=1e-4)
    aware.multiply(volts, plus, minus, full_scale=1e-4)


def test_other_benches_need_not_know() -> None:
    """A bench that hands on may do something between products: nothing is foreseen. Exact."""
    aware = mho.bench.TimedBench(bench())
    with foresee(aware, list(zip(blocks(), VECTORS, strict=True)), MOMENTS):
        aware.wait(3.0)
        assert aware.clock == 3.0


def test_answers_at_several_times_are_those_of_single_looks() -> None:
    """Waits and answers one by one, on a second chip alike. Exact."""
    module = torch.nn.Sequential(
        torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)
    )
    inputs = torch.rand(300, 6, generator=mho.Stream(5).generator())

    def deployed() -> DeployedNetwork:
        chip = Chip("rao2023", tiles=2, rows=16, cols=16)
        return mho.deploy(
            module,
            mho.SimulatedBench(chip, mho.Stream(1)),
            inputs,
            mho.ProgramProtocol(tolerance=100e-6, denoise=None),
        )

    one, other = deployed(), deployed()
    moments = [one.bench.clock + later for later in (0.0, 1.0, 30.0)]
    found = [answers_of(each) for each in Looks(one, inputs, moments)]
    for moment, answers in zip(moments, found, strict=True):
        other.bench.wait(max(0.0, moment - other.bench.clock))
        assert torch.equal(answers, other.answers(inputs))
    assert one.bench.ledger == other.bench.ledger
    assert list(Looks(one, inputs, [])) == []
