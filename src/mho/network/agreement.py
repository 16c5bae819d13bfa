"""A network compared with its source, with products of vectors, and with one sample at a time."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from mho.checks import one_line
from mho.network.network import Network
from mho.network.operations import LinearLayer
from mho.network.rounding import without_rounding
from mho.network.tracing import Trace
from mho.samples import (
    Inputs,
    batches,
    joined,
    number_of,
    shape_of_sample,
    without_numbers,
)

_SOURCE = 1e-5
"""Largest accepted difference to the source, which does the same operations (1)."""
_ROUNDING = 1e-4
"""Largest accepted difference of sums in another order, of the largest output (1).

Float32 rounding through a hundred layers and a softmax of large logits reaches half of it; samples
that are mixed up, or a wrong path, make a difference of the size of the outputs.
"""


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
            _SOURCE,
        )
    try:
        _check_with_itself(network, traced.samples, outputs)
    except ValueError:
        if not (
            _agrees_unrounded(network, traced.samples)
            or _agrees_in_double(network, traced.samples)
        ):
            raise


def _agrees_unrounded(network: Network, samples: Inputs) -> bool:
    """Whether a network that rounds agrees with itself where its numbers stay real.

    Rounded, a number between two steps becomes either by the order of its sum alone. A wrong
    path shows without rounding as well, and rounding takes no path.
    """
    graph = without_rounding(network.graph)
    if graph is None:
        return False
    unrounded = replace(network, graph=graph)
    try:
        outputs = unrounded.outputs(samples)
        _check_with_itself(unrounded, samples, outputs)
    except (ValueError, RuntimeError):
        # Some operations take nothing but whole numbers.
        return False
    return True


def _agrees_in_double(network: Network, samples: Inputs) -> bool:
    """Whether a network agrees with itself in double precision.

    A recurrent network may make three times as much of a difference in every other step, so that
    forty of them leave nothing of the digits of float32. A wrong path shows in any precision.
    """
    exact = network.in_float64()
    try:
        _check_with_itself(exact, samples, exact.outputs(samples))
    except (ValueError, RuntimeError):
        return False
    return True


def _check_with_itself(
    network: Network, samples: Inputs, outputs: Mapping[str, Tensor]
) -> None:
    by_products = network.outputs(samples, _exact_product)
    _check_all_close(
        by_products,
        outputs,
        "must compute the same outputs from vectors and weights",
        _ROUNDING,
    )
    singly = [network.outputs(sample) for sample in batches(samples, 1)]
    _check_all_close(
        joined(singly),
        outputs,
        "must treat every sample of a batch on its own, or be read with `batch_axis=0`,",
        _ROUNDING,
    )


def _exact_product(
    _: int, layer: LinearLayer, vectors: Float[Tensor, "vectors in"]
) -> Float[Tensor, "vectors out"]:
    return vectors @ layer.weight.T


def _check_all_close(
    found: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    demand: str,
    tolerance: float,
) -> None:
    for name, tensor in wanted.items():
        which = f" `{one_line(name)}`" if len(wanted) > 1 else ""
        said = f"Argument `source` {demand}, but the outputs{which}"
        _check_close(found[name], tensor, said, tolerance)


def _check_close(
    found: Shaped[Tensor, "..."],
    wanted: Shaped[Tensor, "..."],
    said: str,
    tolerance: float,
) -> None:
    if found.shape != wanted.shape:
        other_batch = found.shape[:1] != wanted.shape[:1]
        advice = (
            "; a network must run on batches of any size: export it with a dynamic batch dimension"
            if other_batch
            else ""
        )
        raise ValueError(
            f"{said} have shape {tuple(found.shape)} instead of {tuple(wanted.shape)}{advice}."
        )
    exact = wanted.double()
    finite_size = exact.abs().nan_to_num(0, 0, 0)
    largest = float(finite_size.max())
    margin = tolerance * max(1.0, largest)
    close = torch.allclose(
        found.double(), exact, rtol=0, atol=margin, equal_nan=True
    )
    if not close:
        away = (found.double() - exact).abs()
        worst = float(away.max())
        raise ValueError(f"{said} differ by up to {worst:.2g}.")
