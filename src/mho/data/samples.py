"""Samples to train networks with, and to test them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from mho.checks import one_line
from mho.rng import Stream
from mho.samples import Inputs, chosen, number_of

CALIBRATION_OF = "calibration_"
"""Begins the name of calibration samples of a named input."""


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Samples to test a network with, and whatever else their file holds.

    Args:
        inputs: Test inputs (1). Shape (samples, ...), by name for a network with several inputs.
        labels: Class of each test input, from 0 (1). Shape (samples,). `None` if there are none.
        calibration: Inputs that set the ranges of the converters (1). Shape (some, ...).
        classes: Number of classes (1); 0 without labels.
        others: All other arrays of the file by name, for a metric of one's own.
        numbers: Which samples of the file these are, if it is a choice of them. Shape (samples,).
    """

    inputs: Inputs
    labels: Int64[Tensor, " samples"] | None
    calibration: Inputs
    classes: int
    others: Mapping[str, Shaped[Tensor, "..."]] = field(default_factory=dict)
    numbers: Int64[Tensor, " samples"] | None = None

    def number(self, place: int) -> int:
        """Number of a sample in the file, from 0.

        Args:
            place: Its number among these samples.
        """
        return place if self.numbers is None else int(self.numbers[place])

    @property
    def only_input(self) -> Shaped[Tensor, "samples ..."]:
        """The inputs of a network that takes one.

        Raises:
            ValueError: There are several.
        """
        return only_input(self.inputs)

    @property
    def right(self) -> Int64[Tensor, " samples"]:
        """The labels, where something cannot do without.

        Raises:
            ValueError: There are none.
        """
        if self.labels is None:
            raise ValueError(
                "Argument `data` must hold `labels` to count right answers or to learn from, but"
                " holds none."
            )
        return self.labels

    def fed(self, arrays: Mapping[str, str]) -> "Data":
        """The same with inputs under the names that a network has for them.

        Args:
            arrays: Name of the array that feeds an input, by the input's name.

        Raises:
            ValueError: There is no such array, it has another number of samples, or it has no
                calibration samples where other inputs have samples of their own for it.
        """
        if not arrays:
            return self
        used = set(arrays.values())
        inputs = {n: x for n, x in _named(self.inputs).items() if n not in used}
        some = {
            n: x for n, x in _named(self.calibration).items() if n not in used
        }
        for name, array in arrays.items():
            inputs[name] = self._array(array)
            some[name] = self._calibrating(array)
        number_of(inputs)
        number_of(some)
        used |= {CALIBRATION_OF + array for array in used}
        others = {n: x for n, x in self.others.items() if n not in used}
        return replace(self, inputs=inputs, calibration=some, others=others)

    def _array(self, name: str) -> Shaped[Tensor, "..."]:
        """An array of the file, whatever it was taken for."""
        held = {**self.others, **_named(self.inputs)}
        if name not in held or held[name].ndim == 0:
            listed = ", ".join(f"`{one_line(one)}`" for one in held)
            raise ValueError(
                "Argument `input` must name an array of samples of the data, which hold"
                f" {listed}, but `{one_line(name)}` is none."
            )
        return held[name]

    def _calibrating(self, name: str) -> Shaped[Tensor, "..."]:
        """Calibration samples of an array; its first ones where no input has its own."""
        known = _named(self.calibration)
        if name in known:
            return known[name]
        own = self.others.get(CALIBRATION_OF + name)
        if own is not None and own.ndim:
            return own
        for other, samples in _named(self.inputs).items():
            its = known[other]
            first = samples[: its.shape[0]]
            if first.shape != its.shape or bool((first != its).any()):
                raise ValueError(
                    f"Argument `data` must hold `{CALIBRATION_OF}{one_line(name)}`, as"
                    f" `{one_line(other)}` has calibration samples of its own, but lacks it; add"
                    " it, of the same samples."
                )
        return self._array(name)[: number_of(self.calibration)]

    def for_inputs(self, names: Sequence[str]) -> "Data":
        """The same, with what is no input of a network among the other arrays.

        Args:
            names: Names of the network's inputs.
        """
        if isinstance(self.inputs, Tensor):
            return self
        inputs = {n: x for n, x in self.inputs.items() if n in names}
        rest = {n: x for n, x in self.inputs.items() if n not in names}
        calibration = self.calibration
        if not isinstance(calibration, Tensor):
            calibration = {n: x for n, x in calibration.items() if n in names}
        return replace(
            self,
            inputs=inputs,
            calibration=calibration,
            others={**self.others, **rest},
        )


def _named(inputs: Inputs) -> dict[str, Shaped[Tensor, "..."]]:
    """Arrays by their names in the file."""
    return {"inputs": inputs} if isinstance(inputs, Tensor) else dict(inputs)


def only_input(inputs: Inputs) -> Shaped[Tensor, "samples ..."]:
    """The inputs of a network that takes one.

    Raises:
        ValueError: There are several.
    """
    if isinstance(inputs, Tensor):
        return inputs
    if len(inputs) != 1:
        raise ValueError(
            "Argument `data` must hold one input, `inputs`, for a network that shall learn, but"
            f" holds {len(inputs)} by name."
        )
    return next(iter(inputs.values()))


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Samples that a network may learn from.

    Args:
        inputs: Training inputs (1). Shape (samples, ...).
        labels: Class of each, from 0 (1). Shape (samples,).
    """

    inputs: Float32[Tensor, "samples ..."]
    labels: Int64[Tensor, " samples"]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingAndTest(Training):
    """Samples to train a network with, and others to test it with.

    Args:
        test: Samples to test with.
    """

    test: Data


def fixed_choice(data: Data, count: int) -> Data:
    """Some of the test samples, always the same ones, in the order of the file.

    The first ones of a fixed random order, so that a smaller choice is a part of a larger one, and
    a file that is sorted by class is not cut to its first classes.

    Args:
        data: All samples.
        count: How many are wanted (1); all of them if there are no more.
    """
    whole = number_of(data.inputs)
    generator = Stream(0, ("samples", "choice")).generator()
    order = torch.randperm(whole, generator=generator)
    which = order[:count].sort().values
    others = {
        name: tensor[which] if tensor.shape[:1] == (whole,) else tensor
        for name, tensor in data.others.items()
    }
    labels = data.labels
    if labels is not None:
        labels = labels[which]
    return replace(
        data,
        inputs=chosen(data.inputs, which),
        labels=labels,
        others=others,
        numbers=which,
    )
