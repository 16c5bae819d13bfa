"""`mho program`."""

from mho.cli.options import (
    Denoise,
    Json,
    OwnPreset,
    ReadNoise,
    Resume,
    SaveFile,
    Seed,
    Threads,
    Tolerance,
    Wires,
)


def program(
    image: str,
    /,
    *,
    chip: OwnPreset = None,
    seed: Seed = 0,
    tolerance: Tolerance = None,
    denoise: Denoise = True,
    wires: Wires = None,
    read_noise: ReadNoise = "frozen",
    resume: Resume = False,
    save: SaveFile = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Program an image into one simulated chip, and keep the chip in a file.

    The chip is of the preset that the image was compiled for unless another is named; its file is
    `<image>-seed<seed>.mho`.

    Args:
        image: File of `mho compile`.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.networks import program as work

    wanted = work.Programming(
        image, chip, seed, tolerance, denoise, wires, read_noise
    )
    with with_threads(threads):
        work.run_program(wanted, resume=resume, out=save, json=json)
