"""Inputs of a network: one tensor, or one for each of several inputs by their names.

The first axis of every tensor is that of the samples. Whoever cuts, chooses or counts samples does
it here, and need not know how many inputs a network has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

Inputs = Shaped[Tensor, "_ ..."] | Mapping[str, Shaped[Tensor, "_ ..."]]
"""One tensor for the only input of a network, or tensors by the names of its inputs."""

OneSample = Shaped[Tensor, "..."] | Mapping[str, Shaped[Tensor, "..."]]
"""One sample of the only input, or of each by name, without an axis of samples."""

SampleShape = tuple[int, ...] | Mapping[str, tuple[int, ...]]
"""Shape of one sample: of the only input, or of each by name."""


def each_tensor(inputs: Inputs) -> tuple[Shaped[Tensor, "_ ..."], ...]:
    """The tensors, in the order of the mapping."""
    return (inputs,) if isinstance(inputs, Tensor) else tuple(inputs.values())


def changed(inputs: Inputs, change: Callable[[Tensor], Tensor]) -> Inputs:
    """The same with every tensor changed.

    Args:
        inputs: Samples.
        change: What becomes of a tensor.
    """
    if isinstance(inputs, Tensor):
        return change(inputs)
    return {name: change(tensor) for name, tensor in inputs.items()}


def number_of(inputs: Inputs) -> int:
    """Number of samples (1).

    Raises:
        ValueError: There is no tensor, or the numbers of samples differ.
    """
    counts = {tensor.shape[0] for tensor in each_tensor(inputs)}
    if len(counts) != 1:
        assert not isinstance(inputs, Tensor)
        told = ", ".join(f"{x.shape[0]} of `{n}`" for n, x in inputs.items())
        raise ValueError(
            "Argument `inputs` must hold as many samples of every input, but holds"
            f" {told or 'no input'}."
        )
    return counts.pop()


def chosen(
    inputs: Inputs, which: slice | Int64[Tensor, " chosen"] | list[int]
) -> Inputs:
    """Some of the samples.

    Args:
        inputs: Samples.
        which: Which ones, as an index of the first axis.
    """
    return changed(inputs, lambda tensor: tensor[which])


def one_of(inputs: Inputs, place: int) -> OneSample:
    """A single sample, without an axis of samples.

    Args:
        inputs: Samples.
        place: Number of the sample.
    """
    if isinstance(inputs, Tensor):
        return inputs[place]
    return {name: tensor[place] for name, tensor in inputs.items()}


def alone(sample: OneSample) -> Inputs:
    """A single sample as the only one of several."""
    if isinstance(sample, Tensor):
        return sample[None]
    return {name: tensor[None] for name, tensor in sample.items()}


def batches(inputs: Inputs, size: int) -> Iterator[Inputs]:
    """The samples in their order, so many at a time.

    Args:
        inputs: Samples.
        size: Samples of each batch but the last (1).
    """
    for start in range(0, number_of(inputs), size):
        yield chosen(inputs, slice(start, start + size))


def shape_of_sample(inputs: Inputs) -> SampleShape:
    """Shape of one sample."""
    if isinstance(inputs, Tensor):
        return tuple(inputs.shape[1:])
    return {name: tuple(x.shape[1:]) for name, x in inputs.items()}


def without_numbers(shape: SampleShape, count: int) -> Inputs:
    """Samples that have a shape but no numbers, on torch's device `meta`.

    Args:
        shape: Shape of one sample, or of one of each input by name.
        count: Number of samples (1).
    """
    if isinstance(shape, Mapping):
        return {
            name: torch.empty(count, *sizes, device="meta")
            for name, sizes in shape.items()
        }
    return torch.empty(count, *shape, device="meta")


def joined(
    parts: Sequence[Mapping[str, Shaped[Tensor, "_ ..."]]],
) -> dict[str, Shaped[Tensor, "_ ..."]]:
    """Batches of outputs by name, one after the other, as one.

    Args:
        parts: At least one batch, all with the same names.
    """
    return {
        name: torch.cat([part[name] for part in parts]) for name in parts[0]
    }
