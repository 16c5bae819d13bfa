"""Tiles whose cells are drawn: numbers in double precision, and the noise of their products."""

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from mho.ledger import Ledger
from mho.rng import Stream
from mho.solve.numbers import CellErrors, CellPlan, Numbers, write_numbers
from mho.solve.tiles.blocks import Cut
from mho.solve.tiles.costs import Circuit
from mho.solve.tiles.leftovers import beyond_reach, leftovers
from mho.solve.tiles.noise_ahead import NoiseAhead
from mho.solve.tiles.placed_products import PlacedProducts
from mho.solve.tiles.reached import Reached, reached
from mho.solve.tiles.serial_inputs import SerialInputs


class DrawnTiles:
    """A matrix on tiles with drawn cells.

    Args:
        where: The matrix in blocks.
        errors: What writing leaves.
        plan: What the pairs of a number count.
        circuit: What surrounds the cells.
        stream: Names the cells.
        digitally: Whether numbers that no cell can hold are made up for digitally.
    """

    def __init__(
        self,
        where: Cut,
        errors: CellErrors,
        plan: CellPlan,
        circuit: Circuit,
        stream: Stream,
        *,
        digitally: bool,
    ) -> None:
        self._where = where
        self._plan = plan
        self._circuit = circuit
        self._placed = PlacedProducts(where)
        self._normals = NoiseAhead()
        # the largest number of a block takes a pair to the end of its range
        largest = where.blocks.abs().amax((1, 2))
        self.units = torch.where(largest > 0, largest, 1.0)
        wanted = where.blocks / self.units[:, None, None]
        numbers = write_numbers(
            wanted,
            errors,
            plan,
            stream,
            keep_pairs=circuit.converters is not None,
        )
        self._take(numbers)
        self.digital = leftovers(
            where, numbers.missing, self.units, plan, kept=digitally
        )
        missing = numbers.missing
        beyond = beyond_reach(missing, plan, kept=digitally)
        self.reached: Reached = reached(wanted, numbers.held, missing, beyond)
        outputs, rows = where.size
        cells = 2 * plan.cells * outputs * rows * where.blocks.shape[0]
        self.programming_cost = errors.cost(cells)
        self.stuck = numbers.stuck

    def _take(self, numbers: Numbers) -> None:
        """Keep what products need."""
        units = self.units[:, None, None]
        self._signal = self._placed.stored(numbers.held * units)
        self._noise = None
        # variances in single precision are known well enough
        if numbers.variance is not None:
            noise = numbers.variance.float() * units.float().square()
            self._noise = self._placed.stored(noise / self._circuit.reads)
        self._pairs = numbers.pairs
        self._noises = numbers.noises
        costs = self._circuit.costs
        waiting = 2 * costs.low * self._plan.cells
        conducting = numbers.conducting * costs.span + waiting
        self._of_inputs = self._met(conducting.sum(1), transposed=False)
        self._of_outputs = self._met(conducting.sum(2), transposed=True)

    def _met(
        self, conducting: Float[Tensor, "blocks width"], *, transposed: bool
    ) -> Float64[Tensor, " inputs"]:
        """What each input drives at all places together (S)."""
        where = self._where
        down, across = where.grid
        place = where.output if transposed else where.input
        found = torch.zeros(
            down if transposed else across,
            conducting.shape[1],
            dtype=torch.float64,
        )
        found.index_add_(0, place, conducting.double()[where.which])

        return found.flatten()[: where.shape[0 if transposed else 1]]

    def product(
        self,
        vectors: Float64[Tensor, "inputs batch"],
        key: Int64[Tensor, ""],
        first: int,
        *,
        transposed: bool,
    ) -> Float64[Tensor, "outputs batch"]:
        """What the tiles make of vectors.

        Args:
            vectors: Inputs (1).
            key: Names the noise.
            first: Number of the first product, which names its noise.
            transposed: Whether columns are driven and rows are read.
        """
        if self._circuit.converters is not None:
            return self._digitised(vectors, key, first, transposed=transposed)
        sums = self._placed.sums(self._signal, vectors, transposed=transposed)
        if self._noise is None:
            return sums
        # relative to the largest input, so that squares are no smaller than single precision
        largest = vectors.abs().amax(0).clamp_(min=1e-300)
        squares = (vectors / largest).square_().float()
        spread = self._placed.sums(self._noise, squares, transposed=transposed)
        normal = self._normals(key, first, vectors.shape[1], sums.shape[0]).T
        return sums.addcmul_(spread.sqrt_() * normal, largest)

    def _digitised(
        self,
        vectors: Tensor,
        key: Tensor,
        first: int,
        *,
        transposed: bool,
    ) -> Tensor:
        """The same with converters: bit by bit, pair by pair, block by block."""
        converters = self._circuit.converters
        pairs = self._pairs
        assert converters is not None
        assert pairs is not None
        serial = SerialInputs(vectors, converters.input_bits)
        batch = vectors.shape[1]
        width = self._where.which.numel() * (
            self._where.size[1] if transposed else self._where.size[0]
        )
        cycles = converters.input_bits
        normal = self._normals(
            key, first, batch, width * cycles * len(pairs)
        ).view(batch, len(pairs), cycles, -1)
        found: Tensor | None = None
        for number, (scale, pair) in enumerate(
            zip(self._plan.scales, pairs, strict=True)
        ):
            noises = None if self._noises is None else self._noises[number]
            read = self._read(
                serial, pair, noises, normal[:, number], transposed=transposed
            )
            part = serial.combined(read) * scale
            found = part if found is None else found + part
        assert found is not None
        return self._added(found, transposed=transposed)

    def _read(
        self,
        serial: SerialInputs,
        pair: Tensor,
        noises: Tensor | None,
        normal: Tensor,
        *,
        transposed: bool,
    ) -> Tensor:
        """Digitised sums of one pair of every number, at every place and for every bit (1)."""
        converters = self._circuit.converters
        assert converters is not None
        sums = self._placed.by_place(pair, serial.digits, transposed=transposed)
        if noises is not None:
            variance = self._placed.by_place(
                noises.float() / self._circuit.reads,
                serial.digits.square().float(),
                transposed=transposed,
            )
            # (batch, cycles, places · width) to (places, width, cycles · batch)
            shape = (*normal.shape[:2], *sums.shape[:2])
            in_order = normal.reshape(shape).permute(2, 3, 1, 0).flatten(2)
            sums = sums + variance.sqrt_() * in_order
        largest = pair.abs().sum(1 if transposed else 2)
        step = largest / (2**converters.output_bits - 1)
        step = step.clamp_(min=1e-300)[self._where.which][..., None]
        top = float(2**converters.output_bits - 1)
        codes: Tensor = sums / step
        return codes.round_().clamp_(-top, top).mul_(step)

    def _added(self, parts: Tensor, *, transposed: bool) -> Tensor:
        """Parts of all places in their units, added up."""
        where = self._where
        down, across = where.grid
        place = where.input if transposed else where.output
        count = across if transposed else down
        length = where.shape[1] if transposed else where.shape[0]
        weighted = parts * self.units[where.which][:, None, None]
        found = parts.new_zeros(count, *parts.shape[1:])
        found.index_add_(0, place, weighted)
        return found.flatten(0, 1)[:length]

    def cost(
        self, vectors: Float64[Tensor, "inputs batch"], *, transposed: bool
    ) -> Ledger:
        """What a product costs.

        Args:
            vectors: Inputs (1).
            transposed: Whether columns are driven and rows are read.
        """
        where = self._where
        costs = self._circuit.costs
        converters = self._circuit.converters
        outputs, rows = where.size
        cycles = converters.input_bits if converters else 1
        places = where.which.numel()
        times = vectors.shape[1] * cycles * self._circuit.reads
        driven, read = (outputs, rows) if transposed else (rows, outputs)
        conversions = places * (driven + read * self._plan.cells) * times
        power = self._power(vectors, transposed=transposed)
        return Ledger(
            conversions=conversions,
            multiplies=2 * self._plan.cells * outputs * rows * places * times,
            seconds=where.turns * times * costs.vector_time,
            read_joules=power * costs.vector_time * self._circuit.reads,
            converter_joules=conversions * costs.conversion_energy,
        )

    def _power(self, vectors: Tensor, *, transposed: bool) -> float:
        """Power that cells take while inputs are on, times how long these are (W)."""
        converters = self._circuit.converters
        largest = vectors.abs().amax(0).clamp_(min=1e-300)
        # a pulse is as long as its input is large
        shares = (vectors.abs() / largest).sum(1)
        if converters is not None:
            digits = SerialInputs(vectors, converters.input_bits).digits
            shares = digits.abs().sum(1)
        conducting = self._of_outputs if transposed else self._of_inputs
        met = float(shares @ conducting)
        return met * self._circuit.costs.read_voltage**2

    def squares(self) -> tuple[Tensor, Tensor, Tensor]:
        """Sums over inputs for each output: variance of noise, weight of writing, numbers squared.

        The first in the unit of the matrix squared, the second the units squared, so that a
        relative variance of writing makes an absolute one of it.
        """
        where = self._where
        ones = torch.ones(where.shape[1], 1, dtype=torch.float64)
        noise = torch.zeros(where.shape[0], dtype=torch.float64)
        if self._noise is not None:
            of_noise = self._placed.sums(
                self._noise, ones.float(), transposed=False
            )
            noise = of_noise[:, 0].double()
        weights = self.units.square()[:, None, None].expand(where.blocks.shape)
        of_units = self._placed.sums(
            self._placed.stored(weights), ones, transposed=False
        )
        of_numbers = self._placed.sums(
            self._placed.stored(where.blocks.square()), ones, transposed=False
        )
        return noise, of_units[:, 0], of_numbers[:, 0]

    def rounded_away(self) -> Tensor:
        """Variance of converting currents, for inputs of at most 1, for each output (1)."""
        converters = self._circuit.converters
        where = self._where
        found = torch.zeros(where.grid[0], where.size[0], dtype=torch.float64)
        if converters is None or self._pairs is None:
            return found.flatten()[: where.shape[0]]
        top = 2**converters.output_bits - 1
        of_bits = SerialInputs.weights(converters.input_bits).square().sum()
        for scale, pair in zip(self._plan.scales, self._pairs, strict=True):
            step = pair.abs().sum(2) * self.units[:, None] * scale / top
            variance = step.square() / 12 * of_bits
            found.index_add_(0, where.output, variance[where.which])
        return found.flatten()[: where.shape[0]]
