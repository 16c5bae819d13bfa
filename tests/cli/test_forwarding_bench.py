"""No part needs a bench to be a simulated one: one that only hands on gives the same bits."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from calling import PERCEPTRON, call

from mho.bench import (
    Bench,
    BenchInfo,
    ForwardingBench,
    Pulse,
    TimedBench,
    heatable,
    restorable,
    truth_of,
)
from mho.bench.simulated import ChipSpec, SimulatedBench
from mho.chip import Chip
from mho.deployment import lifetime
from mho.deployment.deploy import deploy
from mho.rng import Stream


class Relay(ForwardingBench):
    """A bench as instruments would be one: it pulses and reads, and is no `SimulatedBench`."""

    pulses = 0

    def pulse(self, pulse: Pulse, cells: torch.Tensor) -> None:
        """Count, and hand on."""
        Relay.pulses += 1
        super().pulse(pulse, cells)


class Instrument:
    """A bench with none of the abilities that only simulations have."""

    def __init__(self, bench: Bench) -> None:
        self.inside = bench
        for name in ("pulse", "read", "sweep", "wait", "multiply"):
            setattr(self, name, getattr(bench, name))

    @property
    def info(self) -> BenchInfo:
        return self.inside.info

    @property
    def ledger(self) -> Any:
        return self.inside.ledger

    @property
    def clock(self) -> float:
        return self.inside.clock


@pytest.fixture
def relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every chip of the commands is reached through a relay."""
    simulated = ChipSpec.bench
    monkeypatch.setattr(ChipSpec, "bench", lambda spec: Relay(simulated(spec)))
    monkeypatch.setattr(Relay, "pulses", 0)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a small network and data; three looks instead of twenty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mho.runs.evaluation.LOOKS", 3)
    monkeypatch.setattr("mho.runs.measurement._TRACE_SAMPLES", 3)
    Path("net.py").write_text(PERCEPTRON)
    rng = np.random.default_rng(0)
    np.savez(
        "data.npz",
        inputs=rng.random((40, 6), "f4"),
        labels=rng.integers(0, 3, 40),
        training_inputs=rng.random((40, 6), "f4"),
        training_labels=rng.integers(0, 3, 40),
    )


NETWORK = ("net.py:mlp", "--data", "data.npz", "--tolerance", "20uS")
COMMANDS = {
    "deploy": ("deploy", *NETWORK, "--chips", "2", "--no-denoise"),
    "yield": ("yield", *NETWORK, "--shares", "0.1", "--chips", "1"),
    "tune": ("tune", *NETWORK, "--stuck", "0.1"),
    "lifetime": (
        "lifetime",
        "first/chip.mho",
        "--data",
        "data.npz",
        "--times",
        "1h,1month",
        "--temperature",
        "358K",
        "--refresh",
        "10d",
    ),
}
VARYING = ("wall_seconds",)


def found(folder: str, words: tuple[str, ...]) -> dict[str, Any]:
    """What a command says as JSON, without its wall time."""
    assert call(*words, "--out", folder, "--json", f"{folder}.json") == 0
    told: dict[str, Any] = json.loads(Path(f"{folder}.json").read_text())
    return {name: value for name, value in told.items() if name not in VARYING}


@pytest.mark.parametrize("command", [*COMMANDS])
def test_a_command_through_a_relay_gives_the_same_bits(
    command: str, request: pytest.FixtureRequest
) -> None:
    """Deployment of several chips, yield, tuning and ageing, with and without a bench between."""
    if command == "lifetime":
        assert call("deploy", *NETWORK, "--no-denoise", "--out", "first") == 0
    direct = found("direct", COMMANDS[command])
    request.getfixturevalue("relayed")
    assert found("relayed", COMMANDS[command]) == direct
    assert Relay.pulses > 0


def test_the_library_deploys_and_ages_through_a_relay() -> None:
    """`mho.deploy` and `lifetime` as calls; the relay lies under another bench that hands on."""
    samples = torch.rand(20, 6, generator=torch.Generator().manual_seed(1))
    labels = torch.zeros(20, dtype=torch.int64)
    ages = []
    for wrapped in (False, True):
        bench: Bench = SimulatedBench(
            Chip(tiles=2, rows=16, cols=16), Stream(0)
        )
        bench = TimedBench(Relay(bench)) if wrapped else bench
        torch.manual_seed(0)
        network = torch.nn.Sequential(
            torch.nn.Linear(6, 4), torch.nn.Linear(4, 3)
        )
        deployed = deploy(
            network.requires_grad_(requires_grad=False), bench, samples
        )
        ages.append(
            lifetime(deployed, samples, labels, [60.0], temperature=400.0)
        )
    assert ages[0] == ages[1]


def test_an_ability_is_found_behind_benches_that_hand_on() -> None:
    bench = SimulatedBench(Chip(rows=2, cols=2), Stream(0))
    outer = TimedBench(Relay(bench))
    assert restorable(outer) is bench
    assert heatable(outer) is bench
    truth = truth_of(outer)
    assert truth is not None
    assert torch.equal(truth.stuck, bench.stuck)


def test_what_a_bench_lacks_is_said_in_a_sentence() -> None:
    """A bench of instruments pulses and reads; nobody can save, heat or see through it."""
    bench = Relay(Instrument(SimulatedBench(Chip(rows=2, cols=2), Stream(0))))
    with pytest.raises(
        ValueError, match="able to keep and restore its state, but `sim"
    ):
        restorable(bench)
    with pytest.raises(
        ValueError, match="`temperature` must be left out for instr"
    ):
        heatable(bench)
    assert truth_of(bench) is None
