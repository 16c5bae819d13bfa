"""`mho compile`: a network becomes an image, once for a kind of chip."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mho.checks import check_between
from mho.cli.shared import (
    array_size,
    course_rows,
    given_wires,
    info_of,
    output_file,
    print_operations,
    print_rows,
    progress_bars,
    scale_rows,
)
from mho.data import BUILT_IN, load_data
from mho.deployment import DeployOptions, fitting_chip, tile_use
from mho.deployment.storage import compile_image, provenance_of, save_image
from mho.mapping import suited_scale
from mho.network import Network
from mho.network.account import account, operation_rows
from mho.network.formats import (
    Signature,
    check_network_file,
    load_network,
)
from mho.runs import Job, input_names, prepare
from mho.samples import Inputs, one_of, shape_of_sample, without_numbers


@dataclass(frozen=True, slots=True)
class Compiling:
    """What `mho compile` is asked for; see its help."""

    network: str
    data: str | None
    weights: str | None
    chip: str
    size: str | None
    wires: str | None
    compensate: bool
    seed: int
    packed: bool | None
    layout: DeployOptions
    digital: tuple[str, ...]
    signature: Signature
    scaled: bool


def run_compile(wanted: Compiling, out: str | None) -> None:
    """Compile; see `mho compile --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    info = info_of(wanted.chip)
    check_between(wanted.seed, "seed", 0, 2**62, "1")
    size = array_size(wanted.size) if wanted.size else None
    wires = given_wires(wanted.wires)
    # before anything is read or trained: levels, a size or wires that no chip can have
    wanted.layout.weight_mapping(info)
    mapping = wanted.layout.mapping
    fitting_chip([(1, 1)], wanted.chip, size=size, mapping=mapping, wires=wires)
    short = Path(wanted.network.rpartition(":")[0] or wanted.network).stem
    path = output_file(out or f"{short}.mho", wanted.network)
    with progress_bars() as progress:
        network, calibration = _network(wanted, progress)
        progress("compiling", 0.0)
        layout = wanted.layout
        if not wanted.scaled:
            weights = [layer.weight for layer in network.layers]
            layout = replace(layout, scale=suited_scale(weights))
        chip = fitting_chip(
            network.shapes,
            wanted.chip,
            size=size,
            mapping=mapping,
            packed=wanted.packed,
            wires=wires,
        )
        info = chip.info
        image = compile_image(
            network,
            info,
            calibration,
            compensated=wanted.compensate,
            packed=wanted.packed,
            provenance=provenance_of(
                wanted.network,
                wanted.chip,
                weights=wanted.weights,
                data=wanted.data,
            ),
            **layout.options(info),
        )
        digest = save_image(path, image)
        shapes = without_numbers(shape_of_sample(calibration), 1)
        sample = one_of(shapes, 0)
        use = tile_use(network, image.placement, info, sample)
        progress("compiling", 1.0)
    rows_ = [
        ("layers", str(len(network.layers))),
        (
            "cells",
            f"{image.placement.cells.numel():,} on {image.info.tiles} tiles",
        ),
        *use.rows(chip.chip.published.array.vector_time),
        *course_rows(network),
        *(() if wanted.scaled else scale_rows(network, layout.scale)),
        ("checksum", digest),
    ]
    work = account(network, sample)
    print_operations(operation_rows(work.operations))
    print_rows(rows_, f"image: {path}")


def _network(
    wanted: Compiling, progress: Callable[[str, float], None]
) -> tuple[Network, Inputs]:
    """The network, and samples to calibrate with."""
    if wanted.network in BUILT_IN:
        job = Job(
            wanted.network,
            seed=wanted.seed,
            data=wanted.data,
            weights=wanted.weights,
            digital=wanted.digital,
            signature=wanted.signature,
        )
        sources = prepare(job, progress)
        return sources.network, sources.data.calibration
    check_network_file(wanted.network)
    if wanted.data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of samples to calibrate with, but is missing."
        )
    data = load_data(wanted.data).fed(wanted.signature.arrays)
    progress("reading the network", 0.0)
    network = load_network(
        wanted.network,
        wanted.weights,
        data.calibration,
        wanted.digital,
        wanted.signature,
    )
    return network, data.for_inputs(input_names(network)).calibration
