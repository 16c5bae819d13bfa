"""`mho solve`: equations to a solution, a figure, a page and JSON."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from mho.cli.shared import (
    check_outputs,
    print_rows,
    progress_bars,
    quantity,
    tell,
    write_json,
)
from mho.device.published import check_preset
from mho.files import RunFolder
from mho.report import convergence_figure, render_equations
from mho.report.figures import draw_data_url, draw_png
from mho.rng import Stream
from mho.runs.equations import (
    SOLUTION,
    SolveJob,
    about_rhs,
    cost_rows,
    rhs_of,
    solution_rows,
    solve_equations,
)
from mho.solve.gallery import read_problem
from mho.solve.methods import Equations, Solving

_FIGURE = "convergence.png"
_PAGE = "report.html"
_RESULT = "result.json"


def run(
    matrix: str,
    *,
    rhs: str | None,
    method: str,
    tolerance: float,
    steps: int,
    combine: int,
    chip: str,
    cells_per_number: int | None,
    precision: float | None,
    cells: str,
    conductances: str,
    cell_tolerance: str | None,
    denoise: bool,
    reads: int,
    converters: str,
    tiles: int | None,
    seed: int,
    resume: bool,
    out: str | None,
    json: str | None,
) -> None:
    """Solve; see `mho solve --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    check_preset(chip, "chip")
    window = None
    if cell_tolerance is not None:
        window = quantity(cell_tolerance, "cell_tolerance", "S")
    job = SolveJob(
        Solving(method, tolerance, steps, combine),
        chip=chip,
        cells=cells,
        cells_per_number=cells_per_number,
        precision=precision,
        conductances=conductances,
        cell_tolerance=window,
        denoise=denoise,
        reads=reads,
        converters=converters,
        tiles=tiles,
        seed=seed,
    )
    job.protocol()
    stream = Stream(seed)
    problem = read_problem(matrix, stream.child("gallery"))
    side = rhs_of(problem, rhs, stream)
    problem = replace(problem, remark=about_rhs(problem, rhs, side))
    equations = Equations(problem.matrix, side)
    job.check(equations)
    folder = Path(out) if out else _folder(problem.name, job)
    check_outputs(folder, json)
    with (
        progress_bars() as progress,
        RunFolder.open(
            folder,
            "solve",
            job.identity(problem, side),
            makes=(SOLUTION, _FIGURE, _PAGE, _RESULT),
            resume=resume,
        ) as files,
    ):
        tell(files)
        if not files.is_complete:
            result, solution = solve_equations(
                job, problem, equations, files, progress
            )
            _save(result, problem.told(solution), files)
            files.finish()
        result = files.result()
    if not write_json(result, json):
        _print(result, folder)


def _folder(name: str, job: SolveJob) -> Path:
    return Path("mho-out") / f"solve-{name}-{job.solving.method}-seed{job.seed}"


def _save(
    result: dict[str, Any],
    solution: npt.NDArray[np.float64] | npt.NDArray[np.complex128],
    files: RunFolder,
) -> None:
    content = io.BytesIO()
    np.save(content, solution, allow_pickle=False)
    files.write(SOLUTION, content.getvalue())
    files.write(_FIGURE, draw_png(lambda: convergence_figure(result)))
    picture = draw_data_url(lambda: convergence_figure(result))
    files.write(_PAGE, render_equations(result, picture).encode())
    files.write_result(result)


def _print(result: dict[str, Any], folder: Path) -> None:
    print_rows(solution_rows(result))
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("time and energy")
    table.add_column("time", justify="right")
    table.add_column("energy", justify="right")
    for row in cost_rows(result):
        table.add_row(*row)
    console.print()
    console.print(table)
    console.print()
    last = [*result["explanation"][1:], f"solution: {folder / SOLUTION}"]
    print_rows([], *last, f"page: {folder / _PAGE}")
