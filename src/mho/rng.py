"""Named, splittable randomness: the same seed and names give the same numbers in any order.

Two kinds of draws hang on one `Stream`:

- `Stream.generator` makes a fresh `torch.Generator` for bulk draws of one thing (a data split);
- `Stream.cells` gives every cell a key of its own, from which a `CellStream` computes numbers by
  a counter-based hash. What a cell draws depends on its own history alone: not on which other
  cells are simulated with it, nor on how they are batched, nor on the number of threads.
"""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_LOW_31 = (1 << 31) - 1


def _signed(word: int) -> int:
    """The same 64 bits as the signed integer that torch stores."""
    word &= _MASK
    return word - (1 << 64) if word >> 63 else word


_MIX_1 = _signed(0xBF58476D1CE4E5B9)
_MIX_2 = _signed(0x94D049BB133111EB)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def _mix_(words: Int64[Tensor, "*shape"]) -> Int64[Tensor, "*shape"]:
    """Scramble 64-bit words in place (SplitMix64 finaliser, variant 13 of Stafford).

    Source: steele2014splitmix. torch shifts arithmetically, hence the masks.
    """
    shifted = torch.bitwise_right_shift(words, 30)
    words.bitwise_xor_(shifted.bitwise_and_((1 << 34) - 1)).mul_(_MIX_1)
    torch.bitwise_right_shift(words, 27, out=shifted)
    words.bitwise_xor_(shifted.bitwise_and_((1 << 37) - 1)).mul_(_MIX_2)
    torch.bitwise_right_shift(words, 31, out=shifted)
    return words.bitwise_xor_(shifted.bitwise_and_((1 << 33) - 1))


def purpose_word(name: str) -> int:
    """64 bits, an odd number, that stand for what draws are for."""
    return _hash("purpose/" + name) | 1


@cache
def _purpose(name: str) -> int:
    return _signed(purpose_word(name))


@dataclass(frozen=True, slots=True, eq=False)
class CellStream:
    """Random numbers for a set of cells at one moment of each cell's history.

    Draws are named by purpose; asking never consumes. Uniforms have 31 bits and lie in (0, 1],
    so a normal never exceeds 6.7 standard deviations.

    Args:
        key: Word that stands for each cell's stream and moment. Shape (cells,).
    """

    key: Int64[Tensor, " cells"]

    references = ("steele2014splitmix",)

    def at(self, event: Int64[Tensor, " cells"]) -> "CellStream":
        """The stream at a cell's `event`-th operation. Shape (cells,)."""
        return CellStream(event.mul(_signed(_GOLDEN)).add_(self.key))

    def child(self, name: str) -> "CellStream":
        """An independent stream of the same cells and moment; the order of nested names counts."""
        return CellStream(self.key.mul(_MIX_1).add_(_purpose("child/" + name)))

    def numbered(
        self, name: str, number: Int64[Tensor, "*numbers"]
    ) -> "CellStream":
        """Children `name 0`, `name 1`, … as the numbers say, number by number.

        Args:
            name: Common part of their names.
            number: One for each cell, or a column, each for all cells (1). Shape (cells,) or
                (numbers, 1); the stream is as long as the two together.
        """
        count = int(number.max()) + 1 if number.numel() else 0
        # the hash of each name is made once, however many cells ask for it
        purposes = [_purpose(f"child/{name} {n}") for n in range(count)]
        table = torch.tensor(purposes, dtype=torch.int64)
        key = self.key.mul(_MIX_1) + table[number]
        return CellStream(key.view(-1))

    def take(self, cells: Int64[Tensor, " chosen"]) -> "CellStream":
        """The streams of some of the cells."""
        return CellStream(self.key.index_select(0, cells))

    def uniform(
        self, purpose: str, slots: int = 1
    ) -> Float[Tensor, "slots cells"]:
        """Uniform numbers in (0, 1] (1). Shape (slots, cells)."""
        return self._uniform(purpose, slots)[:slots]

    def normal(
        self, purpose: str, slots: int = 1
    ) -> Float[Tensor, "slots cells"]:
        """Standard normal numbers (1), by Box and Muller. Shape (slots, cells)."""
        # two uniform numbers make two normal ones
        pairs = (slots + 1) // 2
        uniform = self._uniform("normal/" + purpose, 2 * pairs)
        half = uniform.shape[0] // 2

        # radius and angle of a point whose two coordinates are normal
        radius = uniform[:half].log_().mul_(-2).sqrt_()
        angle = uniform[half:].mul_(2 * math.pi)
        # the usual case needs one coordinate only
        if slots == 1:
            return radius.mul_(angle.cos_())
        both = torch.cat((radius * angle.cos(), radius * angle.sin()))
        return both[:slots]

    def _uniform(
        self, purpose: str, slots: int
    ) -> Float[Tensor, "slots_ cells"]:
        """At least so many, by two: each word of 64 bits gives a number from either half."""
        words = (slots + 1) // 2
        lane = torch.arange(1, words + 1, device=self.key.device)
        lane.mul_(_purpose(purpose))

        bits = _mix_(lane[:, None] + self.key)
        low = bits.bitwise_and(_LOW_31)
        high = bits.bitwise_right_shift_(32).bitwise_and_(_LOW_31)

        both = torch.cat((low, high)).to(torch.float32)
        # the middle of each of 2³¹ intervals, so that no logarithm meets a zero
        return both.mul_(2.0**-31).add_(2.0**-32)


