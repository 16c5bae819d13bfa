"""Lines and pages of text, rendered with the fonts that come with matplotlib."""

import math
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Box = tuple[float, float, float, float]
"""Left, top, right and bottom (pixels)."""

_LIST = """
amber anchor basket bridge candle carbon cellar copper corner desert engine evening fabric
figure forest garden ginger harbour island jacket kitchen ladder lantern marble market memory
morning needle number orchard oxide paper pepper planet pocket quarter ribbon river saddle seven
shadow signal silver station summer table thunder timber valley velvet voltage window winter yellow
"""
WORDS = tuple(_LIST.split())
"""Plain words that fonts, programs and tables are filled with."""

_FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Italic.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralItalic.ttf",
    "cmr10.ttf",
)
_INKS = ((0, 255), (30, 230), (255, 40), (80, 220))
"""Brightness of letters and of paper (of 255)."""
_GRAIN = 6.0
"""Standard deviation of the paper's grain (of 255)."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line of text as a picture.

    Args:
        text: What it says.
        picture: The picture, a few pixels wider than the letters.
    """

    text: str
    picture: Image.Image


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page with lines of text.

    Args:
        pixels: Brightness (of 255). Shape (rows, cols, colours).
        boxes: Where the lines are.
    """

    pixels: NDArray[np.float64]
    boxes: tuple[Box, ...]


def render_line(generator: Generator) -> Line:
    """A line of one to three words, some with a number behind."""
    text = _phrase(generator)
    font = _font(generator, size=32)
    left, top, right, bottom = font.getbbox(text)
    margin = 6
    size = (
        math.ceil(right - left) + 2 * margin,
        math.ceil(bottom - top) + 2 * margin,
    )
    ink, paper = _INKS[generator.integers(len(_INKS))]
    picture = Image.new("RGB", size, (paper,) * 3)
    place = (margin - left, margin - top)
    ImageDraw.Draw(picture).text(place, text, font=font, fill=(ink,) * 3)
    grained = _with_grain(picture, generator)
    return Line(text, Image.fromarray(grained.astype(np.uint8)))


def render_page(generator: Generator, side: int) -> Page:
    """A square page with one line below the other.

    Args:
        generator: Randomness.
        side: Height and width (pixels).
    """
    picture = Image.new("RGB", (side, side), (255,) * 3)
    pen = ImageDraw.Draw(picture)
    boxes: list[Box] = []
    below = 12
    while True:
        text = _phrase(generator)
        font = _font(generator, size=int(generator.integers(14, 26)))
        left, top, right, bottom = font.getbbox(text)
        start = int(generator.integers(8, 60))
        height = bottom - top
        if below + height > side - 8:
            break
        if start + right - left > side - 8:
            continue
        pen.text((start - left, below - top), text, font=font, fill=(0,) * 3)
        boxes.append(
            _with_air(start, below, start + right - left, below + height)
        )
        below += math.ceil(height) + int(generator.integers(14, 40))
    return Page(_with_grain(picture, generator), tuple(boxes))


def fitted(
    picture: Image.Image, height: int, width: int
) -> NDArray[np.float32]:
    """A line as these networks take it: scaled to a height, filled up with grey to a width.

    Args:
        picture: The line.
        height: Rows (1).
        width: Columns (1).
    """
    wanted = math.ceil(height * picture.width / picture.height)
    taken = min(width, wanted)
    scaled = picture.resize((taken, height), Image.Resampling.BILINEAR)
    inputs = np.zeros((3, height, width), np.float32)
    inputs[:, :, :taken] = normalised(np.asarray(scaled, np.float64))
    return inputs


def normalised(pixels: NDArray[np.float64]) -> NDArray[np.float32]:
    """Brightness from −1 to 1, colours first."""
    return ((pixels / 255 - 0.5) / 0.5).transpose(2, 0, 1).astype(np.float32)


def _phrase(generator: Generator) -> str:
    text = " ".join(generator.choice(WORDS, generator.integers(1, 4)))
    if generator.random() < 0.3:
        text = text.capitalize()
    if generator.random() < 0.3:
        text = f"{text} {generator.integers(1, 9999)}"
    return text


def _font(generator: Generator, size: int) -> ImageFont.FreeTypeFont:
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    name = _FONTS[generator.integers(len(_FONTS))]
    return ImageFont.truetype(str(folder / name), size)


def _with_grain(
    picture: Image.Image, generator: Generator
) -> NDArray[np.float64]:
    pixels = np.asarray(picture, np.float64)
    grain = generator.normal(0, _GRAIN, (*pixels.shape[:2], 1))
    return np.clip(pixels + grain, 0, 255)


def _with_air(left: float, top: float, right: float, bottom: float) -> Box:
    """A box as people draw them around a line: a quarter of its height away from the letters."""
    air = (bottom - top) / 4
    return (left - air, top - air, right + air, bottom + air)
