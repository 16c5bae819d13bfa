"""The claims hold at the reduced size, and each fails when its physics is taken away.

Tolerances and reasons stand in the claims themselves. Without a trap no level is lost; where
denoising cleans nothing, none is gained; traps of one time constant make no 1/f noise.
"""

import pytest

from mho.characterise.levels import experiment
from mho.device.published import preset
from mho.papers import PAPERS, Claim, Paper, Setting, judge
from mho.rng import Stream
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
}


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
    assert not measured(paper, claim, **SABOTAGE[claim.name])


def test_every_figure_belongs_to_a_claim() -> None:
    for paper in PAPERS.values():
        names = [claim.name for claim in paper.claims]
        assert len(set(names)) == len(names)
        assert {figure.claim for figure in paper.figures} <= set(names)
