"""Hybrid training: the last layer learns on the chip, with the activations of the layers before.

Whatever earlier layers do wrong reaches the last one as features that are a little different; it
learns to read those. Only its cells are pulsed, in closed loop, and only where a target has moved
by more than the tolerance (key: yao2020).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from mho.checks import Configuration, check_between, check_positive, check_shape
from mho.deployment import BATCH, DeployedNetwork
from mho.ledger import Ledger
from mho.mapping import DifferentialPairs
from mho.programming import ProgramProtocol, suited_protocol
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.training.last_layer import LastLayer


@dataclass(frozen=True, slots=True)
class HybridTraining(Configuration):
    """How the last layer is trained.

    Args:
        epochs: Passes over the samples at most (1).
        batch: Samples between two updates (1).
        rate: Learning rate of Adam, in parts of the pairs' range (1).
        patience: Passes without a better training accuracy after which it ends (1).
        enough: Training accuracy that ends it at once (1).
    """

    epochs: int = 8
    batch: int = 64
    rate: float = 0.02
    patience: int = 3
    enough: float = 1.0

    references = ("yao2020",)

    def __post_init__(self) -> None:
        check_between(self.epochs, "epochs", 1, 1_000_000, "1")
        check_between(self.batch, "batch", 1, 1_000_000, "1")
        check_positive(self.rate, "rate", "1")
        check_between(self.patience, "patience", 1, 1_000_000, "1")
        check_between(self.enough, "enough", 0.0, 1.0, "1")


@dataclass(frozen=True, slots=True)
class TuneResult:
    """What training on the chip reached, and what it cost.

    Args:
        accuracy: Training accuracy as the chip was found, and after every pass (1).
        loss: Mean cross entropy of the training samples at the same times (1).
        best: Number of the pass whose weights the chip holds in the end, 0 for what it held
            before the first.
        programmed: Cells sent to programming, each as often as it was (1).
        cost: Pulses, time and energy, all evaluations included.
        ended: Training accuracy that the chip is left with, measured anew if it went back (1).
        balanced: Training accuracy once partners of stuck cells had given way and the layer was
            fitted anew; `None` if none had to (1).
    """

    accuracy: tuple[float, ...]
    loss: tuple[float, ...]
    best: int
    programmed: int
    cost: Ledger
    ended: float
    balanced: float | None = None

    @property
    def worse(self) -> bool:
        """Whether the chip answers fewer training samples rightly than it did when found.

        Only noise, or cells that no longer reach what they held, can leave it so.
        """
        return self.ended < self.accuracy[0]


def hybrid_train(
    deployed: DeployedNetwork,
    samples: Shaped[Tensor, "batch ..."],
    labels: Int64[Tensor, " batch"],
    stream: Stream,
    *,
    training: HybridTraining | None = None,
    protocol: ProgramProtocol | None = None,
    mapping: DifferentialPairs | None = None,
    progress: Progress = silent,
) -> TuneResult:
    """Train the last layer of a deployed network where it is, with programming pulses.

    First partners of stuck cells give way, and gain and offset of the layer are fitted to that;
    if the loss of the samples does not fall, that is taken back. The chip is measured before
    anything, and after every pass; in the end its cells, converters and corrections go back to
    the most accurate of these states.

    Bias and digital offset of that layer are one digital vector and are trained along. An
    exception out of `progress` ends it between two updates, with `deployed` as far as it got.

    Args:
        deployed: What is trained: its cells, the targets in its placement, its correction.
        samples: Training inputs (1). Shape (batch, ...).
        labels: Their classes (1). Shape (batch,).
        stream: Decides the order of the samples.
        training: Passes, batch, rate and when to stop.
        protocol: How cells are programmed; as in the default of `program`, with the tolerance the
            network was programmed with, if `None`.
        mapping: Range of pairs of working cells; the bench's recommendation if `None`.
        progress: Told the fraction done.

    Raises:
        ValueError: There is not one label for each sample, or the last layer is not in pairs.
    """
    check_shape(labels, "labels", (samples.shape[0],))
    training = training or HybridTraining()
    info = deployed.bench.info
    protocol = protocol or suited_protocol(info, deployed.programming.tolerance)
    before = deployed.bench.ledger
    mapping = mapping or DifferentialPairs(info.array_low, info.array_high)
    layer = LastLayer(deployed, mapping)
    course = _Course(
        layer,
        samples,
        labels,
        protocol,
    )
    course.balance()
    for epoch in range(1, training.epochs + 1):
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(labels.numel(), generator=generator)
        batches = torch.split(order, training.batch)
        course.learn(batches, training.rate)
        progress("training the last layer", epoch / training.epochs)
        passes_without_gain = epoch - course.best
        if course.top >= training.enough:
            break
        if passes_without_gain >= training.patience:
            break
    ended = course.end()
    accuracy, loss = zip(*course.history, strict=True)
    return TuneResult(
        accuracy=accuracy,
        loss=loss,
        best=course.best,
        programmed=course.programmed,
        cost=deployed.bench.ledger - before,
        ended=ended,
        balanced=course.balanced,
    )


class _Course:
    """A training under way: what was measured, and the best state so far.

    Args:
        layer: What is trained.
        samples: Training inputs (1). Shape (batch, ...).
        labels: Their classes (1). Shape (batch,).
        protocol: How cells are programmed.
    """

    def __init__(
        self,
        layer: LastLayer,
        samples: Shaped[Tensor, "batch ..."],
        labels: Int64[Tensor, " batch"],
        protocol: ProgramProtocol,
    ) -> None:
        self._layer = layer
        self._samples = samples
        self._labels = labels
        self._protocol = protocol
        # from all over: samples may be sorted by class
        count = min(BATCH, len(samples))
        last = len(samples) - 1
        some = torch.linspace(0, last, count).long()
        self._typical = samples[some]
        # the chip as it was found is the first state that may be the best one
        self.history = [layer.judge(samples, labels)]
        self.top = self.history[0][0]
        self.best = 0
        self._kept = layer.snapshot()
        self.programmed = 0
        self.balanced: float | None = None
        self._moved = False

    def balance(self) -> None:
        """Let partners of stuck cells give way if the loss falls by that; then set the ranges."""
        layer = self._layer
        as_found = self._kept
        written = layer.balance(self._protocol)
        self.programmed += written
        layer.fit_ranges(self._typical)
        self._moved = True
        if written == 0:
            return
        layer.fit_correction(self._typical)
        self.balanced, loss = layer.judge(self._samples, self._labels)
        _, loss_as_found = self.history[0]
        # what was fitted to the stuck cells may have served better than working partners do
        if loss >= loss_as_found:
            self.programmed += layer.go_back(as_found, self._protocol)
            layer.fit_ranges(self._typical)
        elif self.balanced >= self.top:
            # as good as before, and with pairs that can still be trained
            self._keep(self.balanced)

    def learn(self, batches: tuple[Tensor, ...], rate: float) -> None:
        """One pass over the samples, and what it leads to."""
        layer = self._layer
        for chosen in batches:
            layer.learn(
                self._samples[chosen],
                self._labels[chosen],
                rate,
            )
            self.programmed += layer.write(self._protocol)
        layer.fit_ranges(self._typical)
        judged = layer.judge(self._samples, self._labels)
        self.history.append(judged)
        self._moved = True
        accuracy, _ = judged
        if accuracy > self.top:
            self.best = len(self.history) - 1
            self._keep(accuracy)

    def _keep(self, accuracy: float) -> None:
        """Remember the layer as it is, the best so far."""
        self.top = accuracy
        self._kept = self._layer.snapshot()
        self._moved = False

    def end(self) -> float:
        """Go back to the best state unless it is the last one; training accuracy it has (1)."""
        if not self._moved:
            return self.top
        self.programmed += self._layer.go_back(self._kept, self._protocol)
        accuracy, _ = self._layer.judge(self._samples, self._labels)
        return accuracy
