"""Tiles whose cells are programmed pulse by pulse, and multiply with all that a bench knows.

A matrix is laid out and programmed as the layers of a network are, each block a layer with
weights in double precision. Products go through the bench vector by vector, so that what its cells
do in time does not depend on how vectors were put together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from mho.bench import Bench, restorable, transposing
from mho.bench.simulated import SimulatedBench, describe_chip
from mho.chip import Chip
from mho.chip.periphery import Periphery, SignedConverter
from mho.deployment import FinishedStages, program_pairs
from mho.files import KeptState, identity
from mho.ledger import Ledger
from mho.mapping import (
    Block,
    PairedBlock,
    Placement,
    ResidualPairs,
    blocks_of_layers,
    place,
    tiles_needed,
)
from mho.mapping.targets import compensate
from mho.programming import ProgramProtocol, ProgramRun, suited_protocol
from mho.rng import Stream
from mho.solve.numbers import CellErrors, CellPlan
from mho.solve.tiles.block_readings import (
    given_by_cells,
    given_by_products,
    largest_currents,
)
from mho.solve.tiles.blocks import Cut
from mho.solve.tiles.converters import Converters
from mho.solve.tiles.costs import Circuit
from mho.solve.tiles.leftovers import beyond_reach, leftovers
from mho.solve.tiles.placed_products import PlacedProducts
from mho.solve.tiles.reached import Reached, reached

FINEST = Converters(24, 24)
"""Converters where none are asked for: single precision, which benches have, is no finer."""
_SURE = 6.0
"""Predicted deviations beyond which a number is taken to be off, not badly read (1)."""


class ProgrammedTiles:
    """A matrix on tiles with programmed cells.

    Args:
        where: The matrix in blocks.
        errors: What writing leaves, for predictions.
        plan: What the pairs of a number count.
        circuit: What surrounds the cells.
        stream: Names the chip.
        chip: The kind of chip, with as many tiles as there are.
        protocol: How cells are programmed; as suits them if `None`.
        digitally: Whether numbers that no cell can hold are made up for digitally.
        read_noise: How noise enters a product; see `SimulatedBench`.
        told: Told after every cycle how much is done (1).
        kept: Where the state of programming is kept now and then, and what is there gone on with.
    """

    def __init__(
        self,
        where: Cut,
        errors: CellErrors,
        plan: CellPlan,
        circuit: Circuit,
        stream: Stream,
        *,
        chip: Chip,
        protocol: ProgramProtocol | None,
        digitally: bool,
        read_noise: str,
        told: Callable[[float], None],
        kept: KeptState | None = None,
    ) -> None:
        self._where = where
        self._errors = errors
        self._plan = plan
        self._circuit = circuit
        self._placed = PlacedProducts(where)
        self._digitally = digitally
        self._told = told
        largest = where.blocks.abs().amax((1, 2))
        self.units = torch.where(largest > 0, largest, 1.0)
        self._wanted = where.blocks / self.units[:, None, None]
        self._mapping = self._pairs(chip)
        equipped = self._equipped(chip)
        self.bench: Bench = SimulatedBench(
            equipped, stream, read_noise=read_noise
        )
        self._protocol = protocol or suited_protocol(self.bench.info)
        weights = list(self._wanted)
        placement = place(weights, self.bench.info, self._mapping)
        self._planned = compensate(placement, self.bench.info, self._mapping)
        self._last = Ledger()
        self.write(kept)

    def _pairs(self, chip: Chip) -> ResidualPairs:
        """Numbers to conductances."""
        info = describe_chip(chip)
        scales = self._plan.scales
        factor = scales[0] / scales[1] if len(scales) > 1 else 1.0
        return ResidualPairs(
            info.array_low,
            info.array_high,
            pairs=len(scales),
            factor=factor,
        )

    def _equipped(self, chip: Chip) -> Chip:
        """The chip with as many tiles as it takes, and inputs that come bit by bit."""
        converters = self._circuit.converters or FINEST
        volts = chip.published.array.read_voltage
        around = Periphery(
            dac=SignedConverter(converters.input_bits, volts, kind="dac"),
            adc=SignedConverter(converters.output_bits, 1.0),
            slice_bits=1,
        )
        shapes = [(block.shape[0], block.shape[1]) for block in self._wanted]
        tiles = tiles_needed(
            shapes, chip.rows, chip.cols, mapping=self._mapping
        )

        return replace(chip, tiles=max(tiles, 1), periphery=around)

    def write(self, kept: KeptState | None = None) -> None:
        """Program all cells, and read back what they hold.

        Args:
            kept: Where the state is kept now and then, and what is there gone on with.

        Raises:
            ValueError: What was kept is damaged, or of other cells.
            OSError: It cannot be written.
        """
        before = self.bench.ledger
        plan = identity(
            [self._planned.target, self._planned.cells, self._protocol]
        )
        groups = _kept_of(kept, plan)
        if groups:
            self.restore(dict(groups["bench"]))
        finished = FinishedStages(groups.get("stages"))

        def on_cycle(run: ProgramRun) -> None:
            share = 1 - run.live_cells / max(run.cells.numel(), 1)
            self._told((finished.count + share) / self._plan.cells)
            if kept and (run.finished or kept.due):
                parts = {
                    "bench": self.state(),
                    "run": run.state(),
                    "stages": finished.state(),
                }
                kept.save(parts, {"plan": plan})

        by_products = self._circuit.converters is None
        final, result = program_pairs(
            self.bench,
            self._planned,
            self._protocol,
            resume=groups.get("run"),
            on_cycle=on_cycle,
            measured=self._measured if by_products else None,
            finished=finished,
        )
        self._placement = final
        self._of_layer = blocks_of_layers(final)
        given = (
            self._measured(final.blocks)
            if by_products
            else given_by_cells(self.bench, final, self._protocol)
        )
        self._take(final, given)
        self.stuck = int(result.stuck.sum())
        self.programming_cost = self.bench.ledger - before

    def _measured(self, blocks: Sequence[Block]) -> list[Tensor]:
        """What blocks give in products (S).

        Converters of few bits would know less of it than readings of single cells.
        """
        return given_by_products(
            self.bench, blocks, self._protocol.verify.samples
        )

    def _take(self, final: Placement, given: Sequence[Tensor]) -> None:
        """Keep what was reached, by what blocks give (S)."""
        missing = self._wanted - self._numbers(final, given)
        sure = max(self._plan.next_reach, _SURE * self._plan.within_reach)
        reading_plan = replace(self._plan, next_reach=sure)
        kept = self._digitally
        self.digital = leftovers(
            self._where, missing, self.units, reading_plan, kept=kept
        )
        beyond = beyond_reach(missing, reading_plan, kept=kept)
        # what was read is all that is known
        held = self._wanted - missing
        self.reached: Reached = reached(self._wanted, held, missing, beyond)
        self._full_scales = largest_currents(
            self.bench, final, self._protocol.tolerance
        )

    def _numbers(self, placement: Placement, given: Sequence[Tensor]) -> Tensor:
        """Numbers that blocks stand for (1).

        Args:
            placement: The blocks.
            given: What each of them gives (S).
        """
        found = torch.zeros_like(self._wanted)
        for block, seen in zip(placement.blocks, given, strict=True):
            part = (seen / block.scale).T
            found[block.layer, block.outputs, block.inputs] += part
        return found

    def product(
        self,
        vectors: Float64[Tensor, "inputs batch"],
        key: Int64[Tensor, ""],  # noqa: ARG002 - the bench names its noise by its own products
        first: int,  # noqa: ARG002 - as above
        *,
        transposed: bool,
    ) -> Float64[Tensor, "outputs batch"]:
        """What the tiles make of vectors; arguments as for drawn cells."""
        before = self.bench.ledger
        found = torch.stack(
            [self._one(vector, back=transposed) for vector in vectors.T], 1
        )
        self._last = self.bench.ledger - before
        return found

    def _one(self, vector: Float64[Tensor, " given"], *, back: bool) -> Tensor:
        """One vector through all blocks, or back: then columns are driven and rows are read."""
        where = self._where
        (outputs, rows), (down, across) = where.size, where.grid
        taken, given = (across, rows), (down, outputs)
        entry, exit_ = where.input, where.output
        multiply = self._through
        if back:
            taken, given = given, taken
            entry, exit_ = exit_, entry
            multiply = self._back_through
        largest = float(vector.abs().max()) or 1.0
        whole = vector.new_zeros(taken[0] * taken[1])
        whole[: vector.numel()] = vector / largest
        parts = whole.view(taken)
        found = vector.new_zeros(given)
        for place_, own in enumerate(where.which.tolist()):
            sums = multiply(own, parts[entry[place_]])
            found[exit_[place_]] += sums * self.units[own] * largest
        return found.flatten()[: where.shape[1 if back else 0]]

    def _through(self, own: int, shares: Tensor) -> Tensor:
        """Sums of one block of the matrix, of all pairs of its numbers (1).

        Args:
            own: Number of the block.
            shares: Inputs in parts of the largest (1).
        """
        volts = self.bench.info.read_voltage
        driven = (shares * volts).float()[None]
        found = torch.zeros(self._where.size[0], dtype=torch.float64)
        for number in [*self._of_layer[own]] * self._circuit.reads:
            block = self._placement.blocks[number]
            rows = driven[:, block.inputs]
            full_scale = self._full_scales[number][0].float()
            read = block.read(self.bench, rows, full_scale)
            current = block.signed(read, rows)[0].double()
            found[block.outputs] += current / block.scale
        return found / (volts * self._circuit.reads)

    def _back_through(self, own: int, shares: Tensor) -> Tensor:
        """The same with columns driven; arguments as above."""
        volts = self.bench.info.read_voltage
        bench = transposing(self.bench)
        found = torch.zeros(self._where.size[1], dtype=torch.float64)
        for number in [*self._of_layer[own]] * self._circuit.reads:
            block = self._placement.blocks[number]
            assert isinstance(block, PairedBlock)
            # a column whose cells count less is driven less: rows are read as a whole
            least = block.scale.min()
            counted = shares[block.outputs] * (least / block.scale)
            driven = (counted * volts).float()[None]
            full_scale = self._full_scales[number][1].float()
            read = bench.multiply_transposed(
                driven, block.plus, block.minus, full_scale=full_scale
            )
            found[block.inputs] += read[0].double() / least
        return found / (volts * self._circuit.reads)

    def cost(
        self,
        vectors: Float64[Tensor, "inputs batch"],  # noqa: ARG002 - as for drawn cells
        *,
        transposed: bool,  # noqa: ARG002 - as above
    ) -> Ledger:
        """What the last product cost."""
        return self._last

    def squares(self) -> tuple[Tensor, Tensor, Tensor]:
        """As for drawn cells, the noise by the statistics of the cells."""
        ones = torch.ones(self._where.shape[1], 1, dtype=torch.float64)

        def sums(values: Tensor) -> Tensor:
            stored = self._placed.stored(values)
            return self._placed.sums(stored, ones, transposed=False)[:, 0]

        shape = self._where.blocks.shape
        units = self.units.square()[:, None, None].expand(shape)
        of_units = sums(units)
        of_pairs = sum(scale**2 for scale in self._plan.scales)
        variance = self._errors.noise**2 * of_pairs / self._circuit.reads
        return of_units * variance, of_units, sums(self._where.blocks.square())

    def rounded_away(self) -> Tensor:
        """As for drawn cells."""
        converters = self._circuit.converters or FINEST
        where = self._where
        top = 2**converters.output_bits - 1
        weights = 4.0 ** torch.arange(converters.input_bits).double()
        of_bits = float(weights.sum()) / (2**converters.input_bits - 1) ** 2
        volts = self.bench.info.read_voltage
        of_block = torch.zeros(len(self.units), where.size[0]).double()
        for block, (largest, _) in zip(
            self._placement.blocks, self._full_scales, strict=True
        ):
            step = largest / volts / block.scale / top
            of_block[block.layer, block.outputs] += step.square() / 12 * of_bits
        of_block *= self.units.square()[:, None]
        found = torch.zeros(where.grid[0], where.size[0]).double()
        found.index_add_(0, where.output, of_block[where.which])
        return found.flatten()[: where.shape[0]]

    def state(self) -> dict[str, Any]:
        """The bench as it is now."""
        return dict(restorable(self.bench).state(self._planned.cells))

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state of the bench."""
        restorable(self.bench).restore(state, self._planned.cells)


def _kept_of(
    kept: KeptState | None, plan: str
) -> Mapping[str, Mapping[str, Tensor]]:
    """What was kept, by group and name; nothing if nothing was.

    Args:
        kept: Where it is.
        plan: Checksum of what cells shall hold: another matrix of this shape has as many cells.

    Raises:
        ValueError: It is damaged, or of another plan.
    """
    held = kept.load() if kept else None
    if held is None:
        return {}
    groups, facts = held
    if facts.get("plan") != plan:
        raise ValueError(
            "Argument `kept` must hold a state of this matrix and protocol, but is of other"
            " ones; delete its file to program all cells."
        )
    return groups
