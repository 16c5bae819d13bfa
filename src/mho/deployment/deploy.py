"""The whole way: place a network, program it, repair pairs with a stuck cell, calibrate."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from mho.bench.interface import Bench, BenchInfo
from mho.checks import check_choice
from mho.deployment.compensation import adapt, compensate
from mho.deployment.deployed import DeployedNetwork, calibrate
from mho.deployment.faults import FaultMap
from mho.deployment.mapping import DifferentialPairs, Placement, check_range, place
from mho.deployment.network import Network, read_network
from mho.deployment.range_rule import RangeRule
from mho.deployment.reference_column import with_excess
from mho.deployment.repair import repair
from mho.deployment.residual import joined, joint_result, part, stages, take_up
from mho.deployment.rounding import to_levels
from mho.deployment.tuning import refit
from mho.deployment.weight_mapping import WeightMapping
from mho.programming.loop import ProgramRun, program
from mho.programming.protocol import ProgramProtocol
from mho.programming.result import ProgramResult

GAINS = ("mapped", "fit")
"""Where digital gain and offset of outputs come from, the mapping or a fit on the chip."""


def deploy(
    network: Network | nn.Module,
    bench: Bench,
    calibration: Shaped[Tensor, "batch ..."],
    protocol: ProgramProtocol | None = None,
    *,
    mapping: WeightMapping | None = None,
    compensated: bool = True,
    packed: bool | None = None,
    spares: int = 0,
    faults: FaultMap | None = None,
    ranges: RangeRule | str = "largest",
    gains: str = "mapped",
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> DeployedNetwork:
    """Write a trained network into a bench and return it running there.

    Args:
        network: A network, or a PyTorch module of linear and convolutional layers.
        bench: Where to program it.
        calibration: Typical inputs, for the converter ranges (1). Shape (batch, ...).
        protocol: How to program; predictive trimming with denoising if `None`.
        mapping: Weights to conductances; pairs in the bench's recommended range if `None`.
        compensated: Make up for the wires that the bench says it has.
        packed: Let layers share tiles; only if the bench has too few for one each if `None`.
        spares: Spare rows, and lines of columns, of each part of a layer (1).
        faults: Stuck cells and broken lines to map around, from `survey`.
        ranges: How converter ranges follow from the samples, a `RangeRule` or its kind.
        gains: `"mapped"`, or `"fit"`: gain and offset of every output are fitted on the chip to
            the products of the same samples, once it is programmed.
        on_cycle: Called after every programming cycle.

    Raises:
        ValueError: The network, the bench or the protocol do not fit; one sentence says why.
    """
    check_choice(gains, "gains", GAINS)
    rule = RangeRule.of(bench.info, ranges) if isinstance(ranges, str) else ranges
    if not isinstance(network, Network):
        network = read_network(network, calibration)
    placement = lay_out(
        network, bench.info, mapping, compensated=compensated, packed=packed, spares=spares,
        faults=faults,
    )  # fmt: skip
    placement, result = program_pairs(bench, placement, protocol, on_cycle=on_cycle)
    found = calibrate(network, placement, calibration, bench.info.read_voltage, rule)
    deployed = DeployedNetwork(network, bench, placement, found, result)
    if gains == "fit":
        refit(deployed, calibration, ranged=False)
    return deployed


def lay_out(
    network: Network,
    info: BenchInfo,
    mapping: WeightMapping | None = None,
    *,
    compensated: bool = True,
    packed: bool | None = None,
    spares: int = 0,
    faults: FaultMap | None = None,
) -> Placement:
    """Place all layers of a network, within a range the bench can hold.

    Args:
        network: The network.
        info: The bench.
        mapping: Weights to conductances; pairs in the bench's recommended range if `None`.
        compensated: Make up for the wires that the bench says it has.
        packed: Let layers share tiles; only if the bench has too few for one each if `None`.
        spares: Spare rows, and lines of columns, of each part of a layer (1).
        faults: Stuck cells and broken lines to map around, from `survey`.

    Raises:
        ValueError: The range or the number of tiles does not fit the bench.
    """
    mapping = mapping or DifferentialPairs(info.array_low, info.array_high)
    check_range(mapping, info)
    weights = [layer.weight for layer in network.layers]
    placement = place(weights, info, mapping, packed=packed, spares=spares, faults=faults)
    if compensated:
        placement = compensate(placement, info, mapping)
    rounded = to_levels(placement, mapping)
    if rounded is placement:
        return placement
    # second pairs also hold what rounding takes from the first; they are rounded last
    free = take_up(placement, rounded.target, info).target
    moved = free != placement.target
    return replace(rounded, target=torch.where(moved, free, rounded.target))


def program_pairs(
    bench: Bench,
    placement: Placement,
    protocol: ProgramProtocol | None = None,
    *,
    repaired: bool = True,
    resume: Mapping[str, Tensor] | None = None,
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> tuple[Placement, ProgramResult]:
    """Program all cells, then once more those that make up for stuck ones.

    Blocks that correct others come last, with targets that take up what was read of the others
    over one verifying look.

    Args:
        bench: Where to program.
        placement: Cells and targets.
        protocol: How to program.
        repaired: Make up for stuck cells; otherwise they cost what they cost.
        resume: State of an interrupted first pass.
        on_cycle: Called after every cycle of the first pass; what comes after it is simply done
            again after an interruption.

    Returns:
        The placement with polarities and targets in force at the end, and the joint result of
        all passes.
    """
    protocol = protocol or ProgramProtocol()
    first, *rest = stages(placement)
    own, result = _program_stage(
        bench, part(placement, first) if rest else placement, protocol, repaired=repaired,
        resume=resume, on_cycle=on_cycle,
    )  # fmt: skip
    if not rest:
        return own, result
    spent = bench.ledger
    look, held = protocol.verify, torch.zeros_like(placement.target)
    reading = bench.read(own.cells, samples=look.samples, window=look.window)
    held[first] = reading.mean
    (second,) = rest
    goal = part(take_up(placement, held, bench.info, own.blocks), second)
    other, more = _program_stage(bench, goal, protocol, repaired=repaired)
    cost = result.ledger + (bench.ledger - spent)
    return joined(placement, (own, other)), joint_result((result, more), cost)


def _program_stage(
    bench: Bench,
    placement: Placement,
    protocol: ProgramProtocol,
    *,
    repaired: bool,
    resume: Mapping[str, Tensor] | None = None,
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> tuple[Placement, ProgramResult]:
    """Program cells that do not depend on each other, and those that make up for stuck ones."""
    result = program(
        bench, placement.target, protocol, cells=placement.cells, resume=resume, on_cycle=on_cycle
    )
    stuck = result.stuck.nonzero()[:, 0]
    if stuck.numel() == 0 or not repaired:
        return placement, result
    held = torch.zeros_like(placement.target)
    held[stuck] = bench.read(placement.cells[stuck], samples=8, window=0.0).mean
    mended = repair(placement, result.stuck, held, bench.info)
    mended = adapt(placement, mended, held, result.stuck, bench.info)
    moved = (mended.target - placement.target).abs() > protocol.tolerance / 2
    kept = torch.where(moved | result.stuck, mended.target, placement.target)
    mended, moved = replace(mended, target=kept), moved & ~result.stuck
    mended = with_excess(placement, mended, held, result.stuck, bench.info)
    places = moved.nonzero()[:, 0]
    if places.numel() == 0:
        return mended, replace(result, target=mended.target)
    second = program(bench, mended.target[places], protocol, cells=mended.cells[places])
    return mended, _merge(result, second, places, mended.target)


def _merge(
    first: ProgramResult, second: ProgramResult, places: Tensor, target: Tensor
) -> ProgramResult:
    """One result for two passes: the later outcome counts, the costs add."""
    merged: dict[str, Tensor] = {}
    for name in ("outcome", "error", "noise"):
        merged[name] = getattr(first, name).index_copy(0, places, getattr(second, name))
    for name in ("pulses", "denoise_pulses", "reads"):
        merged[name] = getattr(first, name).index_add(0, places, getattr(second, name))
    joint = {f.name: getattr(first, f.name) for f in fields(first)} | merged
    joint |= {
        "target": target,
        "cycles": first.cycles + second.cycles,
        "ledger": first.ledger + second.ledger,
    }
    return ProgramResult(**joint)
