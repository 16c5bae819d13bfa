"""Matrices whose cells are programmed pulse by pulse."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse.linalg import lsqr

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import preset
from mho.files import KeptState, kept_parts
from mho.programming import ErrorTable, ProgramProtocol, measure_errors
from mho.rng import Stream
from mho.solve import Converters, GaussianErrors, MatrixOnChips
from mho.units import uS
from mho.wires import WireModel

IDEAL = WireModel(word_line=0.0, bit_line=0.0)
KIND = preset("rao2023").replace(cell__stuck_fraction=0.0)
CHIP = Chip(KIND, rows=32, cols=64, wires=IDEAL)
COARSE = ProgramProtocol(tolerance=5 * uS)
RNG = np.random.default_rng(11)
ROUGH = GaussianErrors(spread=6e-3, noise=5e-4, looks=32)


def measured() -> ErrorTable:
    """What programming leaves, measured on 2,048 cells."""
    bench = SimulatedBench(CHIP, Stream(0).child("statistics"))
    return measure_errors(bench, Stream(0).child("targets"), COARSE)


def on_chips(matrix: Any, **options: Any) -> MatrixOnChips:
    settings: dict[str, Any] = {
        "cells": "physics",
        "chip": CHIP,
        "protocol": COARSE,
        "errors": ROUGH,
        "mapping": "residual:2",
    }
    return MatrixOnChips(matrix, **{**settings, **options})


def test_cells_that_were_programmed_multiply_as_predicted() -> None:
    """By the statistics of other cells of the kind: typical errors within a factor 1.5.

    Root mean squares of 450 pairs hang on the two or three cells that fluctuate most, so half of
    all errors, 0.67 of a normal deviation, is what is compared; drawn cells are, too.
    """
    table = measured()
    matrix = RNG.standard_normal((10, 45))
    vectors = RNG.uniform(-(3**0.5), 3**0.5, (45, 12))
    for mapping in ("pairs", "residual:2"):
        real, drawn = (
            on_chips(
                matrix, cells=cells, errors=None, table=table, mapping=mapping
            )
            for cells in ("physics", "drawn")
        )
        floor = real.error_floor.rms
        assert floor == pytest.approx(drawn.error_floor.rms, rel=0.5)
        for one in (real, drawn):
            off = np.abs(one @ vectors - matrix @ vectors)
            assert floor / 2 < np.median(off) / 0.67 < 1.5 * floor
        assert real.reached.typical < 1.5 * real.plan.precision


def test_products_do_not_depend_on_how_vectors_are_put_together() -> None:
    """Vector by vector through the bench: the same bits, whatever came in one call."""
    matrix = RNG.standard_normal((6, 20))
    vectors = RNG.standard_normal((20, 3))
    together = on_chips(matrix)
    one_by_one = on_chips(matrix)
    wanted = together @ vectors
    found = np.stack([one_by_one @ v for v in vectors.T], 1)
    assert np.array_equal(found, wanted)
    assert together.ledger == one_by_one.ledger
    # what goes on in cells goes on: the same vectors again are other products
    assert not np.array_equal(together @ vectors, wanted)


def test_a_state_of_programmed_cells_goes_on_where_it_was() -> None:
    matrix = RNG.standard_normal((6, 20))
    vector = RNG.standard_normal(20)
    first = on_chips(matrix)
    first @ vector
    kept = first.state()
    wanted = first @ vector
    second = on_chips(matrix)
    second.restore(kept)
    assert np.array_equal(second @ vector, wanted)


@pytest.mark.parametrize("ohm", [0.0, 5.0])
def test_pairs_take_up_what_products_miss_wires_and_bends_included(
    ohm: float,
) -> None:
    """A second pair is told by products what the first one gives: 5e-3 become 1e-4 or so.

    By cells read one by one it would miss that they bend: with less voltage than they were read
    at, cells of 50 µS conduct percents less. At 5 Ω the errors were a third with a second pair
    then; they are a thirtieth.
    """
    matrix = RNG.standard_normal((10, 30))
    vectors = RNG.standard_normal((30, 40))
    lines = WireModel(word_line=ohm, bit_line=ohm)
    off = {}
    for mapping in ("pairs", "residual:2"):
        wired = on_chips(matrix, mapping=mapping, wires=lines, digitally=False)
        assert wired.bench is not None
        assert wired.bench.info.wires.word_line == ohm
        found = np.abs(wired @ vectors - matrix @ vectors)
        off[mapping] = float(np.median(found))
    assert off["pairs"] / off["residual:2"] > 7


def test_the_adjoint_is_read_through_the_same_cells() -> None:
    """What rows give with columns driven: as near to the transpose as products to the matrix.

    By reciprocity wires weigh a cell alike both ways, 5 Ω a segment here: what second pairs took
    up of products forwards is taken up of those backwards as well. Least squares need both.
    """
    matrix = RNG.standard_normal((14, 4))
    wired = on_chips(matrix, wires=WireModel(word_line=5.0, bit_line=5.0))
    vectors = RNG.standard_normal((14, 5))
    off = np.abs(wired.rmatmat(vectors) - matrix.T @ vectors)
    assert np.median(off) < 4 * wired.error_floor.rms
    before = wired.ledger
    side = RNG.standard_normal(14)
    found = lsqr(wired, side, iter_lim=4)[0]
    assert (wired.ledger - before).conversions > 0
    wanted = np.linalg.lstsq(matrix, side, rcond=None)[0]
    assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()


def test_programming_interrupted_five_times_ends_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At random cycles of any pass, second pairs included: none is programmed again.

    What is kept is read by a new operator each time, as a new process would.
    """
    monkeypatch.setattr(kept_parts, "CHECKPOINT_SECONDS", -1.0)
    matrix = RNG.standard_normal((6, 12))
    vector = RNG.standard_normal(12)
    told: list[float] = []
    whole = on_chips(matrix, progress=lambda _, done: told.append(done))
    cycles = len(told)
    picks = random.Random(3)
    at = 0
    for _ in range(5):
        left = picks.randint(2, max(cycles // 6, 3))
        at += left

        def stop(*_: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            on_chips(matrix, kept=state(tmp_path), progress=stop)
    rest: list[float] = []
    resumed = on_chips(
        matrix,
        kept=state(tmp_path),
        progress=lambda _, done: rest.append(done),
    )
    # a cycle that was told of and not kept is done again
    assert len(rest) <= cycles - at + 5
    assert resumed.programming_cost == whole.programming_cost
    assert np.array_equal(resumed @ vector, whole @ vector)
    assert resumed.reached == whole.reached


def test_a_state_of_another_matrix_or_protocol_is_not_gone_on_with(
    tmp_path: Path,
) -> None:
    """Equal shapes and names: what the cells shall hold tells them apart, and how."""
    matrix = RNG.standard_normal((2, 3))
    on_chips(matrix, kept=state(tmp_path))
    on_chips(matrix, kept=state(tmp_path))
    finer = ProgramProtocol(tolerance=4 * uS)
    for other, protocol in ((matrix[:, ::-1].copy(), COARSE), (matrix, finer)):
        with pytest.raises(ValueError, match="`kept` must hold a state of"):
            on_chips(other, kept=state(tmp_path), protocol=protocol)


def state(folder: Path) -> KeptState:
    return KeptState(folder / "programming", "this one")


def test_all_costs_are_the_benchs() -> None:
    """Converters of four bits: four steps of every pair of columns, a conversion each."""
    matrix = RNG.standard_normal((6, 20))
    told: list[float] = []
    chips = on_chips(
        matrix,
        converters=Converters(4, 8),
        progress=lambda _, done: told.append(done),
    )
    assert chips.programming_cost.pulses > 100
    assert told
    assert max(told) == 1.0
    before = chips.ledger
    chips @ np.ones((20, 3))
    spent = chips.ledger - before
    assert spent.conversions == 3 * 4 * 2 * (20 + 6)
    written = chips.programming_cost
    assert chips.reprogram() != written
    assert chips.ledger.pulses > written.pulses


def test_what_programmed_cells_cannot_do_is_told() -> None:
    matrix = RNG.standard_normal((4, 8))
    followed = on_chips(matrix, mapping="pairs", read_noise="sampled")
    with pytest.raises(ValueError, match="a bench that follows cells"):
        followed.rmatvec(np.ones(4))
    with pytest.raises(ValueError, match="digits on several cells"):
        on_chips(matrix, mapping="slices:2")
    with pytest.raises(ValueError, match="`wires` must be left out"):
        on_chips(matrix, cells="drawn", wires=IDEAL)
    with pytest.raises(ValueError, match="`cells`"):
        on_chips(matrix, cells="real")
