"""Draw the pictures of docs/explanation from the package: `python docs/make_pictures.py`."""

import base64
import math
from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

import mho
from mho.characterise.wires import (
    ArraySetup,
    share_by_size,
    wire_loss,
    wire_plans,
    wire_savings,
)
from mho.device import Cells
from mho.device.filament import CellParameters
from mho.report.figures import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    add_legend,
    as_array,
    draw_data_url,
    new_figure,
    to_uS,
    wires_figure,
)
from mho.units import G0, uS
from mho.wires import WireModel

FOLDER = Path(__file__).parent / "pictures"
DAY = 86_400.0
YEAR = 365.25 * 86_400.0
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)


ROOM = 300.0
"""Temperature at which all laws are stated (K)."""
STILL = {
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "retention__scale": 0.0,
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
}
"""Nothing moves but by pulses."""


def quiet(name: str = "rao2023", **changes: float) -> CellParameters:
    """A published cell whose specimens are all alike."""
    alike = {"switching__voltage_spread": 0.0, "switching__gain_spread": 0.0}
    changes = {"cell__stuck_fraction": 0.0, **alike, **changes}
    kind = mho.preset(name).replace(**changes).cell()
    assert isinstance(kind, CellParameters)
    return kind


def step_size() -> Figure:
    """Median step against voltage, and against conductance for both polarities."""
    kind = quiet()
    law = kind.switching
    figure = new_figure(3.0)
    left, right = figure.subplots(1, 2)
    volts = torch.linspace(0.5, 1.5, 401)
    for width, colour, text in (
        (1e-7, BLUE, "100 ns"),
        (1e-6, ORANGE, "1 µs"),
    ):
        size = _steps(torch.full_like(volts, 1e-3), volts, width)
        size[size == 0] = torch.nan
        left.plot(as_array(volts), to_uS(size), color=colour, label=text)
    threshold = law.threshold * law.set_voltage
    left.axvspan(0.5, threshold, color=GREEN, alpha=0.18, linewidth=0)
    left.text(
        (0.5 + threshold) / 2,
        30,
        "denoising",
        rotation=90,
        ha="center",
        va="center",
        color="#00573f",
    )
    left.text(
        1.48, 1000, "largest step", ha="right", fontsize=8.5, color="#666666"
    )
    left.set(yscale="log", xlim=(0.5, 1.5), ylim=(0.1, 2000))
    left.set(xlabel="Pulse amplitude (V)", ylabel="SET step at 1 mS (µS)")
    add_legend(left)
    core = torch.linspace(10e-6, 4400e-6, 401)
    for volts_now, colour, text in (
        (1.1, BLUE, "SET"),
        (-1.1, VERMILLION, "RESET"),
    ):
        size = _steps(core, torch.full_like(core, volts_now), 1e-7)
        right.plot(to_uS(core) / 1000, to_uS(size), color=colour, label=text)
    right.set(
        xlabel="Conductance (mS)",
        ylabel="Step at 1.1 V, 100 ns (µS)",
        ylim=(0, None),
    )
    add_legend(right)
    return figure


def _steps(core: Tensor, volts: Tensor, width: float) -> Tensor:
    """Median steps of a typical cell with the selector fully open (S)."""
    kind = quiet(**STILL, switching__cycle_spread=0.0)
    count = core.numel()
    cells = Cells(kind, count, mho.Stream(0), ROOM)
    cells.column("core").copy_(core)
    limit = torch.full((count,), kind.switching.high)
    cells.pulse(torch.arange(count), volts[None], width, limit, 0.0)
    return (cells.column("core") - core).abs()


