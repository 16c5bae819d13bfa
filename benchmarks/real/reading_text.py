"""The three networks of an optical reader: which way up, what it says, where it is.

They see what rapidocr shows them: lines of 48 rows filled up to 192 or 320 columns, pages with
sides of a multiple of 32, brightness from −1 to 1.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy import ndimage

from real.rendered_text import (
    Box,
    fitted,
    normalised,
    render_line,
    render_page,
)
from real.task import Arrays, Samples, share

_HEIGHT = 48
_ANGLE_WIDTH = 192
_LINE_WIDTH = 320
_PAGE_SIDE = 320

_TEXT_THRESHOLD = 0.3
"""Least probability of a pixel that belongs to text (1)."""
_BOX_THRESHOLD = 0.5
"""Least mean probability within a box (1)."""
_GROWTH = 1.6
"""How far a box grows beyond what was found: area over circumference, times this (1)."""
_SAME_BOX = 0.5
"""Least common share, intersection over union, of a box that is found (1)."""


def lines_both_ways(number: int, seed: int) -> Samples:
    """Lines of text, every second of them upside down."""
    generator = np.random.default_rng(seed)
    turned = np.arange(number) % 2 == 1
    pictures = []
    for upside_down in turned:
        picture = render_line(generator).picture
        if upside_down:
            picture = picture.rotate(180)
        pictures.append(fitted(picture, _HEIGHT, _ANGLE_WIDTH))
    return Samples({"x": np.stack(pictures)}, turned)


def lines_right_way(
    outputs: Arrays, samples: Samples, network: Path
) -> dict[str, float]:
    """Share of lines of which it is said rightly which way up they are."""
    del network
    (scores,) = outputs.values()
    return {"lines": share(scores.argmax(1) == samples.truth)}


def lines_of_text(number: int, seed: int) -> Samples:
    """Lines of text to read."""
    generator = np.random.default_rng(seed)
    lines = [render_line(generator) for _ in range(number)]
    pictures = [fitted(line.picture, _HEIGHT, _LINE_WIDTH) for line in lines]
    return Samples({"x": np.stack(pictures)}, [line.text for line in lines])


def text_read(
    outputs: Arrays, samples: Samples, network: Path
) -> dict[str, float]:
    """Share of lines read without a mistake, and of characters that are right."""
    (scores,) = outputs.values()
    alphabet = characters(network)
    read = [decoded(one, alphabet) for one in scores]
    pairs = list(zip(read, samples.truth, strict=True))
    mistakes = sum(distance(found, text) for found, text in pairs)
    letters = sum(len(text) for _, text in pairs)
    return {
        "lines": share([found == text for found, text in pairs]),
        "characters": round(1 - mistakes / letters, 4),
    }


def characters(network: Path) -> list[str]:
    """What the recogniser's classes stand for: nothing, the characters in its file, a space."""
    model = onnx.load(str(network), load_external_data=False)
    stored = {entry.key: entry.value for entry in model.metadata_props}
    return ["", *stored["character"].splitlines(), " "]


def decoded(scores: NDArray[Any], alphabet: Sequence[str]) -> str:
    """The text of the best path: repeated classes once, then without the empty one.

    Args:
        scores: Score of every class at every position (1). Shape (positions, classes).
        alphabet: What the classes stand for.
    """
    best = scores.argmax(-1)
    first = np.ones(len(best), bool)
    first[1:] = best[1:] != best[:-1]
    return "".join(alphabet[index] for index in best[first])


def distance(found: str, text: str) -> int:
    """Characters to insert, delete or change until one text is the other (1).

    >>> distance("kitten", "sitting")
    3
    """
    row = list(range(len(text) + 1))
    for number, letter in enumerate(found, 1):
        before = row
        row = [number]
        for column, wanted in enumerate(text, 1):
            change = before[column - 1] + (letter != wanted)
            row.append(min(before[column] + 1, row[-1] + 1, change))
    return row[-1]


def pages_of_text(number: int, seed: int) -> Samples:
    """Pages on which lines are to be found."""
    generator = np.random.default_rng(seed)
    pages = [render_page(generator, _PAGE_SIDE) for _ in range(number)]
    pictures = np.stack([normalised(page.pixels) for page in pages])
    return Samples({"x": pictures}, [page.boxes for page in pages])


def boxes_found(
    outputs: Arrays, samples: Samples, network: Path
) -> dict[str, float]:
    """Share of boxes found, and of findings that are boxes."""
    del network
    (maps,) = outputs.values()
    found = [boxes_of(one[0]) for one in maps]
    pairs = list(zip(found, samples.truth, strict=True))
    hits = [
        any(overlap(box, other) > _SAME_BOX for other in page)
        for page, boxes in pairs
        for box in boxes
    ]
    findings = sum(len(page) for page in found)
    return {
        "boxes": share(hits),
        "precision": round(sum(hits) / max(1, findings), 4),
    }


def boxes_of(probability: NDArray[Any]) -> list[Box]:
    """Upright boxes around regions that are probably text.

    Args:
        probability: Probability of each pixel that it belongs to text (1). Shape (rows, cols).
    """
    text = ndimage.binary_dilation(
        probability > _TEXT_THRESHOLD, np.ones((2, 2))
    )
    regions, _ = ndimage.label(text, np.ones((3, 3)))
    boxes: list[Box] = []
    for rows, columns in ndimage.find_objects(regions):
        height = rows.stop - rows.start
        width = columns.stop - columns.start
        sure = probability[rows, columns].mean() >= _BOX_THRESHOLD
        if min(height, width) < 3 or not sure:
            continue
        air = height * width * _GROWTH / (2 * (height + width))
        boxes.append(
            (
                columns.start - air,
                rows.start - air,
                columns.stop + air,
                rows.stop + air,
            )
        )
    return boxes


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes (1).

    >>> overlap((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0.0, width) * max(0.0, height)
    return common / (_area(one) + _area(other) - common)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
