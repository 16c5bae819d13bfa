"""Training from scratch on the chip: outer-product updates, given as blind programming pulses.

Forward products are the chip's; errors go back through conductances read from the chip; updates
are summed digitally, and a pair gets one pulse on each of its cells when its sum exceeds the step
of a typical pulse. Nothing is verified: what a pulse does too much or too little, and what a stuck
cell does not do at all, shows in the next products and is corrected there (key: li2018).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench import Bench
from mho.checks import Configuration, check_alike, check_between, check_positive
from mho.ledger import Ledger
from mho.mapping import DifferentialPairs, place
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.training.blind_pulses import PairedLayer


@dataclass(frozen=True, slots=True)
class OnChipTraining(Configuration):
    """The layers of a perceptron, and how it is trained.

    Args:
        hidden: Neurons of each hidden layer (1).
        epochs: Passes over the samples (1).
        batch: Samples between two updates (1).
        rate: Learning rate of plain gradient descent (1).
        step: Conductance step of one pulse on a typical cell (S).
        reach: Weight of a pair at the end of its range (1).
    """

    hidden: tuple[int, ...] = (54,)
    epochs: int = 10
    batch: int = 32
    rate: float = 0.2
    step: float = 4e-6
    reach: float = 2.0

    references = ("li2018",)

    def __post_init__(self) -> None:
        for size in self.hidden:
            check_between(size, "hidden", 1, 1_000_000, "1")
        for name in ("epochs", "batch"):
            check_between(getattr(self, name), name, 1, 1_000_000, "1")
        check_positive(self.rate, "rate", "1")
        check_positive(self.step, "step", "S")
        check_positive(self.reach, "reach", "1")


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
    """A perceptron whose only weights are the conductances of a bench.

    Inputs lie within 0 and 1. Hidden neurons are rectified and saturate at 4, an input of the next
    layer's drivers like any other. Every layer has one more input, of one, for the bias.

    Args:
        bench: The chip; its cells are taken as they are.
        inputs: Length of an input (1).
        classes: Classes (1).
        training: Shape and training.
    """

    LARGEST = 4.0

    def __init__(
        self,
        bench: Bench,
        inputs: int,
        classes: int,
        training: OnChipTraining | None = None,
    ) -> None:
        self.bench = bench
        self.training = training or OnChipTraining()
        info = bench.info
        self.pairs = DifferentialPairs(info.array_low, info.array_high)
        shapes = layer_shapes(inputs, self.training.hidden, classes)
        placement = place([torch.zeros(shape) for shape in shapes], info, self.pairs)
        self.placement = placement
        self.layers = [
            PairedLayer(bench, placement, n, self.pairs, self.training.reach)
            for n in range(len(shapes))
        ]

    def scatter(self, stream: Stream) -> None:
        """Give the layers weights to begin with: blind pulses, as many as chance says.

        All cells are raised by some pulses first, so that both of a pair can be lowered, too.

        Args:
            stream: Chooses cells.
        """
        step = 5 * self.training.step
        for number, layer in enumerate(self.layers):
            for half, block in enumerate(layer.blocks * 2):
                cells = block.crossings[half // len(layer.blocks)].flatten()
                generator = stream.child("layer", number, half).generator()
                count = torch.randint(1, 5, cells.shape, generator=generator)
                for done in range(4):
                    some = (count > done).nonzero()[:, 0]
                    layer.give(cells[some], torch.ones(some.numel()), step)

    def forward(
        self, inputs: Float[Tensor, "batch in_"]
    ) -> tuple[list[Float[Tensor, "batch _"]], Float[Tensor, "batch classes"]]:
        """Inputs of every layer with their bias input of 1, and scores, on the chip (1)."""
        given = [_with_one(inputs)]
        largest = 1.0
        scores = inputs
        for number, layer in enumerate(self.layers):
            scores = layer.forward(given[number], largest)
            if number + 1 < len(self.layers):
                given.append(_with_one(scores.clamp(0, self.LARGEST)))
                largest = self.LARGEST
        return given, scores

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
        before = self.bench.ledger
        training = self.training
        self.scatter(stream.child("weights"))
        found: list[float] = []
        for epoch in range(training.epochs):
            found.append(self.learn(epoch, inputs, labels, stream))
            progress("training on the chip", (epoch + 1) / training.epochs)
        return OnChipResult(tuple(found), self.bench.ledger - before)

    def learn(
        self,
        epoch: int,
        inputs: Float[Tensor, "samples in_"],
        labels: Int64[Tensor, " samples"],
        stream: Stream,
    ) -> float:
        """One pass over the samples; the share that was right before its own update (1).

        Args:
            epoch: Number of the pass; the rate falls from pass to pass.
            inputs: Samples, from 0 to 1 (1). Shape (samples, in).
            labels: Their classes (1). Shape (samples,).
            stream: As for `train`.
        """
        training = self.training
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(labels.numel(), generator=generator)
        right = sum(
            self._learn(inputs[chosen], labels[chosen], 1 - epoch / training.epochs)
            for chosen in torch.split(order, training.batch)
        )
        return right / labels.numel()

    def state(self) -> dict[str, Tensor]:
        """Everything that changes but the bench, as copies: for `restore`."""
        return {
            f"{number}.{name}": tensor
            for number, layer in enumerate(self.layers)
            for name, tensor in layer.state().items()
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state that `state` gave; the bench must be restored by its owner.

        Raises:
            ValueError: It is the state of another perceptron.
        """
        check_alike(state, "state", self.state())
        for number, layer in enumerate(self.layers):
            layer.restore({name: state[f"{number}.{name}"] for name in layer.state()})

    def _learn(
        self,
        inputs: Float[Tensor, "batch in_"],
        labels: Int64[Tensor, " batch"],
        share: float,
    ) -> int:
        """One update from a batch; how many answers were right before it."""
        given, scores = self.forward(inputs)
        error = scores.softmax(1)
        error[torch.arange(labels.numel()), labels] -= 1
        error /= labels.numel()
        rate = self.training.rate * share
        step = self.training.step
        for number in reversed(range(len(self.layers))):
            layer = self.layers[number]
            own = given[number]
            change = -rate * error.T @ own
            if number:
                open_ = (own[:, :-1] > 0) & (own[:, :-1] < self.LARGEST)
                error = (error @ layer.weight())[:, :-1] * open_
            layer.update(change, step)
        return int((scores.argmax(1) == labels).sum())


def layer_shapes(
    inputs: int, hidden: tuple[int, ...], classes: int
) -> list[tuple[int, int]]:
    """Outputs and inputs of each layer, its bias input included (1)."""
    widths = (inputs, *hidden, classes)
    return [(widths[n + 1], widths[n] + 1) for n in range(len(widths) - 1)]


def _with_one(
    vectors: Float[Tensor, "batch in_"],
) -> Float[Tensor, "batch in_plus_one"]:
    """Vectors with an input of one for the bias."""
    return torch.cat((vectors, torch.ones(vectors.shape[0], 1)), 1)