def telegraph() -> Figure:
    """Two seconds of one cell: right after a SET, and after denoising."""
    kind = quiet()
    number = _typical(kind)
    cells, every = _fresh(kind)
    figure = new_figure(2.8)
    axes = figure.subplots()
    before = cells.sample(every, 1.0, 1e-3, 1e-3, 2000)[:, number]
    for burst in range(6):
        volts = torch.linspace(0.5, 0.66, 12) * torch.tensor(
            [1.0, -1.0]
        ).repeat(6)
        train = volts[:, None].expand(12, cells.count).contiguous()
        cells.pulse(
            every, train, 1e-5, torch.full((cells.count,), 4e-3), 4.0 + burst
        )
    after = cells.sample(every, 12.0, 1e-3, 1e-3, 2000)[:, number]
    time = torch.arange(2000) * 1e-3
    for trace, colour, text in (
        (before, VERMILLION, "after a SET"),
        (after, BLUE, "denoised"),
    ):
        axes.plot(
            as_array(time),
            to_uS(trace),
            color=colour,
            linewidth=0.9,
            label=text,
        )
    axes.set(xlabel="Time (s)", ylabel="Conductance (µS)", xlim=(0, 2))
    add_legend(axes, "samples of 1 ms at 0.2 V")
    return figure


def _fresh(kind: CellParameters) -> tuple[Cells, Tensor]:
    """Cells after one SET of a few hundred microsiemens."""
    cells = Cells(kind, 200, mho.Stream(3), ROOM)
    every = torch.arange(200)
    cells.pulse(
        every, torch.full((1, 200), 1.35), 1e-7, torch.full((200,), 4e-3), 0.5
    )
    return cells, every


def _typical(kind: CellParameters) -> int:
    """A cell whose trace shows two channels at work and little else."""
    cells, every = _fresh(kind)
    seen = cells.sample(every, 1.0, 1e-3, 1e-3, 2000)
    jumps = (seen.diff(dim=0).abs() > 1 * uS).sum(0)
    span = seen.amax(0) - seen.amin(0)
    good = (jumps > 15) & (jumps < 120) & (span > 4 * uS) & (span < 16 * uS)
    return int(good.nonzero()[0, 0])


def resolving() -> Figure:
    """Chance that a pulse resolves a channel, for three channels and for all."""
    volts = torch.linspace(0.15, 0.9, 301)
    figure = new_figure(2.8)
    axes = figure.subplots()
    for onset, colour in zip((0.35, 0.45, 0.55), COLOURS, strict=False):
        chance = _chance(volts, onset)
        label = f"cleaned at {onset:g} V"
        axes.plot(as_array(volts), as_array(chance), color=colour, label=label)
    every = _chance(volts)
    axes.plot(
        as_array(volts),
        as_array(every),
        color=BLACK,
        linestyle="--",
        label="average",
    )
    axes.axvspan(0.675, 0.9, color=VERMILLION, alpha=0.12, linewidth=0)
    axes.text(
        0.7875, 0.1, "switches\na typical cell", ha="center", color="#7a3500"
    )
    axes.set(
        xlabel="Pulse amplitude (V)",
        ylabel="Resolved by one pulse (1)",
        xlim=(0.15, 0.9),
    )
    axes.set(ylim=(0, 0.55))
    add_legend(axes)
    return figure


def _chance(volts: Tensor, onset: float | None = None) -> Tensor:
    """Share of channels that one pulse of each voltage resolves, cleaned at one or fresh."""
    kind = quiet(**STILL | {"telegraph__spawning": 1.0})
    width = kind.telegraph.cleaning_width
    count = 20_000
    cells = Cells(kind, count, mho.Stream(1), ROOM)
    every = torch.arange(count)
    limit = torch.ones(count)
    # a weak pulse leaves exactly one channel behind
    cells.pulse(every, torch.full((1, count), 0.01), width, limit, 0.0)
    if onset is not None:
        cells.column("cleaning_voltage").fill_(onset)
    # so that no pulse switches, and all meet the same channels with the same draws
    cells.column("set_voltage").fill_(100.0)
    before = cells.records.copy()
    shares = []
    for one in volts.tolist():
        cells.records[:] = before
        cells.pulse(every, torch.full((1, count), one), width, limit, 0.0)
        amplitude = cells.column("amplitude")
        # of the channels that there are now, one is new
        left = (amplitude > 0).sum(0) - 1
        shares.append(1 - float(left.double().mean()))
    return torch.tensor(shares)


