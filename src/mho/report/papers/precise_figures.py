"""Figures of claims about precision: errors against cells, bits and refinements, and signals."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mho.papers.experiments import (
    BitsShown,
    CourseShown,
    DevicesShown,
    DigitsShown,
    EdgesShown,
    FallShown,
    FloorShown,
    SpectrogramShown,
)
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
    new_figure,
)

_COLOURS = (BLUE, SKY, ORANGE, VERMILLION, GREEN, PURPLE)


def _devices(shown: DevicesShown) -> Figure:
    figure = new_figure(3.8)
    axes = figure.subplots()
    for row, (name, measured) in enumerate(
        zip(shown.names, shown.measured, strict=True)
    ):
        colour = _COLOURS[row % len(_COLOURS)]
        devices = range(1, len(measured) + 1)
        axes.semilogy(devices, measured, color=colour, label=name)
        expected = shown.expected[row]
        axes.semilogy(
            range(1, len(expected) + 1),
            expected,
            "x",
            color=colour,
            markersize=5,
        )
    axes.set_xlabel("Devices a number (1)")
    axes.set_ylabel("Error, root mean square (1)")
    axes.legend(loc="lower left")
    return figure


def _floor(shown: FloorShown) -> Figure:
    figure = new_figure(3.4)
    axes = figure.subplots()
    for row, (name, colour) in enumerate(
        (("denoised", BLUE), ("not denoised", VERMILLION))
    ):
        axes.semilogy(
            shown.cells,
            as_array(shown.measured[row]),
            "o",
            color=colour,
            label=f"measured, {name}",
        )
        axes.semilogy(
            shown.cells,
            as_array(shown.predicted[row]),
            color=colour,
            label="predicted",
        )
        axes.axhline(
            float(shown.noise[row]),
            color=colour,
            linewidth=0.8,
            linestyle=":",
            label="read noise alone",
        )
    axes.set_xticks(shown.cells)
    axes.set_xlabel("Pairs of cells a number (1)")
    axes.set_ylabel("Error relative to the outputs (1)")
    add_legend(axes)
    return figure


def _fall(shown: FallShown) -> Figure:
    figure = new_figure(3.0)
    axes = figure.subplots()
    axes.semilogy(
        shown.cells, as_array(shown.error), "o", color=BLUE, label=shown.what
    )
    axes.semilogy(
        shown.cells,
        as_array(shown.law),
        color=VERMILLION,
        label="ratio of the weights",
    )
    axes.set_xlabel("Pairs of cells a number (1)")
    axes.set_ylabel("Error of the solution (1)")
    axes.legend(loc="upper right")
    return figure


def _course(shown: CourseShown) -> Figure:
    figure = new_figure(3.0)
    axes = figure.subplots()
    steps = range(1, len(shown.residual) + 1)
    axes.semilogy(steps, shown.residual, color=BLUE, label="refined")
    axes.axhline(
        shown.alone,
        color=VERMILLION,
        linestyle="--",
        label="analog products alone",
    )
    axes.set_xlabel("Refinements (1)")
    axes.set_ylabel("Relative residual (1)")
    axes.legend(loc="upper right")
    return figure


def _bits(shown: BitsShown) -> Figure:
    figure = new_figure(3.0)
    axes = figure.subplots()
    axes.semilogy(shown.bits, shown.found, "o", color=BLUE, label="simulated")
    law = [
        shown.found[0] * 2.0 ** (shown.bits[0] - bits) for bits in shown.bits
    ]
    axes.semilogy(shown.bits, law, color=VERMILLION, label="a bit for a bit")
    axes.set_xlabel(f"{shown.what} (1)")
    axes.set_ylabel(shown.ylabel)
    axes.legend(loc="upper right")
    return figure


def _digits(shown: DigitsShown) -> Figure:
    figure = new_figure(3.0)
    axes = figure.subplots()
    steps = range(1, shown.bits.shape[1] + 1)
    for place, system in enumerate(shown.bits):
        axes.plot(
            steps,
            as_array(system),
            color=BLUE,
            linewidth=0.9,
            label="systems" if place == 0 else None,
        )
    axes.axhline(
        shown.wanted, color=BLACK, linestyle="--", label=f"{shown.wanted} bits"
    )
    axes.set_xlabel("Refinements (1)")
    axes.set_ylabel("Bits of the answer (1)")
    axes.legend(loc="lower right")
    return figure


def _spectrogram(shown: SpectrogramShown) -> Figure:
    figure = new_figure(3.4)
    panels = figure.subplots(1, 2)
    for axes, image, name in _both(panels, shown.exact, shown.found):
        _image(axes, image, name)
        axes.set_xlabel("Slice")
    panels[0].set_ylabel("Bin of frequency")
    return figure


def _edges(shown: EdgesShown) -> Figure:
    figure = new_figure(3.4)
    panels = figure.subplots(1, 2)
    for axes, image, name in _both(panels, shown.exact, shown.found):
        _image(axes, image.flip(0), name)
        axes.set_xticks([])
        axes.set_yticks([])
    return figure


def _both(panels: Any, exact: Any, found: Any) -> Any:
    """Panels with their images and names."""
    return zip(panels, (exact, found), ("exact", "by an array"), strict=True)


def _image(axes: Axes, image: Any, name: str) -> None:
    """An image with its title, the first row at the bottom."""
    axes.imshow(
        as_array(image),
        cmap="viridis",
        aspect="auto",
        origin="lower",
        interpolation="nearest",
    )
    axes.grid(visible=False)
    axes.set_title(name)


PRECISE: Mapping[type, Callable[[Any], Figure]] = {
    DevicesShown: _devices,
    FloorShown: _floor,
    FallShown: _fall,
    CourseShown: _course,
    BitsShown: _bits,
    DigitsShown: _digits,
    SpectrogramShown: _spectrogram,
    EdgesShown: _edges,
}
"""Maker of each figure by what it shows."""
