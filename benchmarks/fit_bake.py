"""Whether waits at four temperatures predict those at the fifth: drift, loss, activation energy.

    python benchmarks/fit_bake.py bake.csv.gz

For each temperature in turn the law is fitted to the others and held against what was left out,
in thirds of the conductance: mean, median and standard deviation of the change, predicted over
measured. Prints one JSON object. The file has columns of cell, time, conductance, temperature.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np

from mho.device.laws import BOLTZMANN, BarrierRelaxation
from mho.fitting.waits import (
    BarrierLaw,
    Wait,
    barrier_law,
    changes,
    likeliest,
    waits_of,
)
from mho.measured import Waits, read_measured
from mho.units import eV

REFERENCE = 300.0
WITHIN = 0.2
THIRDS = 3
MOST = 1500
"""Cells of a third that are drawn at most (1)."""


def relaxation(law: BarrierLaw, numbers: np.ndarray) -> BarrierRelaxation:
    """The product's law with fitted numbers."""
    known = {
        one.name.partition(".")[2]: float(x)
        for one, x in zip(law.parameters, numbers, strict=True)
        if one.name.startswith("relaxation.")
    }
    known |= {"scale": 1.0, "full": law.full, "stated": law.stated}
    known["onset"] = law.onset
    known |= {"lifetime": law.lifetime(numbers), "renewal_step": 1e-6}
    return BarrierRelaxation(
        **{
            one.name: known.get(one.name, 0.0)
            for one in fields(BarrierRelaxation)
        }
    )


def held_against(
    wait: Wait, law: BarrierRelaxation, energy: float
) -> list[dict[str, Any]]:
    """Predicted and measured change of each third of the conductance (µS)."""
    rng = np.random.default_rng(0)
    pace = np.exp(energy / BOLTZMANN * (1 / REFERENCE - 1 / wait.temperature))
    edges = np.linspace(0, wait.written.max() * (1 + 1e-9), THIRDS + 1)
    rows = []
    for low, high in pairwise(edges):
        own = np.flatnonzero((wait.written >= low) & (wait.written < high))
        measured = wait.change[own] * 1e6
        own = own[:: max(1, own.size // MOST)]
        ranks = rng.standard_normal(own.size)
        predicted = 1e6 * changes(
            law, wait.written[own], wait.time * pace, ranks
        )
        row: dict[str, Any] = {
            "from_uS": round(low * 1e6, 1),
            "cells": int(measured.size),
        }
        for name, of in (
            ("mean", np.mean),
            ("median", np.median),
            ("deviation", np.std),
        ):
            row[name] = [round(float(of(x)), 2) for x in (predicted, measured)]
        ratio = float(predicted.std() / measured.std())
        row["deviation_within"] = abs(ratio - 1) <= WITHIN
        away = abs(predicted.mean() - measured.mean())
        row["mean_away_in_deviations"] = round(float(away / measured.std()), 3)
        row["mean_within"] = bool(away <= WITHIN * abs(measured.mean()))
        rows.append(row)
    return rows


def left_out(waits: Sequence[Wait], heat: float) -> dict[str, Any]:
    """The law of all other temperatures, held against one."""
    law = barrier_law(
        [w for w in waits if w.temperature != heat], REFERENCE, ()
    )
    numbers = likeliest(law)
    names = [one.name for one in law.parameters]
    energy = float(numbers[names.index("temperature.ion_energy")])
    own = relaxation(law, numbers)
    rows = [
        held_against(w, own, energy) for w in waits if w.temperature == heat
    ]
    return {"energy_eV": round(energy / eV, 4), "thirds": rows[0]}


def main() -> None:
    """Leave each temperature out in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    measured = read_measured(parser.parse_args().file)
    assert isinstance(measured, Waits)
    waits = waits_of([measured])
    started = time.process_time()
    found = {
        f"{heat - 273.15:.0f} °C": left_out(waits, heat)
        for heat in sorted({one.temperature for one in waits})
    }
    every = [row for one in found.values() for row in one["thirds"]]
    result = {
        "left_out": found,
        "thirds": len(every),
        "deviation_within_20_percent": sum(
            row["deviation_within"] for row in every
        ),
        "mean_within_20_percent": sum(row["mean_within"] for row in every),
        "largest_mean_away_in_deviations": max(
            row["mean_away_in_deviations"] for row in every
        ),
        "processor_seconds": round(time.process_time() - started, 1),
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
