"""`mho run`."""

from mho.cli.options import (
    Data,
    EndsOptions,
    Keep,
    Samples,
    SaveFile,
    Threads,
    Wait,
    Weights,
)


def run(
    network: str,
    /,
    *,
    data: Data = None,
    weights: Weights = None,
    samples: Samples = None,
    ends: EndsOptions | None = None,
    wait: Wait = "0s",
    keep: Keep = False,
    save: SaveFile = None,
    threads: Threads = 1,
) -> None:
    """Compute the outputs of a network for samples: in software, or on a programmed chip.

    They go by their names into a `.npz` file, `<network>-outputs.npz` if left out. Of a network
    file they are what the digital network computes, without any chip: to compare with the
    framework that the file came from.

    Args:
        network: A network as for `mho deploy`, or a chip of `mho program`.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.networks import run_evaluate as work

    with with_threads(threads):
        work.run_any(
            network,
            data=data,
            weights=weights,
            samples=samples,
            signature=(ends or EndsOptions()).signature(),
            wait=wait,
            keep=keep,
            out=save,
        )
