"""`mho inspect` of a network file: what it takes and gives, and what tiles would do and cost."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from mho.bench.simulated import ChipSpec, SimulatedBench
from mho.cli.shared import (
    course_rows,
    info_of,
    print_operations,
    print_rows,
    progress_bars,
    write_json,
)
from mho.data import BUILT_IN, load_data
from mho.deployment import fitting_chip
from mho.mapping import packing_plan
from mho.network import Network
from mho.network.account import account, full_rows, operations_of
from mho.network.formats import Signature, declared_example, load_network
from mho.programming import ErrorTable, ProgrammingOptions, measure_errors
from mho.rng import Stream
from mho.runs import Job, prepare
from mho.samples import (
    Inputs,
    each_tensor,
    one_of,
    shape_of_sample,
    without_numbers,
)
from mho.units import show, show_duration

_SPARE_LINES = 64
"""Rows and columns of the spare chip whose cells are programmed to see what one costs (1)."""


@dataclass(frozen=True, slots=True)
class Looking:
    """What `mho inspect` is asked for a network file; see its help."""

    network: str
    data: str | None
    weights: str | None
    chip: str
    signature: Signature


def run_inspect_network(wanted: Looking, json: str | None) -> None:
    """Inspect a network file; see `mho inspect --help`.

    Raises:
        ValueError: It is none, or samples are needed; one sentence says so.
        OSError: It cannot be read.
    """
    with progress_bars() as progress:
        network, example = _network(wanted, progress)
        progress("programming a spare chip", 0.0)
        chip = fitting_chip(network.shapes, wanted.chip)
        table = _spare(chip)
    told = {
        "kind": "network",
        "file": wanted.network,
        **_described(network, example),
        **_on_chip(network, wanted.chip, table),
    }
    if write_json(told, json):
        return
    print_operations(full_rows(operations_of(told)))
    print_rows(
        _rows(told), "An estimate: `mho deploy` programs every cell of it."
    )


def _network(
    wanted: Looking, progress: Callable[[str, float], None]
) -> tuple[Network, Inputs]:
    """The network, and samples of the shapes that it takes."""
    if wanted.network in BUILT_IN:
        job = Job(
            wanted.network,
            data=wanted.data,
            weights=wanted.weights,
            signature=wanted.signature,
        )
        task = prepare(job, progress)
        return task.network, task.data.calibration
    if wanted.data is None:
        example = declared_example(wanted.network, wanted.signature)
    else:
        data = load_data(wanted.data).fed(wanted.signature.arrays)
        example = data.calibration
    progress("reading the network", 0.0)
    network = load_network(
        wanted.network, wanted.weights, example, (), wanted.signature
    )
    names = [entry.name for entry in network.inputs]
    if not isinstance(example, dict):
        return network, example
    return network, {name: example[name] for name in names}


def _described(network: Network, example: Inputs) -> dict[str, Any]:
    """What the network takes, gives and does."""
    shapes = [list(x.shape[1:]) for x in each_tensor(example)]
    samples = without_numbers(shape_of_sample(example), 1)
    outputs = network.outputs(samples)
    work = account(network, one_of(samples, 0))
    return {
        "inputs": [
            {"name": entry.name, "shape": shape, "numbers": entry.kind}
            for entry, shape in zip(network.inputs, shapes, strict=True)
        ],
        "outputs": [
            {"name": name, "shape": list(tensor.shape[1:])}
            for name, tensor in outputs.items()
        ],
        "course": [list(row) for row in course_rows(network)],
        "operators": _operators(network),
        "operations": work.plain(),
        "multiply_adds": work.summary(),
        "parameters": work.parameters,
    }


def _operators(network: Network) -> dict[str, int]:
    """How often each operator is used, the most frequent first."""
    counts: dict[str, int] = {}
    for node in network.graph.nodes:
        name = node.operator.split(".")[1]
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _on_chip(network: Network, kind: str, table: ErrorTable) -> dict[str, Any]:
    """Tiles and cells, and what programming them would cost by the cells of a spare chip."""
    shapes = network.shapes
    one_tile = fitting_chip([(1, 1)], kind)
    plan = packing_plan(shapes, one_tile.rows, one_tile.cols)
    cost = table.expected_cost(plan.cells)
    one = table.expected_cost(table.programmed)
    return {
        "preset": kind,
        "analog_layers": [
            {"name": layer.name, "kind": layer.kind, "shape": list(shape)}
            for layer, shape in zip(network.layers, shapes, strict=True)
        ],
        "tile": [one_tile.rows, one_tile.cols],
        "tiles": plan.tiles,
        "tiles_of_their_own": plan.own_tiles,
        "packed": plan.packed,
        "fill": plan.fill,
        "cells": plan.cells,
        "per_cell": {
            "measured_cells": table.programmed,
            "pulses": one.pulses / table.programmed,
            "reads": one.reads / table.programmed,
            "seconds": one.seconds / table.programmed,
            "joules": one.joules / table.programmed,
        },
        "programming": {**asdict(cost), "joules": cost.joules},
    }


def _spare(chip: ChipSpec) -> ErrorTable:
    """What programming a cell of this kind costs, measured on one small chip of it."""
    small = replace(chip, tiles=1, rows=_SPARE_LINES, cols=_SPARE_LINES)
    stream = Stream(0)
    bench = SimulatedBench(small.chip, stream.child("spare chip"))
    info = info_of(chip.preset)
    effort = ProgrammingOptions(info.usual_tolerance, info.telegraph)
    return measure_errors(
        bench, stream.child("statistics"), effort.protocol(bench.info)
    )


def _rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    """What the table says: name and value, units included."""
    work = told["multiply_adds"]
    total = work["analog"] + work["digital"]
    one = told["per_cell"]
    cost = told["programming"]
    rows, cols = told["tile"]
    shared = "shared by layers" if told["packed"] else "each of one layer's"
    operators = ", ".join(
        name if count == 1 else f"{name} ×{count}"
        for name, count in told["operators"].items()
    )
    return [
        *(
            (f"input {x['name']}", f"{_shape(x['shape'])}, {x['numbers']}")
            for x in told["inputs"]
        ),
        *((f"output {x['name']}", _shape(x["shape"])) for x in told["outputs"]),
        *((row[0], row[1]) for row in told["course"]),
        ("operators", operators),
        (
            "analog multiply-adds",
            f"{work['analog_share']:.1%} of {total:,} per sample",
        ),
        (
            f"tiles of {rows}×{cols}, {told['preset']}",
            f"{told['tiles']:,}, {shared}, {told['fill']:.1%} of their cells used",
        ),
        ("cells", f"{told['cells']:,}, two for each weight on tiles"),
        (
            "per cell",
            f"{one['pulses']:.1f} pulses, {one['reads']:.0f} reads,"
            f" {show(one['seconds'], 's', 3)}, {show(one['joules'], 'J', 3)}, as"
            f" {one['measured_cells']:,} of a spare chip took",
        ),
        (
            "programming them",
            f"{cost['pulses']:,} pulses, {show_duration(cost['seconds'])} on the chip,"
            f" {show(cost['joules'], 'J', 3)}",
        ),
    ]


def _shape(sizes: list[int]) -> str:
    """Sizes of a sample; of a single number, a word."""
    return "×".join(str(size) for size in sizes) or "one number"
