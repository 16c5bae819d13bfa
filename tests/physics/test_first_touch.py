"""Cells are born when they are first touched: to the same bits, and the others take no memory."""

import gc
import mmap
from pathlib import Path

import numpy as np
import pytest
import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device import Cells
from mho.device.first_touch import untouched_zeros
from mho.rng import Stream

_STATUS = Path("/proc/self/statm")


def own_pages() -> int:
    """Pages that the process wrote itself: a system may load its programs again at any time."""
    words = _STATUS.read_text(encoding="utf-8").split()
    resident, shared = int(words[1]), int(words[2])
    return resident - shared


def test_when_a_cell_is_born_is_of_no_consequence() -> None:
    """Each draws from a stream of its own: no bit of any column differs.

    One set is born at once; of the other, neighbours of some cells, then those of others that
    partly are there, then the rest.
    """
    kind = Chip("rao2023").cell
    whole = Cells(kind, 1000, Stream(4), 300.0)
    late = Cells(kind, 1000, Stream(4), 300.0)
    wanted = whole.records
    late.records_with(torch.tensor([999, 3, 500]).numpy())
    late.records_with(torch.tensor([510, 520, 530]).numpy())
    assert (late.records == wanted).all()


def test_a_birth_that_was_interrupted_is_made_up_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever had not been written yet is born the next time: no bit of any column differs."""
    kind = Chip("rao2023").cell
    wanted = Cells(kind, 1000, Stream(4), 300.0).records
    late = Cells(kind, 1000, Stream(4), 300.0)

    def interrupted(_: Cells, __: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Cells, "_give_birth", interrupted)
        with pytest.raises(KeyboardInterrupt):
            late.records_with(torch.tensor([999, 3, 500]).numpy())
    assert (late.records == wanted).all()


def test_records_do_without_what_a_system_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kernel without large pages knows no advice about them: zeros all the same."""
    monkeypatch.setattr(mmap, "MADV_NOHUGEPAGE", 9999, raising=False)
    records = untouched_zeros(1 << 23, np.dtype(np.float64))
    assert records.size == 1 << 23
    assert not records[::4096].any()


def test_a_part_of_a_state_is_that_part_of_the_whole_state() -> None:
    """Of a fresh chip and of one that was pulsed and read elsewhere: no bit differs."""
    chip = Chip("rao2023", rows=32, cols=32)
    some = torch.arange(100, 300)
    asked = SimulatedBench(chip, Stream(1))
    other = SimulatedBench(chip, Stream(1))
    other.read(torch.arange(50), samples=3, window=0.0)
    asked.read(torch.arange(50), samples=3, window=0.0)
    whole = other.state()
    for name, part in asked.state(some).items():
        wanted = whole[name]
        if name != "bench":
            wanted = wanted.index_select(-1, some)
        assert torch.equal(part, wanted)


def test_cells_that_nobody_touches_take_no_memory() -> None:
    """A row of each of 64 tiles, 168 bytes a cell: 3 MB with neighbours, where all are 700 MB.

    A seventh of that is left for whatever else a process takes meanwhile.
    """
    if not _STATUS.exists():
        pytest.skip("only Linux says what a process holds")
    first = torch.arange(256)

    def look(tiles: int) -> SimulatedBench:
        bench = SimulatedBench(Chip("rao2023", tiles=tiles), Stream(0))
        cells = torch.cat([tile * 65_536 + first for tile in range(tiles)])
        bench.read(cells, samples=1, window=0.0)
        bench.state(cells)
        return bench

    # kernels are loaded before, and what that leaves behind goes
    look(1)
    gc.collect()
    before = own_pages()
    kept = look(64)
    gc.collect()
    assert (own_pages() - before) * 4096 < 100e6
    assert kept.info.cells == 64 * 65_536
