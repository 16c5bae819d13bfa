"""Handwritten digits as sequences: the 8 rows of an image are 8 tokens of 8 numbers.

`python digit_rows.py digits.npz` writes the data that `mho compile`, `evaluate` and `deploy` take.
"""

import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

TRAINING = 1347


def rows() -> tuple[torch.Tensor, torch.Tensor]:
    """All images, from 0 (black) to 1 (white), of shape (1797, 8, 8), and their digits."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    inputs = torch.tensor(images[order] / 16.0, dtype=torch.float32).view(
        -1, 8, 8
    )
    return inputs, torch.tensor(labels[order], dtype=torch.int64)


def train(
    network: nn.Module, epochs: int = 40, *, rate: float = 5e-3
) -> nn.Module:
    """Train on the first 1347 images, in seconds, the same every time."""
    inputs, labels = (part[:TRAINING] for part in rows())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=rate, weight_decay=1e-2
    )
    schedule = torch.optim.lr_scheduler.LinearLR(
        optimizer, 1.0, 0.05, total_iters=epochs
    )
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for chosen in torch.randperm(TRAINING, generator=generator).split(64):
            optimizer.zero_grad()
            scores = network(inputs[chosen])
            nn.functional.cross_entropy(
                scores, labels[chosen], label_smoothing=0.1
            ).backward()
            optimizer.step()
        schedule.step()
    return network.eval()


def write(path: str, samples: int = 450) -> None:
    """The last images as test data, and 64 of the first to calibrate with."""
    inputs, labels = rows()
    np.savez(
        path,
        inputs=inputs[TRAINING : TRAINING + samples],
        labels=labels[TRAINING : TRAINING + samples],
        calibration=inputs[:64],
    )


if __name__ == "__main__":
    write(sys.argv[1])
