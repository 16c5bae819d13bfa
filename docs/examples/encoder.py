"""Two transformer encoders that read digits row by row: torch's own block, and one by hand."""

import torch
from digit_rows import train
from torch import Tensor, nn

WIDTH = 32
HEADS = 4
HIDDEN = 64
EPOCHS = 40


class Block(nn.Module):
    """Self-attention and two linear layers, each beside a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.query, self.key, self.value = (
            nn.Linear(WIDTH, WIDTH) for _ in range(3)
        )
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.up = nn.Linear(WIDTH, HIDDEN)
        self.down = nn.Linear(HIDDEN, WIDTH)

    def heads(self, x: Tensor) -> Tensor:
        """From (batch, tokens, width) to (batch, heads, tokens, width of a head)."""
        return x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.norm1(x)
        query, key, value = (
            self.heads(part(seen))
            for part in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5
        x = x + self.mix(
            (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        )
        return x + self.down(torch.relu(self.up(self.norm2(x))))


class Classifier(nn.Module):
    """Rows become tokens, a block mixes them, their mean decides."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.embed = nn.Linear(8, WIDTH)
        self.position = nn.Parameter(0.1 * torch.randn(8, WIDTH))
        self.block = block
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(self.embed(x) + self.position).mean(1))


def torch_block() -> nn.Module:
    """A trained classifier around `nn.TransformerEncoderLayer`."""
    torch.manual_seed(0)
    block = nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True, norm_first=True
    )
    return train(Classifier(block), EPOCHS)


def own_block() -> nn.Module:
    """A trained classifier around the block above."""
    torch.manual_seed(0)
    return train(Classifier(Block()), EPOCHS)
