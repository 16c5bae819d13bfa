"""The same network on cells of every kind: what is left of it, at what cost, and a year later.

The digits network is trained once and programmed into one chip of every preset by the protocol
that suits its cells, nothing chosen by hand: pairs of cells in the recommended range, wires made
up for; cells of two levels get the sign of a weight where it is large enough, and their wires are
left as they are, behind converters of 8 bits. Looked at right away, after a year without touching
it, and once more after gain and offset of every output were fitted anew, which takes no pulses.
The window is that of `BenchInfo.usual_tolerance`. Gates are taken as written one row at a time,
also where a paper writes them without selectors. Accuracy is over the 450 test digits, one chip
each: the standard error of one such figure is 0.5 % at 99 %, and seeds differ by 0.3 %. Prints
one JSON object.

    OMP_NUM_THREADS=1 python benchmarks/kinds.py [--presets ecram_li,fefet] [--seed 0] [--table]
"""

import argparse
import json
import time
from dataclasses import replace
from typing import Any

import mho
from mho.data import digits_data, train_digits
from mho.deployment import DeployOptions, fitting_chip
from mho.device.published import label, preset
from mho.network import Network, read_network
from mho.samples import chosen

YEAR = 365.25 * 86_400.0
CALIBRATION = 64
TWO_LEVELS = DeployOptions(levels=2, clip=75.0, scale="column")
"""Signs of the largest weights: those below half of a percentile of their column are 0, which is
about 0.6 standard deviations of normal weights."""


def trained(seed: int) -> tuple[Network, float]:
    """The network, and its accuracy in software."""
    data = digits_data()
    module = train_digits(mho.Stream(seed).child("training"))
    network = read_network(module, data.calibration)
    right = network.run(data.inputs).argmax(-1) == data.right
    return network, float(right.double().mean())


def bench_for(name: str, network: Network, seed: int) -> mho.SimulatedBench:
    """A chip as large as the network needs."""
    spec = fitting_chip(network.shapes, name, seed, packed=True)
    chip = spec.chip
    if chip.cell.three_terminal:
        # thousands of pulses for each cell, and as many for the 510 of its lines, take hours
        kind = replace(chip.published, biasing=None)
        chip = replace(chip, preset=kind, biasing=None)
    if chip.cell.levels == 2:
        # that chip takes inputs of one bit, for networks that were trained so
        kind = chip.published.replace(array__dac_bits=8, array__adc_bits=8)
        chip = replace(chip, preset=kind)
    return mho.SimulatedBench(chip, mho.Stream(seed).child("chip"))


def measure(name: str, network: Network, seed: int) -> dict[str, Any]:
    """What becomes of the network on one chip."""
    started = time.perf_counter()
    data = digits_data()
    bench = bench_for(name, network, seed)
    info = bench.info
    is_binary = info.levels == 2
    options = TWO_LEVELS if is_binary else DeployOptions()
    deployed = mho.deploy(
        network,
        bench,
        chosen(data.calibration, slice(CALIBRATION)),
        mapping=options.weight_mapping(info),
        compensated=not is_binary,
        packed=True,
    )
    result = deployed.programming
    spent = bench.ledger
    cells = result.cells.numel()
    found = {
        "preset": label(name),
        "kind": preset(name).kind.__name__,
        "method": info.method if not is_binary else "polarity and verify",
        "tolerance_of_range": result.tolerance
        / (info.array_high - info.array_low),
        "cells": cells,
        "converged": float((result.outcome == 1).double().mean()),
        "pulses": float(result.pulses.double().mean()),
        "denoise_pulses": float(result.denoise_pulses.double().mean()),
        "reads": float(result.reads.double().mean()),
        "pulse_joules": spent.pulse_joules / cells,
        "joules": spent.joules / cells,
        "seconds": spent.seconds,
        "accuracy": deployed.accuracy(data.inputs, data.right),
    }
    bench.wait(YEAR)
    found["accuracy_year"] = deployed.accuracy(data.inputs, data.right)
    mho.refit(deployed, chosen(data.calibration, slice(CALIBRATION)))
    found["accuracy_year_refitted"] = deployed.accuracy(data.inputs, data.right)
    found["wall_seconds"] = time.perf_counter() - started
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """The page's table."""
    lines = [
        "| preset | programmed by | pulses (denoising) | reads | energy of pulses | accuracy"
        " | a year later | refitted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        pulses = f"{row['pulses']:,.1f}"
        if row["denoise_pulses"]:
            pulses += f" ({row['denoise_pulses']:.1f})"
        lines.append(
            f"| `{row['preset']}` | {row['method']} | {pulses} | {row['reads']:.0f}"
            f" | {mho.units.show(row['pulse_joules'], 'J')} | {row['accuracy']:.1%}"
            f" | {row['accuracy_year']:.1%} | {row['accuracy_year_refitted']:.1%} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", default=",".join(mho.PRESETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    network, accuracy = trained(asked.seed)
    names = asked.presets.split(",")
    rows = []
    for name in names:
        preset(name)
        rows.append(measure(name, network, asked.seed))
        if asked.table:
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    if asked.table:
        print(table(rows))
        return
    print(json.dumps({"software": accuracy, "chips": rows}, indent=1))


if __name__ == "__main__":
    main()
