"""The small network for the digits, and what a step of training needs: gradients, and AdamW.

So small a network is a matter of overheads: recording what is done for autograd, and asking an
optimizer of many kinds to be one of them, take longer than the arithmetic. So the steps of the
chain rule are written down, and all parameters lie in one stretch of memory.
"""

from collections import OrderedDict

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from mho.data.first_weights import draw_weights
from mho.rng import Stream

_POOL = [2, 2]
_STRIDE = [1, 1]
_PADDING = [1, 1]


class DigitsNetwork:
    """Two convolutions and a fully connected layer, with their parameters side by side.

    Args:
        stream: Decides the initial weights.
    """

    def __init__(self, stream: Stream) -> None:
        self.module = _untrained(stream)
        """The network as a module; it sees the parameters move."""
        own = list(self.module.parameters())
        self.parameters = torch.cat([p.detach().flatten() for p in own])
        """All of them. Shape (parameters,)."""
        parts = torch.split(self.parameters, [p.numel() for p in own])
        for parameter, part in zip(own, parts, strict=True):
            parameter.data = part.view(parameter.shape)
        self._parts = [p.detach() for p in own]

    def gradient(
        self,
        images: Float[Tensor, "batch 1 8 8"],
        labels: Int64[Tensor, " batch"],
        smoothing: float,
    ) -> Float[Tensor, " parameters"]:
        """Gradient of the mean cross entropy, to the last bit that of autograd.

        Args:
            images: Images (1).
            labels: Their digits.
            smoothing: Label smoothing (1).
        """
        weight1, bias1, weight2, bias2, weight3, bias3 = self._parts
        aten = torch.ops.aten
        active1 = functional.conv2d(images, weight1, bias1, padding=1).relu_()
        pooled1, chosen1 = aten.max_pool2d_with_indices(active1, _POOL)
        active2 = functional.conv2d(pooled1, weight2, bias2, padding=1).relu_()
        pooled2, chosen2 = aten.max_pool2d_with_indices(active2, _POOL)
        flat = pooled2.flatten(1)
        scores = torch.addmm(bias3, flat, weight3.T)

        of_scores = _of_scores(scores, labels, smoothing)
        of_pooled2 = (of_scores @ weight3).view(pooled2.shape)
        of_sums2 = _of_sums(of_pooled2, active2, chosen2)
        of_pooled1, of_weight2, of_bias2 = _of_convolution(
            of_sums2, pooled1, weight2, wanted=True
        )
        assert of_pooled1 is not None
        of_sums1 = _of_sums(of_pooled1, active1, chosen1)
        _, of_weight1, of_bias1 = _of_convolution(
            of_sums1, images, weight1, wanted=False
        )
        found = (
            (of_weight1, of_bias1),
            (of_weight2, of_bias2),
            (of_scores.T @ flat, of_scores.sum(0)),
        )
        return torch.cat([x.flatten() for layer in found for x in layer])


class AdamW:
    """Steps of AdamW, as `torch.optim.AdamW` takes them (Loshchilov and Hutter 2019).

    Args:
        parameters: What moves, in place. Shape (parameters,).
        decay: Weight decay (1).
    """

    _FIRST = 0.9
    _SECOND = 0.999
    _LEAST = 1e-8

    def __init__(
        self, parameters: Float[Tensor, " parameters"], decay: float
    ) -> None:
        self._parameters = parameters
        self._decay = decay
        self._mean = torch.zeros_like(parameters)
        self._square = torch.zeros_like(parameters)
        self._steps = 0

    def step(self, gradient: Float[Tensor, " parameters"], rate: float) -> None:
        """Move the parameters.

        Args:
            gradient: Gradient of the loss.
            rate: Learning rate (1).
        """
        self._steps += 1
        first = 1 - self._FIRST**self._steps
        second = 1 - self._SECOND**self._steps
        self._parameters.mul_(1 - rate * self._decay)
        self._mean.lerp_(gradient, 1 - self._FIRST)
        self._square.mul_(self._SECOND)
        self._square.addcmul_(gradient, gradient, value=1 - self._SECOND)
        spread = (self._square.sqrt() / second**0.5).add_(self._LEAST)
        self._parameters.addcdiv_(self._mean, spread, value=-(rate / first))


def _untrained(stream: Stream) -> nn.Sequential:
    """He-normal weights from the stream; torch's own global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(1, 16, 3, padding=1),
            "relu1": nn.ReLU(),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(16, 32, 3, padding=1),
            "relu2": nn.ReLU(),
            "pool2": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "dense": nn.Linear(128, 10),
        }
    network = nn.Sequential(OrderedDict(layers))
    draw_weights(network, stream)
    return network


def _of_scores(scores: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Gradient with respect to the scores."""
    batch, classes = scores.shape
    # In single precision, one division after the other, as autograd does it.
    evenly = scores.new_tensor(smoothing / classes).neg_().div_(batch)
    right = scores.new_tensor(smoothing - 1).div_(batch)
    wanted = evenly.expand(batch, classes).clone()
    wanted.scatter_add_(1, labels[:, None], right.expand(batch, 1))
    found: Tensor = torch.ops.aten._log_softmax_backward_data(  # noqa: SLF001
        wanted, scores.log_softmax(1), 1, scores.dtype
    )
    return found


def _of_sums(of_pooled: Tensor, active: Tensor, chosen: Tensor) -> Tensor:
    """Back through the pooling and the rectifier."""
    aten = torch.ops.aten
    of_active = aten.max_pool2d_with_indices_backward(
        of_pooled, active, _POOL, _POOL, [0, 0], [1, 1], False, chosen
    )
    found: Tensor = aten.threshold_backward(of_active, active, 0)
    return found


def _of_convolution(
    of_sums: Tensor, inputs: Tensor, weight: Tensor, *, wanted: bool
) -> tuple[Tensor | None, Tensor, Tensor]:
    """Back through a convolution: inputs (only if wanted), weights and biases."""
    found: tuple[Tensor | None, Tensor, Tensor] = (
        torch.ops.aten.convolution_backward(
            of_sums,
            inputs,
            weight,
            [weight.shape[0]],
            _STRIDE,
            _PADDING,
            [1, 1],
            False,
            [0, 0],
            1,
            [wanted, True, True],
        )
    )
    return found
