"""What all kinds of blocks promise, and what files keep of them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mho.bench import BenchInfo
from mho.bench.forwarding import ForwardingBench
from mho.bench.simulated import SimulatedBench
from mho.checks import RefusedError
from mho.chip import Chip
from mho.deployment.storage.stored_block import block_of, stored_block
from mho.mapping import (
    MAPPINGS,
    Block,
    CorrectingBlock,
    PairBlock,
    Placement,
    ReferenceBlock,
    WeightMapping,
    each_block,
    place,
    positions,
)
from mho.mapping.blocks import Freedom, always, looks
from mho.mapping.targets import repair
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

LOW = 50 * uS
HIGH = 500 * uS
KINDS = {
    "pairs": [PairBlock],
    "offset": [ReferenceBlock],
    "four": [PairBlock, CorrectingBlock],
}


def info_of(ohm: float = 0.0) -> BenchInfo:
    wires = WireModel(word_line=ohm, bit_line=ohm)
    return SimulatedBench(Chip(rows=16, cols=32, wires=wires), Stream(0)).info


def placed(kind: str, info: BenchInfo) -> Placement:
    weight = torch.randn(5, 9, generator=Stream(1).generator())
    return place([weight], info, MAPPINGS[kind](LOW, HIGH))


def like(placement: Placement, name: str) -> Tensor:
    """Numbers of one or another size for all cells, between 0 and 1 (1)."""
    return torch.rand(
        placement.cells.shape, generator=Stream(2, (name,)).generator()
    )


@pytest.mark.parametrize("kind", MAPPINGS)
def test_a_mapping_makes_its_kinds_of_blocks_and_a_file_gives_them_back(
    kind: str,
) -> None:
    """The record in files names parts as the first files did; only second pairs correct."""
    blocks = placed(kind, info_of()).blocks
    assert [type(block) for block in blocks] == KINDS[kind]
    for block in blocks:
        back = block_of(stored_block(block))
        assert type(back) is type(block)
        assert torch.equal(back.crossings, block.crossings)
        assert torch.equal(back.scale, block.scale)
        assert (back.inputs, back.outputs, back.stage) == (
            block.inputs,
            block.outputs,
            block.stage,
        )
        assert (stored_block(block).corrects is None) == (block.stage == 0)


@pytest.mark.parametrize("kind", MAPPINGS)
def test_positions_follow_columns_that_were_turned_round(kind: str) -> None:
    """Cells keep their place in the list; a turned column's halves change roles.

    `crossings` of the block in force and the cells listed at its positions are the same.
    """
    info = info_of()
    before = placed(kind, info)
    stuck = like(before, "stuck") < 0.2
    held = torch.where(like(before, "held") < 0.5, 4.2e-3, 8e-6)
    after = repair(before, stuck, held, info)
    turned = [
        not torch.equal(old.crossings, new.crossings)
        for old, new in zip(before.blocks, after.blocks, strict=True)
    ]
    assert any(turned) == (kind != "offset")
    for block, where in each_block(after):
        assert torch.equal(after.cells[where], block.crossings)
        assert torch.equal(after.sign[where] < 0, block.subtracting)
        assert torch.equal(after.partner[where], block.partners(where))
    together = torch.cat([where.flatten() for where in positions(after.blocks)])
    assert torch.equal(together, torch.arange(after.cells.numel()))


class Multiplying(ForwardingBench):
    """A bench whose products are those of given conductances, and nothing else."""

    held: Tensor

    def multiply(
        self,
        voltage: Tensor,
        plus: Tensor,
        minus: Tensor | None = None,
        *,
        full_scale: float | Tensor,  # noqa: ARG002 - it does not round
    ) -> Tensor:
        matrix = self.held[plus]
        return voltage @ (
            matrix if minus is None else matrix - self.held[minus]
        )


@pytest.mark.parametrize("kind", MAPPINGS)
def test_a_block_reads_what_its_difference_says(kind: str) -> None:
    """`signed(read)` is voltage times `difference`, to the rounding of sums of nine."""
    info = info_of()
    bench = Multiplying(SimulatedBench(Chip(rows=16, cols=32), Stream(0)))
    bench.held = torch.rand(info.cells, generator=Stream(5).generator())
    voltage = torch.rand(3, 9, generator=Stream(4).generator())
    for block in placed(kind, info).blocks:
        held = bench.held[block.crossings]
        columns = block.read(bench, voltage, 1.0)
        assert columns.shape == (3, block.columns)
        wanted = voltage @ block.per_column(held)
        torch.testing.assert_close(columns, wanted, rtol=0, atol=1e-5)
        wanted = voltage @ block.difference(held)
        found = block.signed(columns, voltage)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)


def search_error(
    block: Block, kind: type[WeightMapping], info: BenchInfo
) -> float:
    """What is missing after ten looks, in parts of the full scale (1)."""
    mapping = kind(LOW, HIGH)
    target = torch.full(
        block.crossings.shape, (LOW + HIGH) / 2, dtype=torch.float64
    )
    freedom = block.freedom(target, LOW, mapping.block_difference)
    wanted = 0.3 * mapping.block_difference * torch.ones(block.shape).double()
    for number, look in enumerate(looks(freedom, always(wanted), block, info)):
        if number == 10:
            return float(look.missing.abs().max()) / freedom.full_scale
    raise AssertionError


@pytest.mark.parametrize("kind", MAPPINGS)
def test_the_search_shrinks_what_is_missing_in_every_round(kind: str) -> None:
    """5 Ω take a tenth of the signal of these cells; ten rounds of a tenth are below 1e-5."""
    info = info_of(5.0)
    for block in placed(kind, info).blocks:
        assert search_error(block, MAPPINGS[kind], info) < 1e-5


def test_a_freedom_moves_what_may_move_within_its_limits() -> None:
    """By direction: one number rises, one falls, one stays though it is beyond the limit."""
    start = torch.tensor([[1.0, 1.0, 9.0]])
    freedom = Freedom(
        start,
        lambda numbers: numbers[None],
        torch.tensor(0.5),
        torch.tensor(2.0),
        torch.tensor([[1.0, -1.0, 0.0]]),
        full_scale=1.0,
    )
    step = torch.tensor([[3.0, 0.25, -1.0]])
    assert freedom.moved(start, step).tolist() == [[2.0, 0.75, 9.0]]


def test_records_of_blocks_that_mean_none_are_refused() -> None:
    info = info_of()
    pair = stored_block(placed("pairs", info).blocks[0])
    beside = stored_block(placed("offset", info).blocks[0])
    excess = torch.zeros(pair.plus.shape)
    spoilt = [
        (replace(pair, minus=None), "either pairs or a reference"),
        (replace(beside, reference=None), "either pairs or a reference"),
        (
            replace(pair, reference=beside.reference),
            "either pairs or a reference",
        ),
        (replace(pair, excess=excess), "have a partner"),
        (replace(beside, corrects=0), "corrects one of other weights"),
        (replace(pair, scale=pair.scale[:-1]), "different shapes"),
        (replace(beside, excess=excess / 0.0), "not finite"),
    ]
    for stored, message in spoilt:
        with pytest.raises(RefusedError, match=message):
            block_of(stored)
