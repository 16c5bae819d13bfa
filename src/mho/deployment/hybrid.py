"""Hybrid training: the last layer learns on the chip, with the activations of the layers before.

Whatever earlier layers do wrong reaches the last one as features that are a little different; it
learns to read those. Only its cells are pulsed, in closed loop, and only where a target has moved
by more than the tolerance (key: yao2020).
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor
from torch.nn import functional

from mho.bench.interface import BenchInfo
from mho.checks import check_between, check_positive, check_shape, configuration
from mho.deployment.deployed import BATCH, Correction, DeployedNetwork
from mho.deployment.effective import each_block
from mho.deployment.mapping import DifferentialPairs, Placement
from mho.deployment.network import LinearLayer
from mho.deployment.tuning import set_ranges
from mho.ledger import Ledger
from mho.programming.loop import program
from mho.programming.protocol import ProgramProtocol
from mho.progress import Progress, silent
from mho.rng import Stream


@configuration
@dataclass(frozen=True, slots=True)
class HybridTraining:
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
        accuracy: Training accuracy before, and after every pass (1).
        loss: Mean cross entropy of the training samples at the same times (1).
        best: Number of the pass whose weights the chip holds in the end, 0 for none.
        programmed: Cells sent to programming, each as often as it was (1).
        cost: Pulses, time and energy, all evaluations included.
    """

    accuracy: tuple[float, ...]
    loss: tuple[float, ...]
    best: int
    programmed: int
    cost: Ledger


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
    protocol = protocol or ProgramProtocol(deployed.programming.tolerance)
    before = deployed.bench.ledger
    layer = LastLayer(deployed, mapping or DifferentialPairs(info.array_low, info.array_high))
    set_ranges_of_last(layer, samples[:BATCH])
    history = [layer.judge(samples, labels)]
    best, kept, programmed = 0, layer.snapshot(), 0
    for epoch in range(1, training.epochs + 1):
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(labels.numel(), generator=generator)
        for chosen in torch.split(order, training.batch):
            layer.learn(samples[chosen], labels[chosen], training.rate)
            programmed += layer.write(protocol)
        set_ranges_of_last(layer, samples[:BATCH])
        history.append(layer.judge(samples, labels))
        progress("training the last layer", epoch / training.epochs)
        if history[-1][0] > history[best][0]:
            best, kept = epoch, layer.snapshot()
        if history[best][0] >= training.enough or epoch - best >= training.patience:
            break
    if best < len(history) - 1:
        layer.go_back(kept)
        programmed += layer.write(protocol)
    accuracy, loss = zip(*history, strict=True)
    return TuneResult(accuracy, loss, best, programmed, deployed.bench.ledger - before)


def set_ranges_of_last(layer: "LastLayer", samples: Shaped[Tensor, "batch ..."]) -> None:
    """Fit the converters of the last layer to what its weights now make of some samples."""
    vectors, _, _ = layer.forward(samples)
    set_ranges(layer.deployed, layer.index, vectors)


