"""`mho program`: the options."""

from mho.cli.shared.option_types import _Flag, _Json, _Out


def program(
    image: str,
    /,
    *,
    chip: str | None = None,
    seed: int = 0,
    tolerance: str = "1uS",
    denoise: bool = True,
    wires: str | None = None,
    read_noise: str = "frozen",
    resume: _Flag = False,
    out: _Out = None,
    json: _Json = None,
) -> None:
    """Program an image into one simulated chip, and keep the chip in a file.

    Args:
        image: File of `mho compile`.
        chip: Preset of the chip; the one the image was compiled for if left out.
        seed: Names the chip: its cells, faults and noise.
        tolerance: Half-width of the acceptance window, with its unit.
        denoise: Denoise.
        wires: Resistance of a wire segment that this chip has, such as `0.5Ohm`; what the image
            was compiled for if left out.
        read_noise: How noise enters a product: `frozen`, `moments` or `sampled`; see `mho deploy`.
        resume: Go on with an interrupted run.
        out: File to write; `<image>-seed<seed>.mho` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.networks.program import Programming, run_program

    wanted = Programming(image, chip, seed, tolerance, denoise, wires, read_noise)
    run_program(wanted, resume=resume, out=out, json=json)