def births() -> Figure:
    """Channels left behind against the size of a step, fresh and worn; drawn and by formula."""
    kind = quiet()
    figure = new_figure(2.8)
    axes = figure.subplots()
    sizes = torch.logspace(-7, -3, 81)
    for cycles, colour, text in (
        (1e6, BLUE, "up to 10⁶ cycles"),
        (1e10, VERMILLION, "after 10¹⁰ cycles"),
    ):
        worn = 1 + kind.endurance.growth * max(
            math.log10(cycles / kind.endurance.onset), 0.0
        )
        law = kind.telegraph
        mean = law.births * worn * -torch.expm1(-sizes / law.birth_step)
        axes.plot(to_uS(sizes), as_array(mean), color=colour, label=text)
        drawn = [_born(step, cycles) for step in sizes[::8].tolist()]
        axes.plot(to_uS(sizes[::8]), drawn, "o", color=colour, markersize=4)
    axes.axvspan(0.1, 2, color=GREEN, alpha=0.18, linewidth=0)
    axes.text(0.45, 1.2, "trimming", ha="center", color="#00573f")
    axes.set(
        xscale="log",
        xlabel="Step (µS)",
        ylabel="New channels (mean)",
        xlim=(0.1, 1000),
    )
    axes.set(ylim=(0, 2.3))
    add_legend(axes, "dots: 4,000 simulated steps each")
    return figure


def _born(step: float, cycles: float) -> float:
    """Mean number of channels that steps of this size (S) leave behind, by drawing them (1)."""
    # a strong pulse makes the largest step that there is; every channel gets a slot
    kind = quiet(switching__largest_step=step, telegraph__slots=8)
    count = 4000
    cells = Cells(kind, count, mho.Stream(0).child(repr(step)), ROOM)
    cells.column("amplitude").zero_()
    cells.column("cycles").fill_(cycles)
    cells.column("core").fill_(10 * uS)
    limit = torch.full((count,), kind.switching.high)
    cells.pulse(
        torch.arange(count), torch.full((1, count), 3.0), 1e-6, limit, 0.0
    )
    channels = (cells.column("amplitude") > 0).sum(0)
    return float(channels.double().mean())


def relaxation() -> Figure:
    """Deviation between cells and common loss against time, for two kinds of cells."""
    figure = new_figure(3.0)
    panels = figure.subplots(1, 2)
    age = torch.logspace(-6, 9, 301)
    for axes, name, levels in zip(
        panels,
        ("rao2023", "wan2022"),
        ((100, 1000, 4000), (5, 20, 40)),
        strict=True,
    ):
        for level, colour in zip(levels, COLOURS, strict=False):
            sigma = _creeping(name, level * uS, age, retention__scale=0.0)[1]
            text = f"{level:,} µS"
            axes.plot(as_array(age), to_uS(sigma), color=colour, label=text)
        middle = levels[1] * uS
        lost = middle - _creeping(name, middle, age)[0]
        axes.plot(
            as_array(age),
            to_uS(lost),
            color=BLACK,
            linestyle="--",
            label="lost in common",
        )
        for moment, text in (
            (1.0, "1 s"),
            (DAY, "1 day"),
            (10 * YEAR, "10 years"),
        ):
            axes.axvline(moment, color="#999999", linewidth=0.8)
            axes.text(
                moment,
                0.99,
                text,
                rotation=90,
                ha="right",
                va="top",
                fontsize=8,
                color="#666666",
                transform=axes.get_xaxis_transform(),
            )
        axes.set(
            xscale="log",
            xlabel="Time since switching (s)",
            xlim=(1e-6, 1e9),
            ylim=(0, None),
        )
        axes.set_title(name, loc="left")
        axes.legend(loc="upper left", fontsize=8)
    panels[0].set_ylabel("Deviation between cells, σ (µS)")
    panels[0].set_ylim(0, 8)
    panels[1].set_ylim(0, 6.5)
    return figure


