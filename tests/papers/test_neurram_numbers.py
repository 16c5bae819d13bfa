"""Published figures of write-verify come out: pulses and relaxation, cost of a window."""

import math

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

import mho
from mho.device.published import Preset
from mho.programming.published import neurram_protocol
from mho.units import V, ms, s, uS

DAY = 86_400 * s
TABLE = {  # published standard deviations, µS, by conductance, µS: after 1 s and after 1 day
    1: (0.72, 1.22), 5: (1.75, 2.76), 10: (2.26, 3.72), 15: (2.25, 4.00), 20: (2.02, 3.91),
    25: (1.75, 3.66), 30: (1.53, 3.37), 35: (1.35, 3.06), 40: (1.10, 2.65),
}  # fmt: skip


def _bench(cells: int, stream: mho.Stream) -> mho.SimulatedBench:
    """A chip of 16 rows: programming it takes milliseconds."""
    chip = mho.Chip("wan2022", rows=16, cols=math.ceil(cells / 16))
    return mho.SimulatedBench(chip, stream.child("bench"))


def pulses_needed(cells: int, stream: mho.Stream) -> Float[Tensor, " cells"]:
    """Pulses of freshly formed cells to random targets of 1 to 40 µS, NeuRRAM's way (1).

    Cells that never converge, most of them stuck, are left out.
    """
    bench = _bench(cells, stream)
    draw = torch.rand(cells, generator=stream.child("targets").generator())
    result = mho.program(bench, (1 + 39 * draw) * uS, neurram_protocol())
    return result.pulses[result.converged].double()


def relaxation(
    conductance: float, cells: int, stream: mho.Stream
) -> dict[float, Float[Tensor, " cells"]]:
    """Change of each cell's reading since the end of programming, after 1 s and after a day (S).

    Cells that were cycled once are programmed to one target with NeuRRAM's protocol. The first
    reading follows at once when the last cell is done, the others 1 s and 1 day later; each is
    the mean of 20 samples. Cells that did not converge are left out.

    Args:
        conductance: The target (S).
        cells: Number of cells (1).
        stream: Randomness.
    """
    bench = _bench(cells, stream)
    bench.age(1.0)
    good = mho.program(bench, torch.full((cells,), conductance), neurram_protocol()).converged
    chosen = good.nonzero()[:, 0]
    start, first = bench.clock, bench.read(chosen, samples=20, window=0.0).mean
    change = {}
    for time in (1 * s, DAY):
        bench.wait(start + time - bench.clock)
        change[time] = (bench.read(chosen, samples=20, window=0.0).mean - first).double()
    return change


def test_the_published_settings_need_the_published_number_of_pulses(stream: mho.Stream) -> None:
    """Mean 8.5 pulses within 20 %; the switching voltages were tuned to it, and say so.

    Standard deviation near 5 between cells: five standard errors of 1,024 cells are 0.8, half of
    the 20 %. 0.2 % are stuck; 0.9 % of 1,024 cells are five standard errors more.
    """
    number = pulses_needed(1024, stream)
    assert abs(float(number.mean()) - 8.5) <= 0.2 * 8.5
    assert number.numel() >= 0.991 * 1024


@pytest.mark.parametrize("conductance", TABLE)
def test_relaxation_is_as_published(stream: mho.Stream, conductance: int) -> None:
    """σ of the change after 1 s and 1 day within 15 % of the table, at every target of 1-40 µS.

    Nothing was tuned to it: what the loop, the creep's renewal, telegraph noise and the read-out
    add or take away is what the 15 % are for. The sample of n cells adds five standard errors of
    a log-normal's standard deviation, √((κ − 1)/4n), κ = w⁴ + 2w³ + 3w² − 3, w = 1 + σ²/G².
    """
    change = relaxation(conductance * uS, 1024, stream)
    for (time, found), sigma in zip(change.items(), TABLE[conductance], strict=True):
        w = 1 + (sigma / conductance) ** 2
        kurtosis = w**4 + 2 * w**3 + 3 * w**2 - 3
        error = 5 * math.sqrt((kurtosis - 1) / (4 * found.numel()))
        assert abs(float(found.std()) / (sigma * uS) - 1) <= 0.15 + error, time


