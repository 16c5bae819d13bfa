"""What a run without labels says to a person: how far outputs are off, and where that begins."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

_DECIBELS_OF_A_BIT = 6.02
"""Ratio of signal to noise that one more bit gives (dB)."""
_CLOSE = 0.01
_VISIBLE = 0.1
_LOST = 0.5
"""Relative errors up to which outputs are as good as equal, near, or still alike (1)."""


def verdict(result: Mapping[str, Any]) -> list[str]:
    """Sentences about outputs and layers; none of a run that asked nothing beyond accuracy.

    Args:
        result: Numbers of a run.
    """
    sentences = []
    outputs = result.get("outputs")
    if isinstance(outputs, Mapping) and outputs:
        name = max(outputs, key=lambda one: _size(outputs[one]["relative_rms"]))
        alone = len(outputs) == 1
        sentences.append(_of_output(name, outputs[name], alone=alone))
    layers = result.get("layers")
    if isinstance(layers, Sequence) and layers:
        sentences.append(_of_layers(layers))
    return sentences


def _of_output(name: str, seen: Mapping[str, Any], *, alone: bool) -> str:
    """How far the worst output is off."""
    error = seen["relative_rms"]
    decibels = seen["sqnr_dB"]
    if error is None:
        return (
            f"The output `{name}` holds values that are no numbers, NaN or infinite, in sample"
            f" number {seen['worst_sample']} for one: nothing can be said of its error."
        )
    if decibels is None:
        return f"The output `{name}` is that of the digital network, to the last bit."
    which = "The output" if alone else f"The worst output, `{name}`,"
    bits = max(0.0, decibels / _DECIBELS_OF_A_BIT)
    return (
        f"{which} {_distance(error)}: its error is {error:.2%} of the signal, {decibels:.1f} dB,"
        f" what {bits:.1f} bits would leave; the worst sample is number {seen['worst_sample']}"
        f" with {seen['worst_sample_relative_rms']:.2%}, and the largest entry is at the same"
        f" place in {seen['largest_entry_agrees']:.2%} of the samples."
    )


def _distance(error: float) -> str:
    if error <= _CLOSE:
        return "is as good as that of the digital network"
    if error <= _VISIBLE:
        return "is near that of the digital network"
    if error <= _LOST:
        return "is like that of the digital network, but visibly off"
    return "is not that of the digital network any more"


def _of_layers(layers: Sequence[Mapping[str, Any]]) -> str:
    """Which layer does most by itself, and where the error has become what it is at the end."""
    worst = max(layers, key=lambda one: _size(one["alone"]))
    last = layers[-1]
    return (
        f"Layer `{worst['name']}` does most by itself, {_share(worst['alone'])} with exact inputs;"
        f" after the last one, `{last['name']}`, {_share(last['accumulated'])} have added up."
    )


def _size(error: float | None) -> float:
    """An error for comparisons (1): one that is no number is larger than all others."""
    return math.inf if error is None else error


def _share(error: float | None) -> str:
    """An error as people read it."""
    return "no number" if error is None else f"{error:.2%}"


def output_rows(name: str, seen: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One output against the digital network's: rows of a table.

    Args:
        name: The output.
        seen: What `Agreement.described` gave.
    """
    error = seen["relative_rms"]
    decibels = seen["sqnr_dB"]
    ratio = "no error" if decibels is None else f"{decibels:.1f} dB"
    told = f"{_share(error)} of the signal, {ratio}"
    if error is None:
        told = "none: NaN or infinite values"
    worst = _share(seen["worst_sample_relative_rms"])
    return [
        (f"output {name}, error (rms)", told),
        ("  worst sample", f"{worst}, number {seen['worst_sample']}"),
        (
            "  largest entry / cosine",
            f"the same in {seen['largest_entry_agrees']:.2%} / {seen['cosine']:.5f}",
        ),
    ]


LAYER_COLUMNS = ("Layer", "With exact inputs", "Accumulated", "Vectors")
"""Headings of the table of layers."""


def layer_rows(result: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The table of errors after each analog layer; empty if it was not asked for.

    Args:
        result: Numbers of a run.
    """
    return [
        (
            one["name"],
            _share(one["alone"]),
            _share(one["accumulated"]),
            f"{one['vectors']:,}",
        )
        for one in result.get("layers") or []
    ]
