"""Programming an image into one chip, with its state kept on the way."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from mho.bench import BenchInfo, Journal, JournaledBench, restorable
from mho.bench.simulated import ChipSpec
from mho.deployment.pipeline import program_network
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
    trace: Path | None = None,
    progress: Progress = silent,
    watch: Callable[[ProgramRun], object] = lambda _: None,
) -> ProgrammedChip:
    """Program an image into one chip.

    Args:
        image: What to program.
        specimen: Into which chip.
        effort: How; to 1 µS with denoising if `None`.
        state: Where the state is kept now and then, as `RunFolder.state` gives it; what is there
            is gone on with. Clear it once the chip is saved.
        trace: Folder in which every pulse and read is noted; nothing is noted if `None`.
        progress: Told what is being done and how far it is.
        watch: Shown the programming after every cycle; it must not change anything.

    Raises:
        ValueError: The image does not fit the chip, or the state is damaged.
        OSError: The state cannot be written.
    """
    effort = effort or ProgrammingOptions()
    bench = specimen.bench()
    check_fits(image, bench.info)
    groups, facts = (state.load() if state else None) or ({}, {})
    if groups:
        restorable(bench).restore(groups["bench"], image.placement.cells)
    journal = None
    if trace is not None:
        journal = _journal(trace, bench.info, int(facts.get("rows", 0)))

    def keep(run: ProgramRun) -> None:
        done = 1 - run.live_cells / run.cells.numel()
        progress("programming", done)
        watch(run)
        if state and (run.finished or state.due):
            # The state says how many rows there are: they must be on the disk before it.
            rows = journal.sync() if journal else 0
            parts = {
                "bench": restorable(bench).state(image.placement.cells),
                "run": run.state(),
            }
            state.save(parts, {"rows": rows})

    deployed = program_network(
        image.network,
        image.placement,
        image.ranges,
        bench,
        effort.protocol(bench.info),
        repaired=effort.repaired,
        through=JournaledBench(bench, journal) if journal else None,
        resume=groups.get("run"),
        on_cycle=keep,
    )
    if journal:
        journal.flush()
    return ProgrammedChip(
        image,
        specimen,
        effort,
        deployed.placement,
        deployed.programming,
        restorable(bench).state(deployed.placement.cells),
        {},
        specimen.model,
        version("mho"),
    )


def _journal(trace: Path, info: BenchInfo, rows: int) -> Journal:
    """A record of what is done to a chip, gone on with after so many rows."""
    shape = {"tiles": info.tiles, "rows": info.rows, "cols": info.cols}
    return Journal(trace, rows, {"chip": info.name, **shape})
