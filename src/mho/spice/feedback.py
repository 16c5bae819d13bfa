"""An array in the feedback of amplifiers as text for ngspice, amplifiers by their behaviour.

Output i is the node `x<i>`, its inverted one `y<i>`, input j `u<j>`, source j `s<j>`. Arrays are
the subcircuits of `tile_subcircuit`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import (
    check_choice,
    check_finite,
    check_positive,
    check_shape,
)
from mho.spice.netlist import comment, tile_subcircuit
from mho.wires import WireModel

_LAYOUTS = ("arrays", "lines")
_OPTIONS = ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 itl1=500 gmin=1e-18"
"""Amplifiers multiply the rounding errors of voltages by their gain, so no tighter than that."""
_RESISTOR = 1e4
"""Of an inverter (Ω); only that both are equal counts."""


@dataclass(frozen=True, slots=True)
class AmplifierText:
    """An amplifier as numbers of a netlist.

    Args:
        gain: Open-loop gain at rest (1).
        pole: Angular frequency of its pole (1/s).
        input_capacitance: Between each input and ground (F).
    """

    gain: float
    pole: float
    input_capacitance: float = 0.0


def feedback_netlist(
    positive: Float[Tensor, "n n"],
    negative: Float[Tensor, "n n"] | None,
    source: Float[Tensor, " n"],
    *,
    input_conductance: float,
    wires: WireModel,
    amplifier: AmplifierText,
    layout: str = "arrays",
    offset: Float[Tensor, " amplifiers"] | None = None,
    span: float | None = None,
    title: str = "array in the feedback of amplifiers",
    raw: str = "feedback.raw",
    notes: Sequence[str] = (),
) -> str:
    """The circuit with its sources, to be run with `ngspice -b`.

    Args:
        positive: Cells that act with their sign (S); row i is driven by output i, column j ends
            at input j. Shape (n, n).
        negative: Cells driven by inverted outputs (S); no inverters if `None`. Shape (n, n).
        source: Voltages of the sources (V). Shape (n,).
        input_conductance: Between each source and its input (S).
        wires: Lines of every array.
        amplifier: What all amplifiers are like.
        layout: `"arrays"` or `"lines"`: an array for each sign, or an inverted line below each.
        offset: Input offset of each amplifier, then of each inverter (V); none if `None`.
        span: Time to be simulated after sources are switched on (s); `None` for the operating
            point.
        title: First line of the file.
        raw: Name of the rawfile, with all outputs.
        notes: Further lines of the header.

    Raises:
        ValueError: Arguments that do not fit each other, or are negative or not finite.
    """
    size = len(source)
    check_shape(positive, "positive", (size, size))
    if negative is not None:
        check_shape(negative, "negative", (size, size))
    check_finite(source, "source", "Give every source a voltage.")
    check_positive(input_conductance, "input_conductance", "S")
    check_choice(layout, "layout", _LAYOUTS)
    count = size if negative is None else 2 * size
    offsets = [0.0] * count
    if offset is not None:
        check_shape(offset, "offset", (count,))
        offsets = offset.tolist()
    lines = [
        comment(title),
        *(comment(note) for note in notes),
        *_amplifier(amplifier),
        *_arrays(wires, positive, negative, layout),
        *_around(source, input_conductance, amplifier, offsets, span),
        *_inverters(size, offsets),
        *_analysis(size, span, raw),
    ]

    return "\n".join(lines) + "\n"


def _amplifier(amplifier: AmplifierText) -> list[str]:
    """One amplifier: its gain, its pole, and an output that no load moves."""
    return [
        ".subckt amplifier inv out vos=0",
        "vp p 0 dc {vos}",
        f"gm 0 q p inv {amplifier.gain!r}",
        "rq q 0 1",
        f"cq q 0 {1 / amplifier.pole!r}",
        "eo out 0 q 0 1",
        ".ends amplifier",
    ]


def _arrays(
    wires: WireModel, positive: Tensor, negative: Tensor | None, layout: str
) -> Iterator[str]:
    """Arrays as subcircuits, and where their ports lie."""
    size = len(positive)
    inputs = [f"u{j}" for j in range(size)]
    outputs = [f"x{i}" for i in range(size)]
    inverted = [f"y{i}" for i in range(size)]
    if negative is None:
        yield from _array(wires, positive, "plus", outputs + inputs)
    elif layout == "arrays":
        yield from _array(wires, positive, "plus", outputs + inputs)
        yield from _array(wires, negative, "minus", inverted + inputs)
    else:
        woven = torch.stack([positive, negative], 1).flatten(0, 1)
        pairs = [
            node
            for pair in zip(outputs, inverted, strict=True)
            for node in pair
        ]
        yield from _array(wires, woven, "both", pairs + inputs)


def _array(
    wires: WireModel, cells: Tensor, name: str, nodes: Sequence[str]
) -> Iterator[str]:
    """One array: its subcircuit without its first line's title, and an instance."""
    text = tile_subcircuit(wires, cells, title=f"array {name}", name=name)
    yield from text.splitlines()
    yield f"xarray_{name}"
    yield from (f"+ {node}" for node in nodes)
    yield f"+ {name}"


def _around(
    source: Tensor,
    input_conductance: float,
    amplifier: AmplifierText,
    offsets: Sequence[float],
    span: float | None,
) -> Iterator[str]:
    """Sources, input conductances, and the amplifier of every input."""
    for j, volts in enumerate(source.tolist()):
        wave = f"dc {volts!r}"
        if span is not None:
            wave = f"dc 0 pulse(0 {volts!r} 0 {span * 1e-9!r} 1 {span!r})"
        yield f"vs{j} s{j} 0 {wave}"
        yield f"rs{j} s{j} u{j} {1 / input_conductance!r}"
        if amplifier.input_capacitance:
            yield f"cu{j} u{j} 0 {amplifier.input_capacitance!r}"
        yield f"xa{j} u{j} x{j} amplifier vos={offsets[j]!r}"


def _inverters(size: int, offsets: Sequence[float]) -> Iterator[str]:
    """An inverter for every output, if there are any."""
    for i, volts in enumerate(offsets[size:]):
        yield f"ri{i} x{i} m{i} {_RESISTOR!r}"
        yield f"rf{i} m{i} y{i} {_RESISTOR!r}"
        yield f"xi{i} m{i} y{i} amplifier vos={volts!r}"


def _analysis(size: int, span: float | None, raw: str) -> list[str]:
    """What is computed and written."""
    outputs = " ".join(f"v(x{i})" for i in range(size))
    run = "op" if span is None else f"tran {span / 2000!r} {span!r} 0 uic"
    return [
        _OPTIONS,
        ".control",
        "set numdgt=15",
        run,
        f"write {raw} {outputs}",
        "quit 0",
        ".endc",
        ".end",
    ]
