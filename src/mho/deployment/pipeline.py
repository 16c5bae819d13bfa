"""The one way from a trained network to a network that runs on a bench.

A network is laid out, its cells are programmed, its converters get ranges. `mho.deploy` goes that
way in one call on a bench of yours. Commands go it with an image between, compiled once for a kind
of chip: `compile_image`, then `program_image` for each chip of that kind. Both end here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from mho.bench import Bench
from mho.deployment.deployed import DeployedNetwork
from mho.deployment.program import program_pairs
from mho.deployment.ranges import Ranges
from mho.mapping import Placement
from mho.network import Network
from mho.programming import ProgramProtocol, ProgramRun


def program_network(
    network: Network,
    placement: Placement,
    ranges: Ranges | Callable[[Placement], Ranges],
    bench: Bench,
    protocol: ProgramProtocol | None = None,
    *,
    repaired: bool = True,
    through: Bench | None = None,
    resume: Mapping[str, Tensor] | None = None,
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> DeployedNetwork:
    """Program a network that was laid out into a bench.

    Args:
        network: The trained network.
        placement: Cells for all its weights.
        ranges: Ranges of its converters, or what finds them for the targets that are in force in
            the end, after stuck cells were made up for.
        bench: Where it shall run.
        protocol: How to program; predictive trimming with denoising if `None`.
        repaired: Make up for stuck cells.
        through: The same bench behind one that notes what is done to it; programming goes through
            that one. `bench` itself if `None`.
        resume: State of an interrupted run.
        on_cycle: Called after every programming cycle.

    Raises:
        ValueError: The bench or the protocol do not fit; one sentence says why.
    """
    final, result = program_pairs(
        through or bench,
        placement,
        protocol,
        repaired=repaired,
        resume=resume,
        on_cycle=on_cycle,
    )
    found = ranges if isinstance(ranges, Ranges) else ranges(final)
    return DeployedNetwork(network, bench, final, found, result)
