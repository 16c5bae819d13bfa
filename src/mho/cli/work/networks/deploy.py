"""`mho deploy`: options to a job, and its results to terminal, page and JSON."""

import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mho.bench.simulated import READ_NOISES
from mho.checks import check_between, check_choice, check_positive
from mho.cli.shared import (
    check_outputs,
    course_rows,
    info_of,
    names,
    print_layer_errors,
    print_operations,
    print_rows,
    progress_bars,
    quantity,
    resistance,
    say,
    scale_rows,
    tell,
    tolerance_of,
    with_threads,
    write_json,
)
from mho.cli.work.networks.deploy_table import rows
from mho.deployment import DeployOptions
from mho.files import RunFolder
from mho.network.account import operation_rows, operations_of
from mho.network.formats import Signature
from mho.progress import Progress
from mho.report import Drawing, write_report
from mho.runs import (
    PAGE_DATA,
    Job,
    Questions,
    RunData,
    Task,
    cells_of,
    deployment_folder,
    draw_chips,
    image_for,
    make_chip,
    measure,
    packed_by_itself,
    plain_chip,
    populate,
    prepare,
    save_run_data,
    scaled_by_itself,
    verdict,
    way_chosen,
)
from mho.workers import Workers


def run(
    network: str,
    *,
    data: str | None,
    weights: str | None,
    chip: str,
    tolerance: str | None,
    cells: str | None,
    wires: str | None,
    compensate: bool,
    read_noise: str,
    packed: bool | None,
    digital: str | None,
    seed: int,
    denoise: bool,
    layout: DeployOptions,
    scaled: bool,
    fit_columns: bool,
    chips: int,
    compare_tolerance: str,
    keep_chips: bool,
    questions: tuple[str | None, int | None, bool],
    signature: Signature,
    resume: bool,
    out: str | None,
    json: str | None,
    threads: int,
    workers: Workers,
) -> None:
    """Deploy; see `mho deploy --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    info = info_of(chip)
    # before anything is trained: levels that no cell holds
    layout.weight_mapping(info)
    check_choice(read_noise, "read_noise", READ_NOISES)
    check_between(seed, "seed", 0, 2**62, "1")
    check_between(threads, "threads", 1, 1024, "1")
    check_between(chips, "chips", 1, 1000, "1")
    coarse = quantity(compare_tolerance, "compare_tolerance", "S")
    check_positive(coarse, "compare_tolerance", "S")
    segment = None if wires is None else resistance(wires, "wires")
    job = Job(
        network,
        chip,
        tolerance_of(tolerance, info),
        seed,
        # where there is nothing to denoise, there is no second chip to compare with
        denoise and info.telegraph,
        data,
        weights,
        segment,
        compensate,
        read_noise,
        bool(packed),
        layout,
        fit_columns,
        names(digital),
        chips,
        coarse,
        keep_chips,
        Questions(*questions),
        cells,
        signature,
    )
    folder = Path(out) if out else Path("mho-out") / job.name
    check_outputs(folder, json)
    with with_threads(threads), progress_bars() as progress:
        result = _run(
            job,
            folder,
            progress,
            workers,
            resume=resume,
            packed=packed is not None,
            scaled=scaled,
        )
    if write_json(result, json):
        return
    print_operations(operation_rows(operations_of(result)))
    print_layer_errors(result)
    last = [*verdict(result), f"report: {folder / 'report.html'}"]
    print_rows(rows(result), *last)


def _run(
    job: Job,
    folder: Path,
    progress: Progress,
    workers: Workers,
    *,
    resume: bool,
    packed: bool,
    scaled: bool,
) -> dict[str, Any]:
    """Everything between the options and the results.

    Args:
        job: What is asked for.
        folder: Folder of the results.
        progress: Told what is being done.
        workers: Processes that share the chips.
        resume: Go on with an interrupted run.
        packed: Whether somebody has said if layers share tiles.
        scaled: Whether somebody has said what shares a scale of weights.
    """
    started = time.monotonic()
    task = prepare(job, progress)
    job, said = way_chosen(job, cells_of(task.network))
    if said:
        say(said)
    for what, how in course_rows(task.network):
        say(f"{what}: {how}")
    if not scaled:
        job = scaled_by_itself(job, task)
        for what, how in scale_rows(task.network, job.layout.scale):
            say(f"{what}: {how}")
    drawn = job.cells == "drawn"
    if not packed and not drawn:
        job = packed_by_itself(job, task)
    with deployment_folder(
        job, task, folder, resume=resume, started=started
    ) as run:
        tell(run)
        progress = run.live.following(progress)
        if not run.is_complete:
            drawing = Drawing(workers)
            if drawn:
                found = draw_chips(job, task, version("mho"), run, progress)
                found.result["wall_seconds"] = round(run.seconds, 2)
            else:
                found = _deployed(job, task, run, progress, workers, drawing)
            write_report(found, run.results / "report.html", drawing)
            save_run_data(run.results / PAGE_DATA, found)
            run.write_result(found.result)
            run.finish()
        result: dict[str, Any] = run.result()
        return result


def _deployed(
    job: Job,
    task: Task,
    run: RunFolder,
    progress: Progress,
    workers: Workers,
    drawing: Drawing,
) -> RunData:
    """Chips, and what they reach."""
    image = image_for(job, task)
    plain = None
    if job.denoise:
        plain = workers.start(plain_chip, progress, job, image, task, run)
    chip = make_chip(job, image, task, run, progress, denoise=job.denoise)
    found = measure(
        job, task, chip, plain, version("mho"), progress, drawing.begin, run
    )
    if job.chips > 1:
        found = populate(job, image, task, found, run, progress, workers)
    progress("writing the report", 1.0)
    found.result["wall_seconds"] = round(run.seconds, 2)
    return found
