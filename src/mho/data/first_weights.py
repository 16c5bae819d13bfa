"""Weights that the training of a built-in network begins with."""

from torch import nn

from mho.rng import Stream


def draw_weights(network: nn.Module, stream: Stream) -> None:
    """Fill a network with normal weights of He's spread (1) and biases of zero, in place.

    Args:
        network: The network; every parameter draws from a stream of its own name.
        stream: Decides the weights.
    """
    for name, values in network.named_parameters():
        inputs = values[0].numel()
        # Biases begin at zero.
        spread = (2 / inputs) ** 0.5 if name.endswith("weight") else 0.0
        generator = stream.child(name).generator()
        nn.init.normal_(values, std=spread, generator=generator)
