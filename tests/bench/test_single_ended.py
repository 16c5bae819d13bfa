"""Columns read one by one: currents, noise and cost, against those of pairs."""

import math

import pytest
import torch
from torch import Tensor

from mho.bench.forwarding import ForwardingBench
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import preset
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

ROWS = 12
COLS = 10
QUIET = preset("rao2023").replace(
    cell__stuck_fraction=0.0,
    cell__curvature=0.0,
    telegraph__births=0.0,
    flicker__per_decade=0.0,
    array__dac_bits=20.0,
    array__adc_bits=24.0,
)
CELLS = torch.arange(ROWS * COLS).view(ROWS, COLS)
WIRES = WireModel(word_line=3.0, bit_line=2.0, driver=20.0, sense=10.0)


def bench(
    kind: object, wires: WireModel, read_noise: str = "moments"
) -> SimulatedBench:
    chip = Chip(kind, rows=ROWS, cols=COLS, wires=wires)  # type: ignore[arg-type]
    made = SimulatedBench(chip, Stream(3), read_noise=read_noise)
    state = made.state()
    state["core"].copy_(
        (50 + 400 * torch.rand(chip.cells, generator=Stream(5).generator()))
        * uS
    )
    made.restore(state)
    return made


def inputs(batch: int) -> Tensor:
    return 0.2 * torch.rand(batch, ROWS, generator=Stream(2).generator())


@pytest.mark.parametrize("read_noise", ["frozen", "moments", "sampled"])
@pytest.mark.parametrize("wires", [WireModel(), WIRES])
def test_every_column_gives_its_own_current(
    wires: WireModel, read_noise: str
) -> None:
    """Current v @ W, W of the whole tile; converters of 24 bits and 1 mA round to 6e-11 A."""
    quiet = bench(QUIET, wires, read_noise)
    voltage = inputs(4)
    core = quiet.state()["core"].double().view(ROWS, COLS)
    wanted = voltage.double() @ (
        core if wires.ideal else wires.effective_matrix(core)
    )
    for one in (quiet, ForwardingBench(quiet)):
        found = one.multiply(voltage, CELLS, full_scale=1e-3)
        torch.testing.assert_close(found.double(), wanted, rtol=3e-6, atol=1e-9)


def test_columns_subtracted_afterwards_are_pairs_subtracted_before() -> None:
    """Circuits are linear: the same cells on give the same currents, however they are read."""
    quiet = bench(QUIET, WIRES)
    voltage = inputs(4)
    columns = quiet.multiply(voltage, CELLS, full_scale=1e-3)
    pairs = quiet.multiply(
        voltage, CELLS[:, ::2], CELLS[:, 1::2], full_scale=1e-3
    )
    torch.testing.assert_close(
        columns[:, ::2] - columns[:, 1::2], pairs, rtol=1e-5, atol=3e-9
    )


def test_noise_of_a_column_is_that_of_its_cells() -> None:
    """Var i = Σ v² var G; n draws of COLS columns know it to √(2/n·COLS), of which five."""
    kind = QUIET.replace(telegraph__births=4.0, flicker__per_decade=0.01)
    noisy = bench(kind, WireModel())
    vectors = 20_000
    voltage = inputs(1)
    own = noisy._cells  # noqa: SLF001 - what the bench does not tell
    variance = own.moments(CELLS.flatten(), 0.0, 1e-7)[1].view(ROWS, COLS)
    wanted = voltage[0].double().square() @ variance.double()
    ready = noisy.prepare([(CELLS, None)], full_scale=1e-3)
    called = noisy.multiply(voltage.expand(vectors, -1), CELLS, full_scale=1e-3)
    fast = ready(voltage.expand(vectors, -1), ready.draws(Stream(1)))
    for found in (called, fast):
        ratio = found.double().var(0) / wanted
        assert float(ratio.mean()) == pytest.approx(
            1, abs=5 * math.sqrt(2 / vectors / COLS)
        )
        assert float((ratio - 1).abs().max()) < 6 * math.sqrt(2 / vectors)


def test_cells_count_once_and_every_column_is_converted() -> None:
    """Pairs share a converter: the same cells take half as many conversions and as much energy."""
    quiet = bench(QUIET, WireModel())
    voltage = inputs(7)
    start = quiet.ledger
    quiet.multiply(voltage, CELLS, full_scale=1e-3)
    middle = quiet.ledger
    quiet.multiply(voltage, CELLS[:, ::2], CELLS[:, 1::2], full_scale=1e-3)
    single = middle - start
    paired = quiet.ledger - middle
    assert single.multiplies == paired.multiplies == 7 * ROWS * COLS
    assert single.conversions - paired.conversions == 7 * COLS // 2
    assert single.read_joules == pytest.approx(paired.read_joules, rel=1e-6)


def test_columns_that_are_none_are_refused() -> None:
    with pytest.raises(
        ValueError, match="every column of the matrix is one column"
    ):
        bench(QUIET, WireModel()).multiply(
            torch.ones(1, 2), torch.tensor([[0, 1], [10, 12]]), full_scale=1e-3
        )
