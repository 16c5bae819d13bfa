"""`mho evaluate`."""

from mho.cli.options import Data, Json, Keep, Threads, Wait


def evaluate(
    chip: str,
    /,
    *,
    data: Data = None,
    wait: Wait = "0s",
    keep: Keep = False,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Measure how many labels a programmed chip gets right, and what that costs.

    Args:
        chip: File of `mho program`.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.networks import run_evaluate as work

    with with_threads(threads):
        work.run_evaluate(chip, data=data, wait=wait, keep=keep, json=json)
