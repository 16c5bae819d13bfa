"""A run that never happened, with every number that the report shows."""

import dataclasses

import torch

from mho.ledger import Ledger
from mho.programming import Outcome, ProgrammingOptions
from mho.runs import (
    Batch,
    ChipFigures,
    LayerMap,
    Population,
    RunData,
    Traces,
    WireAccount,
)
from mho.units import uS

SHAPES = {"conv1": (9, 32), "conv2": (144, 64), "head": (128, 20)}


def layer(
    name: str, shape: tuple[int, int], draws: torch.Generator
) -> LayerMap:
    """One layer, 50 to 500 µS, errors of 0.3 µS, 0.2 % stuck, 0.2 % out of cycles."""
    target = (
        50 + 450 * torch.rand(shape, generator=draws, dtype=torch.float64)
    ) * uS
    error = 0.3 * uS * torch.randn(shape, generator=draws, dtype=torch.float64)
    outcome = torch.full(shape, int(Outcome.CONVERGED))
    lot = torch.rand(shape, generator=draws)
    outcome[lot < 0.004] = int(Outcome.OUT_OF_CYCLES)
    outcome[lot < 0.002] = int(Outcome.STUCK)
    readback = target + error * torch.where(
        outcome == Outcome.OUT_OF_CYCLES, 8, 1
    )
    readback[outcome == Outcome.STUCK] = 20 * uS
    return LayerMap(name, target, readback, outcome)


def telegraph(
    draws: torch.Generator, cells: int = 4, samples: int = 400
) -> Traces:
    """Two-level traces: large before denoising, small after."""
    target = torch.linspace(90, 420, cells, dtype=torch.float64) * uS
    flips = torch.rand((2, cells, samples), generator=draws) < 0.03
    level = (flips.cumsum(2) % 2).double()
    rest = (
        0.1
        * uS
        * torch.randn((2, cells, samples), generator=draws, dtype=torch.float64)
    )
    before = target[:, None] - level[0] * 8 * uS + rest[0]
    after = target[:, None] - level[1] * 0.5 * uS + rest[1]
    return Traces(torch.arange(samples) * 0.01, target, before, after)


def result(cells: int, stuck: int) -> dict[str, object]:
    """What `result.json` holds."""
    return {
        "network": "digits",
        "preset": "rao2023",
        "seed": 0,
        "version": "0.1.0",
        "tolerance_uS": 1.0,
        "denoise": True,
        "software_accuracy": 0.975,
        "outputs": {
            "scores": {
                "relative_rms": 0.012,
                "worst_sample_relative_rms": 0.05,
                "worst_sample": 17,
                "sqnr_dB": 38.4,
                "cosine": 0.99991,
                "largest_entry_agrees": 0.998,
            }
        },
        "layers": [
            {
                "name": name,
                "alone": 0.004 * number,
                "accumulated": 0.005 * number,
                "vectors": 64,
            }
            for number, name in enumerate(SHAPES, 1)
        ],
        "layer_samples": 64,
        "cells": cells,
        "tiles": 1,
        "stuck_cells": stuck,
        "converged_fraction": 0.998,
        "error_uS": {"median": 0.2, "p99": 0.78, "p999": 1.9, "max": 7.4},
        "noise_uS": {"median": 0.51, "p99": 1.12},
        "pulses_per_cell": 41.2,
        "denoise_pulses_per_cell": 7.7,
        "reads_per_cell": 1204.0,
        "chip_seconds": 312.7,
        "chip_joules": 0.00241,
        "chip_accuracy": {"low": 0.969, "best": 0.9721, "high": 0.975},
        "chip_accuracy_no_denoise": {
            "low": 0.951,
            "best": 0.9617,
            "high": 0.967,
        },
        "wall_seconds": 48.3,
        "wires": {
            "word_line_ohm": 0.5,
            "bit_line_ohm": 0.5,
            "current_kept": 0.781,
            "signal": {"mean": 0.953, "low": 0.627},
            "power": 1.06,
            "weight_error": {
                "as_mapped": 0.0471,
                "gain": 0.0231,
                "compensated": 0.0001,
            },
            "accuracy": {
                "as_mapped": 0.96,
                "gain": 0.9667,
                "compensated": 0.975,
            },
        },
    }


def wires(draws: torch.Generator) -> WireAccount:
    """Weights that lose up to a third, and the same ones made good."""
    wanted = torch.rand(500, generator=draws) * 2 - 1
    kept = 0.67 + 0.33 * torch.rand(500, generator=draws)
    found = {
        "as_mapped": wanted * kept,
        "gain": wanted * kept * 1.2,
        "compensated": wanted,
    }
    return WireAccount(dict(result(1, 0)["wires"]), wanted, found)


def population(chips: int = 20, *, compared: bool = True) -> Population:
    """Chips near 97 %, and the same ones near 96 % the coarse way."""
    draws = torch.Generator().manual_seed(1)
    spent = Ledger(400_000, 11_000_000, 900_000, 0, 312.7, 2.0e-3, 3e-4, 1.1e-4)

    def batch(effort: ProgrammingOptions, mean: float, spread: float) -> Batch:
        right = 0.002 * torch.round(
            (mean + spread * torch.randn(chips, generator=draws)) / 0.002
        )
        return Batch(
            effort,
            tuple(
                ChipFigures(
                    n,
                    min(1.0, x),
                    x - 0.004,
                    x + 0.004,
                    0.998,
                    20 + n,
                    spent,
                    Ledger(),
                )
                for n, x in enumerate(right.tolist())
            ),
        )

    coarse = (
        batch(ProgrammingOptions(20e-6, denoise=False), 0.961, 0.006)
        if compared
        else None
    )
    return Population(
        0.975, batch(ProgrammingOptions(1e-6), 0.973, 0.002), coarse
    )


def many(data: RunData, chips: int = 20, *, compared: bool = True) -> RunData:
    """The same run with many chips."""
    found = population(chips, compared=compared)
    return dataclasses.replace(
        data,
        population=found,
        result=data.result | {"population": found.result},
    )


def run(seed: int = 0) -> RunData:
    """A finished deployment of three layers."""
    draws = torch.Generator().manual_seed(seed)
    layers = tuple(layer(name, shape, draws) for name, shape in SHAPES.items())
    target, readback, outcome = (
        torch.cat([getattr(m, name).flatten() for m in layers])
        for name in ("target", "readback", "outcome")
    )
    working = outcome != Outcome.STUCK
    cells = target.numel()

    def counts(mean: float) -> torch.Tensor:
        return torch.poisson(torch.full((cells,), mean), generator=draws).long()

    confusion = (
        torch.randint(0, 3, (10, 10), generator=draws)
        + 42 * torch.eye(10).long()
    )
    noise = (
        0.5
        * torch.randn(cells, generator=draws, dtype=torch.float64).exp()
        * uS
    )[working]
    spent = Ledger(400_000, 11_000_000, 900_000, 0, 312.7, 2.0e-3, 3e-4, 1.1e-4)
    return RunData(
        result=result(cells, int((~working).sum())),
        layers=layers,
        error=(readback - target)[working],
        noise=noise,
        pulses=counts(41.2),
        denoise_pulses=(counts(7.7) - 6).clamp(min=0),
        reads=200 * counts(6.0),
        tolerance=1 * uS,
        traces=telegraph(draws),
        confusion=confusion,
        costs={
            "programming": spent,
            "evaluation": Ledger(0, 0, 3000, 10**9, 0.2, 0.0, 1e-6, 2e-5),
            "programming without denoising": dataclasses.replace(
                spent, seconds=200.1
            ),
        },
        wires=wires(draws),
    )
