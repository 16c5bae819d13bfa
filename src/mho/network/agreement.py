"""A network compared with its source, with products of vectors, and with one sample at a time."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from mho.checks import one_line
from mho.network.network import Network
from mho.network.operations import LinearLayer
from mho.network.tracing import Trace
from mho.samples import (
    Inputs,
    batches,
    joined,
    number_of,
    shape_of_sample,
    without_numbers,
)

_AGREEMENT = 1e-5
"""Largest accepted difference of two ways to compute the outputs, of their largest value (1)."""


def rehearse(network: Network, samples: Inputs, count: int) -> None:
    """Run a network from a file on shapes alone, as a few bytes could ask for any amount.

    Args:
        network: The network.
        samples: Inputs for checks.
        count: Samples that it will be calibrated with at once (1).

    Raises:
        TooLargeError: Something would not fit into the memory allowed.
    """
    batch = max(number_of(samples), count)
    network.run(without_numbers(shape_of_sample(samples), batch))


def check_agreement(network: Network, traced: Trace) -> None:
    """Compare with the source, with products of vectors, and with one sample at a time.

    Args:
        network: What was read.
        traced: What it was read from, with inputs for checks.

    Raises:
        ValueError: Outputs differ.
        RuntimeError: torch cannot run the operations on the inputs for checks.
    """
    outputs = network.outputs(traced.samples)
    if traced.outputs is not None:
        _check_all_close(
            outputs,
            traced.outputs,
            "must compute the same outputs when it is run operation by operation",
        )
    by_products = network.outputs(traced.samples, _exact_product)
    _check_all_close(
        by_products,
        outputs,
        "must compute the same outputs from vectors and weights",
    )
    singly = [network.outputs(sample) for sample in batches(traced.samples, 1)]
    _check_all_close(
        joined(singly), outputs, "must treat every sample of a batch on its own"
    )


def _exact_product(
    _: int, layer: LinearLayer, vectors: Float[Tensor, "vectors in"]
) -> Float[Tensor, "vectors out"]:
    return vectors @ layer.weight.T


def _check_all_close(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], demand: str
) -> None:
    for name, tensor in wanted.items():
        which = f" `{one_line(name)}`" if len(wanted) > 1 else ""
        _check_close(found[name], tensor, demand, which)


def _check_close(
    found: Shaped[Tensor, "..."],
    wanted: Shaped[Tensor, "..."],
    demand: str,
    which: str,
) -> None:
    if found.shape != wanted.shape:
        raise ValueError(
            f"Argument `source` {demand}, but the outputs{which} have shape"
            f" {tuple(found.shape)} instead of {tuple(wanted.shape)}."
        )
    exact = wanted.double()
    largest = float(exact.abs().nan_to_num(0, 0, 0).max())
    margin = _AGREEMENT * max(1.0, largest)
    close = torch.allclose(
        found.double(), exact, rtol=0, atol=margin, equal_nan=True
    )
    if not close:
        worst = float((found.double() - exact).abs().max())
        raise ValueError(
            f"Argument `source` {demand}, but the outputs{which} differ by up to {worst:.2g}."
        )
