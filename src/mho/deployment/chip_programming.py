"""Programming an image into one chip, with its state kept on the way."""

from importlib.metadata import version

from mho.bench import restorable
from mho.bench.simulated import ChipSpec
from mho.deployment.program import program_pairs
from mho.deployment.storage import CompiledNetwork, ProgrammedChip, check_fits
from mho.files import KeptState
from mho.programming import ProgrammingOptions, ProgramRun
from mho.progress import Progress, silent


def program_image(
    image: CompiledNetwork,
    specimen: ChipSpec,
    effort: ProgrammingOptions | None = None,
    *,
    state: KeptState | None = None,
    progress: Progress = silent,
) -> ProgrammedChip:
    """Program an image into one chip.

    Args:
        image: What to program.
        specimen: Into which chip.
        effort: How; to 1 µS with denoising if `None`.
        state: Where the state is kept now and then, as `RunFolder.state` gives it; what is there
            is gone on with. Clear it once the chip is saved.
        progress: Told what is being done and how far it is.

    Raises:
        ValueError: The image does not fit the chip, or the state is damaged.
        OSError: The state cannot be written.
    """
    effort = effort or ProgrammingOptions()
    bench = specimen.bench()
    check_fits(image, bench.info)
    groups, _ = (state.load() if state else None) or ({}, {})
    if groups:
        restorable(bench).restore(groups["bench"], image.placement.cells)

    def keep(run: ProgramRun) -> None:
        progress("programming", 1 - run.live_cells / run.cells.numel())
        if state and (run.finished or state.due):
            parts = {
                "bench": restorable(bench).state(image.placement.cells),
                "run": run.state(),
            }
            state.save(parts, {})

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
