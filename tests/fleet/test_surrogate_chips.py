"""Surrogates: rows of the table stay whole, files are what was measured, wires as solved."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from mho.bench.simulated import SimulatedBench, tile_matrices
from mho.chip import Chip
from mho.deployment.storage import compile_image
from mho.device import apparent, cubic_coefficient
from mho.device.published import preset
from mho.files.packed import load, save
from mho.ledger import Ledger
from mho.mapping import each_block
from mho.mapping.targets import mended
from mho.programming import ErrorTable, ProgrammingOptions, program
from mho.rng import Stream
from mho.runs.fleets.surrogate_lines import TreeNet
from mho.runs.fleets.surrogate_tiles import (
    drawn_chip,
    left_by_lines,
    made_up_for,
    wired,
)
from mho.statistical import (
    ConductanceRange,
    Surrogate,
    draw_programmed_pairs,
    kept_surrogate,
    load_surrogate,
    measure_surrogate,
    save_surrogate,
    surrogate_identity,
)
from mho.statistical.surrogate import DrawnCells
from mho.wires import WireModel

LOW, HIGH = 50e-6, 250e-6
MOMENTS = (1.0, 30.0, 1000.0)


@cache
def chip() -> Chip:
    """Cells of the 2023 chip, one in fifty stuck, on a small tile."""
    kind = preset("rao2023").replace(cell__stuck_fraction=0.02)
    return Chip(kind, rows=32, cols=64)


@cache
def table() -> Surrogate:
    protocol = ProgrammingOptions().protocol(
        SimulatedBench(chip(), Stream(0)).info
    )
    return measure_surrogate(
        chip(), protocol, "frozen", MOMENTS, low=LOW, high=HIGH
    )


def test_what_is_drawn_is_what_other_cells_become() -> None:
    """Cells of another chip, programmed to one target and watched: mean and spread agree.

    Bounds are five standard errors of 1,000 programmed and some 120 measured cells, for the mean,
    and 30 % for the spread, which tails of such cells move by a tenth.
    """
    target = torch.full((1000,), 160e-6)
    bench = SimulatedBench(chip(), Stream(7))
    protocol = ProgrammingOptions().protocol(bench.info)
    cells = torch.arange(1000)
    result = program(bench, target, protocol, cells=cells)
    bench.read(
        cells, samples=protocol.verify.samples, window=protocol.verify.window
    )
    bench.wait(1000.0)
    seen = (bench.met(cells)[0] - target)[~result.stuck]
    drawn = table().draw(target, torch.Generator().manual_seed(1)).error[:, -1]
    error = float(seen.std()) * (1 / 1000 + 1 / 120) ** 0.5
    assert abs(float(seen.mean() - drawn.mean())) < 5 * error
    assert 0.7 < float(seen.std() / drawn.std()) < 1.4


def test_rows_of_the_table_are_drawn_whole_and_from_the_bin_of_their_target() -> (
    None
):
    """What a drawn cell was off at every look, its noise and its cost are those of one row."""
    own = table()
    generator = torch.Generator().manual_seed(2)
    target = torch.tensor([LOW, LOW + 1e-8, 0.5 * (LOW + HIGH), HIGH, 1e-3])
    drawn = own.draw(target.repeat(20), generator)
    rows = torch.cat(
        (own.cells.error, own.cells.variance[:, None], own.cells.effort), 1
    )
    found = torch.cat((drawn.error, drawn.variance[:, None], drawn.effort), 1)
    place = (found[:, None] == rows).all(2).int().argmax(1)
    assert torch.equal(rows[place], found)
    wanted = torch.tensor([0, 1, 8, 16, 16]).repeat(20)
    bins = torch.bucketize(place, own.bounds[1:], right=True)
    assert torch.equal(bins, wanted)


def test_a_file_is_what_was_measured_and_no_other_is_taken_for_it(
    tmp_path: Path,
) -> None:
    """Read again to the last bit; measured once; refused if edited or of something else."""
    own = table()
    path = tmp_path / "cells.mho"
    save_surrogate(path, own)
    read = load_surrogate(path)
    assert torch.equal(read.cells.error, own.cells.error)
    assert torch.equal(read.held, own.held)
    assert read.budget == own.budget
    assert read.budget.cells == chip().cells

    def never() -> Surrogate:
        raise AssertionError

    assert kept_surrogate(own.identity, never, path).moments == own.moments
    with pytest.raises(ValueError, match="name another file"):
        kept_surrogate("0" * 64, never, path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="table"):
        load_surrogate(path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"slot_seconds": -1.0}, "slot_seconds"),
        ({"slot_seconds": "soon"}, "slot_seconds"),
        ({"pulse_joules": None}, "pulse_joules"),
        ({"high": LOW}, "high less low"),
        ({"variance": torch.tensor(-1e-12)}, "variance"),
        ({"effort": torch.tensor(-1)}, "effort"),
        ({"bounds": torch.tensor(0.0)}, "bounds"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_what_no_cell_has_is_refused_in_one_sentence(
    changed: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """In a file that is whole otherwise: its checksums are those of what it holds."""
    own = table()
    path = tmp_path / "cells.mho"
    save_surrogate(path, own)
    packed = load(path, ("mho-surrogate",), "table")
    tensors = dict(packed.tensors)
    content = dict(packed.content)
    for name, value in changed.items():
        if name in tensors:
            tensors[name] = value.expand(tensors[name].shape).clone()
        else:
            content[name] = value
    save(path, "mho-surrogate", content, tensors)
    with pytest.raises(ValueError, match=said) as caught:
        load_surrogate(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unwritable_place_does_not_measure_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where the folder would be: measured once, and used without being kept."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(
        "mho.statistical.surrogate_file.cache_folder", lambda: tmp_path / "file"
    )
    measured = []

    def once() -> Surrogate:
        measured.append(1)
        return table()

    assert kept_surrogate(table().identity, once) is table()
    assert measured == [1]


def test_another_law_is_another_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Source that programs cells is part of what a table is of."""
    protocol = ProgrammingOptions().protocol(
        SimulatedBench(chip(), Stream(0)).info
    )
    whose = (chip(), protocol, "frozen", MOMENTS)
    assert surrogate_identity(*whose, low=LOW, high=HIGH) == table().identity
    # what is remembered of it is left alone
    laws = vars(sys.modules[measure_surrogate.__module__])["_laws"].__wrapped__
    before = laws()
    read = Path.read_bytes

    def edited(path: Path) -> bytes:
        return read(path) + b"#" * (path.name == "draws.py")

    monkeypatch.setattr(Path, "read_bytes", edited)
    assert laws() != before


