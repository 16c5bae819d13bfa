"""Draw the pictures of docs/explanation from the package: `python docs/make_pictures.py`."""

import base64
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
from mho.device.filament import CellParameters, Cells
from mho.device.laws import SwitchingConstants, TelegraphNoise, Traps
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


def quiet(name: str = "rao2023") -> CellParameters:
    """A published cell whose specimens are all alike."""
    alike = {"switching__voltage_spread": 0.0, "switching__gain_spread": 0.0}
    return mho.preset(name).replace(cell__stuck_fraction=0.0, **alike).cell()


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
        size = _steps(kind, torch.full_like(volts, 1e-3), volts, width)
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
        size = _steps(kind, core, torch.full_like(core, volts_now), 1e-7)
        right.plot(to_uS(core) / 1000, to_uS(size), color=colour, label=text)
    right.set(
        xlabel="Conductance (mS)",
        ylabel="Step at 1.1 V, 100 ns (µS)",
        ylim=(0, None),
    )
    add_legend(right)
    return figure


def _steps(
    kind: CellParameters, core: Tensor, volts: Tensor, width: float
) -> Tensor:
    """Median steps of a typical cell with the selector fully open (S)."""
    law = kind.switching
    one = torch.ones_like(core)
    typical = SwitchingConstants(
        one * law.set_voltage, one * law.reset_voltage, one
    )
    size = law.mean_step(core, volts, width, one * law.high, typical)
    return size.clamp(max=law.largest_step)


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
    cells = Cells(kind, 200, mho.Stream(3))
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
    law = quiet().telegraph
    count = 20_000
    volts = torch.linspace(0.15, 0.9, 301)
    figure = new_figure(2.8)
    axes = figure.subplots()
    for onset, colour in zip((0.35, 0.45, 0.55), COLOURS, strict=False):
        chance = _chance(law, volts, torch.full((count,), onset))
        label = f"cleaned at {onset:g} V"
        axes.plot(as_array(volts), as_array(chance), color=colour, label=label)
    born = law.new(
        torch.full((count,), 0.9), mho.Stream(0).cells(torch.arange(count))
    )
    every = _chance(law, volts, born.cleaning_voltage[0])
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


def _chance(law: TelegraphNoise, volts: Tensor, onset: Tensor) -> Tensor:
    """Share of channels with these cleaning voltages that one pulse of each voltage resolves."""
    cells = onset.numel()
    one = torch.ones(1, cells)
    traps = Traps(one, one, one, onset[None], one < 0)
    draw = mho.Stream(1).cells(torch.arange(cells)).uniform("draw")[:, None]
    gone = law.resolved(
        traps, volts[:, None].expand(-1, cells), law.cleaning_width, draw
    )
    return gone[0].float().mean(1)


def births() -> Figure:
    """Channels left behind against the size of a step, fresh and worn; drawn and by formula."""
    kind = quiet()
    count = 4000
    figure = new_figure(2.8)
    axes = figure.subplots()
    sizes = torch.logspace(-7, -3, 81)
    for cycles, colour, text in (
        (1e6, BLUE, "up to 10⁶ cycles"),
        (1e10, VERMILLION, "after 10¹⁰ cycles"),
    ):
        worn = float(kind.endurance.births(torch.tensor([cycles])))
        law = kind.telegraph
        mean = law.births * worn * -torch.expm1(-sizes / law.birth_step)
        axes.plot(to_uS(sizes), as_array(mean), color=colour, label=text)
        drawn = []
        for number, step in enumerate(sizes[::8].tolist()):
            stream = mho.Stream(number).cells(torch.arange(count))
            drawn.append(
                float(
                    law.born(torch.full((count,), step), stream, worn)
                    .double()
                    .mean()
                )
            )
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
        kind = quiet(name)
        for level, colour in zip(levels, COLOURS, strict=False):
            core = torch.full_like(age, level * uS)
            sigma = kind.relaxation.deviation(core, age)
            text = f"{level:,} µS"
            axes.plot(as_array(age), to_uS(sigma), color=colour, label=text)
        lost = kind.retention.lost(
            torch.full_like(age, levels[1] * uS), age, kind.switching.low
        )
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


def temperature() -> Figure:
    """Temperature coefficient against conductance, typical and of single cells."""
    law = quiet().temperature
    count = 250
    figure = new_figure(2.8)
    axes = figure.subplots()
    core = torch.logspace(-6, -2.35, 301)
    typical = law.factor(core, torch.zeros_like(core), law.reference + 1) - 1
    own = mho.Stream(0).cells(torch.arange(count)).normal("own")[0]
    some = torch.logspace(-6, -2.35, count)
    single = law.factor(some, own, law.reference + 1) - 1
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
