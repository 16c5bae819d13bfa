"""Multiplies of a simulated chip: three ways of noise, wires, and what is refused."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.bench.simulated.products import checked_full_scale
from mho.chip import Chip
from mho.chip.periphery import SignedConverter
from mho.chip.periphery.front_end import Transimpedance
from mho.chip.periphery.limits import LineLimits
from mho.device.published import preset
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

NOISY = preset("rao2023").replace(
    cell__stuck_fraction=0.0,
    array__adc_bits=20.0,
    telegraph__births=4.0,
    telegraph__longest=1e-5,
    telegraph__shortest=1e-7,
    flicker__longest=1e-5,
    flicker__split=1e-7,
    flicker__shortest=1e-8,
    flicker__per_decade=0.01,
    relaxation__scale=0.0,
)
"""All noise is forgotten within 100 vectors of 100 ns, so that one run sees all of it."""

ROWS = 16
PAIRS = 24


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


def _many(
    bench: SimulatedBench, voltage: Tensor, vectors: int, calls: int
) -> Tensor:
    """Currents of one vector, `calls` times `vectors` of them, calls far apart in time."""
    found = []
    for _ in range(calls):
        found.append(
            bench.multiply(
                voltage.expand(vectors, -1), *_pairs(), full_scale=1e-3
            )
        )
        bench.wait(1e-3)
    return torch.stack(found).double()


@pytest.mark.parametrize("resistance", [0.0, 1.0])
def test_three_ways_of_noise_agree(resistance: float) -> None:
    """Means, and variances averaged over outputs: of moments, frozen traps, and every cell.

    The mean of m variances of n independent calls has a relative error of √(2/nm), 2 %; five of
    them are allowed. With wires moments are of first order: at 1 Ω, where a tenth of the current
    is lost, another 10 % of the variance.
    """
    wires = WireModel(word_line=resistance, bit_line=resistance)
    count = 200
    voltage = 0.2 * torch.rand(1, ROWS, generator=Stream(1).generator())
    reference = _many(_bench("moments", wires), voltage, 20_000, 1)[0]
    mean = reference.mean(0)
    variance = reference.var(0)
    slack = 5 * math.sqrt(2 / (count * PAIRS)) + (0.1 if resistance else 0.0)
    for kind in ("frozen", "sampled"):
        found = _many(_bench(kind, wires), voltage, 1, count)[:, 0]
        assert (
            float(((found.mean(0) - mean).square() / variance).max())
            < 25 / count
        )
        assert float((found.var(0) / variance).mean()) == pytest.approx(
            1, abs=slack
        )


def test_frozen_traps_stand_still_and_moments_do_not() -> None:
    """Within a call, frozen vectors share the slow part of the noise; by moments none does."""
    voltage = torch.full((1, ROWS), 0.2)
    frozen, fresh = (
        _many(_bench(k), voltage, 50, 40) for k in ("frozen", "moments")
    )
    inside = frozen.var(1).mean(0) / frozen.reshape(-1, PAIRS).var(0)
    assert float(inside.max()) < 0.5
    inside = fresh.var(1).mean(0) / fresh.reshape(-1, PAIRS).var(0)
    assert float((inside - 1).abs().max()) < 0.1


def test_wires_are_those_of_the_whole_pair_of_columns() -> None:
    """Quiet cells: i = v @ (W⁺ − W⁻) with W of all cells on the tile together, in 20-bit codes."""
    quiet = NOISY.replace(
        telegraph__births=0.0, flicker__per_decade=0.0, cell__curvature=0.0
    )
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
        wires.effective_matrix(core[:, ::2])
        - wires.effective_matrix(core[:, 1::2])
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
def test_cells_that_no_lines_join_are_refused(
    plus: list[list[int]], message: str
) -> None:
    tiles = 2 if message == "one tile" else 1
    chip = Chip(NOISY, tiles=tiles, rows=ROWS, cols=2 * PAIRS)
    bench = SimulatedBench(chip, Stream(0))
    place = torch.tensor(plus)
    with pytest.raises(ValueError, match=message):
        bench.multiply(
            torch.ones(1, 2),
            place,
            (place + 1).clamp(max=768 * tiles - 1),
            full_scale=1e-3,
        )


def test_a_way_of_noise_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="`read_noise` must be one of"):
        SimulatedBench(Chip(rows=2, cols=2), Stream(0), read_noise="momets")


def _quiet(wires: WireModel, **around: object) -> SimulatedBench:
    """Cells without noise, converters of 20 bits, another periphery."""
    kind = NOISY.replace(
        telegraph__births=0.0,
        flicker__per_decade=0.0,
        cell__curvature=0.0,
        array__adc_bits=20.0,
    )
    plain = Chip(kind, rows=ROWS, cols=2 * PAIRS, wires=wires)
    chip = replace(plain, periphery=replace(plain.around, **around))  # type: ignore[arg-type]
    bench = SimulatedBench(chip, Stream(3))
    state = bench.state()
    generator = Stream(5).generator()
    state["core"].copy_(
        (50 + 100 * torch.rand(chip.cells, generator=generator)) * uS
    )
    bench.restore(state)
    return bench


VOLTAGE = 0.2 * (2 * torch.rand(5, ROWS, generator=Stream(2).generator()) - 1)


@pytest.mark.parametrize(
    ("around", "steps"),
    [
        ({"slice_bits": 1}, 8),
        ({"slice_bits": 3, "phases": 2}, 6),
        ({"rows_at_once": 5}, 4),
        ({"rows_at_once": 4, "slice_bits": 4}, 8),
    ],
)
def test_slices_and_groups_of_rows_give_the_same_product(
    around: dict[str, int], steps: int
) -> None:
    """Ideal lines: sums over steps are the product at once, in 20-bit codes; steps take time."""
    bench = _quiet(WireModel())
    other = _quiet(WireModel(), **around)
    found = [
        b.multiply(VOLTAGE, *_pairs(), full_scale=1e-3) for b in (bench, other)
    ]
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-8)
    assert other.clock == pytest.approx(steps * bench.clock)
    assert other.ledger.conversions > bench.ledger.conversions


def test_rows_that_wait_are_off_their_bit_lines() -> None:
    """Each group alone on the tile: i = Σ v @ W(group), more current than all rows together."""
    wires = WireModel(word_line=3.0, bit_line=5.0)
    bench = _quiet(wires, rows_at_once=4)
    core = bench.state()["core"].double().view(ROWS, 2 * PAIRS)
    expected = torch.zeros(5, PAIRS, dtype=torch.float64)
    applied = (VOLTAGE.double() * 255 / 0.2).round() * 0.2 / 255
    for start in range(0, ROWS, 4):
        alone = torch.zeros_like(core)
        alone[start : start + 4] = core[start : start + 4]
        effective = wires.effective_matrix(alone)
        expected += applied @ (effective[:, ::2] - effective[:, 1::2])
    found = bench.multiply(VOLTAGE, *_pairs(), full_scale=1e-3)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-8)


def test_converters_with_errors_are_in_the_product() -> None:
    """An offset of 3 LSB and a gain error of 10 % of an 8-bit converter come out as they are."""
    adc = SignedConverter(8, 1.0, offset=3 / 255, gain_error=0.1)
    bench = _quiet(WireModel(), adc=adc)
    plain = _quiet(WireModel()).multiply(VOLTAGE, *_pairs(), full_scale=1e-3)
    found = bench.multiply(VOLTAGE, *_pairs(), full_scale=1e-3)
    lsb = 1e-3 / 255
    torch.testing.assert_close(
        found, 1.1 * plain + 3 * lsb, rtol=0.0, atol=0.51 * lsb
    )


def test_the_most_sensitive_gain_that_holds_the_range_is_used() -> None:
    """Ranges of 0.1, 1 and 10 mA: a multiply asked for 0.5 mA resolves 1 mA in 8 bits."""
    front = Transimpedance((1e-4, 1e-3, 1e-2), temperature=0.0)
    bench = _quiet(WireModel(), adc=SignedConverter(8, 1.0), front_end=front)
    plain = _quiet(WireModel()).multiply(VOLTAGE, *_pairs(), full_scale=1e-3)
    found = bench.multiply(VOLTAGE, *_pairs(), full_scale=5e-4)
    torch.testing.assert_close(found, plain, rtol=0.0, atol=0.51 * 1e-3 / 255)
    codes = found / (1e-3 / 255)
    torch.testing.assert_close(codes, codes.round(), rtol=0.0, atol=1e-3)


def test_currents_beyond_the_limits_are_reported() -> None:
    """All rows at 0.2 V: a bit line of G carries 0.2 V · ΣG; the largest is named."""
    bench = _quiet(WireModel(), limits=LineLimits(bit_line=0.3e-3))
    core = bench.state()["core"].view(ROWS, 2 * PAIRS)
    bench.multiply(torch.full((2, ROWS), 0.2), *_pairs(), full_scale=1e-3)
    current = 0.2 * core.sum(0)
    (excess,) = bench.limits.excesses
    assert excess.count == 2 * int((current > 0.3e-3).sum())
    assert excess.current == pytest.approx(float(current.max()), rel=1e-5)
    assert "bit line" in str(bench.limits)
    assert not _quiet(WireModel()).limits


@pytest.mark.parametrize("kind", ["moments", "sampled"])
def test_converter_noise_is_drawn_and_repeats(kind: str) -> None:
    """One LSB of an 8-bit converter: 1 + 1/12 LSB² of variance; the same seed, the same noise."""
    adc = SignedConverter(8, 1.0, noise_lsb=1.0)
    found = []
    for _ in range(2):
        chip = _quiet(WireModel(), adc=adc).chip
        bench = SimulatedBench(chip, Stream(3), read_noise=kind)
        voltage = torch.full((300, ROWS), 0.1)
        found.append(bench.multiply(voltage, *_pairs(), full_scale=1e-3))
    assert torch.equal(*found)
    variance = (found[0].double() / (1e-3 / 255)).var(0).mean()
    assert float(variance) == pytest.approx(
        1 + 1 / 12, abs=5 * math.sqrt(2 / (300 * PAIRS)) * 1.1
    )


def test_a_prepared_multiplier_is_the_multiply_of_the_moment() -> None:
    """Two tiles as blocks: the sum of their multiplies, in 20-bit codes; time stands still."""
    wires = WireModel(word_line=1.0, bit_line=2.0)
    kind = NOISY.replace(telegraph__births=0.0, flicker__per_decade=0.0)
    bench = SimulatedBench(
        Chip(kind, tiles=2, rows=ROWS, cols=2 * PAIRS, wires=wires), Stream(3)
    )
    first = _pairs()
    size = ROWS * 2 * PAIRS
    second = tuple(place + size for place in first)
    ready = bench.prepare([first, (second[0], second[1])], full_scale=1e-3)
    voltage = torch.cat((VOLTAGE, VOLTAGE.flip(1)), 1)
    found = ready(voltage, ready.draws(Stream(0)))
    assert bench.clock == 0.0
    expected = bench.multiply(VOLTAGE, *first, full_scale=1e-3)
    expected += bench.multiply(VOLTAGE.flip(1), *second, full_scale=1e-3)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=4e-9)


@pytest.mark.parametrize("read_noise", ["frozen", "sampled"])
@pytest.mark.parametrize("case", ["plain", "errors", "slices", "front end"])
def test_a_full_scale_for_each_column_is_that_of_a_call_of_its_own(
    case: str, read_noise: str
) -> None:
    """Columns are converted apart, so each comes out as in a call with its full scale for all.

    Cells without noise; chips made anew, so that all calls are the first. Some of the columns
    clip. The costs are the same.
    """
    around: dict[str, dict[str, object]] = {
        "plain": {},
        "errors": {"adc": SignedConverter(8, 1.0, gain_error=0.1, offset=0.01)},
        "slices": {"slice_bits": 2, "phases": 2, "rows_at_once": 5},
        "front end": {
            "front_end": Transimpedance((1e-5, 1e-4, 1e-3), temperature=0.0)
        },
    }
    full_scale = torch.linspace(0.5e-5, 12e-5, PAIRS)

    def product(value: float | Tensor) -> tuple[Tensor, SimulatedBench]:
        chip = _quiet(WireModel(), **around[case]).chip
        bench = SimulatedBench(chip, Stream(3), read_noise=read_noise)
        state = bench.state()
        state["core"].copy_(_quiet(WireModel()).state()["core"])
        bench.restore(state)
        return bench.multiply(VOLTAGE, *_pairs(), full_scale=value), bench

    found, bench = product(full_scale)
    for column in range(0, PAIRS, 5):
        alone, other = product(float(full_scale[column]))
        torch.testing.assert_close(found[:, column], alone[:, column])
        assert other.ledger == bench.ledger
    assert len({round(float(x), 12) for x in found.abs().amax(0)}) > PAIRS // 2


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.ones(3), r"`full_scale` must have shape \(4\), but has \(3,\)"),
        (torch.ones(1), r"`full_scale` must have shape \(4\)"),
        (
            torch.tensor([1.0, 0.0, 1.0, 1.0]),
            "`full_scale` must be finite and above 0 A",
        ),
        (
            torch.tensor([1.0, math.nan, 1.0, 1.0]),
            "`full_scale` must be finite and above 0 A",
        ),
        (
            torch.tensor([1.0, math.inf, 1.0, 1.0]),
            "`full_scale` must be finite and above 0 A",
        ),
        (-1.0, "`full_scale` must be finite and above 0 A"),
    ],
)
def test_full_scales_that_no_converter_has_are_refused(
    value: float | Tensor, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        checked_full_scale(value, 4)


@pytest.mark.parametrize("read_noise", ["frozen", "moments", "sampled"])
def test_cells_that_conduct_nothing_may_be_multiplied(read_noise: str) -> None:
    """Noise around 1 pS goes below nothing, which no wire solver takes: such a cell is open."""
    bench = _bench(read_noise, WireModel(word_line=1.0, bit_line=1.0))
    state = bench.state()
    state["core"].fill_(1e-12)
    bench.restore(state)
    bench.wait(10.0)
    current = bench.multiply(
        torch.full((3, ROWS), 0.2), *_pairs(), full_scale=1e-6
    )
    assert bool(torch.isfinite(current).all())
