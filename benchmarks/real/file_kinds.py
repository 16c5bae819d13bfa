"""Files of many kinds as magika is shown them: 1,024 bytes from either end."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from real.binary_files import BINARY_FILES
from real.task import Arrays, Samples, share
from real.text_files import TEXT_FILES

_SIDE = 1024
"""Bytes from the beginning, and from the end (1)."""
_BLOCK = 4096
"""Bytes of the file that are looked at, at either end (1)."""
_PADDING = 256
"""What stands where a file has no byte (1)."""


def files_of_many_kinds(number: int, seed: int) -> Samples:
    """Files, one kind after the other, and round again."""
    generator = np.random.default_rng(seed)
    kinds = sorted({*TEXT_FILES, *BINARY_FILES})
    truth = [kinds[index % len(kinds)] for index in range(number)]
    contents = []
    for kind in truth:
        if kind in TEXT_FILES:
            contents.append(TEXT_FILES[kind](generator).encode())
        else:
            contents.append(BINARY_FILES[kind](generator))
    tokens = np.stack([tokens_of(content) for content in contents])
    return Samples({"bytes": tokens}, truth)


def tokens_of(content: bytes) -> NDArray[np.int32]:
    """What the network sees of a file (1). Shape (2048,)."""
    head = content[:_BLOCK].lstrip()[:_SIDE]
    tail = content[-_BLOCK:].rstrip()[-_SIDE:]
    tokens = np.full(2 * _SIDE, _PADDING, np.int32)
    tokens[: len(head)] = list(head)
    tokens[2 * _SIDE - len(tail) :] = list(tail)
    return tokens


def kinds_named(
    outputs: Arrays, samples: Samples, network: Path
) -> dict[str, float]:
    """Share of files whose kind is named."""
    (scores,) = outputs.values()
    labels = labels_of(network)
    named = [labels[index] for index in scores.argmax(1)]
    return {
        "kinds": share(
            [
                one == kind
                for one, kind in zip(named, samples.truth, strict=True)
            ]
        )
    }


def labels_of(network: Path) -> Sequence[str]:
    """What the classes stand for, as the file beside the network says."""
    config = json.loads(network.with_name("config.min.json").read_text())
    labels: list[str] = config["target_labels_space"]
    return labels
