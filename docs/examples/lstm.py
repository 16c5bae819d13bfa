"""An LSTM that reads digits row by row."""

import torch
from digit_rows import train
from torch import Tensor, nn

HIDDEN = 48
EPOCHS = 30


class Classifier(nn.Module):
    """The state after the last row decides."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def classifier() -> nn.Module:
    """A trained classifier."""
    torch.manual_seed(0)
    return train(Classifier(), EPOCHS, rate=1e-2)
