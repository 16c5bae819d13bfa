"""A deployed network looked at again and again, in parts that can be kept in between."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from mho.bench import Bench, ForwardingBench, foresee
from mho.deployment.deployed import BATCH, DeployedNetwork
from mho.samples import Inputs, batches, joined, number_of

Named = Mapping[str, Shaped[Tensor, "_ ..."]]
"""Outputs by name."""


MANY_BLOCKS = 64
"""Blocks up to which it pays to look ahead (1): more of them go in groups anyway."""


def _nothing() -> None:
    """What is told of a batch where nobody listens."""


class Looks:
    """The outputs of a deployed network at each of several times.

    A bench that can look ahead is told after the first look what the others will be; that changes
    no bit. While it has looked ahead its state is ahead of its clock, and cannot be kept: see
    `steady`. Nothing else may happen to the bench until the last look is there.

    Args:
        deployed: The network on its bench.
        inputs: Samples (1). Shape (batch, ...), by name if the network has several inputs.
        moments: Times on the clock of the bench, rising; one that has passed is now (s).
        patience: Time of the first look beyond which the bench does not look ahead (s): that pays
            where a look is a matter of milliseconds, and a longer one is worth keeping.
        on_batch: Called after every batch of samples; may raise to interrupt.
    """

    def __init__(
        self,
        deployed: DeployedNetwork,
        inputs: Inputs,
        moments: Sequence[float],
        *,
        patience: float = math.inf,
        on_batch: Callable[[], None] = _nothing,
    ) -> None:
        self._deployed = deployed
        self._inputs = inputs
        self._moments = moments
        self._patience = patience
        self._on_batch = on_batch
        self._batches = -(-number_of(inputs) // BATCH)
        self.number = 0
        """Looks that are done (1)."""
        self.parts: list[Named] = []
        """Outputs of the batches of the look in work."""
        self.steady = True
        """Whether the bench is where its clock is, so that its state can be kept."""

    @property
    def done(self) -> float:
        """Share of all batches that are done (1)."""
        whole = len(self._moments) * self._batches
        return (self.number * self._batches + len(self.parts)) / max(1, whole)

    def go_on(self, number: int, parts: Sequence[Named]) -> None:
        """Go on where looks were interrupted; the bench must be restored by its owner.

        Args:
            number: Looks that are done (1).
            parts: Outputs of the batches of the look in work.
        """
        self.number = number
        self.parts = list(parts)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All outputs by name, look by look."""
        many = len(self._deployed.placement.blocks) > MANY_BLOCKS
        if many or self.number or self.parts:
            yield from self._all(self._deployed)
            return
        noting = _NotingBench(self._deployed.bench)
        started = time.monotonic()
        yield from self._all(self._deployed.on(noting), until=1)
        if time.monotonic() - started > self._patience:
            yield from self._all(self._deployed)
            return
        later = self._moments[1:]
        ahead = foresee(self._deployed.bench, noting.calls, later)
        with ahead if later else nullcontext():
            self.steady = not later
            yield from self._all(self._deployed)
        self.steady = True

    def _all(
        self, deployed: DeployedNetwork, until: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Looks from here on, all of them or until so many are done."""
        for moment in self._moments[self.number : until]:
            if not self.parts:
                bench = deployed.bench
                bench.wait(max(0.0, moment - bench.clock))
            for number, batch in enumerate(batches(self._inputs, BATCH)):
                if number < len(self.parts):
                    continue
                self.parts.append(deployed.outputs(batch))
                self._on_batch()
            outputs = joined(self.parts)
            self.number += 1
            self.parts = []
            yield outputs


class _NotingBench(ForwardingBench):
    """The same bench, which notes the products that it is asked for."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.calls: list[tuple[tuple[Tensor, Tensor | None], int]] = []

    def multiply(
        self,
        voltage: Float[Tensor, "batch rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Multiply (A)."""
        self.calls.append(((plus, minus), voltage.shape[0]))
        return super().multiply(voltage, plus, minus, full_scale=full_scale)