def _creeping(
    name: str, level: float, age: Tensor, **changes: float
) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the conductance of many cells at times after their switching (S)."""
    still = {
        name: number
        for name, number in STILL.items()
        if not name.startswith(("relaxation", "retention"))
    }
    count = 20_000
    cells = Cells(quiet(name, **still, **changes), count, mho.Stream(0), ROOM)
    every = torch.arange(count)
    cells.age(every, 1.0, 0.0)
    cells.column("core").fill_(level)
    moments = []
    for moment in age.tolist():
        seen = cells.sample(every, moment, 1e-9, 1e-9, 1)[0].double()
        moments.append((float(seen.mean()), float(seen.std())))
    mean, deviation = torch.tensor(moments).T
    return mean, deviation


def temperature() -> Figure:
    """Temperature coefficient against conductance, typical and of single cells."""
    figure = new_figure(2.8)
    axes = figure.subplots()
    core = torch.logspace(-6, -2.35, 301)
    typical = _coefficient(core, spread=False)
    some = torch.logspace(-6, -2.35, 250)
    single = _coefficient(some, spread=True)
    axes.plot(
        to_uS(some),
        1e6 * as_array(single),
        ".",
        color=SKY,
        label="single cells",
    )
    axes.plot(
        to_uS(core),
        1e6 * as_array(typical),
        color=BLUE,
        label="typical",
    )
    axes.axhline(0, color=BLACK, linewidth=0.8)
    axes.axvline(G0 / uS, color="#999999", linewidth=0.8)
    axes.text(
        G0 / uS * 1.05,
        450,
        "conductance quantum",
        fontsize=8.5,
        color="#666666",
    )
    axes.set(
        xscale="log", xlabel="Conductance (µS)", ylabel="Coefficient (ppm/K)"
    )
    add_legend(axes)
    return figure


def _coefficient(core: Tensor, spread: bool) -> Tensor:
    """Relative change of the conductance of single or typical cells per kelvin (1/K)."""
    kelvin = 10.0
    cells = Cells(quiet(**STILL), core.numel(), mho.Stream(0), ROOM)
    cells.column("core").copy_(core)
    if not spread:
        cells.column("temperature_draw").zero_()
    cells.heat(ROOM + kelvin, 0.0)
    seen = cells.sample(torch.arange(core.numel()), 0.0, 1e-9, 1e-9, 1)[0]
    return (seen / core - 1) / kelvin


def wires() -> Figure:
    """What wires of 1 Ω a segment leave of an array of 256×256 cells, as `mho wires` shows it."""
    stream = mho.Stream(0).child("wires")
    wanted = 0.95
    base = ArraySetup(WireModel(1.0, 1.0), (256, 256), 50 * uS, 500 * uS)
    loss = wire_loss(base.wires, base.size, base.low, base.high, stream)
    return wires_figure(
        loss,
        wire_savings(base, stream),
        wire_plans(base, wanted, stream),
        wanted,
        share_by_size(base, stream),
    )


def main() -> None:
    """Write every picture."""
    pictures: dict[str, Callable[[], Figure]] = {
        "step-size": step_size,
        "telegraph": telegraph,
        "resolving": resolving,
        "births": births,
        "relaxation": relaxation,
        "temperature": temperature,
        "wires": wires,
    }
    for name, figure in pictures.items():
        code = draw_data_url(figure).partition(",")[2]
        (FOLDER / f"{name}.png").write_bytes(base64.b64decode(code))


if __name__ == "__main__":
    main()
