"""Programming an image into one chip, with its state kept on the way."""

import time
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

from mho.bench import restorable
from mho.bench.simulated import ChipSpec
from mho.deployment.program import program_pairs
from mho.deployment.storage import CompiledNetwork, ProgrammedChip, check_fits
from mho.files import checkpoint
from mho.programming import ProgrammingOptions, ProgramRun
from mho.progress import Progress, silent

_CHECKPOINT_SECONDS = 1.0


def program_image(
    image: CompiledNetwork,
    specimen: ChipSpec,
    effort: ProgrammingOptions | None = None,
    *,
    unfinished: Path | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> ProgrammedChip:
    """Program an image into one chip.

    Args:
        image: What to program.
        specimen: Into which chip.
        effort: How; to 1 µS with denoising if `None`.
        unfinished: File in which the state is kept every second; remove it once the chip is saved.
        resume: Go on with the state in that file.
        progress: Told what is being done and how far it is.

    Raises:
        ValueError: The image does not fit the chip, or there is nothing to resume.
        OSError: The state cannot be written.
    """
    effort = effort or ProgrammingOptions()
    bench = specimen.bench()
    check_fits(image, bench.info)
    identity = f"{version('mho')} {image.sha256} {specimen!r} {effort!r}"
    groups = _taken_up(unfinished, identity) if resume else {}
    if groups:
        restorable(bench).restore(groups["bench"], image.placement.cells)
    saved = time.monotonic()

    def keep(run: ProgramRun) -> None:
        nonlocal saved
        progress("programming", 1 - run.live_cells / run.cells.numel())
        if unfinished and (
            run.finished or time.monotonic() - saved > _CHECKPOINT_SECONDS
        ):
            state = {
                "bench": restorable(bench).state(image.placement.cells),
                "run": run.state(),
            }
            checkpoint.save(unfinished, state, {"identity": identity})
            saved = time.monotonic()

    placement, result = program_pairs(
        bench,
        image.placement,
        effort.protocol,
        repaired=effort.repaired,
        resume=groups.get("run"),
        on_cycle=keep,
    )
    return ProgrammedChip(
        image,
        specimen,
        effort,
        placement,
        result,
        restorable(bench).state(placement.cells),
        {},
        specimen.model,
        version("mho"),
    )


def _taken_up(unfinished: Path | None, identity: str) -> dict[str, dict[str, Tensor]]:
    """The state of an interrupted run.

    Raises:
        ValueError: There is none, or it is another run's.
    """
    if unfinished is None or not unfinished.exists():
        raise ValueError(
            f"Argument `resume` must find an unfinished run in `{unfinished}`, but there is none;"
            " leave it out to start one."
        )
    groups, facts = checkpoint.load(unfinished)
    if facts.get("identity") != identity:
        raise ValueError(
            f"Argument `resume` must go on with the same run, but `{unfinished}` holds another one"
            " (image, chip, seed, version or options differ); leave it out to start anew."
        )
    return groups
