"""`mho compile`, `program`, `run`, `evaluate`, `inspect`: the options."""

from typing import Annotated

from cyclopts import App, Parameter

from mho.cli.layout import LayoutOptions

_Out = Annotated[str | None, Parameter(name=("--out", "-o"))]
_Json = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
_Flag = Annotated[bool, Parameter(negative=())]


def register(app: App) -> None:
    """Add the commands."""
    app.command(compile_, name="compile")
    for command in (program, run, evaluate, inspect):
        app.command(command)


def compile_(
    network: str,
    /,
    *,
    data: str | None = None,
    weights: str | None = None,
    chip: str = "rao2023",
    size: str | None = None,
    wires: str | None = None,
    compensate: bool = True,
    pack: _Flag = False,
    layout: LayoutOptions | None = None,
    digital: str | None = None,
    seed: int = 0,
    out: _Out = None,
) -> None:
    """Turn a trained network into an image, one file that is programmed into many chips.

    Args:
        network: `digits` for the built-in example, `model.pt2` for a network saved with
            `torch.export.save`, `model.onnx`, `weights.safetensors:relu` for matrices alone, or
            `module.py:factory` for a function that returns a module.
        data: Samples to calibrate with, a `.npz` file with `inputs` and, if wanted, `calibration`.
        weights: State dict for a factory's module, `.safetensors`, `.pt` or `.pth`.
        chip: Preset of the chips; `mho presets` lists them.
        size: Rows and columns of a tile, such as `256x64`; the preset's if left out.
        wires: Resistance of a wire segment between two cells, such as `0.5Ohm`; the preset's if
            left out, `0` for ideal wires.
        compensate: Make up for the wires in the mapping.
        pack: Let layers share tiles.
        layout: How weights become conductances, and how converter ranges follow from samples.
        digital: Modules that stay digital, such as `head,encoder.*`.
        seed: Names the training of `digits`.
        out: File to write; `<network>.mho` if left out.
    """
    from mho.cli.common import names
    from mho.cli.image_commands import Compiling, run_compile

    chosen = (layout or LayoutOptions()).layout()
    wanted = Compiling(
        network, data, weights, chip, size, wires, compensate, seed, pack, chosen, names(digital)
    )
    run_compile(wanted, out)


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
    from mho.cli.image_commands import Programming, run_program

    wanted = Programming(image, chip, seed, tolerance, denoise, wires, read_noise)
    run_program(wanted, resume=resume, out=out, json=json)


def run(
    chip: str,
    /,
    *,
    data: str,
    wait: Annotated[str, Parameter(allow_leading_hyphen=True)] = "0s",
    keep: _Flag = False,
    out: _Out = None,
) -> None:
    """Compute the outputs of a programmed chip for samples.

    Args:
        chip: File of `mho program`.
        data: Samples, a `.npz` file with `inputs`.
        wait: Time to let pass before, with its unit.
        keep: Let the chip's clock and noise go on in its file; it stays as it was otherwise.
        out: File for the outputs, `.npz` with `outputs`; `<chip>-outputs.npz` if left out.
    """
    from mho.cli.image_commands import run_chip

    run_chip(chip, data=data, wait=wait, keep=keep, out=out)


def evaluate(
    chip: str,
    /,
    *,
    data: str | None = None,
    wait: Annotated[str, Parameter(allow_leading_hyphen=True)] = "0s",
    keep: _Flag = False,
    json: _Json = None,
) -> None:
    """Measure how many labels a programmed chip gets right, and what that costs.

    Args:
        chip: File of `mho program`.
        data: Test data, a `.npz` file with `inputs` and `labels`; the image's own if left out.
        wait: Time to let pass before, with its unit.
        keep: Let the chip's clock and noise go on in its file, with the accuracy; it stays as it
            was otherwise.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.image_commands import run_evaluate

    run_evaluate(chip, data=data, wait=wait, keep=keep, json=json)


def inspect(file: str, /, *, draw: str | None = None, json: _Json = None) -> None:
    """Say what a file is and what it holds: an image, a chip, a `result.json` or a run's folder.

    Args:
        file: File or folder.
        draw: PNG file to draw: the targets of an image, the conductances of a chip.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.inspecting import run_inspect

    run_inspect(file, draw=draw, json=json)
