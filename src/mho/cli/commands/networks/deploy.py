"""`mho deploy`."""

from mho.cli.options import (
    PRESET,
    ByLayer,
    ChipPreset,
    Chips,
    CompareTolerance,
    Compensate,
    Data,
    Denoise,
    Digital,
    DrawnOrPhysics,
    EndsOptions,
    FitColumns,
    Json,
    KeepChips,
    LayoutOptions,
    ManyWorkers,
    MetricName,
    OutFolder,
    Pack,
    ReadNoise,
    Resume,
    Samples,
    Seed,
    Threads,
    Tolerance,
    Weights,
    Wires,
)
from mho.cli.shared import with_workers


def deploy(
    network: str,
    /,
    *,
    data: Data = None,
    weights: Weights = None,
    chip: ChipPreset = PRESET,
    tolerance: Tolerance = None,
    denoise: Denoise = True,
    cells: DrawnOrPhysics = None,
    wires: Wires = None,
    chips: Chips = 1,
    metric: MetricName = None,
    samples: Samples = None,
    by_layer: ByLayer = False,
    seed: Seed = 0,
    compensate: Compensate = True,
    layout: LayoutOptions | None = None,
    pack: Pack = None,
    digital: Digital = None,
    ends: EndsOptions | None = None,
    read_noise: ReadNoise = "frozen",
    fit_columns: FitColumns = False,
    compare_tolerance: CompareTolerance = "20uS",
    keep_chips: KeepChips = False,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
    workers: ManyWorkers = None,
) -> None:
    """Write a trained network into simulated memristor chips and see what survives.

    With denoising, the same chip is made without it as well, to compare.

    Args:
        network: `digits` or `mnist`, built in; `model.pt2` of `torch.export.save`, `model.onnx`,
            `model.tflite`, `weights.safetensors:relu` for matrices alone,
            `weights.safetensors:layers.toml` for a list of layers, or `module.py:factory` for a
            function that returns a module.
    """
    chosen = layout or LayoutOptions()
    # with denoising, each is made a second time
    made = 2 * chips if denoise else chips
    with with_workers(
        workers, chips=made, threads=threads, chip=chip
    ) as shared:
        from mho.cli.work.networks import deploy as work

        work.run(
            network,
            data=data,
            weights=weights,
            chip=chip,
            tolerance=tolerance,
            cells=cells,
            wires=wires,
            compensate=compensate,
            read_noise=read_noise,
            packed=pack,
            digital=digital,
            seed=seed,
            denoise=denoise,
            layout=chosen.layout(),
            scaled=chosen.scale is not None,
            fit_columns=fit_columns,
            chips=chips,
            compare_tolerance=compare_tolerance,
            keep_chips=keep_chips,
            questions=(metric, samples, by_layer),
            signature=(ends or EndsOptions()).signature(),
            resume=resume,
            out=out,
            json=json,
            threads=threads,
            workers=shared,
        )