@dataclass(frozen=True, slots=True)
class Stream:
    """A source of randomness with a name.

    Args:
        seed: Non-negative integer that names the whole experiment.
        path: What the draws are for, for example `("tile", 3)`.

    >>> Stream(7).child("tile", 3)
    Stream(seed=7, path=('tile', 3))
    """

    seed: int
    path: tuple[str | int, ...] = field(default=())

    def child(self, *names: str | int) -> "Stream":
        """The stream of a part, independent of its siblings and of the order of asking."""
        return Stream(self.seed, (*self.path, *names))

    @property
    def word(self) -> int:
        """64 bits that stand for seed and path."""
        # a name's type counts: the tile `3` is not the tile `"3"`
        parts = [f"{type(part).__name__}:{part}" for part in self.path]
        return _hash(f"{self.seed}/" + "/".join(parts))

    @property
    def signed_word(self) -> int:
        """The same 64 bits as the signed integer that torch stores."""
        return _signed(self.word)

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """A fresh generator. CPU and CUDA draw differently from one seed."""
        return torch.Generator(device).manual_seed(self.word >> 1)

    def cells(self, index: Int64[Tensor, " cells"]) -> CellStream:
        """One stream per cell, named by the cell's number. Shape (cells,)."""
        word = index.mul(_signed(_GOLDEN)).add_(_signed(self.word))
        return CellStream(_mix_(word))

    def copies(self, origin: Int64[Tensor, " cells"]) -> CellStream:
        """One stream per copy, named by what it is a copy of and how many came before it.

        Args:
            origin: Number of the original of each copy (1). Shape (cells,).
        """
        order = origin.argsort(stable=True)
        place = torch.arange(origin.numel())
        ranked = origin[order]
        # copies of one original now stand side by side: count from where each group starts
        is_first = torch.ones_like(place, dtype=torch.bool)
        is_first[1:] = ranked[1:] != ranked[:-1]
        group_start = torch.where(is_first, place, 0).cummax(0).values
        number = torch.empty_like(place)
        number[order] = place - group_start
        return self.cells(origin).numbered("copy", number)


def total(values: Shaped[Tensor, "*shape"]) -> float:
    """Sum in double precision, in an order that does not depend on the number of threads."""
    # not torch's threads: they wait for more on cores that kernels could have
    array = values.detach().cpu().numpy().astype(np.float64)
    return float(array.sum())


def in_order(values: Float[Tensor, "terms ..."]) -> Float[Tensor, "..."]:
    """Sum over the first axis, term by term: `Tensor.sum` rounds by where a column lies."""
    result = values[0].clone()
    for term in values[1:]:
        result += term
    return result
