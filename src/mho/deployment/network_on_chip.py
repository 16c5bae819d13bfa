"""What a network on tiles can be asked, however its cells came to hold its weights."""

from abc import ABC, abstractmethod

from jaxtyping import Int, Shaped
from torch import Tensor, nn

from mho.ledger import Ledger
from mho.network import OperationRecord


class NetworkOnChip(nn.Module, ABC):
    """A trained network that computes on tiles: call it as the network it was made of.

    `mho.deploy` gives one whose cells are programmed on a bench, one by one and in closed loop;
    `mho.statistical.convert` gives one whose cells are drawn from the statistics of programmed
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
    def software(self, inputs: Shaped[Tensor, "batch ..."]) -> Tensor:
        """What the trained network itself makes of the same inputs, without a chip (1)."""

    @abstractmethod
    def forward(self, inputs: Shaped[Tensor, "batch ..."]) -> Tensor:
        """What the network on tiles makes of inputs (1)."""

    def answers(
        self, inputs: Shaped[Tensor, "batch ..."]
    ) -> Int[Tensor, " batch"]:
        """Class with the largest output, for each sample."""
        return self.forward(inputs).argmax(1)

    def accuracy(
        self, inputs: Shaped[Tensor, "batch ..."], labels: Int[Tensor, " batch"]
    ) -> float:
        """Fraction of samples whose answer is the label (1)."""
        return share_right(self.answers(inputs), labels)


def share_right(
    answers: Int[Tensor, " batch"], labels: Int[Tensor, " batch"]
) -> float:
    """Fraction of answers that are the label (1)."""
    return int((answers == labels).sum()) / labels.numel()
