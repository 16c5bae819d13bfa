"""`mho deploy`: the options."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.shared.layout_options import LayoutOptions


def deploy(
    network: str,
    /,
    *,
    data: str | None = None,
    weights: str | None = None,
    chip: str = "rao2023",
    tolerance: str = "1uS",
    wires: str | None = None,
    compensate: bool = True,
    read_noise: str = "frozen",
    pack: Annotated[bool, Parameter(negative=())] = False,
    layout: LayoutOptions | None = None,
    fit_columns: Annotated[bool, Parameter(negative=())] = False,
    digital: str | None = None,
    seed: int = 0,
    denoise: bool = True,
    chips: int = 1,
    compare_tolerance: str = "20uS",
    keep_chips: Annotated[bool, Parameter(negative=())] = False,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    threads: int = 1,
) -> None:
    """Write a trained network into simulated memristor chips and see what survives.

    Args:
        network: `digits` for the built-in example, `model.pt2` for a network saved with
            `torch.export.save`, `model.onnx`, `weights.safetensors:relu` for matrices alone, or
            `module.py:factory` for a function that returns a module.
        data: Test data, a `.npz` file with `inputs`, `labels` and, if wanted, `calibration`.
        weights: State dict for a factory's module, `.safetensors`, `.pt` or `.pth`.
        chip: Preset of the chip; `mho presets` lists them.
        tolerance: Half-width of the acceptance window, with its unit.
        wires: Resistance of a wire segment between two cells, such as `0.5Ohm`; the preset's if
            left out, `0` for ideal wires.
        compensate: Make up for the wires in the mapping.
        read_noise: How noise enters a product: `frozen`, traps stand still for a batch of vectors;
            `moments`, all of it fresh for every vector; `sampled`, every cell followed, slow.
        pack: Let layers share tiles.
        layout: How weights become conductances, and how converter ranges follow from samples.
        fit_columns: Fit gain and offset of every output on the chip, to the calibration samples.
        digital: Modules that stay digital, such as `head,encoder.*`.
        seed: Names the chip and everything random about the run.
        denoise: Denoise, and program a second chip without it to compare.
        chips: Number of chips, with seeds from `--seed` on, to see how far apart they lie.
        compare_tolerance: With several chips: half-width of the window to which all of them are
            programmed once more, coarsely and without denoising, to compare.
        keep_chips: With several chips: leave a file of each for `mho run` and `mho evaluate`.
        resume: Go on with an interrupted run.
        out: Folder for the results; `mho-out/<run>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
        threads: Threads to compute with; more than one rarely pays.
    """
    from mho.cli.work.networks.deploy import run

    run(
        network,
        data=data,
        weights=weights,
        chip=chip,
        tolerance=tolerance,
        wires=wires,
        compensate=compensate,
        read_noise=read_noise,
        packed=pack,
        digital=digital,
        seed=seed,
        denoise=denoise,
        layout=(layout or LayoutOptions()).layout(),
        fit_columns=fit_columns,
        chips=chips,
        compare_tolerance=compare_tolerance,
        keep_chips=keep_chips,
        resume=resume,
        out=out,
        json=json,
        threads=threads,
    )
