"""Traces: what they show of a population of cells, and what they cannot show."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import mho
from mho.cli.main import main
from mho.device import Cells
from mho.fitting import fit_files, fit_law
from mho.fitting.traces import ChannelLaw, Look, Seen, Times
from mho.fitting.traces.ratios import RatioLaw
from mho.measured import Trace
from mho.units import ms, uS

TIMES = Times(1e-4, 1e2)
TRUTH = {
    "telegraph.births": 1.2,
    "telegraph.amplitude": 2e-6,
    "telegraph.amplitude_spread": 0.7,
    "telegraph.asymmetry": 1.0,
}
NOISE = 0.2 * uS


def looks(seed: int, traces: int) -> list[Look]:
    """Channels drawn from the law, thinned by what a trace of 10 s at 1 kHz shows.

    Three in four are missed, most of them for their times.
    """
    rng = np.random.default_rng(seed)
    births, size, spread, asymmetry = TRUTH.values()
    found = []
    for _ in range(traces):
        seen = []
        for _ in range(rng.poisson(births)):
            amplitude = np.log(size) + spread * rng.standard_normal()
            centre = rng.uniform(np.log(TIMES.shortest), np.log(TIMES.longest))
            ratio = asymmetry * rng.standard_normal()
            times = np.exp(centre + np.array((ratio, -ratio)) / 2)
            slow = times.sum() > 1.0
            if amplitude < np.log(1e-6) or times.min() < 3 * ms or slow:
                continue
            seen.append(Seen(amplitude, 0.02, ratio, 0.1))
        found.append(Look(1.0, 1e-6, 3 * ms, 1.0, tuple(seen)))
    return found


def test_channels_that_are_not_seen_are_counted() -> None:
    """Four sets of 60 traces: at a true 95 %, 2 of 4 or fewer happen once in 70 times.

    This seed has none such for any of the four numbers.

    Without the thinning, births would come out at a third of what they are.
    """
    held = dict.fromkeys(TRUTH, 0)
    for seed in range(4):
        law = ChannelLaw(looks(seed, 60), TIMES, {}, ("traces.csv",))
        for one in fit_law(law).parameters:
            held[one.name] += one.low <= TRUTH[one.name] <= one.high
    assert min(held.values()) >= 3, held


def test_the_slopes_of_channels_are_those_of_differences() -> None:
    law = ChannelLaw(looks(0, 30), TIMES, {}, ("traces.csv",))
    p = np.array(list(TRUTH.values()))
    found = law.gradient(p)
    for k in range(p.size):
        h = 1e-5 * p[k]
        up, down = p.copy(), p.copy()
        up[k] += h
        down[k] -= h
        slope = (law.loss(up) - law.loss(down)) / (2 * h)
        assert found[k] == pytest.approx(slope, rel=1e-3)


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    """Four fresh cells of `rao2023` with more 1/f noise, watched for 3 s.

    No trap is too fast to be seen, and no decade of 1/f noise is taken to be white.
    """
    base = mho.preset("rao2023").replace(
        flicker__per_decade=1e-3,
        flicker__split=1e-3,
        telegraph__shortest=3e-3,
        cell__stuck_fraction=0.0,
        relaxation__scale=0.0,
        retention__scale=0.0,
    )
    cells = Cells(base.cell(), 4, mho.Stream(1), 300.0)
    seen = cells.sample(torch.arange(4), 0.0, 1 * ms, 1 * ms, 3000).double()
    draw = torch.Generator().manual_seed(2)
    seen += NOISE * torch.randn(seen.shape, generator=draw, dtype=seen.dtype)
    return [
        Trace(seen[:, k].contiguous(), 1 * ms, source=f"trace_{k}.csv")
        for k in range(4)
    ]


def test_traces_become_numbers_of_noise(traces: list[Trace]) -> None:
    found = fit_files(traces, mho.preset("rao2023"), "mycell")
    white = found.preset.values["array.read_noise_off_chip"]
    # the simulator's 1/f noise ends at a millisecond, which takes a tenth of the white noise away
    assert white.value == pytest.approx(NOISE, rel=0.15)
    flicker = found.preset.values["flicker.per_decade"]
    assert flicker.interval is not None
    assert flicker.interval[0] <= 1e-3 <= flicker.interval[1]
    told = " ".join(found.told)
    assert "kept from rao2023" in told
    assert "channels in" in told


def test_a_single_trace_is_no_population(traces: list[Trace]) -> None:
    """Its own noise is known to some per cent; that of cells, to a factor of two and a half."""
    found = fit_files(traces[:1], mho.preset("rao2023"), "mycell")
    white = found.preset.values["array.read_noise_off_chip"]
    assert white.interval is not None
    assert white.interval[1] / white.interval[0] > np.exp(2 * 1.9 * 0.5)


def test_a_trace_below_zero_has_no_relative_noise(traces: list[Trace]) -> None:
    """An offset of the instrument: said, and no end of all the other traces."""
    below = Trace(traces[1].conductance - 1e-2, 1 * ms, source="offset.csv")
    found = fit_files([traces[0], below], mho.preset("rao2023"), "mycell")
    assert "1 of 2 traces conduct nothing" in " ".join(found.told)


def test_cells_without_traps_say_so(
    traces: list[Trace], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command: a file of a trace, a base whose cells have neither traps nor 1/f noise."""
    path = tmp_path / "trace.csv"
    time = np.arange(3000) * 1e-3
    values = traces[0].conductance.numpy() * 1e6
    np.savetxt(
        path,
        np.stack((time, values), 1),
        delimiter=",",
        header="time_s,conductance_uS",
        comments="",
    )
    words = ["fit", str(path), "--base", "ecram_li", "--json", "-"]
    words += ["--out", str(tmp_path / "out"), "-o", str(tmp_path / "my.toml")]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    told = " ".join(json.loads(capsys.readouterr().out)["told"])
    assert "no 1/f noise" in told or "no telegraph noise" in told
    assert (
        mho.preset(str(tmp_path / "my.toml"))
        .values["array.read_noise_off_chip"]
        .interval
    )


def test_traces_with_something_else_in_them_move_the_median_little() -> None:
    """Four of twenty show three times the noise of the others, whose median is 1 % from the truth.

    By a normal law between traces it would be 3^0.2, 25 %, too large.
    """
    sizes = [*np.exp(np.random.default_rng(0).normal(0, 0.05, 16)), 3, 3, 3, 3]
    law = RatioLaw("noise", "noise", "S", sizes, [0.02] * 20, ("a.csv",))
    found = fit_law(law)["noise"]
    assert found.low < 1.0 < found.high
    assert found.value < 1.1
