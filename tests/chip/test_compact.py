"""The typical cell in the languages of circuit simulators has the laws of `mho.device`."""

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from simulator import needs_ngspice, simulate

from mho.chip import Chip
from mho.device import cubic_coefficient
from mho.device.filament import CellParameters
from mho.device.published import PRESETS
from mho.spice import cell_subcircuit, verilog_a
from mho.spice.compact_model import compact_parameters
from mho.units import ns, uS
from reference import SwitchingConstants, mean_step

LISTED = """
    above abs absdelay ac_stim acos acosh aliasparam always analog analysis and asin asinh assert
    assign atan atan2 atanh begin branch buf case ceil cell config connect continuous cos cosh
    cross ddt ddx deassign default defparam design disable discipline discontinuity edge
    else end endcase endmodule enum event exclude exp final_step flicker_noise floor flow for force
    forever fork from function generate genvar ground hypot idt idtmod if include inf initial
    initial_step inout input instance integer join laplace_nd last_crossing library limexp liblist
    ln localparam log macromodule max medium merged min module nand nature negedge net_resolution
    noise_table nor not or output parameter paramset posedge potential pow primitive pull0 pull1
    real reg release repeat resolveto sin sinh slew small specify split sqrt string strong0 strong1
    supply0 supply1 table tan tanh task time timer transition tri units unsigned use vectored wait
    wand weak0 weak1 while white_noise wire wor wreal xnor xor zi_nd
"""
KEYWORDS = frozenset(LISTED.split())
CHIPS = [n for n, p in PRESETS.items() if p.kind is CellParameters]
"""Chips whose cells have the law that compact models are written for."""


def code(chip: str) -> str:
    """Verilog-A without comments."""
    return re.sub(r"//.*", "", verilog_a(Chip(chip)))


@pytest.mark.parametrize("chip", CHIPS)
def test_numbers_are_those_of_the_preset(chip: str) -> None:
    """Twelve digits of each are written."""
    published = PRESETS[chip]
    wanted = {}
    for group in ("switching", "cell", "flicker", "array"):
        wanted |= published.group(group)
    wanted |= {"g0": wanted["formed"], "gain": 1.0}
    wanted["width"] = published["switching.width"]
    if (
        "gate_slope" not in wanted
    ):  # a passive cell: its ceiling, at a gate of 0 V
        wanted |= {
            "gate_slope": wanted["high"],
            "gate_threshold": -1.0,
            "gate_max": 0.0,
        }
    found = {
        n: float(v)
        for n, v in re.findall(r"parameter real (\w+) = (\S+) from", code(chip))
    }
    spice = dict(
        re.findall(
            r"^\+ (\w+)=(\S+)$", cell_subcircuit(Chip(chip)), re.MULTILINE
        )
    )
    assert (
        found.keys()
        == spice.keys()
        == {p.name for p in compact_parameters(Chip(chip))}
    )
    for name, value in found.items():
        assert value == pytest.approx(wanted[name], rel=1e-11)
        assert float(spice[name]) == value


@pytest.mark.parametrize("chip", CHIPS)
def test_verilog_a_declares_what_it_uses_and_uses_what_it_declares(
    chip: str,
) -> None:
    text = re.sub(r'"[^"]*"|`include|from [\[(]0:inf\)', "", code(chip))
    head, _, body = text.partition("analog begin")
    declared = set(re.findall(r"parameter real (\w+)", head))
    declared |= set(
        re.search(r"^  real (.*);", head, re.MULTILINE)[1].split(", ")
    )  # type: ignore[index]
    nodes = {"te", "be", "gate", "moved"}
    assert {
        n
        for line in re.findall(r"electrical (.*);", head)
        for n in line.split(", ")
    } == nodes
    words = set(re.findall(r"(?<![\d.])[A-Za-z_]\w*", body))
    used = words - KEYWORDS - {"V", "I"}
    assert used == declared | nodes
    assert not (declared | nodes) & KEYWORDS
    assert len(re.findall(r"\bbegin\b", text)) == len(
        re.findall(r"\bend\b", text)
    )
    assert text.count("(") == text.count(")")
    assert text.count("module ") == text.count("endmodule") == 1
    statements = [line.rstrip() for line in body.splitlines() if line.strip()]
    for line, after in pairwise(statements):
        goes_on = after.lstrip().startswith("*")
        assert goes_on or line.endswith((";", "begin", "end", "endmodule"))


def test_verilog_a_says_what_it_leaves_out() -> None:
    assert "Left out: telegraph noise" in verilog_a(Chip("rao2023"))


@pytest.mark.skipif(
    importlib.util.find_spec("openvaf_py") is None,
    reason="openvaf-py is not installed",
)
@pytest.mark.parametrize("chip", CHIPS)
def test_a_compiler_takes_it(chip: str, tmp_path: Path) -> None:
    import openvaf_py  # type: ignore[import-not-found]

    (tmp_path / "cell.va").write_text(verilog_a(Chip(chip)))
    (module,) = openvaf_py.compile_va(str(tmp_path / "cell.va"))
    assert module.name == f"{chip}_cell"


