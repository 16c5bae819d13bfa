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

_MOST_FIRST_PULSES = 4
"""Pulses that a cell gets at most before training, one at least (1)."""

_STEPS_OF_FIRST_PULSES = 5
"""Size of each of them, in steps of training (1)."""


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
        weights = [torch.zeros(shape) for shape in shapes]
        self.placement = place(weights, info, self.pairs)
        self.layers = [
            PairedLayer(
                bench,
                self.placement,
                number,
                self.pairs,
                self.training.reach,
            )
            for number in range(len(shapes))
        ]

    def scatter(self, stream: Stream) -> None:
        """Give the layers weights to begin with: blind pulses, as many as chance says.

        All cells are raised by some pulses first, so that both of a pair can be lowered, too.

        Args:
            stream: Chooses cells.
        """
        for number, layer in enumerate(self.layers):
            # G⁺ of all blocks come first, then G⁻ of all
            halves = [
                block.crossings[side].flatten()
                for side in range(2)
                for block in layer.blocks
            ]
            for half, cells in enumerate(halves):
                generator = stream.child("layer", number, half).generator()
                count = torch.randint(
                    1, _MOST_FIRST_PULSES + 1, cells.shape, generator=generator
                )
                self._raise(layer, cells, count)

    def _raise(
        self,
        layer: PairedLayer,
        cells: Int64[Tensor, " cells"],
        count: Int64[Tensor, " cells"],
    ) -> None:
        """Give each cell so many pulses that raise it, each of several steps."""
        step = _STEPS_OF_FIRST_PULSES * self.training.step
        for done in range(_MOST_FIRST_PULSES):
            some = (count > done).nonzero()[:, 0]
            up = torch.ones(some.numel())
            layer.give(cells[some], up, step)

    def forward(
        self, inputs: Float[Tensor, "batch in_"]
    ) -> tuple[list[Float[Tensor, "batch _"]], Float[Tensor, "batch classes"]]:
        """Inputs of every layer with their bias input of 1, and scores, on the chip (1)."""
        given = [_with_one(inputs)]
        largest = 1.0
        *hidden_layers, last_layer = self.layers
        for layer in hidden_layers:
            scores = layer.forward(given[-1], largest)
            activation = scores.clamp(0, self.LARGEST)
            given.append(_with_one(activation))
            largest = self.LARGEST
        return given, last_layer.forward(given[-1], largest)

    def accuracy(
        self,
        inputs: Float[Tensor, "batch in_"],
        labels: Int64[Tensor, " batch"],
    ) -> float:
        """Fraction of samples whose largest score is the label's (1)."""
        _, scores = self.forward(inputs)
        right = int((scores.argmax(1) == labels).sum())
        return right / labels.numel()

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
        accuracy: list[float] = []
        for epoch in range(training.epochs):
            right = self.learn(epoch, inputs, labels, stream)
            accuracy.append(right)
            done = (epoch + 1) / training.epochs
            progress("training on the chip", done)
        return OnChipResult(
            accuracy=tuple(accuracy),
            cost=self.bench.ledger - before,
        )

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
        # the rate falls linearly, and is not yet zero in the last pass
        share = 1 - epoch / training.epochs
        right = 0
        for chosen in torch.split(order, training.batch):
            right += self._learn(
                inputs[chosen],
                labels[chosen],
                share,
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
            of_layer = {
                name: state[f"{number}.{name}"] for name in layer.state()
            }
            layer.restore(of_layer)

    def _learn(
        self,
        inputs: Float[Tensor, "batch in_"],
        labels: Int64[Tensor, " batch"],
        share: float,
    ) -> int:
        """One update from a batch; how many answers were right before it."""
        given, scores = self.forward(inputs)
        batch = labels.numel()
        # slope of the mean cross entropy by the scores: softmax less the label's one
        error = scores.softmax(1)
        error[torch.arange(batch), labels] -= 1
        error /= batch
        rate = self.training.rate * share
        for number in reversed(range(len(self.layers))):
            layer = self.layers[number]
            layer_inputs = given[number]
            change = -rate * error.T @ layer_inputs
            if number > 0:
                # before its weights move, as they are what the error came through
                passed_back = error @ layer.weight()
                # neurons at either end pass nothing on; the bias input has none behind it
                activation = layer_inputs[:, :-1]
                above_zero = activation > 0
                below_top = activation < self.LARGEST
                open_neurons = above_zero & below_top
                error = passed_back[:, :-1] * open_neurons
            layer.update(change, self.training.step)
        answers = scores.argmax(1)
        return int((answers == labels).sum())


def layer_shapes(
    inputs: int, hidden: tuple[int, ...], classes: int
) -> list[tuple[int, int]]:
    """Outputs and inputs of each layer, its bias input included (1)."""
    widths_in = (inputs, *hidden)
    widths_out = (*hidden, classes)
    return [
        (outputs, width + 1)
        for width, outputs in zip(widths_in, widths_out, strict=True)
    ]


def _with_one(
    vectors: Float[Tensor, "batch in_"],
) -> Float[Tensor, "batch in_plus_one"]:
    """Vectors with an input of one for the bias."""
    ones = torch.ones(vectors.shape[0], 1)
    return torch.cat((vectors, ones), 1)