@pytest.mark.parametrize(
    "wires",
    [
        WireModel(word_line=1.0, bit_line=2.0),
        WireModel(word_line=1.0, bit_line=1.0, driver=20.0, sense=5.0),
        WireModel(word_line=1.0, bit_line=1.0, access=200.0),
        WireModel(word_line=1.0, bit_line=1.0, sides="both", driver=3.0),
        WireModel(word_line=1.0, bit_line=1.0, sense_sides="both", sense=3.0),
        WireModel(
            word_line=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), bit_line=0.0
        ),
    ],
    ids=["both", "ends", "access", "driven twice", "sensed twice", "each"],
)
def test_nets_without_loops_are_exact(wires: WireModel) -> None:
    """Cells on one row and one column of a tile, a short among them: no current can go round."""
    rows, cols = 8, 11
    numbers = torch.arange(rows * cols).view(rows, cols)
    held = torch.zeros(rows, cols, dtype=torch.float64)
    held[3] = torch.linspace(50e-6, 500e-6, cols)
    held[:, 5] = torch.linspace(60e-6, 300e-6, rows)
    held[3, 5] = 4.4e-3
    net = TreeNet(numbers, wires, (rows, cols))
    behind = net.nothing_behind()
    for _ in range(8):
        seen, behind = net.seen(held.numpy(), behind)
    exact = wires.effective_matrix(held)
    there = held > 0
    apart = (torch.from_numpy(seen) - exact)[there] / held[there]
    assert float(apart.abs().max()) < 1e-6


