"""`mho run`."""

from typing import Annotated

from mho.cli.options import PLACE, Keep, SaveFile, Threads, Wait


def run(
    chip: str,
    /,
    *,
    data: Annotated[str, PLACE],
    wait: Wait = "0s",
    keep: Keep = False,
    save: SaveFile = None,
    threads: Threads = 1,
) -> None:
    """Compute the outputs of a programmed chip for samples.

    They go into `<chip>-outputs.npz`, as `outputs`.

    Args:
        chip: File of `mho program`.
        data: Samples, a `.npz` file with `inputs`.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.networks import run_evaluate as work

    with with_threads(threads):
        work.run_chip(chip, data=data, wait=wait, keep=keep, out=save)
