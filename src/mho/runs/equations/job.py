"""What shall be solved, on which cells, and how."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mho.bench.simulated import describe_chip
from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_positive,
)
from mho.chip import Chip
from mho.device.published import code_of
from mho.files import check_memory, run_identity
from mho.programming import ProgramProtocol, suited_protocol
from mho.rng import Stream
from mho.solve import GaussianErrors, MatrixOnChips
from mho.solve.gallery import Problem, read_vector
from mho.solve.methods import Equations, Solving, check_method

Array = npt.NDArray[np.float64]

CELLS = ("drawn", "physics")
"""How cells come to hold numbers: drawn from statistics, or programmed pulse by pulse."""
RANGES = ("array", "full")
"""What of a cell's range is used: what suits arrays, or all of it."""
_MOST_AMPLIFIED = 1024
"""Unknowns of a circuit in feedback at most (1): it is solved exactly."""
_CANCELLED = 1e-13
"""Share of their numbers' sizes below which sums of rows are rounding (1)."""
_EACH = 32
"""Memory of a number of a block while it is put on a tile, about (bytes)."""
USUAL_CELLS = 2
"""Pairs of cells of a number where nobody says (1): more lower what read noise hides."""


@dataclass(frozen=True, slots=True)
class SolveJob(Configuration):
    """How equations are solved on which chip.

    Args:
        solving: The method, and when it stops.
        chip: Preset of the chip.
        cells: `drawn`, from statistics of programmed cells, or `physics`, pulse by pulse.
        cells_per_number: Pairs of cells of a number (1); 2 if neither this nor a precision is
            given.
        precision: Root mean square error of numbers that writing may leave, in parts of the
            largest (1); takes as many pairs as that needs.
        conductances: What of a cell's range is used.
        cell_tolerance: Half-width of the acceptance window of cells (S); as suits them if `None`.
        denoise: Denoise cells when they are programmed.
        reads: Times that each product is read and averaged (1).
        converters: `ideal`, or `chip`, with its bits.
        tiles: Tiles that there are (1); as many as it takes if `None`.
        seed: Names everything random.

    Raises:
        ValueError: A number is out of range, or there is no such word.
    """

    solving: Solving = field(default_factory=Solving)
    chip: str = "rao2023"
    cells: str = "drawn"
    cells_per_number: int | None = None
    precision: float | None = None
    conductances: str = "array"
    cell_tolerance: float | None = None
    denoise: bool = True
    reads: int = 1
    converters: str = "ideal"
    tiles: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice(self.cells, "cells", CELLS)
        check_choice(self.conductances, "conductances", RANGES)
        check_choice(self.converters, "converters", ("ideal", "chip"))
        check_between(self.seed, "seed", 0, 2**62, "1")
        check_between(self.reads, "reads", 1, 1_000_000, "1")
        if self.cells_per_number is not None:
            check_between(self.cells_per_number, "cells_per_number", 1, 16, "1")
            if self.precision is not None:
                raise ValueError(
                    "Argument `precision` must be left out where `cells_per_number` is given, but"
                    f" is {self.precision:g}; each says how many cells a number takes."
                )
        if self.precision is not None:
            check_between(self.precision, "precision", 1e-12, 0.5, "1")
        if self.cells == "physics" and self.conductances == "full":
            raise ValueError(
                "Argument `conductances` must be `array` for programmed cells, but is `full`, with"
                " which wires would swallow the currents."
            )
        if self.cell_tolerance is not None:
            check_positive(self.cell_tolerance, "cell_tolerance", "S")
        if self.tiles is not None:
            check_between(self.tiles, "tiles", 1, 1_000_000, "1")

    @property
    def mapping(self) -> str:
        """How numbers stand on cells, in the words of `MatrixOnChips`."""
        if self.precision is not None:
            return "residual"
        count = self.cells_per_number or USUAL_CELLS
        return "pairs" if count == 1 else f"residual:{count}"

    @property
    def stream(self) -> Stream:
        """Names everything random."""
        return Stream(self.seed)

    def protocol(self) -> ProgramProtocol:
        """How cells are programmed.

        Raises:
            ValueError: Cells cannot be programmed as finely.
        """
        info = describe_chip(Chip(self.chip))
        found = suited_protocol(info, self.cell_tolerance, denoise=self.denoise)
        found.check(info)
        return found

    def used_range(self) -> tuple[float, float]:
        """Lowest and highest conductance that numbers use (S)."""
        info = describe_chip(Chip(self.chip))
        if self.conductances == "full":
            return info.conductance_low, info.conductance_high
        return info.array_low, info.array_high

    def check(self, equations: Equations) -> None:
        """Refuse what is known not to work before anything is programmed.

        Args:
            equations: What shall be solved.

        Raises:
            ValueError: The method does not fit the matrix, or the matrix not tiles or memory.
        """
        check_method(equations, self.solving)
        self._check_blocks(equations)
        if self.solving.method == "feedback":
            _check_amplifiers(equations.unknowns)
        elif self.tiles is not None and self.precision is None:
            # how many tiles it takes depends on no cell: any errors will do
            MatrixOnChips(
                equations.matrix,
                chip=self.chip,
                mapping=self.mapping,
                errors=GaussianErrors(),
                tiles=self.tiles,
            )

    def _check_blocks(self, equations: Equations) -> None:
        """Refuse what needs more memory on tiles than is allowed.

        Raises:
            TooLargeError: In one sentence.
        """
        chip = Chip(self.chip)
        pairs = self.cells_per_number or USUAL_CELLS
        outputs = max(chip.cols // (2 * pairs), 1)
        blocks = _blocks(equations.matrix, outputs, chip.rows)
        needed = blocks * outputs * chip.rows * _EACH
        check_memory(
            needed, "matrix", f"a matrix of {blocks:,} blocks on tiles"
        )

    def identity(self, problem: Problem, rhs: Array) -> str:
        """Everything that the result depends on; see `RunFolder`.

        Args:
            problem: What is solved.
            rhs: The right side (1). Shape (n,).
        """
        digest = hashlib.sha256()
        for array in (*_arrays(problem.matrix), rhs):
            digest.update(np.ascontiguousarray(array).tobytes())
        shape = "x".join(str(length) for length in problem.matrix.shape)
        return run_identity(
            f"{shape} {digest.hexdigest()}", self, *code_of(self.chip)
        )


def _blocks(matrix: Any, outputs: int, rows: int) -> int:
    """Blocks of a matrix that are not of zeros (1)."""
    down = -(-matrix.shape[0] // outputs)
    across = -(-matrix.shape[1] // rows)
    if not sparse.issparse(matrix):
        return int(down * across)
    triples = matrix.tocoo()
    row, col = triples.coords
    return int(np.unique(row // outputs * across + col // rows).size)


def _check_amplifiers(unknowns: int) -> None:
    """Refuse more unknowns than a circuit in feedback is taken to have amplifiers.

    Raises:
        ValueError: In one sentence, with a method that can.
    """
    if unknowns > _MOST_AMPLIFIED:
        raise ValueError(
            f"Argument `method` must not be `feedback` for more than {_MOST_AMPLIFIED:,} unknowns,"
            f" each of which takes an amplifier, but there are {unknowns:,}; take `refine`."
        )


def _arrays(matrix: Any) -> tuple[Any, ...]:
    """All that makes up a matrix."""
    if sparse.issparse(matrix):
        found = sparse.csr_array(matrix)
        return found.data, found.indices, found.indptr
    return (matrix,)


def rhs_of(problem: Problem, word: str | None, stream: Stream) -> Array:
    """The right side that a word names. Shape (n,).

    Args:
        problem: The matrix, with a right side of its own or none.
        word: A file; `ones`, the matrix times ones, whose solution is known; `random`, normal
            numbers; `None` for the problem's own, else `ones`.
        stream: Names the random one.

    Raises:
        ValueError: In one sentence: no such file, or it is damaged.
    """
    if word is None and problem.rhs is not None:
        return problem.rhs
    found: Array
    if word in (None, "ones"):
        found = problem.matrix @ problem.ones
        return found
    if word == "random":
        draws = np.random.default_rng(stream.child("rhs").word)
        found = draws.standard_normal(problem.matrix.shape[0])
        return found
    assert word is not None

    return read_vector(word, parts=problem.parts)


def about_rhs(problem: Problem, word: str | None, side: Array) -> str:
    """That a right side of the matrix times ones is none, as rows add up to zero; else empty.

    Args:
        problem: The matrix.
        word: What `rhs_of` was asked for.
        side: What it gave (1). Shape (n,).
    """
    if word not in (None, "ones") or (word is None and problem.rhs is not None):
        return ""
    whole = abs(problem.matrix) @ problem.ones
    size = float(np.linalg.norm(side))
    if size > _CANCELLED * float(np.linalg.norm(whole)):
        return ""
    left = "rounding errors alone" if size else "zero"
    return (
        f"The right side, the matrix times ones, is {left}, as the rows of the matrix add up to"
        " zero: it asks for nothing, and its solution says nothing; give one of your own with"
        " `rhs`, or `random`."
    )
