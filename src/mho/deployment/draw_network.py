"""A network whose cells are drawn from a table of programmed ones, in the place of pulses."""

from collections.abc import Callable
from functools import partial

from jaxtyping import Float, Float64
from torch import Tensor

from mho.bench import Bench, BenchInfo
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment.deployed import BATCH
from mho.deployment.ranges import RangeRule, Seen
from mho.mapping import DifferentialPairs, WeightMapping
from mho.network import Network
from mho.programming import ErrorTable, ProgramProtocol, measure_errors
from mho.rng import Stream
from mho.samples import Inputs
from mho.statistical import ConvertedModule, convert


def draw_network(
    network: Network,
    bench: Bench,
    calibration: Inputs,
    protocol: ProgramProtocol | None = None,
    *,
    table: ErrorTable | None = None,
    stream: Stream | None = None,
    mapping: WeightMapping | None = None,
    rule: RangeRule | None = None,
) -> ConvertedModule:
    """Put a network on tiles like those of a bench, with cells drawn from a table.

    Args:
        network: The network.
        bench: What the tiles are like, and where the table is measured if there is none.
        calibration: Typical inputs, for the converter ranges (1). Shape (batch, ...).
        protocol: How the cells of the table are programmed; as suits the bench if `None`.
        table: What programming leaves; measured on the bench if `None`.
        stream: Names the chip; that of seed 0 if `None`.
        mapping: Weights to conductances; pairs in the bench's recommended range if `None`.
        rule: How converter ranges follow from the samples; by the largest if `None`.

    Raises:
        ValueError: The mapping is none of pairs, or the bench has too few cells for a table.
    """
    # converters that do more than round are known of a simulated chip alone
    tiles = bench.chip if isinstance(bench, SimulatedBench) else bench.info
    ready = ready_to_draw(network, tiles, calibration, mapping, rule)
    if table is None:
        pairs = ready.mapping
        table = measure_errors(
            bench,
            Stream(0).child("table"),
            protocol,
            low=pairs.low,
            high=pairs.high,
        )
    ready.program(table, stream or Stream(0))
    return ready


def ready_to_draw(
    network: Network,
    tiles: Chip | BenchInfo,
    calibration: Inputs,
    mapping: WeightMapping | None = None,
    rule: RangeRule | None = None,
    *,
    batch: int = BATCH,
) -> ConvertedModule:
    """The same, calibrated, but with cells that are not drawn yet: for one chip after the other.

    Args:
        network: The network.
        tiles: What the tiles are like.
        calibration: Typical inputs (1). Shape (batch, ...).
        mapping: Weights to conductances.
        rule: How converter ranges follow from the samples.
        batch: Samples that are computed together (1).

    Raises:
        ValueError: The mapping is none of pairs, or converters do more than round.
    """
    if not isinstance(mapping, DifferentialPairs | None):
        raise ValueError(  # noqa: TRY004 - a choice of the user's, as all refusals here
            "Argument `mapping` must be `pairs` where cells are drawn, but is"
            f" {type(mapping).__name__}; the others are programmed stage by stage."
        )
    ready = convert(network, tiles, mapping=mapping)
    rule = rule or RangeRule()
    ready.calibrate(
        calibration,
        partial(_Account, rule.gather),
        per_column=rule.per_column,
        batch=batch,
    )
    return ready


class _Account:
    """What converters see, by a rule of ranges.

    Args:
        gather: Makes the account of the rule.
        columns: Columns (1).
    """

    def __init__(self, gather: Callable[[int], Seen], columns: int) -> None:
        self._seen = gather(columns)

    def add(self, samples: Float[Tensor, "samples cols"]) -> None:
        """Look at some more."""
        self._seen.add(samples.float().cpu())

    def full_scale(self, bits: int) -> Float64[Tensor, " cols"]:
        """Full scale of each column."""
        return self._seen.full_scale(bits)
