"""A vision transformer in Hugging Face's way of building, for digits of 8×8 pixels.

Models of that library take pixels or tokens by name and return an object with several tensors.
`Logits` picks the one that is asked for; a real one is wrapped the same way.
"""

from dataclasses import dataclass

import torch
from digit_rows import train
from torch import Tensor, nn

EPOCHS = 40


@dataclass(frozen=True)
class Config:
    """Sizes of the network (1)."""

    image_size: int = 8
    patch_size: int = 2
    hidden_size: int = 32
    num_attention_heads: int = 4
    intermediate_size: int = 64
    num_hidden_layers: int = 2
    num_labels: int = 10


@dataclass
class ModelOutput:
    """What the model returns."""

    logits: Tensor
    last_hidden_state: Tensor


class Embeddings(nn.Module):
    """Patches become tokens behind a learned first one, each with its position."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.hidden_size
        patch = config.patch_size
        count = (config.image_size // patch) ** 2
        self.cls_token = nn.Parameter(0.1 * torch.randn(1, 1, width))
        self.position_embeddings = nn.Parameter(
            0.1 * torch.randn(1, count + 1, width)
        )
        self.projection = nn.Conv2d(1, width, patch, patch)

    def forward(self, pixel_values: Tensor) -> Tensor:
        tokens = self.projection(pixel_values).flatten(2).transpose(1, 2)
        first = self.cls_token.expand(tokens.shape[0], -1, -1)
        return torch.cat((first, tokens), dim=1) + self.position_embeddings


class SelfAttention(nn.Module):
    """Several heads, each on its part of the width."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.dense = nn.Linear(width, width)

    def transpose_for_scores(self, x: Tensor) -> Tensor:
        """From (batch, tokens, width) to (batch, heads, tokens, width of a head)."""
        shape = (*x.shape[:-1], self.heads, x.shape[-1] // self.heads)
        return x.view(shape).permute(0, 2, 1, 3)

    def forward(self, hidden_states: Tensor) -> Tensor:
        context = nn.functional.scaled_dot_product_attention(
            self.transpose_for_scores(self.query(hidden_states)),
            self.transpose_for_scores(self.key(hidden_states)),
            self.transpose_for_scores(self.value(hidden_states)),
        )
        context = context.permute(0, 2, 1, 3).contiguous()
        return self.dense(context.view(hidden_states.shape))


class Layer(nn.Module):
    """Attention and two linear layers, each behind a norm and beside a shortcut."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.hidden_size
        self.layernorm_before = nn.LayerNorm(width)
        self.attention = SelfAttention(config)
        self.layernorm_after = nn.LayerNorm(width)
        self.intermediate = nn.Linear(width, config.intermediate_size)
        self.output = nn.Linear(config.intermediate_size, width)

    def forward(self, hidden_states: Tensor) -> Tensor:
        hidden_states = hidden_states + self.attention(
            self.layernorm_before(hidden_states)
        )
        inner = self.intermediate(self.layernorm_after(hidden_states))
        return hidden_states + self.output(nn.functional.gelu(inner))


class ForImageClassification(nn.Module):
    """The encoder, and a classifier on its first token."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleList(
            Layer(config) for _ in range(config.num_hidden_layers)
        )
        self.layernorm = nn.LayerNorm(config.hidden_size)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, pixel_values: Tensor) -> ModelOutput:
        hidden_states = self.embeddings(pixel_values)
        for layer in self.encoder:
            hidden_states = layer(hidden_states)
        hidden_states = self.layernorm(hidden_states)
        return ModelOutput(self.classifier(hidden_states[:, 0]), hidden_states)


class Logits(nn.Module):
    """One tensor in, one tensor out: what is put on a chip."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return self.model(pixel_values=images.unsqueeze(1)).logits


def classifier() -> nn.Module:
    """A trained classifier."""
    torch.manual_seed(0)
    return train(Logits(ForImageClassification(Config())), EPOCHS)
