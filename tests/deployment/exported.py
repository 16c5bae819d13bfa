"""Eight small networks with seeded weights, exported to ONNX as a user would export them."""

import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Grouped and depthwise convolutions beside a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.grouped = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.act = nn.Hardswish()
        self.last = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.stem(x)))
        x = torch.relu(x + self.depthwise(self.act(self.grouped(x))))
        return self.last(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Decoder(nn.Module):
    """A code blown up to an image by transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 4 * 3 * 3)
        self.up = nn.ConvTranspose2d(
            4, 6, 3, stride=2, padding=1, output_padding=1
        )
        self.last = nn.ConvTranspose2d(6, 1, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.leaky_relu(self.first(x), 0.1).view(-1, 4, 3, 3)
        return torch.sigmoid(self.last(nn.functional.elu(self.up(x))))


class Recurrent(nn.Module):
    """A sequence classified by the last state of a recurrent layer."""

    def __init__(self, layer: nn.Module, features: int) -> None:
        super().__init__()
        self.layer = layer
        self.last = nn.Linear(features, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layer(x)[0][:, -1])


class Attention(nn.Module):
    """A transformer encoder block and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(
            16,
            4,
            dim_feedforward=24,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.last = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.last(self.block(x).mean(1)), -1)


def _mlp() -> nn.Module:
    return nn.Sequential(
        nn.Linear(12, 16),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(16, 8),
        nn.Tanh(),
        nn.Linear(8, 4),
    )


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        nn.AvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
        nn.LogSoftmax(1),
    )


def _conv1d() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(3, 8, 5, padding=2),
        nn.BatchNorm1d(8),
        nn.GELU(),
        nn.MaxPool1d(2),
        nn.Conv1d(8, 8, 3, dilation=2),
        nn.SiLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (_mlp, (12,)),
    "cnn": (_cnn, (2, 8, 8)),
    "residual": (Residual, (3, 6, 6)),
    "decoder": (Decoder, (6,)),
    "conv1d": (_conv1d, (3, 20)),
    "lstm": (lambda: Recurrent(nn.LSTM(5, 7, batch_first=True), 7), (6, 5)),
    "gru": (
        lambda: Recurrent(
            nn.GRU(5, 7, batch_first=True, bidirectional=True), 14
        ),
        (6, 5),
    ),
    "transformer": (Attention, (6, 16)),
}
"""How each network is built, and the shape of one of its samples."""


def build(name: str) -> tuple[nn.Module, Tensor]:
    """The network in evaluation mode with running statistics that matter, and five samples."""
    make, shape = NETWORKS[name]
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = make().eval()
    for key, buffer in module.named_buffers():
        if key.endswith(("running_mean", "running_var")):
            # a mean far above what comes in would leave nothing behind a ReLU
            share = torch.rand(buffer.shape, generator=generator)
            buffer.copy_(
                0.5 + share if key.endswith("var") else 0.2 * (share - 0.5)
            )
    return module, torch.randn(5, *shape, generator=generator)


def export(
    module: nn.Module,
    samples: Tensor,
    path: Path,
    opset: int,
    *,
    dynamo: bool = True,
    fixed_batch: bool = False,
) -> Path:
    """Export with torch's default exporter, with a free batch size unless told otherwise."""
    options: dict[str, object] = (
        {"external_data": False, "verbose": False} if dynamo else {}
    )
    if not fixed_batch and dynamo:
        options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
    if not fixed_batch and not dynamo:
        options["dynamic_axes"] = {"x": {0: "batch"}}
    with warnings.catch_warnings():
        # The exporter warns about its own internals.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (samples,),
            path,
            opset_version=opset,
            dynamo=dynamo,
            input_names=["x"],
            **options,
        )
    return path
