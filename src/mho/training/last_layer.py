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
from mho.mapping import (
    DifferentialPairs,
    PairBlock,
    Placement,
    each_block,
    halves,
)
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

    def __init__(
        self, deployed: DeployedNetwork, mapping: DifferentialPairs
    ) -> None:
        self.deployed = deployed
        self._mapping = mapping
        self._full_scale = mapping.block_difference
        *_, last_call = deployed.network.calls.values()
        # an operation may use several layers, such as those of attention
        self.index = last_call.layers[-1]
        check_pairs(deployed.placement, self.index)
        self._blocks = [
            (block, place)
            for block, place in each_block(deployed.placement)
            if block.layer == self.index
        ]
        self._stuck = deployed.programming.stuck
        # cells that are left as they are: stuck ones, later those that do not get to a target
        self._left = self._stuck.clone()
        self._held = torch.zeros_like(deployed.placement.target)
        self._read_stuck()
        self._take_weights()
        self._take_correction()
        self._optimizer: torch.optim.Adam | None = None

    def _take_weights(self) -> None:
        """Begin with the weights that the pairs hold, in parts of their full scale."""
        layer = self.deployed.network.layers[self.index]
        shape = layer.weight.shape
        self.weight = torch.zeros(shape)
        self._wanted = torch.zeros(shape)
        self._low = torch.zeros(shape)
        self._high = torch.zeros(shape)
        self._beside_stuck = torch.zeros(shape, dtype=torch.bool)
        for block, place in self._blocks:
            where = (block.outputs, block.inputs)
            pairs = self._pair_range(place)
            self.weight[where] = self._in_parts(pairs.held)
            self._low[where] = self._in_parts(pairs.low)
            self._high[where] = self._in_parts(pairs.high)
            # as near to what the network was trained to have as these pairs can come
            trained = layer.weight[where].T * block.scale
            nearest = trained.clamp(pairs.low, pairs.high)
            self._wanted[where] = self._in_parts(nearest)
            either_stuck = self._stuck[place].any(0)
            self._beside_stuck[where] = either_stuck.T

    def _in_parts(
        self, difference: Float[Tensor, "rows outputs"]
    ) -> Float[Tensor, "outputs rows"]:
        """Differences (S) as weights in parts of the full scale (1)."""
        return difference.T / self._full_scale

    def _take_correction(self) -> None:
        """Begin with the gain and the offset in force; one and zero if there are none."""
        outputs = self.weight.shape[0]
        self._gain = torch.ones(outputs)
        self.offset = torch.zeros(outputs)
        correction = self.deployed.corrections.get(self.index)
        if correction is not None:
            self._gain = correction.gain
            self.offset = correction.offset.clone()

    def forward(
        self, samples: Shaped[Tensor, "batch ..."]
    ) -> tuple[
        Float[Tensor, "vectors in_"], Float[Tensor, "vectors out"], Tensor
    ]:
        """Inputs of the last layer, its products as a leaf for gradients, and the outputs (1)."""
        seen: list[tuple[Tensor, Tensor]] = []

        def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
            products = self.deployed.product(index, layer, vectors)
            if index != self.index:
                return products
            seen.append((vectors, products.requires_grad_()))
            return (
                products.clone()
            )  # so that no operation after it overwrites a leaf

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
        loss = functional.cross_entropy(outputs, labels)
        (slope,) = torch.autograd.grad(loss, products)
        trained = [self.weight, self.offset]
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam(trained, lr=rate)
        # back through the digital gain, then through the product of inputs and weights
        slope_of_measured = slope * self._gain
        slope_of_weight = slope_of_measured.T @ vectors
        self.weight.grad = slope_of_weight * self._worth()
        self.offset.grad = slope.sum(0)
        self._optimizer.step()
        # pairs cannot hold more than this
        self.weight.clamp_(self._low, self._high)
        self._put_in_force()

    def _worth(self) -> Float[Tensor, "out in_"]:
        """What a weight in parts of the full scale is worth in weights of the network (1)."""
        worth = torch.ones_like(self.weight)
        for block, _ in self._blocks:
            per_output = self._full_scale / block.scale
            worth[block.outputs, block.inputs] = per_output[:, None]
        return worth

    def write(self, protocol: ProgramProtocol) -> int:
        """Program the cells whose target moved by more than the tolerance; how many they were.

        A cell that once does not get there is left as it is from then on.
        """
        placement = self.deployed.placement
        target = placement.target.clone()
        for block, place in self._blocks:
            weight = self.weight[block.outputs, block.inputs]
            difference = weight.T * self._full_scale
            target[place] = self._halves(place, difference)
        change = (target - placement.target).abs()
        worthwhile = change > protocol.tolerance
        moved = worthwhile & ~self._left
        return self._program(target, moved, protocol)

    def judge(
        self,
        samples: Shaped[Tensor, "batch ..."],
        labels: Int64[Tensor, " batch"],
    ) -> tuple[float, float]:
        """Accuracy and mean cross entropy on the chip (1)."""
        outputs = self.deployed(samples)
        right = int((outputs.argmax(1) == labels).sum())
        loss = float(functional.cross_entropy(outputs, labels))
        return right / labels.numel(), loss

    def balance(self, protocol: ProgramProtocol) -> int:
        """Let the working partners of stuck cells give way; how many cells were programmed.

        A gain and an offset that were fitted to what stuck cells did to the products, as far from
        one and from the bias as that took, are wrong from then on: `fit_correction` must follow.
        """
        given_way = torch.where(self._beside_stuck, self._wanted, self.weight)
        self.weight.copy_(given_way)
        return self.write(protocol)

    def fit_correction(self, samples: Shaped[Tensor, "batch ..."]) -> None:
        """Fit gain and offset to what the trained network has at the same place."""
        network = self.deployed.network
        layer = network.layers[self.index]
        vectors, _, _ = self.forward(samples)
        measured = self.deployed.measured(
            self.index,
            layer,
            vectors,
        )
        *_, wanted = wanted_products(network, samples)
        correction = fit_columns(measured, wanted)
        self._gain = correction.gain
        self.offset.copy_(correction.offset)
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
        self,
        target: Float[Tensor, " cells"],
        moved: Tensor,
        protocol: ProgramProtocol,
    ) -> int:
        """Program the cells that are to move; how many they were."""
        placement = self.deployed.placement
        some = moved.nonzero()[:, 0]
        if some.numel() == 0:
            return 0
        result = program(
            self.deployed.bench,
            target[some],
            protocol,
            cells=placement.cells[some],
        )
        # each further attempt would cost the whole budget of cycles
        not_there = some[~result.converged]
        self._left[not_there] = True
        kept = torch.where(moved, target, placement.target)
        self.deployed.retarget(kept)
        return some.numel()

    def _put_in_force(self) -> None:
        """Correct products by the present gain and offset."""
        correction = Correction(self._gain, self.offset.clone())
        self.deployed.correct(self.index, correction)

    def _read_stuck(self) -> None:
        """What the stuck cells of the layer hold."""
        of_layer = torch.cat([place.flatten() for _, place in self._blocks])
        positions = of_layer[self._stuck[of_layer]].sort().values
        if positions.numel():
            cells = self.deployed.placement.cells[positions]
            reading = self.deployed.bench.read(cells, samples=8, window=0.0)
            self._held[positions] = reading.mean

    def _pair_range(
        self, place: Int64[Tensor, "2 rows outputs"]
    ) -> "PairRange":
        """What pairs hold, and what they can.

        Args:
            place: Positions of their cells in the placement.
        """
        target = self.deployed.placement.target[place]
        plus_target, minus_target = target
        plus_stuck, minus_stuck = self._stuck[place]
        plus_held, minus_held = self._held[place]
        bottom, top = _limits(self.deployed.bench.info, target)
        # two working halves use the range of the mapping
        high = target.new_tensor(self._full_scale)
        low = -high
        # beside a stuck half, the other one may go to either end of a cell's range
        low = torch.where(minus_stuck, bottom - minus_held, low)
        high = torch.where(minus_stuck, top - minus_held, high)
        low = torch.where(plus_stuck, plus_held - top, low)
        high = torch.where(plus_stuck, plus_held - bottom, high)
        # two stuck halves hold what they hold
        both_stuck = plus_stuck & minus_stuck
        fixed = plus_held - minus_held
        low = torch.where(both_stuck, fixed, low)
        high = torch.where(both_stuck, fixed, high)
        # working cells are on their targets, as far as anybody knows
        plus = torch.where(plus_stuck, plus_held, plus_target)
        minus = torch.where(minus_stuck, minus_held, minus_target)
        held = (plus - minus).clamp(low, high)
        return PairRange(held, low, high)

    def _halves(
        self,
        place: Int64[Tensor, "2 rows outputs"],
        difference: Float[Tensor, "rows outputs"],
    ) -> Float[Tensor, "2 rows outputs"]:
        """Targets of pairs that shall hold a difference; the partner of a stuck cell gives way."""
        other_stuck = self._stuck[place].flip(0)
        other_held = self._held[place].flip(0)
        both_free = halves(difference, self._mapping.low)
        signed = torch.stack((difference, -difference))
        bottom, top = _limits(self.deployed.bench.info, signed)
        giving_way = (other_held + signed).clamp(bottom, top)
        return torch.where(other_stuck, giving_way, both_free)


@dataclass(frozen=True, slots=True, eq=False)
class PairRange:
    """What pairs hold, and what they can, some of their cells being stuck; shapes (rows, outputs).

    Args:
        held: Difference that they hold, within what they can (S).
        low: The least that they can hold (S).
        high: The largest (S).
    """

    held: Float[Tensor, "rows outputs"]
    low: Float[Tensor, "rows outputs"]
    high: Float[Tensor, "rows outputs"]


def check_pairs(placement: Placement, index: int) -> None:
    """Refuse a layer that is not one pair of cells for each weight.

    Raises:
        ValueError: In the house sentence.
    """
    blocks = [block for block in placement.blocks if block.layer == index]
    if not all(isinstance(block, PairBlock) for block in blocks):
        raise ValueError(
            "Argument `deployed` must have one pair of cells for each weight of its last layer,"
            " but has a reference column or four cells; deploy it with `DifferentialPairs`."
        )


def _limits(info: BenchInfo, like: Tensor) -> tuple[Tensor, Tensor]:
    """Range of single cells, as tensors (S)."""
    low = like.new_tensor(info.conductance_low)
    high = like.new_tensor(info.conductance_high)
    return low, high
