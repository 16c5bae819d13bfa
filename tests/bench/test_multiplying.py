"""Multiplies of a simulated chip: three ways of noise, wires, and what is refused."""

import math

import pytest
import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip.chip import Chip
from mho.chip.wires import WireModel
from mho.device.published import preset
from mho.rng import Stream
from mho.units import uS

NOISY = preset("rao2023").replace(
    cell__stuck_fraction=0.0, array__adc_bits=20.0, telegraph__births=4.0,
    telegraph__longest=1e-5, telegraph__shortest=1e-7, flicker__longest=1e-5,
    flicker__split=1e-7, flicker__shortest=1e-8, flicker__per_decade=0.01, relaxation__scale=0.0,
)  # fmt: skip
"""All noise is forgotten within 100 vectors of 100 ns, so that one run sees all of it."""

ROWS, PAIRS = 16, 24


def _pairs(cols: int = 2 * PAIRS) -> tuple[Tensor, Tensor]:
    plus = torch.arange(ROWS)[:, None] * cols + 2 * torch.arange(PAIRS)
    return plus, plus + 1


def _bench(
    read_noise: str, wires: WireModel | None = None, kind: object = NOISY
) -> SimulatedBench:
    chip = Chip(kind, rows=ROWS, cols=2 * PAIRS, wires=wires or WireModel())  # type: ignore[arg-type]
    bench = SimulatedBench(chip, Stream(3), read_noise=read_noise)
    generator = Stream(5).generator()
    core = (50 + 100 * torch.rand(chip.cells, generator=generator)) * uS
    state = bench.state()
    state["core"].copy_(core)
    bench.restore(state)
    return bench


def _many(bench: SimulatedBench, voltage: Tensor, vectors: int, calls: int) -> Tensor:
    """Currents of one vector, `calls` times `vectors` of them, calls far apart in time."""
    found = []
    for _ in range(calls):
        found.append(bench.multiply(voltage.expand(vectors, -1), *_pairs(), full_scale=1e-3))
        bench.wait(1e-3)
    return torch.stack(found).double()


@pytest.mark.parametrize("resistance", [0.0, 1.0])
def test_three_ways_of_noise_agree(resistance: float) -> None:
    """Means, and variances averaged over outputs: of moments, frozen traps, and every cell.

    The mean of m variances of n independent calls has a relative error of √(2/nm), 2 %; five of
    them are allowed. With wires moments are of first order: at 1 Ω, where a tenth of the current
    is lost, another 10 % of the variance.
    """
    wires, count = WireModel(word_line=resistance, bit_line=resistance), 200
    voltage = 0.2 * torch.rand(1, ROWS, generator=Stream(1).generator())
    reference = _many(_bench("moments", wires), voltage, 20_000, 1)[0]
    mean, variance = reference.mean(0), reference.var(0)
    slack = 5 * math.sqrt(2 / (count * PAIRS)) + (0.1 if resistance else 0.0)
    for kind in ("frozen", "sampled"):
        found = _many(_bench(kind, wires), voltage, 1, count)[:, 0]
        assert float(((found.mean(0) - mean).square() / variance).max()) < 25 / count
        assert float((found.var(0) / variance).mean()) == pytest.approx(1, abs=slack)


def test_frozen_traps_stand_still_and_moments_do_not() -> None:
    """Within a call, frozen vectors share the slow part of the noise; by moments none does."""
    voltage = torch.full((1, ROWS), 0.2)
    frozen, fresh = (_many(_bench(k), voltage, 50, 40) for k in ("frozen", "moments"))
    inside = frozen.var(1).mean(0) / frozen.reshape(-1, PAIRS).var(0)
    assert float(inside.max()) < 0.5
    inside = fresh.var(1).mean(0) / fresh.reshape(-1, PAIRS).var(0)
    assert float((inside - 1).abs().max()) < 0.1


def test_wires_are_those_of_the_whole_pair_of_columns() -> None:
    """Quiet cells: i = v @ (W⁺ − W⁻) with W of all cells on the tile together, in 20-bit codes."""
    quiet = NOISY.replace(telegraph__births=0.0, flicker__per_decade=0.0, cell__curvature=0.0)
    wires = WireModel(word_line=3.0, bit_line=2.0, driver=20.0, sense=10.0)
    bench = _bench("frozen", wires, quiet)
    core = bench.state()["core"].double().view(ROWS, 2 * PAIRS)
    empty = bench.state()["traps.amplitude"]
    assert float(empty.max()) == 0.0
    effective = wires.effective_matrix(core)
    voltage = 0.2 * torch.rand(4, ROWS, generator=Stream(2).generator())
    found = bench.multiply(voltage, *_pairs(), full_scale=1e-3)
    applied = (voltage.double() * 255 / 0.2).round() * 0.2 / 255
    expected = applied @ (effective[:, ::2] - effective[:, 1::2])
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=3e-9)
    separate = applied @ (
        wires.effective_matrix(core[:, ::2]) - wires.effective_matrix(core[:, 1::2])
    )
    assert float((separate - expected).abs().max()) > 30 * 3e-9


def test_the_same_seed_gives_the_same_currents() -> None:
    voltage = 0.2 * torch.rand(3, ROWS, generator=Stream(1).generator())
    for kind in ("moments", "frozen", "sampled"):
        one, other = (_many(_bench(kind), voltage[:1], 3, 2) for _ in range(2))
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("plus", "message"),
    [
        ([[0, 2], [48, 768]], "0 to 767"),
        ([[0, 2], [48, 770]], "one tile"),
        ([[0, 50], [48, 98]], "every row of the matrix is one row"),
        ([[0, 2], [48, 52]], "every column of the matrix is one column"),
        ([[0, 0], [48, 48]], "column"),
    ],
)
def test_cells_that_no_lines_join_are_refused(plus: list[list[int]], message: str) -> None:
    tiles = 2 if message == "one tile" else 1
    chip = Chip(NOISY, tiles=tiles, rows=ROWS, cols=2 * PAIRS)
    bench = SimulatedBench(chip, Stream(0))
    place = torch.tensor(plus)
    with pytest.raises(ValueError, match=message):
        bench.multiply(
            torch.ones(1, 2), place, (place + 1).clamp(max=768 * tiles - 1), full_scale=1e-3
        )


def test_a_way_of_noise_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="`read_noise` must be one of"):
        SimulatedBench(Chip(rows=2, cols=2), Stream(0), read_noise="momets")
