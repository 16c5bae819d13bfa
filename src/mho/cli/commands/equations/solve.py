"""`mho solve`."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import (
    CHIP,
    NUMBER,
    PLACE,
    PRESET,
    WHOLE,
    WORDS,
    ChipPreset,
    Denoise,
    Json,
    OutFolder,
    Resume,
    Seed,
    Threads,
)


def solve(
    *,
    matrix: Annotated[str, PLACE],
    rhs: Annotated[str | None, PLACE] = None,
    method: str = "refine",
    tolerance: Annotated[
        float,
        NUMBER,
        Parameter(help="Relative residual wanted, in double precision."),
    ] = 1e-10,
    steps: Annotated[int, WHOLE] = 500,
    combine: Annotated[int, WHOLE] = 400,
    chip: ChipPreset = PRESET,
    cells_per_number: Annotated[int | None, WHOLE] = None,
    precision: Annotated[float | None, NUMBER] = None,
    cells: Annotated[
        str | None,
        Parameter(
            name="--cells",
            group=CHIP,
            help=(
                "How cells come to hold numbers: `drawn` from statistics of programmed ones, or"
                " `physics`, by simulated pulses; `drawn` if left out."
            ),
        ),
    ] = None,
    conductances: Annotated[str, Parameter(group=CHIP)] = "array",
    cell_tolerance: Annotated[str | None, WORDS, Parameter(group=CHIP)] = None,
    denoise: Denoise = True,
    reads: Annotated[int, WHOLE, Parameter(group=CHIP)] = 1,
    converters: Annotated[str, Parameter(group=CHIP)] = "ideal",
    tiles: Annotated[int | None, WHOLE, Parameter(group=CHIP)] = None,
    seed: Seed = 0,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Solve linear equations with a matrix that stands on memristor chips.

    The chip solves roughly; residuals are computed in double precision from the exact matrix, and
    what is left is solved again until the relative residual is small, or the run says what holds
    it up. The solution goes into `solution.npy`.

    Args:
        matrix: A file `.mtx` of Matrix Market, `.npz` of SciPy or NumPy, or `.npy`; or built in,
            `gallery:poisson2d:64`, also `poisson1d:N`, `poisson3d:N`, `covariance:N`,
            `random:N:KAPPA`, `general:N:KAPPA` and `circuit:N`.
        rhs: Right side, a file `.npy`, `.npz` or `.mtx`; `ones`, the matrix times ones, or
            `random`; its own for what is built in, else `ones`, if left out.
        method: What the chip does: `refine` takes `cg` or `gmres` as suits the matrix, and others
            if that gets stuck; `cg`, `gmres`, `cgls`, `jacobi`; or `feedback`, a circuit that
            settles.
        steps: Steps of refinement at most; 1 is a single analog pass.
        combine: Earlier steps that a poor step is combined with; 0 for plain refinement.
        cells_per_number: Pairs of cells of each number, each holding what the earlier ones miss;
            2 if neither this nor `--precision` is given.
        precision: Error of numbers that writing may leave, in parts of the largest; takes as many
            pairs of cells as that needs.
        conductances: Those that numbers use: `array`, what suits arrays, or `full`, all that
            cells have.
        cell_tolerance: Half-width of the acceptance window of cells, with its unit; as suits
            the cells if left out.
        reads: Times that each product is read and averaged.
        converters: `ideal`, or `chip`, with the bits of the chip.
        tiles: Tiles that there are; as many as it takes if left out.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.equations import solve as work

    with with_threads(threads):
        work.run(
            matrix,
            rhs=rhs,
            method=method,
            tolerance=tolerance,
            steps=steps,
            combine=combine,
            chip=chip,
            cells_per_number=cells_per_number,
            precision=precision,
            cells=cells or "drawn",
            conductances=conductances,
            cell_tolerance=cell_tolerance,
            denoise=denoise,
            reads=reads,
            converters=converters,
            tiles=tiles,
            seed=seed,
            resume=resume,
            out=out,
            json=json,
        )
