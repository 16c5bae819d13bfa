"""Chips of a fleet from a surrogate: drawn, and judged at every look as chips of physics are.

All samples are computed at the last look. At the others only those are whose answer may be
another then: a sample whose answer leads by more than twice of what leads were ever seen to
change keeps it. What leads change by is found on a chip of its own, with all samples at all looks.
Where a metric looks at more than answers, all samples are computed at all looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.data import ACCURACY, Outputs
from mho.deployment import Ranges
from mho.ledger import Ledger
from mho.mapping import Placement, blocks_of_layers
from mho.network.operations import LinearLayer
from mho.rng import Stream
from mho.runs.evaluation import interval
from mho.runs.fleets.surrogate_products import DrawnTiles
from mho.runs.fleets.surrogate_tiles import (
    DrawnChip,
    WiredImage,
    drawn_chip,
)
from mho.runs.population_figures import ChipFigures
from mho.runs.task import Task
from mho.samples import Inputs, batches, changed, joined, number_of
from mho.samples import chosen as chosen_of
from mho.statistical import Surrogate

_BATCH = 512
"""Samples, of all looks together, that are computed at once (1)."""
_SAFETY = 2.0
"""Leads count as safe from this many times their largest change on (1)."""
_SAME = 1e-3
"""Difference of outputs, relative to the largest, up to which two ways to compute agree (1)."""


class _Product:
    """Products of a network on drawn tiles.

    Args:
        tiles: The tiles.
        placement: Which cells hold what.
        ranges: Ranges of the converters.
    """

    def __init__(
        self, tiles: DrawnTiles, placement: Placement, ranges: Ranges
    ) -> None:
        self._tiles = tiles
        self._blocks = placement.blocks
        self._of_layers = blocks_of_layers(placement)
        self._ranges = ranges

    def __call__(
        self, index: int, layer: LinearLayer, vectors: Tensor
    ) -> Tensor:
        """Vectors times weights through every block of the layer (1)."""
        volts = self._tiles.info.read_voltage / self._ranges.inputs[index]
        driven = vectors * volts
        total = torch.zeros(vectors.shape[0], layer.weight.shape[0])
        for number in self._of_layers[index]:
            block = self._blocks[number]
            rows = driven[:, block.inputs]
            current = block.signed(
                block.read(self._tiles, rows, self._ranges.currents[number]),
                rows,
            )
            total[:, block.outputs] += current / block.scale
        return total / volts


@dataclass(frozen=True, slots=True, eq=False)
class SurrogateJudgement:
    """A chip and what its network gave.

    Args:
        figures: What the chip reached.
        outputs: All outputs of the last look by name.
    """

    figures: ChipFigures
    outputs: Outputs


class SurrogateChips:
    """Chips of one image, each from its seed alone.

    Args:
        of: The image on its tiles.
        table: What programming leaves and time makes of it.
        stuck_fraction: Probability that a cell does not answer (1).
        task: Data and metric.
    """

    def __init__(
        self,
        of: WiredImage,
        table: Surrogate,
        stuck_fraction: float,
        task: Task,
    ) -> None:
        self._of = of
        self._table = table
        self._stuck = stuck_fraction
        self._task = task
        self._last = table.looks - 1
        self._lead: float | None = None
        specimen = self._drawn(Stream(0).child("surrogate", "rehearsal"))
        self._together = self._looks_agree(specimen)
        if self._by_answers():
            self._lead = _SAFETY * self._largest_change(specimen)

    def judged(self, seed: int) -> SurrogateJudgement:
        """Draw the chip of a seed, and judge it at every look."""
        stream = Stream(seed).child("chip")
        drawn = self._drawn(stream)
        noise = stream.child("looks")
        inputs = self._task.data.inputs
        last = self._outputs(drawn, [self._last], inputs, noise)[0]
        scores = [
            *self._earlier_scores(drawn, last, noise),
            self._task.metric.score(last, self._task.data),
        ]
        seen = interval(scores)
        figures = ChipFigures(
            seed,
            seen["best"],
            seen["low"],
            seen["high"],
            drawn.converged_fraction,
            drawn.stuck,
            drawn.cost,
            Ledger(),
        )
        return SurrogateJudgement(figures, last)

    def _drawn(self, stream: Stream) -> DrawnChip:
        return drawn_chip(self._of, self._table, self._stuck, stream)

    def _by_answers(self) -> bool:
        """Whether the score follows from the answers alone."""
        outputs = self._task.software_outputs
        first = next(iter(outputs.values()))
        return (
            self._task.metric == ACCURACY
            and self._task.data.labels is not None
            and first.ndim == 2
            and first.shape[1] > 1
        )

    def _earlier_scores(
        self, drawn: DrawnChip, last: Outputs, noise: Stream
    ) -> list[float]:
        """What the metric says at every look but the last."""
        earlier = range(self._last)
        task = self._task
        if self._lead is None:
            return [
                task.metric.score(
                    self._outputs(drawn, [k], task.data.inputs, noise)[0],
                    task.data,
                )
                for k in earlier
            ]
        first = next(iter(last.values()))
        labels = task.data.labels
        assert labels is not None
        answers = first.argmax(1)
        open_to_change = _leads(first, answers) < self._lead
        chosen = open_to_change.nonzero()[:, 0]
        right = (answers == labels) & ~open_to_change
        settled = int(right.sum())
        if not chosen.numel():
            return [settled / labels.numel()] * self._last
        some = chosen_of(task.data.inputs, chosen)
        scores = []
        for outputs in self._outputs(drawn, earlier, some, noise):
            found = next(iter(outputs.values())).argmax(1)
            good = settled + int((found == labels[chosen]).sum())
            scores.append(good / labels.numel())
        return scores

    def _outputs(
        self,
        drawn: DrawnChip,
        looks: Sequence[int],
        inputs: Inputs,
        noise: Stream | None,
    ) -> list[Outputs]:
        """All outputs at each of some looks, several looks at once where they fit."""
        count = number_of(inputs)
        together = max(1, _BATCH // count) if self._together else 1
        found: list[Outputs] = []
        for start in range(0, len(looks), together):
            some = list(looks[start : start + together])
            stream = None if noise is None else noise.child(*some)
            whole = self._at_once(drawn, some, inputs, stream)
            found += [
                {
                    name: value[k * count : (k + 1) * count]
                    for name, value in whole.items()
                }
                for k in range(len(some))
            ]
        return found

    def _at_once(
        self,
        drawn: DrawnChip,
        looks: Sequence[int],
        inputs: Inputs,
        stream: Stream | None,
    ) -> Outputs:
        """Outputs of the same samples at some looks, one look's after the other's."""
        image = self._of.image
        tiles = DrawnTiles(self._of, drawn, looks, stream)
        product = _Product(tiles, drawn.placement, image.ranges)
        if len(looks) == 1:
            return joined(
                [
                    image.network.outputs(part, product)
                    for part in batches(inputs, _BATCH)
                ]
            )
        return image.network.outputs(_repeated(inputs, len(looks)), product)

    def _looks_agree(self, drawn: DrawnChip) -> bool:
        """Whether looks computed at once give what they give alone.

        They do if a network keeps samples apart and in order, as nearly all do.
        """
        self._together = True
        inputs = self._task.data.inputs
        some = chosen_of(inputs, torch.arange(min(2, number_of(inputs))))
        looks = [0, self._last]
        at_once = self._at_once(drawn, looks, some, None)
        for k, look in enumerate(looks):
            alone = self._at_once(drawn, [look], some, None)
            for name, value in alone.items():
                own = at_once[name]
                if own.shape[0] != 2 * value.shape[0]:
                    return False
                part = own[k * value.shape[0] : (k + 1) * value.shape[0]]
                most = _SAME * float(value.abs().max())
                if float((part - value).abs().max()) > most:
                    return False
        return True

    def _largest_change(self, drawn: DrawnChip) -> float:
        """By how much a lead was other at an earlier look than at the last, at most (1)."""
        inputs = self._task.data.inputs
        noise = Stream(0).child("surrogate", "leads")
        looks = range(self._table.looks)
        seen = [
            next(iter(outputs.values()))
            for outputs in self._outputs(drawn, looks, inputs, noise)
        ]
        answers = seen[-1].argmax(1)
        leads = torch.stack([_leads(one, answers) for one in seen])
        return float((leads[-1] - leads).abs().max())


def _leads(
    outputs: Float[Tensor, "samples classes"],
    answers: Int64[Tensor, " samples"],
) -> Float[Tensor, " samples"]:
    """By how much each answer is above the best other one (1)."""
    own = outputs.gather(1, answers[:, None])[:, 0]
    others = outputs.scatter(1, answers[:, None], -torch.inf)
    return own - others.amax(1)


def _repeated(inputs: Inputs, times: int) -> Inputs:
    """All samples again and again."""
    return changed(inputs, lambda tensor: torch.cat([tensor] * times))
