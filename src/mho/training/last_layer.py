"""The last layer of a deployed network as something that can be trained where it is."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor
from torch.nn import functional

from mho.bench import BenchInfo
from mho.deployment import (
    Correction,
    DeployedNetwork,
    Ranges,
    fit_columns,
    set_ranges,
    wanted_products,
)
from mho.mapping import DifferentialPairs, PairBlock, Placement, each_block
from mho.network.operations import LinearLayer
from mho.programming import ProgramProtocol, program


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """All that training changes.

    Args:
        weight: Weights, in parts of the pairs' range (1). Shape (out, in).
        correction: Gain and offset in force.
        has_correction: Whether the network had any; else gain is one and offset zero.
        target: Targets of all cells (S).
        ranges: Ranges of the converters.
    """

    weight: Float[Tensor, "out in_"]
    correction: Correction
    has_correction: bool
    target: Float[Tensor, " cells"]
    ranges: Ranges


class LastLayer:
    """The pairs of the last layer, with weights that are finer than what is programmed.

    Args:
        deployed: The network.
        mapping: Range of pairs of working cells.
    """

    def __init__(self, deployed: DeployedNetwork, mapping: DifferentialPairs) -> None:
        self.deployed = deployed
        self._mapping = mapping
        self.index = list(deployed.network.calls.values())[-1].layers[-1]
        check_pairs(deployed.placement, self.index)
        layer = deployed.network.layers[self.index]
        self._reach = mapping.high - mapping.low
        self._blocks = [
            (block, place)
            for block, place in each_block(deployed.placement)
            if block.layer == self.index
        ]
        self._stuck = deployed.programming.stuck
        self._left = self._stuck.clone()
        self._held = torch.zeros_like(deployed.placement.target)
        self._read_stuck()
        shape = layer.weight.shape
        self.weight, self._wanted, self._low, self._high = (
            torch.zeros(shape) for _ in range(4)
        )
        self._beside = torch.zeros(shape, dtype=torch.bool)
        for block, place in self._blocks:
            where = (block.outputs, block.inputs)
            goal = layer.weight[where].T * block.scale
            held, low, high = self._start(place, goal)
            self.weight[where] = held.T / self._reach
            self._wanted[where] = goal.clamp(low, high).T / self._reach
            self._low[where] = low.T / self._reach
            self._high[where] = high.T / self._reach
            self._beside[where] = self._stuck[place].any(0).T
        correction = deployed.corrections.get(self.index)
        outputs = shape[0]
        self._gain = torch.ones(outputs) if correction is None else correction.gain
        self.offset = (
            torch.zeros(outputs) if correction is None else correction.offset.clone()
        )
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
        self,
        samples: Shaped[Tensor, "batch ..."],
        labels: Int64[Tensor, " batch"],
        rate: float,
    ) -> None:
        """One step of Adam from products of the chip, within what the pairs can hold."""
        vectors, products, outputs = self.forward(samples)
        (slope,) = torch.autograd.grad(
            functional.cross_entropy(outputs, labels), products
        )
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam([self.weight, self.offset], lr=rate)
        scale = torch.ones_like(self.weight)
        for block, _ in self._blocks:
            scale[block.outputs, block.inputs] = self._reach / block.scale[:, None]
        self.weight.grad = (slope * self._gain).T @ vectors * scale
        self.offset.grad = slope.sum(0)
        self._optimizer.step()
        self.weight.clamp_(self._low, self._high)
        self._put_in_force()

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
        return self._program(target, moved, protocol)

    def judge(
        self, samples: Shaped[Tensor, "batch ..."], labels: Int64[Tensor, " batch"]
    ) -> tuple[float, float]:
        """Accuracy and mean cross entropy on the chip (1)."""
        outputs = self.deployed(samples)
        right = int((outputs.argmax(1) == labels).sum())
        return right / labels.numel(), float(functional.cross_entropy(outputs, labels))

    def balance(self, protocol: ProgramProtocol) -> int:
        """Let the working partners of stuck cells give way; how many cells were programmed.

        A gain and an offset that were fitted to what stuck cells did to the products, as far from
        one and from the bias as that took, are wrong from then on: `fit_correction` must follow.
        """
        self.weight.copy_(torch.where(self._beside, self._wanted, self.weight))
        return self.write(protocol)

    def fit_correction(self, samples: Shaped[Tensor, "batch ..."]) -> None:
        """Fit gain and offset to what the trained network has at the same place."""
        vectors, _, _ = self.forward(samples)
        layer = self.deployed.network.layers[self.index]
        measured = self.deployed.measured(self.index, layer, vectors)
        found = fit_columns(
            measured, wanted_products(self.deployed.network, samples)[-1]
        )
        self._gain = found.gain
        self.offset.copy_(found.offset)
        self._put_in_force()

    def fit_ranges(self, samples: Shaped[Tensor, "batch ..."]) -> None:
        """Fit the converters to what the weights now make of some samples."""
        vectors, _, _ = self.forward(samples)
        set_ranges(self.deployed, self.index, vectors)

    def snapshot(self) -> Snapshot:
        """All that training changes, as copies."""
        return Snapshot(
            self.weight.clone(),
            Correction(self._gain, self.offset.clone()),
            self.index in self.deployed.corrections,
            self.deployed.placement.target,
            self.deployed.ranges,
        )

    def go_back(self, kept: Snapshot, protocol: ProgramProtocol) -> int:
        """Return to a snapshot, in cells too; how many were programmed.

        That includes cells that did not get to where they were sent since.
        """
        deployed = self.deployed
        self.weight.copy_(kept.weight)
        self._gain = kept.correction.gain
        self.offset.copy_(kept.correction.offset)
        deployed.put_in_force(replace(deployed.settings, ranges=kept.ranges))
        self._put_in_force()
        if not kept.has_correction:
            deployed.correct(self.index, None)
        moved = (kept.target != deployed.placement.target) & ~self._stuck
        return self._program(kept.target, moved, protocol)

    def _program(
        self, target: Float[Tensor, " cells"], moved: Tensor, protocol: ProgramProtocol
    ) -> int:
        """Program the cells that are to move; how many they were."""
        placement = self.deployed.placement
        some = moved.nonzero()[:, 0]
        if some.numel() == 0:
            return 0
        result = program(
            self.deployed.bench, target[some], protocol, cells=placement.cells[some]
        )
        # each further attempt would cost the whole budget of cycles
        self._left[some[~result.converged]] = True
        kept = torch.where(moved, target, placement.target)
        self.deployed.retarget(kept)
        return some.numel()

    def _put_in_force(self) -> None:
        """Correct products by the present gain and offset."""
        correction = Correction(self._gain, self.offset.clone())
        self.deployed.correct(self.index, correction)

    def _read_stuck(self) -> None:
        """What the stuck cells of the layer hold."""
        own = torch.cat([place.flatten() for _, place in self._blocks])
        some = own[self._stuck[own]].sort().values
        if some.numel():
            cells = self.deployed.placement.cells[some]
            self._held[some] = self.deployed.bench.read(
                cells, samples=8, window=0.0
            ).mean

    def _start(
        self,
        place: Int64[Tensor, "2 rows outputs"],
        wanted: Float[Tensor, "rows outputs"],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Difference that pairs hold, and the least and the largest that they can (S)."""
        info = self.deployed.bench.info
        target = self.deployed.placement.target
        (fixed_plus, fixed_minus) = self._stuck[place]
        (plus, minus) = self._held[place]
        bottom, top = _limits(info, wanted)
        low = torch.full_like(wanted, -self._reach)
        low = torch.where(
            fixed_plus, plus - top, torch.where(fixed_minus, bottom - minus, low)
        )
        high = torch.full_like(wanted, self._reach)
        high = torch.where(
            fixed_plus, plus - bottom, torch.where(fixed_minus, top - minus, high)
        )
        both = fixed_plus & fixed_minus
        low, high = (torch.where(both, plus - minus, limit) for limit in (low, high))
        own_plus = torch.where(fixed_plus, plus, target[place[0]])
        own_minus = torch.where(fixed_minus, minus, target[place[1]])
        return (own_plus - own_minus).clamp(low, high), low, high

    def _halves(
        self,
        place: Int64[Tensor, "2 rows outputs"],
        difference: Float[Tensor, "rows outputs"],
    ) -> Float[Tensor, "2 rows outputs"]:
        """Targets of pairs that shall hold a difference; the partner of a stuck cell gives way."""
        info = self.deployed.bench.info
        fixed = self._stuck[place]
        held = self._held[place]
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
    if not all(isinstance(block, PairBlock) for block in own):
        raise ValueError(
            "Argument `deployed` must have one pair of cells for each weight of its last layer,"
            " but has a reference column or four cells; deploy it with `DifferentialPairs`."
        )


def _limits(info: BenchInfo, like: Tensor) -> tuple[Tensor, Tensor]:
    """Range of single cells, as tensors (S)."""
    return like.new_tensor(info.conductance_low), like.new_tensor(info.conductance_high)
