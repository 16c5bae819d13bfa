"""A matrix on chips, as an operator that SciPy's solvers take."""

from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse

from mho.bench import Bench
from mho.bench.simulated import describe_chip
from mho.checks import check_between, check_choice
from mho.chip import Chip
from mho.files import KeptState
from mho.ledger import Ledger
from mho.programming import ErrorTable, ProgramProtocol
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.solve.matrix_checks import (
    about_wires,
    as_real,
    check_tiles,
    checked_matrix,
    chosen_chip,
    largest_number,
)
from mho.solve.numbers import (
    CellErrors,
    CellPlan,
    TableErrors,
    number_mapping,
    plan_cells,
    usual_errors,
)
from mho.solve.real_products import RealProducts
from mho.solve.tiles import (
    Circuit,
    Converters,
    Cut,
    DrawnTiles,
    ErrorFloor,
    ProgrammedTiles,
    Reached,
    cut,
    predicted_floor,
    tile_costs,
)
from mho.wires import WireModel

CELLS = ("drawn", "physics")
"""How cells come to hold numbers: drawn from statistics, or programmed pulse by pulse."""


class MatrixOnChips(RealProducts):
    """A matrix on the tiles of chips: a `LinearOperator` whose products are analog.

    The matrix is cut into blocks that fit tiles. Blocks of zeros take none, and blocks that are
    equal share one, which multiplies several times. Each number is held by several pairs of
    cells; the largest number of a block takes a pair to the end of its range, which a digital
    factor restores. What blocks and cells of a number give is added digitally, in float64.

    Every vector is a product of its own, and products are numbered as they come: the noise of
    product 7 is the same whether it comes alone or as a column of a block of vectors, and what
    follows does not depend on how vectors were put together. Products of the adjoint are counted
    apart. A complex vector is two products, first of its real part and then of its imaginary one.
    Noise is made in single precision: that of a block agrees to seven digits with that of its
    vectors one by one.

    The adjoint drives the columns of the same cells, G⁺ and G⁻ with opposite signs, and reads the
    rows: hardware needs drivers and converters on both sides of its tiles for this.

    Args:
        A: The matrix, real or complex, dense or sparse. A complex one stands on tiles as two real
            ones, and each of its vectors takes two products.
        precision: Root mean square error of the numbers that writing may leave, in parts of the
            largest of their block (1): takes as many cells as that needs.
        chip: A chip or the name of its preset: kind of cells, size of tiles.
        mapping: `"pairs"`, one pair a number; `"residual:N"`, N pairs, of which each holds what
            was measured that the earlier ones miss; `"slices:N"`, N digits; without `:N` as many
            as `precision` needs, or 3.
        cells: `"drawn"`, from the statistics of programmed cells; or `"physics"`, every cell
            programmed in closed loop on a simulated bench, whose products have all that the chip
            has: wires, cells that age, noise that goes on between products. Single precision,
            inputs bit by bit, vector by vector.
        seed: Names the chip, if there is no stream.
        stream: Names the chip: its cells and its noise.
        errors: What writing leaves; that of the chip's cells if `None`.
        protocol: How the cells behind these statistics are programmed; as suits them if `None`.
        table: Statistics measured before, from `mho.measure_errors`.
        looks: Samples by which a pair is read back before the next one is written (1); those of a
            verifying look if `None`. For drawn cells alone: others are read as they are verified.
        ratio: What a pair counts in parts of the one before it (1); see `plan_cells`.
        converters: Converters: `"chip"`, with the bits of the chip; your own; or `None`, inputs
            and currents as they are, conversions counted all the same.
        reads: Times that a product is read and averaged (1).
        tile: Rows and columns of a tile (1); the chip's if `None`.
        tiles: Tiles that there are (1); as many as it takes if `None`.
        digitally: Multiply numbers that no cell could hold digitally: see `digital_numbers`.
        wires: Resistances of the lines, for programmed cells; those of the chip if `None`. Drawn
            cells have wires made up for.
        read_noise: How noise enters products of programmed cells; see `SimulatedBench`.
        progress: Told what is being programmed and how much of it is done; may raise to interrupt.
        kept: Where the state of programming pulse by pulse is kept now and then, as
            `RunFolder.state` gives it; what is there is gone on with, to the same bits.
        aligned: Blocks a power of two high and wide, so that those of stencils are alike more
            often; if `None` for sparse matrices alone.

    Raises:
        ValueError: The matrix is none of finite numbers, does not fit the tiles, or an argument
            is out of range; one sentence says which.

    >>> from mho.solve import BoundedErrors
    >>> A = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> on_chips = MatrixOnChips(A, mapping="residual:4", errors=BoundedErrors(window=1 / 128))
    >>> bool(np.abs(on_chips @ np.array([1.0, -1.0]) - np.array([1.0, -2.0])).max() < 1e-7)
    True
    """

    def __init__(
        self,
        A: Any,  # noqa: N803 - as mathematicians and SciPy write it
        *,
        precision: float | None = None,
        chip: Chip | str = "rao2023",
        mapping: str = "residual",
        cells: str = "drawn",
        seed: int = 0,
        stream: Stream | None = None,
        errors: CellErrors | None = None,
        protocol: ProgramProtocol | None = None,
        table: ErrorTable | None = None,
        looks: int | None = None,
        ratio: float | None = None,
        converters: Converters | str | None = None,
        reads: int = 1,
        tile: tuple[int, int] | None = None,
        tiles: int | None = None,
        digitally: bool = True,
        wires: WireModel | None = None,
        read_noise: str = "moments",
        progress: Progress = silent,
        kept: KeptState | None = None,
        aligned: bool | None = None,
    ) -> None:
        check_choice(cells, "cells", CELLS)
        check_between(reads, "reads", 1, 1e9, "1")
        matrix = checked_matrix(A)
        super().__init__(dtype=matrix.dtype, shape=matrix.shape)
        self._chip = chosen_chip(chip, tile, wires, cells)
        self._stream = stream or Stream(seed)
        self._errors = errors or usual_errors(
            self._chip, protocol, table, looks
        )
        words = number_mapping(mapping)
        self.plan: CellPlan = plan_cells(
            self._errors,
            words.cells,
            precision=precision,
            ratio=ratio,
            corrects=words.corrects,
            digitally=digitally,
            numbers=matrix.nnz if issparse(matrix) else matrix.size,
        )
        self._circuit = self._surroundings(converters, reads)
        # what tiles hold is relative to the largest number, whose square may be none of a float
        self._largest = largest_number(matrix)
        self._cut = self._laid(matrix / self._largest, aligned=aligned)
        check_tiles(self.tiles, tiles)
        self._rounds = 0
        self._spent = Ledger()
        self._numbers = [0, 0]
        self._cells = cells
        self._digitally = digitally
        self._protocol = protocol
        self._read_noise = read_noise
        self._progress = progress
        if cells == "physics" and not words.corrects:
            raise ValueError(
                'Argument `cells` must be "drawn" for digits on several cells, but is "physics";'
                " such numbers are there for comparison."
            )
        self._on_tiles: DrawnTiles | ProgrammedTiles = self._written(kept)

    def _surroundings(
        self, converters: Converters | str | None, reads: int
    ) -> Circuit:
        """Converters and what vectors cost."""
        info = describe_chip(self._chip)
        if isinstance(converters, str):
            check_choice(converters, "converters", ("chip",))
            converters = Converters(info.dac_bits, info.adc_bits)
        low, high = info.array_low, info.array_high
        if isinstance(self._errors, TableErrors):
            low, high = self._errors.table.low, self._errors.table.high
        return Circuit(converters, tile_costs(self._chip, low, high), reads)

    def _laid(
        self,
        matrix: Any,
        *,
        aligned: bool | None,
    ) -> Cut:
        """The matrix in blocks that fit tiles, all pairs of a number on one of them.

        Raises:
            ValueError: A tile has no room for a single number.
        """
        rows, cols = self._chip.rows, self._chip.cols
        most = cols // (2 * self.plan.cells)
        if most < 1:
            raise ValueError(
                f"Argument `tile` must have at least {2 * self.plan.cells} columns for numbers of"
                f" {self.plan.cells} pairs of cells, but has {cols}; take fewer cells a number."
            )
        real = as_real(matrix) if self.dtype.kind == "c" else matrix
        return cut(real, most, rows, aligned=aligned)

    def _written(
        self, kept: KeptState | None = None
    ) -> DrawnTiles | ProgrammedTiles:
        """Tiles with all cells written, and paid for."""
        tiles: DrawnTiles | ProgrammedTiles
        if self._cells == "drawn":
            tiles = DrawnTiles(
                self._cut,
                self._errors,
                self.plan,
                self._circuit,
                self._stream.child("cells", self._rounds),
                digitally=self._digitally,
            )
        else:
            tiles = ProgrammedTiles(
                self._cut,
                self._errors,
                self.plan,
                self._circuit,
                self._stream.child("chip"),
                chip=self._chip,
                protocol=self._protocol,
                digitally=self._digitally,
                read_noise=self._read_noise,
                told=lambda done: self._progress("programming", done),
                kept=kept,
            )
        self._rounds += 1
        self._spent += tiles.programming_cost
        return tiles

    @property
    def chip(self) -> Chip:
        """The kind of chip."""
        return self._chip

    @property
    def tiles(self) -> int:
        """Tiles that it takes (1): one for each block that is none of zeros and unlike others."""
        return self._cut.blocks.shape[0]

    @property
    def bench(self) -> Bench | None:
        """The bench of programmed cells; `None` of drawn ones."""
        tiles = self._on_tiles
        return tiles.bench if isinstance(tiles, ProgrammedTiles) else None

    @property
    def cells(self) -> int:
        """Cells that are written (1), those that fill up blocks at the edges included."""
        return 2 * self.plan.cells * self._cut.blocks.numel()

    @property
    def reused(self) -> int:
        """Times that a block multiplies in a product, the one that does so most often (1)."""
        return self._cut.turns

    @property
    def stuck_cells(self) -> int:
        """Cells that did not answer (1)."""
        return self._on_tiles.stuck

    @property
    def digital_numbers(self) -> int:
        """Numbers of which a part is multiplied digitally, for no cell could hold it (1)."""
        return int(self._on_tiles.digital.nnz)

    @property
    def ledger(self) -> Ledger:
        """All costs so far, writing included."""
        return self._spent

    @property
    def programming_cost(self) -> Ledger:
        """What writing the cells cost, the last time."""
        return self._on_tiles.programming_cost

    @property
    def products(self) -> int:
        """Products so far, those of the adjoint included (1)."""
        return sum(self._numbers)

    @property
    def reached(self) -> Reached:
        """How far the numbers are off: what a simulation knows."""
        return self._on_tiles.reached

    @property
    def account(self) -> str:
        """What was predicted of the numbers, what was reached, and the cure, a line each."""
        plan = self.plan
        found = self.reached
        pairs = "pair" if plan.cells == 1 else "pairs"
        made_up = ""
        if self.digital_numbers:
            made_up = f", {self.digital_numbers:,} of them in part by digital products"
        lines = (
            f"{plan.cells} {pairs} of cells a number, {self.cells:,} cells on {self.tiles} tiles"
            f" ({self.stuck_cells:,} stuck){made_up}",
            f"numbers are off by {found.left:.2g} of the largest, root mean square; predicted"
            f" {plan.within_reach if self._digitally else plan.precision:.2g}",
            self.advice,
        )
        return "\n".join(filter(None, lines))

    @property
    def advice(self) -> str:
        """What to change where later pairs do not reach what earlier ones miss; else empty."""
        if self._cells == "drawn":
            return ""
        return about_wires(self.digital_numbers / self._cut.blocks.numel())

    @property
    def error_floor(self) -> ErrorFloor:
        """How far products are off, predicted from the statistics of the cells."""
        relative = predicted_floor(
            self._on_tiles,
            self.plan,
            self._circuit,
            digitally=self._digitally,
        )
        return relative.times(self._largest)

    def reprogram(self) -> Ledger:
        """Write all cells anew: drawn ones with errors of their own; returns what that cost."""
        if isinstance(self._on_tiles, ProgrammedTiles):
            self._on_tiles.write()
            self._rounds += 1
            self._spent += self._on_tiles.programming_cost
        else:
            self._on_tiles = self._written()
        return self.programming_cost

    def state(self) -> dict[str, Any]:
        """Numbers of the next products and costs: with the same arguments all that changes.

        Of programmed cells the bench as well, as tensors in `bench`.
        """
        kept: dict[str, Any] = {
            "rounds": self._rounds,
            "products": tuple(self._numbers),
            "ledger": self._spent,
        }
        if isinstance(self._on_tiles, ProgrammedTiles):
            kept["bench"] = self._on_tiles.state()
        return kept

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` gave, of an operator with the same arguments."""
        if isinstance(self._on_tiles, ProgrammedTiles):
            self._on_tiles.restore(state["bench"])
        elif state["rounds"] != self._rounds:
            self._rounds = state["rounds"] - 1
            self._on_tiles = self._written()
        self._rounds = state["rounds"]
        self._numbers = list(state["products"])
        self._spent = state["ledger"]

    def _real(self, vectors: Any, *, transposed: bool) -> Any:
        """Real vectors through the tiles, counted and paid for."""
        side = int(transposed)
        digital = self._on_tiles.digital
        if not vectors.shape[1]:
            return np.zeros((digital.shape[side], 0))
        given = torch.from_numpy(np.ascontiguousarray(vectors))
        name = ("products", "adjoint")[side]
        key = torch.tensor(self._stream.child(name).signed_word)
        found = self._on_tiles.product(
            given, key, self._numbers[side], transposed=transposed
        )
        self._numbers[side] += given.shape[1]
        self._spent += self._on_tiles.cost(given, transposed=transposed)
        sums = found.numpy()
        if digital.nnz:
            sums = sums + (digital.T if transposed else digital) @ vectors
        return sums * self._largest

    def __repr__(self) -> str:
        rows, columns = self.shape
        return (
            f"<{rows}×{columns} matrix on {self.tiles} tiles of {self._chip.published.name},"
            f" {self.plan.cells} pairs of cells a number>"
        )
