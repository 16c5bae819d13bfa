"""Draws of one cell are those of `mho.rng`: the same bits, and normals the same numbers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mho.compiled import (
    Kernels,
    at_event,
    child,
    child_purpose,
    child_purposes,
    normal,
    normal_pair,
    normal_purpose,
    of_cell,
    purpose,
    uniform,
    uniform_pair,
    uniform_slot,
)
from mho.rng import CellStream, Stream

COUNT = 100_000
ROUNDED = 3e-7
"""Normals are a radius, to 1.2e-7 of it, times a cosine or a sine: see `test_arithmetic`."""

UNIFORM = purpose("some")
NORMAL = normal_purpose("some")
CHILD = child_purpose("part")
CHILDREN = child_purposes("part", 3)


def draw_tested(key: int, out: Any) -> None:
    """Stands for what draws."""
    raise NotImplementedError


def over(keys: Any, out: Any) -> None:
    """The draws of every cell."""
    for i in range(keys.shape[0]):
        draw_tested(keys[i], out[i])


def drawn(law: Callable[[int, Any], None], cells: CellStream, n: int) -> Tensor:
    """Numbers of every cell. Shape (n, cells)."""
    keys = cells.key.numpy().view(np.uint64)
    out = np.empty((keys.size, n), np.float32)
    Kernels({"over": over}, {"draw_tested": law})["over"](keys, out)
    return torch.from_numpy(out).T


@pytest.fixture
def cells(stream: Stream) -> CellStream:
    """Streams of many cells."""
    return stream.cells(torch.arange(COUNT))


def uniforms(key: int, out: Any) -> None:
    """One, a pair, and three of five."""
    out[0] = uniform(key, UNIFORM)
    out[1], out[2] = uniform_pair(key, UNIFORM, 1)
    for slot in range(5):
        out[3 + slot] = uniform_slot(key, UNIFORM, slot, 5)


def test_uniform_numbers_are_the_same_bits(cells: CellStream) -> None:
    """Alone, as halves of one word, and by slot: low halves first, then the high ones."""
    found = drawn(uniforms, cells, 8)
    assert torch.equal(found[:1], cells.uniform("some"))
    assert torch.equal(found[1:3], cells.uniform("some", 4)[[1, 3]])
    assert torch.equal(found[3:], cells.uniform("some", 5))
    assert float(found.min()) > 0


def streams(key: int, out: Any) -> None:
    """Of a later event, of a part, and of numbered parts."""
    out[0] = uniform(at_event(key, 7), UNIFORM)
    out[1] = uniform(child(key, CHILD), UNIFORM)
    for number in range(3):
        out[2 + number] = uniform(child(key, CHILDREN[number]), UNIFORM)


def test_moments_and_parts_of_a_history_have_the_same_streams(
    cells: CellStream,
) -> None:
    """Events, children and numbered children, bit for bit."""
    found = drawn(streams, cells, 5)
    later = cells.at(torch.full((COUNT,), 7))
    assert torch.equal(found[:1], later.uniform("some"))
    assert torch.equal(found[1:2], cells.child("part").uniform("some"))
    numbered = cells.numbered("part", torch.arange(3)[:, None])
    assert torch.equal(found[2:].flatten(), numbered.uniform("some")[0])


def named(word: int, out: Any) -> None:
    """The key of cell 12,345 in the stream of a word."""
    out[0] = uniform(of_cell(word, 12_345), UNIFORM)


def test_a_cell_has_the_same_key_in_a_stream(stream: Stream) -> None:
    """By its number, bit for bit, whichever stream it is."""
    parts = [stream.child(name) for name in ("one", "another")]
    words = np.array([part.word for part in parts], np.uint64)
    found = drawn(named, CellStream(torch.from_numpy(words.view("i8"))), 1)
    wanted = [part.cells(torch.tensor([12_345])) for part in parts]
    assert found[0].tolist() == [float(one.uniform("some")) for one in wanted]


def normals(key: int, out: Any) -> None:
    """One, and two pairs."""
    out[0] = normal(key, NORMAL)
    for pair in range(2):
        out[1 + pair], out[3 + pair] = normal_pair(key, NORMAL, pair)


def test_normal_numbers_are_the_same_to_rounding(cells: CellStream) -> None:
    """One alone, and pairs: the cosines of all words first, then the sines.

    Against double precision from the same uniform numbers: 3e-7 of the radius. `mho.rng` rounds
    the angle, up to 6.28, to 2.4e-7, and the rest as often: the two differ by twice as much.
    """
    found = drawn(normals, cells, 5)
    words = cells.uniform("normal/some", 4).double()
    radius = (-2 * words[:2].log()).sqrt()
    angle = 2 * math.pi * words[2:]
    four = torch.cat((radius * angle.cos(), radius * angle.sin()))
    wanted = torch.cat((four[:1], four))
    bound = ROUNDED * torch.cat((radius[:1], radius, radius))
    assert ((found - wanted).abs() <= bound).all()
    torch_made = torch.cat((cells.normal("some"), cells.normal("some", 4)))
    assert ((found - torch_made).abs() <= 3 * bound).all()
    assert float(found.abs().max()) < 6.7
