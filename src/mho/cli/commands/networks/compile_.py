"""`mho compile`."""

from mho.cli.options import (
    PRESET,
    ChipPreset,
    Compensate,
    Data,
    Digital,
    EndsOptions,
    LayoutOptions,
    Pack,
    SaveFile,
    Seed,
    Size,
    Threads,
    Weights,
    Wires,
)


def compile_(
    network: str,
    /,
    *,
    data: Data = None,
    weights: Weights = None,
    chip: ChipPreset = PRESET,
    size: Size = None,
    wires: Wires = None,
    seed: Seed = 0,
    compensate: Compensate = True,
    layout: LayoutOptions | None = None,
    pack: Pack = None,
    digital: Digital = None,
    ends: EndsOptions | None = None,
    save: SaveFile = None,
    threads: Threads = 1,
) -> None:
    """Turn a trained network into an image, one file that is programmed into many chips.

    Tiles have the size of the preset's unless another is given; the image is `<network>.mho`.

    Args:
        network: `digits` or `mnist` for a built-in example, `model.pt2` for a network saved with
            `torch.export.save`, `model.onnx`, `model.tflite`, `weights.safetensors:relu` for
            matrices alone, `weights.safetensors:layers.toml` for a list of layers, or
            `module.py:factory` for a function that returns a module.
    """
    from mho.cli.shared import names, with_threads
    from mho.cli.work.networks import compile_ as work

    chosen = layout or LayoutOptions()
    wanted = work.Compiling(
        network,
        data,
        weights,
        chip,
        size,
        wires,
        compensate,
        seed,
        pack,
        chosen.layout(),
        names(digital),
        (ends or EndsOptions()).signature(),
        chosen.scale is not None,
    )
    with with_threads(threads):
        work.run_compile(wanted, save)
