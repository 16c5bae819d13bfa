"""The whole way: place a network, program it, repair pairs with a stuck cell, calibrate."""

from collections.abc import Callable
from typing import Any

from torch import nn

from mho.bench import Bench
from mho.checks import check_choice
from mho.deployment.deployed import DeployedNetwork
from mho.deployment.output_fit import refit
from mho.deployment.pipeline import program_network
from mho.deployment.ranges import RangeRule, calibrate_ranges
from mho.mapping import WeightMapping, lay_out
from mho.mapping.tiles import FaultMap
from mho.network import Network, read_network
from mho.programming import ProgramProtocol, ProgramRun
from mho.samples import Inputs

GAINS = ("mapped", "fit")
"""Where digital gain and offset of outputs come from, the mapping or a fit on the chip."""


def deploy(
    network: Network | nn.Module,
    bench: Bench,
    calibration: Inputs,
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
        calibration: Typical inputs, for the converter ranges (1). Shape (batch, ...); by name for
            a network with several inputs.
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
    rule = (
        RangeRule.of(bench.info, ranges) if isinstance(ranges, str) else ranges
    )
    if not isinstance(network, Network):
        network = read_network(network, calibration)
    placement = lay_out(
        network,
        bench.info,
        mapping,
        compensated=compensated,
        packed=packed,
        spares=spares,
        faults=faults,
    )
    volts = bench.info.read_voltage
    deployed = program_network(
        network,
        placement,
        lambda final: calibrate_ranges(
            network, final, calibration, volts, rule
        ),
        bench,
        protocol,
        on_cycle=on_cycle,
    )
    if gains == "fit":
        refit(deployed, calibration, ranged=False)
    return deployed
