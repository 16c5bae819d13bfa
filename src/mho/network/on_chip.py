"""What a network on tiles can be asked, however its cells came to hold its weights."""

from abc import ABC, abstractmethod

from jaxtyping import Int, Shaped
from torch import Tensor, nn

from mho.data import share_right
from mho.ledger import Ledger
from mho.network.fates import OperationRecord
from mho.samples import Inputs


class NetworkOnChip(nn.Module, ABC):
    """A trained network that computes on tiles: call it as the network it was made of.

    `mho.deploy` gives one whose cells are programmed on a bench, one by one and in closed loop;
    `mho.convert` gives one whose cells are drawn from the statistics of programmed
    ones, for networks of many millions of weights.
    """

    @property
    @abstractmethod
    def operations(self) -> tuple[OperationRecord, ...]:
        """What became of every operation that has parameters or was treated specially."""

    @property
    @abstractmethod
    def cells(self) -> int:
        """Cells that hold weights (1)."""

    @property
    @abstractmethod
    def programming_cost(self) -> Ledger:
        """What it cost, or would have cost, to write the weights; nothing before that is done."""

    @abstractmethod
    def software_outputs(
        self, inputs: Inputs
    ) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """What the trained network itself makes of the same inputs, without a chip (1)."""

    @abstractmethod
    def outputs(self, inputs: Inputs) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """What the network on tiles makes of inputs: each of its outputs by name (1)."""

    def software(self, inputs: Inputs) -> Shaped[Tensor, "_ ..."]:
        """The first output of the trained network itself, without a chip (1)."""
        return next(iter(self.software_outputs(inputs).values()))

    def forward(self, inputs: Inputs) -> Shaped[Tensor, "_ ..."]:
        """The first output of the network on tiles (1)."""
        return next(iter(self.outputs(inputs).values()))

    def answers(self, inputs: Inputs) -> Int[Tensor, " batch"]:
        """Class with the largest value in the first output, for each sample."""
        return self.forward(inputs).argmax(1)

    def accuracy(self, inputs: Inputs, labels: Int[Tensor, " batch"]) -> float:
        """Fraction of samples whose answer is the label (1)."""
        return share_right(self.answers(inputs), labels)
