"""A gated recurrent network that reads digits row by row, downwards and upwards."""

import torch
from digit_rows import train
from torch import Tensor, nn

HIDDEN = 24
EPOCHS = 30


class Classifier(nn.Module):
    """Two layers in both directions; the mean over all rows decides."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(8, HIDDEN, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * HIDDEN, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.gru(x)
        return self.head(states.mean(1))


def classifier() -> nn.Module:
    """A trained classifier."""
    torch.manual_seed(0)
    return train(Classifier(), EPOCHS, rate=1e-2)