def play(
    pulses: str, gate: float, start: float, folder: Path, chip: str
) -> dict[str, float]:
    """Conductance before and after a pulse, and the current at 0.2 V after it, by ngspice."""
    (folder / "cell.cir").write_text(cell_subcircuit(Chip(chip)))
    lines = [
        "program",
        ".include cell.cir",
        f"vd te 0 pwl({pulses} 2.0u 0 2.01u 0.2 3u 0.2)",
        f"vg gate 0 {gate!r}",
        f"xc te 0 gate cell g0={start!r}",
        ".options reltol=1e-6",
        ".tran 0.5n 3u",
        ".control",
        "run",
        "write tile.raw",
        "quit 0",
        ".endc",
        ".end",
    ]
    plot = simulate("\n".join(lines) + "\n", folder)
    found = {n: plot.values[:, k] for k, n in enumerate(plot.names)}
    return {
        "before": float(found["v(xc.g)"][0]) * 1e-3,
        "after": float(found["v(xc.g)"][-1]) * 1e-3,
        "current": -float(found["i(vd)"][-1]),
    }


@needs_ngspice
@pytest.mark.parametrize(
    ("chip", "volts", "gate", "start"),
    [
        ("rao2023", 0.9, 2.5, 150 * uS),
        ("rao2023", 1.15, 2.5, 900 * uS),
        ("rao2023", 1.0, 1.2, 900 * uS),
        ("rao2023", -0.9, 2.5, 400 * uS),
        ("rao2023", -1.1, 2.5, 2000 * uS),
        ("rao2023", 0.6, 2.5, 150 * uS),
        ("rao2023", -0.6, 2.5, 150 * uS),
        ("rao2023", 1.2, 0.7, 150 * uS),
        ("wan2022", 1.5, 3.0, 20 * uS),
    ],
)
def test_a_pulse_moves_the_subcircuit_as_it_moves_the_typical_cell(
    chip: str, volts: float, gate: float, start: float, tmp_path: Path
) -> None:
    """The rate over a pulse is the median step: the plateau is 100 ns, its edges of 0.1 ns add.

    The step changes the cell by δ and with it window and voltage, which the law takes before the
    pulse: both differ by up to the step over the room that it has, and edges by 0.1 %.
    """
    kind = Chip(chip)
    law = kind.cell.switching
    width = 100 * ns
    one = torch.ones(1, dtype=torch.float64)
    constants = SwitchingConstants(
        law.set_voltage * one, law.reset_voltage * one, one
    )
    across = kind.selector.cell_voltage(volts * one, start * one, gate)
    limit = kind.selector.compliance(gate).double().expand(1)
    size = float(mean_step(law, start * one, across, width, limit, constants))
    step = size if volts > 0 else -size
    corners = f"0 0 1u 0 1.0001u {volts} 1.1001u {volts} 1.1002u 0"
    found = play(corners, gate, start, tmp_path, chip)
    assert found["before"] == pytest.approx(start, rel=1e-9)
    room = (
        1e-3
        + 2 * size / law.span
        + 2 * size * kind.selector.series_resistance / law.slope
    )
    assert found["after"] - start == pytest.approx(
        step, rel=room, abs=1e-5 * uS
    )
    cubic = float(cubic_coefficient(kind.cell, torch.tensor(found["after"])))
    current = found["after"] * 0.2 * (1 + cubic * 0.04)
    assert found["current"] == pytest.approx(current, rel=1e-5)


@needs_ngspice
def test_read_noise_has_the_spread_of_the_preset(tmp_path: Path) -> None:
    """Samples of 1 ms: the spread of n = 800 of them, to five standard errors 1/√(2n).

    The source goes straight from one sample to the next, so only its corners are looked at.
    """
    chip = Chip("rao2023")
    text = cell_subcircuit(chip, start=150 * uS, read_noise=True)
    (tmp_path / "cell.cir").write_text(text)
    lines = [
        "noise",
        ".include cell.cir",
        "vd te 0 0.2",
        "vg gate 0 2.5",
        "xc te 0 gate cell",
        ".tran 0.25m 0.802",
        ".control",
        "setseed 7",
        "run",
        "linearize",
        "write tile.raw",
        "quit 0",
        ".endc",
        ".end",
    ]
    plot = simulate("\n".join(lines) + "\n", tmp_path)
    clock = plot.values[:, plot.names.index("time")]
    noise = plot.values[:, plot.names.index("v(xc.n)")]
    corners = ((clock / 1e-3 - (clock / 1e-3).round()).abs() < 1e-3) & (
        clock > 0.5e-3
    )
    assert int(corners.sum()) > 700
    spread = float(noise[corners].std()) * 1e-3
    bound = 5 / (2 * int(corners.sum())) ** 0.5
    assert spread == pytest.approx(chip.electronics.read_noise, rel=bound)
