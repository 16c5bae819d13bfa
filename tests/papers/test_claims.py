"""The claims hold at the reduced size, and each fails when its physics is taken away.

Tolerances and reasons stand in the claims themselves. Without a trap no level is lost; where
denoising cleans nothing, none is gained; traps of one time constant make no 1/f noise. Claims of
numbers on several cells have laws in the place of presets: there the law is changed.
"""

from functools import partial
from types import ModuleType
from typing import Any

import pytest

from mho.characterise.levels import experiment
from mho.device.published import preset
from mho.papers import PAPERS, Claim, Paper, Setting, judge
from mho.papers.experiments import (
    analog_inverse,
    field_equations,
    fused_transform,
    refinement,
    several_devices,
)
from mho.rng import Stream
from mho.solve import BoundedErrors, plan_cells
from mho.units import uS

EVERY = [(paper, claim) for paper in PAPERS.values() for claim in paper.claims]
SABOTAGE: dict[str, dict[str, float]] = {
    "F1": {"telegraph__cleaning_probability": 0.0},
    "F2": {"telegraph__births": 0.0, "telegraph__spawning": 0.0},
    "F3": {"telegraph__spawning": 0.1},
    "F4": {
        "telegraph__cleaning_probability": 0.0,
        "telegraph__amplitude": 30 * uS,
    },
    "F5": {"telegraph__cleaning_probability": 0.0},
    "F6": {"switching__set_voltage": 1.8},
    "F6-relaxation": {"relaxation__scale": 0.6},
    "L1": {"relaxation__scale": 0.6},
    "L2": {"relaxation__scale": 0.3},
    "L3": {"relaxation__early_up_tail_0": -0.5},
    "L4": {"relaxation__memory": 0.95},
    "F7": {"switching__set_voltage": 1.0},
    "F8": {"telegraph__longest": 1e-2},
    # no telegraph noise: denoising brings nothing
    "F10-floor": {"telegraph__births": 0.0, "telegraph__spawning": 0.0},
    "G1": {"noise__factor": 0.1},
}


def always(bits: int) -> Any:
    """Cells of so many bits, whatever is asked for."""
    made = refinement.of_bits
    return lambda matrix, _, stream: made(matrix, bits, stream)


CHANGED: dict[str, tuple[ModuleType, str, Any]] = {
    # digits of their own instead of corrections
    "F10": (several_devices, "plan_cells", partial(plan_cells, corrects=False)),
    "F10-poisson": (field_equations, "_DEVICES", 5),
    "F10-mhd": (
        field_equations,
        "BoundedErrors",
        partial(BoundedErrors, noise=1e-5),
    ),
    "G2": (refinement, "of_bits", always(1)),
    "G3": (refinement, "of_bits", always(9)),
    # sums of four currents are off by half a step
    "Z1": (analog_inverse, "_WINDOW", 0.4),
    "Z2": (analog_inverse, "_WINDOW", 0.6),
    "S1": (fused_transform, "ERROR", 0.02),
    "S2": (fused_transform, "ERROR", 0.12),
    "S3": (fused_transform, "ERROR", 0.2),
    "S4": (fused_transform, "ERROR", 0.2),
    "S5": (fused_transform, "ERROR", 0.005),
}
"""What is changed of a claim's law: where, its name, and to what."""


def measured(paper: Paper, claim: Claim, **changes: float) -> bool:
    kind = preset(paper.preset).replace(**changes)
    verdict = judge(
        claim, Setting(kind, quick=True, stream=Stream(0).child(paper.name))
    )
    assert (
        verdict.measurement.low
        <= verdict.measurement.value
        <= verdict.measurement.high
    )
    return verdict.measurement.holds


@pytest.mark.parametrize(
    ("paper", "claim"), EVERY, ids=lambda named: named.name
)
def test_a_claim_holds(paper: Paper, claim: Claim) -> None:
    assert measured(paper, claim)


@pytest.mark.parametrize(
    ("paper", "claim"), EVERY, ids=lambda named: named.name
)
def test_a_claim_fails_without_its_physics(
    paper: Paper, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells that can never be denoised would use up a thousand cycles: sixty are enough."""
    monkeypatch.setattr(experiment, "_BUDGET", 60)
    if claim.name in CHANGED:
        monkeypatch.setattr(*CHANGED[claim.name])
    assert not measured(paper, claim, **SABOTAGE.get(claim.name, {}))


def test_every_claim_can_fail() -> None:
    names = {claim.name for _, claim in EVERY}
    assert names == SABOTAGE.keys() | CHANGED.keys()
    assert len(names) == len(EVERY)


def test_every_figure_belongs_to_a_claim() -> None:
    for paper in PAPERS.values():
        names = [claim.name for claim in paper.claims]
        assert len(set(names)) == len(names)
        assert {figure.claim for figure in paper.figures} <= set(names)