class LastLayer:
    """The pairs of the last layer, with weights that are finer than what is programmed.

    Args:
        deployed: The network.
        mapping: Range of pairs of working cells.
    """

    def __init__(self, deployed: DeployedNetwork, mapping: DifferentialPairs) -> None:
        self.deployed, self._mapping = deployed, mapping
        self.index = list(deployed.network.calls.values())[-1].layers[-1]
        check_pairs(deployed.placement, self.index)
        layer = deployed.network.layers[self.index]
        self._reach = mapping.high - mapping.low
        self._blocks = [
            (block, place) for block, place in each_block(deployed.placement)
            if block.layer == self.index
        ]  # fmt: skip
        self._stuck = deployed.programming.stuck
        self._left = self._stuck.clone()
        self._held = torch.zeros_like(deployed.placement.target)
        self._read_stuck()
        shape = layer.weight.shape
        weight, self._low, self._high = (torch.zeros(shape) for _ in range(3))
        for block, place in self._blocks:
            where = (block.outputs, block.inputs)
            wanted = layer.weight[where].T * block.scale
            difference, low, high = self._start(place, wanted)
            weight[where] = difference.T / self._reach
            self._low[where], self._high[where] = low.T / self._reach, high.T / self._reach
        self.weight = weight
        correction = deployed.corrections.get(self.index)
        outputs = shape[0]
        self._gain = torch.ones(outputs) if correction is None else correction.gain
        self.offset = torch.zeros(outputs) if correction is None else correction.offset.clone()
        self._optimizer: torch.optim.Adam | None = None

    def forward(
        self, samples: Shaped[Tensor, "batch ..."]
    ) -> tuple[Float[Tensor, "vectors in_"], Float[Tensor, "vectors out"], Tensor]:
        """Inputs of the last layer, its products as a leaf for gradients, and the outputs (1)."""
        seen: list[tuple[Tensor, Tensor]] = []

        def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
            products = self.deployed.product(index, layer, vectors)
            if index != self.index:
                return products
            seen.append((vectors, products.requires_grad_()))
            return products.clone()  # so that no operation after it overwrites a leaf

        outputs = self.deployed.network.run(samples, product)
        vectors, products = seen[-1]
        return vectors, products, outputs

    def learn(
        self, samples: Shaped[Tensor, "batch ..."], labels: Int64[Tensor, " batch"], rate: float
    ) -> None:
        """One step of Adam from products of the chip, within what the pairs can hold."""
        vectors, products, outputs = self.forward(samples)
        (slope,) = torch.autograd.grad(functional.cross_entropy(outputs, labels), products)
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam([self.weight, self.offset], lr=rate)
        scale = torch.ones_like(self.weight)
        for block, _ in self._blocks:
            scale[block.outputs, block.inputs] = self._reach / block.scale[:, None]
        self.weight.grad = (slope * self._gain).T @ vectors * scale
        self.offset.grad = slope.sum(0)
        self._optimizer.step()
        self.weight.clamp_(self._low, self._high)
        self.deployed.corrections[self.index] = Correction(self._gain, self.offset.clone())

    def write(self, protocol: ProgramProtocol) -> int:
        """Program the cells whose target moved by more than the tolerance; how many they were.

        A cell that once does not get there is left as it is from then on.
        """
        placement = self.deployed.placement
        target = placement.target.clone()
        for block, place in self._blocks:
            difference = self.weight[block.outputs, block.inputs].T * self._reach
            target[place] = self._halves(place, difference)
        moved = ((target - placement.target).abs() > protocol.tolerance) & ~self._left
        some = moved.nonzero()[:, 0]
        if some.numel() == 0:
            return 0
        result = program(self.deployed.bench, target[some], protocol, cells=placement.cells[some])
        # each further attempt would cost the whole budget of cycles
        self._left[some[~result.converged]] = True
        kept = torch.where(moved, target, placement.target)
        self.deployed.placement = replace(placement, target=kept)
        return some.numel()

    def judge(
        self, samples: Shaped[Tensor, "batch ..."], labels: Int64[Tensor, " batch"]
    ) -> tuple[float, float]:
        """Accuracy and mean cross entropy on the chip (1)."""
        outputs = self.deployed(samples)
        right = int((outputs.argmax(1) == labels).sum())
        return right / labels.numel(), float(functional.cross_entropy(outputs, labels))

    def snapshot(self) -> tuple[Tensor, Tensor]:
        """Weights and offsets, as copies."""
        return self.weight.clone(), self.offset.clone()

    def go_back(self, kept: tuple[Tensor, Tensor]) -> None:
        """Take weights and offsets of a snapshot; `write` programs them."""
        self.weight, self.offset = kept
        if self._optimizer is not None:
            self.deployed.corrections[self.index] = Correction(self._gain, self.offset.clone())

    def _read_stuck(self) -> None:
        """What the stuck cells of the layer hold."""
        own = torch.cat([place.flatten() for _, place in self._blocks])
        some = own[self._stuck[own]].sort().values
        if some.numel():
            cells = self.deployed.placement.cells[some]
            self._held[some] = self.deployed.bench.read(cells, samples=8, window=0.0).mean

    def _start(
        self, place: Int64[Tensor, "2 rows outputs"], wanted: Float[Tensor, "rows outputs"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Difference that pairs hold, and the least and the largest that they can (S)."""
        info, target = self.deployed.bench.info, self.deployed.placement.target
        (fixed_plus, fixed_minus), (plus, minus) = self._stuck[place], self._held[place]
        bottom, top = _limits(info, wanted)
        low = torch.full_like(wanted, -self._reach)
        low = torch.where(fixed_plus, plus - top, torch.where(fixed_minus, bottom - minus, low))
        high = torch.full_like(wanted, self._reach)
        high = torch.where(fixed_plus, plus - bottom, torch.where(fixed_minus, top - minus, high))
        both = fixed_plus & fixed_minus
        low, high = (torch.where(both, plus - minus, limit) for limit in (low, high))
        held = target[place[0]] - target[place[1]]
        start = torch.where(fixed_plus | fixed_minus, wanted, held)
        return start.clamp(low, high), low, high

    def _halves(
        self, place: Int64[Tensor, "2 rows outputs"], difference: Float[Tensor, "rows outputs"]
    ) -> Float[Tensor, "2 rows outputs"]:
        """Targets of pairs that shall hold a difference; the partner of a stuck cell gives way."""
        info = self.deployed.bench.info
        fixed, held = self._stuck[place], self._held[place]
        halves = self._mapping.low + torch.stack((difference, -difference)).clamp(min=0)
        signed = torch.stack((difference, -difference))
        partner = (held.flip(0) + signed).clamp(*_limits(info, signed))
        return torch.where(fixed.flip(0), partner, halves)


def check_pairs(placement: Placement, index: int) -> None:
    """Refuse a layer that is not one pair of cells for each weight.

    Raises:
        ValueError: In the house sentence.
    """
    own = [block for block in placement.blocks if block.layer == index]
    if any(block.minus is None or block.corrects is not None for block in own):
        raise ValueError(
            "Argument `deployed` must have one pair of cells for each weight of its last layer,"
            " but has a reference column or four cells; deploy it with `DifferentialPairs`."
        )


def _limits(info: BenchInfo, like: Tensor) -> tuple[Tensor, Tensor]:
    """Range of single cells, as tensors (S)."""
    return like.new_tensor(info.conductance_low), like.new_tensor(info.conductance_high)