def test_targets_around_stuck_cells_are_those_of_programming() -> None:
    """Half of the lines' voltage is taken by shorts: moved, and left, as by whole nets.

    Some targets move by milli-, others by microsiemens; those of trees are within a fiftieth of
    the largest step, and a fifth of the window in the mean. Differences that both leave agree, of
    pairs with a short as well: cells make up for each other or, at the ends, fall short alike.
    """
    torch.manual_seed(0)
    wires = WireModel(word_line=1.0, bit_line=1.0)
    tile = Chip("rao2023", rows=48, cols=48, wires=wires)
    info = SimulatedBench(tile, Stream(0)).info
    image = compile_image(torch.nn.Linear(44, 20), info, torch.rand(8, 44))
    before = image.placement
    of = wired(image, tile, 1e-6)
    ((_, place),) = list(each_block(before))
    stuck = torch.zeros_like(before.target, dtype=torch.bool)
    stuck[place[0][torch.tensor([3, 20, 40, 30]), [4, 4, 11, 9]]] = True
    held = torch.zeros_like(before.target)
    held[stuck] = torch.tensor([4.4e-3, 10e-6, 4.4e-3, 4.4e-3])
    drawn = made_up_for(of, stuck, held)
    read = apparent(tile.cell, held, info.read_voltage)
    programmed = mended(before, stuck, read, info, 1e-6)
    moved = programmed.target - before.target
    apart = (drawn.target - programmed.target)[~stuck]
    assert float(moved.abs().max()) > 100e-6
    assert float(apart.abs().max()) < 0.02 * float(moved.abs().max())
    assert float(apart.abs().mean()) < 0.2e-6
    assert torch.equal(drawn.sign, programmed.sign)

    left = []
    for after, solved in ((drawn, False), (programmed, True)):
        conducts = torch.where(stuck, held, of.at_rest(after.target))
        seen = left_by_lines(of, after, conducts)
        if solved:
            ((block, place),) = list(each_block(after))
            _, exact = tile_matrices(
                tile, block.crossings, conducts[place][None]
            )
            seen[place] = exact[0].to(seen.dtype)
        signed = after.sign * seen
        left.append(signed + signed[after.partner])
    error = (left[0] - left[1]).abs()
    assert float(error.mean()) < 0.1e-6
    assert float(error.max()) < 2e-6


def test_a_table_without_stuck_cells_gives_none() -> None:
    """Asked for some it says so."""
    none = replace(
        table(),
        held=table().held[:0],
        held_effort=table().held_effort[:0],
    )
    generator = torch.Generator().manual_seed(0)
    assert none.draw_held(0, generator)[0].shape == (0, 3)
    with pytest.raises(ValueError, match="all of its cells answered"):
        none.draw_held(1, generator)


def test_nothing_makes_up_for_a_pair_with_both_cells_stuck() -> None:
    """Stuck at the bottom or at the top: a half of such pairs differs by the whole range.

    Cells are named 2,000 times among 2,000, so that 1 − 1/e of them are stuck; of the pairs a
    fifth has both, and one of each kind. Five standard errors of 1,000 pairs are 0.064.
    """
    none = torch.zeros(2, 2)
    held = torch.tensor([10e-6, 4.4e-3])
    cells = ErrorTable(50e-6, 150e-6, none, none, held, 2, Ledger())
    difference = torch.zeros(20, 50)
    partners = ConductanceRange(5e-6, 4.4e-3)
    draw_programmed_pairs(difference, cells, partners, Stream(3))
    share = float((difference.abs() > 4e-3).double().mean())
    assert abs(share - 0.5 * (1 - 1 / 2.71828) ** 2) < 0.064


def test_wires_are_loaded_with_what_cells_conduct_at_zero_bias(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A target is what a read sees of a bent cell: on its lines it is less at zero bias.

    Cells half a microsiemens off that, against the whole net solved with these very cells: what is
    left out is of second order, and less than a fifth of what lines loaded with targets are off.
    """
    torch.manual_seed(0)
    wires = WireModel(word_line=1.0, bit_line=1.0)
    tile = Chip("rao2023", rows=64, cols=64, wires=wires)
    info = SimulatedBench(tile, Stream(0)).info
    image = compile_image(torch.nn.Linear(60, 30), info, torch.rand(8, 60))
    of = wired(image, tile, 1e-6)
    target = image.placement.target
    bent = cubic_coefficient(tile.cell, of.conducts) * info.read_voltage**2
    seen = of.conducts * (1 + bent)
    assert float((seen - target).abs().max()) < 0.05 * float(
        (target - of.conducts).abs().max()
    )
    held = of.conducts + 0.5e-6 * torch.randn(target.shape)
    count = target.numel()
    drawn = DrawnCells(
        (held - target)[:, None].repeat(1, 3),
        torch.zeros(count),
        torch.ones(count, dtype=torch.bool),
        torch.zeros(count, 2, dtype=torch.int64),
    )
    monkeypatch.setattr(Surrogate, "draw", lambda *_: drawn)
    found = drawn_chip(of, table(), 0.0, Stream(1)).cells[-1]
    ((block, place),) = list(each_block(image.placement))
    _, solved = tile_matrices(tile, block.crossings, held[place][None])
    exact = torch.zeros_like(target)
    exact[place] = solved[0].to(exact.dtype)
    left_out = float((found - exact).abs().mean())
    _, wrong = tile_matrices(tile, block.crossings, target[place][None])
    by_targets = torch.zeros_like(target)
    kept = wrong[0] / target[place]
    by_targets[place] = wrong[0] + kept * (held - target)[place]
    assert left_out < 0.2 * float((by_targets - exact).abs().mean())