def pulses_for_window(
    window: float, trim: mho.WriteVerify, preset: Preset, cells: int, stream: mho.Stream
) -> Float[Tensor, " levels"]:
    """Mean pulses to a window relative to the target, from random states, for each of five levels.

    Args:
        window: Half-width of the acceptance window as a fraction of the target (1).
        trim: How pulses are chosen.
        preset: The cells; 10 to 90 µS.
        cells: Cells at each level (1).
        stream: Randomness.
    """
    mean = []
    for level in (10, 30, 50, 70, 90):
        own = stream.child("level", level)
        bench = mho.SimulatedBench(mho.Chip(preset, rows=8, cols=math.ceil(cells / 8)), own)
        before = 10 + 80 * torch.rand(cells, generator=own.child("before").generator())
        mho.program(bench, before * uS, _window(5 * uS, trim))
        target = torch.full((cells,), level * uS)
        result = mho.program(bench, target, _window(window * level * uS, trim))
        mean.append(result.pulses.double().mean())
    return torch.stack(mean)


def _window(tolerance: float, trim: mho.WriteVerify) -> mho.ProgramProtocol:
    """One look between pulses, a second one to accept."""
    look = mho.Verify(window=2 * ms, samples=2, margin=1.0, every=1)
    return mho.ProgramProtocol(
        tolerance=tolerance, trim=trim, denoise=None, verify=look, trim_window=1.0, max_cycles=4000
    )


def quiet_cell() -> Preset:
    """A cell of 10 to 90 µS without noise, alike in both polarities; all else a published one's.

    Range as in key falcone2025; switching law and spreads are those of `umass_ta_hfo2`.
    """
    return mho.preset("umass_ta_hfo2").replace(
        telegraph__births=0.0, telegraph__spawning=0.0, flicker__per_decade=0.0,
        relaxation__scale=0.0, retention__scale=0.0, cell__stuck_fraction=0.0,
        cell__curvature=0.0, cell__formed=10 * uS, array__read_noise_off_chip=0.0,
        array__level_low=9 * uS, array__level_high=95 * uS, switching__reset_voltage=1.4 * V,
        switching__low=5 * uS, switching__high=100 * uS, switching__span=50 * uS,
        switching__largest_step=90 * uS,
    )  # fmt: skip


def test_a_ten_times_narrower_window_needs_nine_times_the_pulses(stream: mho.Stream) -> None:
    """From ±2 % to ±0.2 % of 10-90 µS: ×9 within 30 %; published are some 10 and 90 pulses.

    Identical pulses, as published, of the amplitude that needs fewest for 2 % (15, 11 and 18 at
    1.5, 1.6 and 1.7 V). The setting was found among others, whose ratios go from 1 to 18: see
    docs/explanation/switching.md. Where one step exceeds the window, a pulse
    hits by chance, and the chance is proportional to the window. Only typical cells: one
    amplitude for cells that differ by 8 % in voltage suits none of them. The number of pulses is
    nearly geometric, so the mean of n has a relative standard error of 1/√n: 8 % of the ratio.
    """
    typical = quiet_cell().replace(switching__voltage_spread=0.0, switching__gain_spread=0.0)
    same = mho.WriteVerify(start_voltage=1.6 * V, increment=1e-6, cap_pulses=10**6)
    wide = pulses_for_window(0.02, same, typical, 64, stream.child("wide"))
    narrow = pulses_for_window(0.002, same, typical, 64, stream.child("narrow"))
    assert abs(float(narrow.mean() / wide.mean()) / 9 - 1) <= 0.3
    assert 8 <= float(wide.mean()) <= 14
