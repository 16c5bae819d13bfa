"""The whole way: place a network, program it, repair pairs with a stuck cell, calibrate."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, overload

from torch import nn

from mho.bench import Bench
from mho.checks import check_choice
from mho.deployment.deployed import DeployedNetwork
from mho.deployment.draw_network import draw_network
from mho.deployment.output_fit import refit
from mho.deployment.pipeline import program_network
from mho.deployment.ranges import RangeRule, calibrate_ranges
from mho.mapping import WeightMapping, lay_out
from mho.mapping.tiles import FaultMap
from mho.network import Network, read_network
from mho.programming import ErrorTable, ProgramProtocol, ProgramRun
from mho.rng import Stream
from mho.samples import Inputs
from mho.statistical import ConvertedModule

GAINS = ("mapped", "fit")
"""Where digital gain and offset of outputs come from, the mapping or a fit on the chip."""


CELLS = ("physics", "drawn")
"""How cells come to hold weights: programmed by simulated pulses, or drawn from a table."""


@overload
def deploy(
    network: Network | nn.Module,
    bench: Bench,
    calibration: Inputs,
    protocol: ProgramProtocol | None = None,
    *,
    cells: Literal["physics"] = "physics",
    mapping: WeightMapping | None = None,
    compensated: bool = True,
    packed: bool | None = None,
    spares: int = 0,
    faults: FaultMap | None = None,
    ranges: RangeRule | str = "largest",
    gains: str = "mapped",
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> DeployedNetwork: ...


@overload
def deploy(
    network: Network | nn.Module,
    bench: Bench,
    calibration: Inputs,
    protocol: ProgramProtocol | None = None,
    *,
    cells: Literal["drawn"],
    table: ErrorTable | None = None,
    stream: Stream | None = None,
    mapping: WeightMapping | None = None,
    ranges: RangeRule | str = "largest",
) -> ConvertedModule: ...


def deploy(
    network: Network | nn.Module,
    bench: Bench,
    calibration: Inputs,
    protocol: ProgramProtocol | None = None,
    *,
    cells: str = "physics",
    table: ErrorTable | None = None,
    stream: Stream | None = None,
    mapping: WeightMapping | None = None,
    ranges: RangeRule | str = "largest",
    **physics: Any,
) -> DeployedNetwork | ConvertedModule:
    """Write a trained network into a bench and return it running there.

    With `cells="drawn"` nothing of the network is pulsed. A table of errors is measured on cells
    of the bench, unless one is given, and every cell of the network gets the error and the noise
    of one of them: for networks of millions of weights. Either way a `NetworkOnChip` comes back.

    Args:
        network: A network, or a PyTorch module of linear and convolutional layers.
        bench: Where to program it, or to measure the table.
        calibration: Typical inputs, for the converter ranges (1). Shape (batch, ...).
        protocol: How to program; predictive trimming with denoising if `None`.
        cells: `"physics"` or `"drawn"`.
        table: What programming leaves, for drawn cells; measured on the bench if `None`.
        stream: Names the chip of drawn cells; that of seed 0 if `None`.
        mapping: Weights to conductances; pairs in the bench's recommended range if `None`.
        ranges: How converter ranges follow from the samples, a `RangeRule` or its kind.
        physics: For programmed cells alone: `compensated`, make up for the wires that the bench
            says it has; `packed`, let layers share tiles, by itself if the bench has too few for
            one each; `spares`, spare rows, and lines of columns, of each part of a layer (1);
            `faults`, stuck cells and broken lines to map around, from `survey`; `gains`,
            `"mapped"`, or `"fit"` to fit gain and offset of every output on the chip; `on_cycle`,
            called after every programming cycle.

    Raises:
        ValueError: The network, the bench or the protocol do not fit; one sentence says why.
    """
    check_choice(cells, "cells", CELLS)
    rule = (
        RangeRule.of(bench.info, ranges) if isinstance(ranges, str) else ranges
    )
    if not isinstance(network, Network):
        network = read_network(network, calibration)
    if cells == "drawn":
        _check_absent(physics, "drawn")
        return draw_network(
            network,
            bench,
            calibration,
            protocol,
            table=table,
            stream=stream,
            mapping=mapping,
            rule=rule,
        )
    given = {"table": table, "stream": stream}
    _check_absent({k: v for k, v in given.items() if v is not None}, "physics")
    return _programmed(
        network, bench, calibration, protocol, mapping, rule, **physics
    )


def _check_absent(given: Mapping[str, object], cells: str) -> None:
    for name in given:
        raise ValueError(
            f'Argument `{name}` must be left out where cells are "{cells}", but is given; it'
            " does nothing there."
        )


def _programmed(
    network: Network,
    bench: Bench,
    calibration: Inputs,
    protocol: ProgramProtocol | None,
    mapping: WeightMapping | None,
    rule: RangeRule,
    *,
    compensated: bool = True,
    packed: bool | None = None,
    spares: int = 0,
    faults: FaultMap | None = None,
    gains: str = "mapped",
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> DeployedNetwork:
    """The network in cells that are programmed one by one; see `deploy`."""
    check_choice(gains, "gains", GAINS)
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
