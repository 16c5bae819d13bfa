"""Runs that an earlier release left unfinished."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.programming import ProgramProtocol, ProgramRun
from mho.rng import Stream
from mho.units import uS

KEPT = (
    Path(__file__).parents[1] / "golden/unfinished/program/chip3.mho.unfinished"
)


def test_the_state_of_an_unfinished_run_opens_and_is_given_back_as_it_was() -> (
    None
):
    """Written when the loop held tensors: same names, kinds, shapes and bits from records."""
    groups = load_file(KEPT)
    state = {
        name.removeprefix("run/").removeprefix("run."): tensor
        for name, tensor in groups.items()
        if name.startswith("run")
    }
    assert "memory.gain" in state
    count = state["done.outcome"].numel()
    bench = SimulatedBench(Chip("rao2023", rows=8, cols=8), Stream(0))
    target = torch.full((count,), 300 * uS)
    run = ProgramRun(bench, target, ProgramProtocol(), torch.arange(count))
    run.restore(state)
    again = run.state()
    assert again.keys() == state.keys()
    for name, tensor in state.items():
        assert again[name].dtype == tensor.dtype, name
        assert torch.equal(again[name].nan_to_num(), tensor.nan_to_num()), name
    assert 0 < run.live_cells < count
