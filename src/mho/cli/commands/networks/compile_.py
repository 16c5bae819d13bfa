"""`mho compile`: the options."""

from mho.cli.shared.layout_options import LayoutOptions
from mho.cli.shared.option_types import _Flag, _Out


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
    from mho.cli.shared.output import names
    from mho.cli.work.networks.compile_ import Compiling, run_compile

    chosen = (layout or LayoutOptions()).layout()
    wanted = Compiling(
        network,
        data,
        weights,
        chip,
        size,
        wires,
        compensate,
        seed,
        pack,
        chosen,
        names(digital),
    )
    run_compile(wanted, out)
