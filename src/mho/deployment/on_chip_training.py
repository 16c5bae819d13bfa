"""Training from scratch on the chip: outer-product updates, given as blind programming pulses.

Forward products are the chip's; errors go back through conductances read from the chip; updates
are summed digitally, and a pair gets one pulse on each of its cells when its sum exceeds the step
of a typical pulse. Nothing is verified: what a pulse does too much or too little, and what a stuck
cell does not do at all, shows in the next products and is corrected there (key: li2018).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import Bench, Pulse
from mho.checks import check_between, check_positive, configuration
from mho.deployment.mapping import DifferentialPairs, Placement, place
from mho.ledger import Ledger
from mho.progress import Progress, silent
from mho.rng import Stream


@configuration
@dataclass(frozen=True, slots=True)
class OnChipTraining:
    """A perceptron of two layers, and how it is trained.

    Args:
        hidden: Hidden neurons (1).
        epochs: Passes over the samples (1).
        batch: Samples between two updates (1).
        rate: Learning rate of plain gradient descent (1).
        step: Conductance step of one pulse on a typical cell (S).
        reach: Weight of a pair at the end of its range (1).

    """

    hidden: int = 54
    epochs: int = 10
    batch: int = 32
    rate: float = 0.2
    step: float = 4e-6
    reach: float = 2.0

    references = ("li2018",)

    def __post_init__(self) -> None:
        for name in ("hidden", "epochs", "batch"):
            check_between(getattr(self, name), name, 1, 1_000_000, "1")
        check_positive(self.rate, "rate", "1")
        check_positive(self.step, "step", "S")
        check_positive(self.reach, "reach", "1")


class PairedLayer:
    """One layer on one tile, with a bias row, that is pulsed instead of programmed.

    Args:
        bench: The chip.
        placement: Where the layer lies.
        number: Number of the layer in the placement.
        pairs: Range that weights are given in.
        reach: Weight of a pair at the end of that range (1).
    """

    def __init__(
        self,
        bench: Bench,
        placement: Placement,
        number: int,
        pairs: DifferentialPairs,
        reach: float,
    ) -> None:
        self.bench, self.reach = bench, reach
        self.scale = (pairs.high - pairs.low) / reach
        self.blocks = [block for block in placement.blocks if block.layer == number]
        inputs = max(block.inputs.stop for block in self.blocks)
        outputs = max(block.outputs.stop for block in self.blocks)
        self.owed = torch.zeros(outputs, inputs)
        self._full_scale = [0.0] * len(self.blocks)

    def forward(
        self, vectors: Float[Tensor, "batch in_"], largest: float
    ) -> Float[Tensor, "batch out"]:
        """Products of the chip (1).

        Args:
            vectors: Inputs (1). Shape (batch, in).
            largest: Input that drives the full read voltage (1).
        """
        volts = self.bench.info.read_voltage / largest
        driven = vectors.clamp(-largest, largest) * volts
        total = torch.zeros(vectors.shape[0], self.owed.shape[0])
        for number, block in enumerate(self.blocks):
            rows = driven[:, block.inputs]
            # half of the current of a column whose pairs are all at the end of their range
            bound = 0.5 * self.reach * self.scale * float(rows.abs().sum(1).max())
            self._full_scale[number] = max(self._full_scale[number], bound, 1e-9)
            current = self.bench.multiply(
                rows, block.plus, block.minus, full_scale=self._full_scale[number]
            )
            total[:, block.outputs] += current / self.scale
        return total / volts

    def weight(self) -> Float[Tensor, "out in_"]:
        """Weights as single reads of all cells say they are (1)."""
        found = torch.zeros_like(self.owed)
        for block in self.blocks:
            cells = torch.cat((block.plus.flatten(), block.minus.flatten()))
            held = self.bench.read(cells, samples=1, window=0.0).mean.view(2, *block.plus.shape)
            found[block.outputs, block.inputs] = (held[0] - held[1]).T / self.scale
        return found

    def update(self, change: Float[Tensor, "out in_"], step: float) -> None:
        """Add to what is owed, and pulse every pair that is owed a step.

        Args:
            change: Wanted change of the weights (1). Shape (out, in).
            step: Conductance step of a pulse on a typical cell (S).
        """
        self.owed += change
        whole = 2 * step / self.scale  # both cells of a pair move
        direction = (self.owed / whole).trunc().clamp(-1, 1)
        self.owed -= direction * whole
        for block in self.blocks:
            sign = direction[block.outputs, block.inputs].T.flatten()
            for cells, way in ((block.plus.flatten(), sign), (block.minus.flatten(), -sign)):
                some = way.nonzero()[:, 0]
                if some.numel():
                    self.bench.pulse(step_pulse(self.bench, way[some], step), cells[some])


def step_pulse(bench: Bench, way: Float[Tensor, " cells"], step: float) -> Pulse:
    """The pulse that moves a typical cell by a step, where its window is open (V).

    Args:
        bench: The chip, for its typical cell.
        way: +1 to raise, −1 to lower (1). Shape (cells,).
        step: Conductance step (S).
    """
    typical = bench.info.nominal
    more = typical.slope * float(torch.tensor(step / typical.step).log())
    up, down = typical.set_voltage + more, -(typical.reset_voltage + more)
    limit = bench.info.amplitude_max
    amplitude = torch.where(way > 0, up, down).clamp(-limit, limit)
    return Pulse(amplitude, typical.width, bench.info.gate_max)


@dataclass(frozen=True, slots=True)
class OnChipResult:
    """How training went.

    Args:
        accuracy: Running training accuracy of every pass (1).
        cost: Pulses, reads, multiplies, time and energy.
    """

    accuracy: tuple[float, ...]
    cost: Ledger


class OnChipPerceptron:
    """A perceptron of two layers whose only weights are the conductances of a bench.

    Inputs lie within 0 and 1. Hidden neurons are rectified and saturate at 4, an input of the next
    layer's drivers like any other.

    Args:
        bench: The chip; its cells are taken as they are.
        inputs: Length of an input (1).
        classes: Classes (1).
        training: Shape and training.
    """

    LARGEST = 4.0

    def __init__(
        self, bench: Bench, inputs: int, classes: int, training: OnChipTraining | None = None
    ) -> None:
        self.bench, self.training = bench, training or OnChipTraining()
        info = bench.info
        pairs = DifferentialPairs(info.array_low, info.array_high)
        shapes = ((self.training.hidden, inputs + 1), (classes, self.training.hidden + 1))
        placement = place([torch.zeros(shape) for shape in shapes], info, pairs)
        self.placement = placement
        self.layers = [
            PairedLayer(bench, placement, n, pairs, self.training.reach) for n in range(2)
        ]

    def scatter(self, stream: Stream) -> None:
        """Give the hidden layer weights to begin with: blind pulses, as many as chance says.

        All cells are raised by some pulses first, so that both of a pair can be lowered, too.

        Args:
            stream: Chooses cells.
        """
        step = 5 * self.training.step
        for number, layer in enumerate(self.layers):
            for half, block in enumerate(layer.blocks * 2):
                cells = (block.plus, block.minus)[half // len(layer.blocks)].flatten()
                generator = stream.child("layer", number, half).generator()
                count = torch.randint(1, 5, cells.shape, generator=generator)
                for done in range(4):
                    some = (count > done).nonzero()[:, 0]
                    way = torch.ones(some.numel())
                    self.bench.pulse(step_pulse(self.bench, way, step), cells[some])

    def forward(
        self, inputs: Float[Tensor, "batch in_"]
    ) -> tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch classes"]]:
        """Hidden activations with their bias input of 1, and scores, on the chip (1)."""
        first, second = self.layers
        hidden = first.forward(_with_one(inputs), 1.0).clamp(0, self.LARGEST)
        hidden = _with_one(hidden)
        return hidden, second.forward(hidden, self.LARGEST)

    def accuracy(
        self, inputs: Float[Tensor, "batch in_"], labels: Int64[Tensor, " batch"]
    ) -> float:
        """Fraction of samples whose largest score is the label's (1)."""
        return int((self.forward(inputs)[1].argmax(1) == labels).sum()) / labels.numel()

    def train(
        self,
        inputs: Float[Tensor, "samples in_"],
        labels: Int64[Tensor, " samples"],
        stream: Stream,
        progress: Progress = silent,
    ) -> OnChipResult:
        """Train on labelled samples with blind pulses.

        Args:
            inputs: Samples, from 0 to 1 (1). Shape (samples, in).
            labels: Their classes (1). Shape (samples,).
            stream: First weights and the order of samples.
            progress: Told the fraction done; may raise to interrupt, between two passes.
        """
        before, training = self.bench.ledger, self.training
        self.scatter(stream.child("weights"))
        found: list[float] = []
        for epoch in range(training.epochs):
            generator = stream.child("order", epoch).generator()
            order = torch.randperm(labels.numel(), generator=generator)
            right = sum(
                self._learn(inputs[chosen], labels[chosen], 1 - epoch / training.epochs)
                for chosen in torch.split(order, training.batch)
            )
            found.append(right / labels.numel())
            progress("training on the chip", (epoch + 1) / training.epochs)
        return OnChipResult(tuple(found), self.bench.ledger - before)

    def _learn(
        self, inputs: Float[Tensor, "batch in_"], labels: Int64[Tensor, " batch"], share: float
    ) -> int:
        """One update from a batch; how many answers were right before it."""
        first, second = self.layers
        hidden, scores = self.forward(inputs)
        error = scores.softmax(1)
        error[torch.arange(labels.numel()), labels] -= 1
        error /= labels.numel()
        back = (error @ second.weight())[:, :-1]
        open_ = (hidden[:, :-1] > 0) & (hidden[:, :-1] < self.LARGEST)
        rate, step = self.training.rate * share, self.training.step
        second.update(-rate * error.T @ hidden, step)
        first.update(-rate * (back * open_).T @ _with_one(inputs), step)
        return int((scores.argmax(1) == labels).sum())


def _with_one(vectors: Float[Tensor, "batch in_"]) -> Float[Tensor, "batch in_plus_one"]:
    """Vectors with an input of one for the bias."""
    return torch.cat((vectors, torch.ones(vectors.shape[0], 1)), 1)
