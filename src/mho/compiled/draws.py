"""Random numbers of one cell at one moment: `mho.rng`, for scalars, with the same bits.

A key stands for a cell and a moment of its history, and a purpose for what a number is for; the
same two always give the same number, and asking consumes nothing.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mho.compiled.arithmetic import F, Real, cos_turns, log, sin_turns
from mho.rng import purpose_word

Word: TypeAlias = Any
"""64 bits without a sign: a key, or what stands for a purpose."""

U = np.uint64

_GOLDEN = U(0x9E3779B97F4A7C15)
_MIX_1 = U(0xBF58476D1CE4E5B9)
_MIX_2 = U(0x94D049BB133111EB)
_LOW_31 = U(0x7FFFFFFF)
_STEP = F(2.0**-31)
_HALF_STEP = F(2.0**-32)


def purpose(name: str) -> np.uint64:
    """The word that stands for a purpose of uniform numbers.

    >>> purpose("births") == purpose("births")
    np.True_
    """
    return U(purpose_word(name))


def normal_purpose(name: str) -> np.uint64:
    """The word that stands for a purpose of normal numbers."""
    return U(purpose_word("normal/" + name))


def child_purpose(name: str) -> np.uint64:
    """The word that stands for a stream of its own within a moment."""
    return U(purpose_word("child/" + name))


def child_purposes(name: str, count: int) -> npt.NDArray[np.uint64]:
    """Words of the streams `name 0`, `name 1`, …. Shape (count,)."""
    words = [purpose_word(f"child/{name} {n}") for n in range(count)]
    return np.array(words, dtype=np.uint64)


def of_cell(word: Word, number: int) -> Word:
    """The key of a cell, by its number, in the stream that a word stands for."""
    return _mix(U(number) * _GOLDEN + word)


def at_event(key: Word, event: int) -> Word:
    """A cell's key at its `event`-th operation."""
    return key + U(event) * _GOLDEN


def child(key: Word, word: Word) -> Word:
    """The key of an independent stream of the same moment."""
    return key * _MIX_1 + word


def _mix(w: Word) -> Word:
    """Scramble 64 bits (SplitMix64 finaliser, variant 13 of Stafford; steele2014splitmix)."""
    w = (w ^ (w >> U(30))) * _MIX_1
    w = (w ^ (w >> U(27))) * _MIX_2
    return w ^ (w >> U(31))


def _unit(bits: Word) -> Real:
    """31 bits as the middle of one of 2³¹ intervals of (0, 1]."""
    return F(np.int32(bits & _LOW_31)) * _STEP + _HALF_STEP


def uniform_pair(key: Word, what: Word, word: int) -> tuple[Real, Real]:
    """Two uniform numbers (1): the halves of word number `word` of a purpose."""
    bits = _mix(U(word + 1) * what + key)
    return _unit(bits), _unit(bits >> U(32))


def uniform(key: Word, what: Word) -> Real:
    """A uniform number in (0, 1] (1)."""
    return _unit(_mix(what + key))


def uniform_slot(key: Word, what: Word, slot: int, slots: int) -> Real:
    """Number `slot` of `slots` uniform ones (1): first all low halves, then the high ones."""
    words = (slots + 1) // 2
    low, high = uniform_pair(key, what, slot % words)
    return low if slot < words else high


def uniform_of(word: Word, shift: Word) -> Real:
    """A uniform number of a key and a purpose that are added already (1).

    Args:
        word: Their sum.
        shift: 0 for the low half, 32 for the high one (1).
    """
    return _unit(_mix(word) >> shift)


def uniforms_of(word: Word) -> tuple[Real, Real]:
    """Two uniform numbers of a key and a purpose that are added already (1)."""
    bits = _mix(word)
    return _unit(bits), _unit(bits >> U(32))


def normals_of(word: Word) -> tuple[Real, Real]:
    """Two standard normal numbers of a key and a purpose that are added already (1)."""
    u, turns = uniforms_of(word)
    radius = np.sqrt(F(-2) * log(u))
    return radius * cos_turns(turns), radius * sin_turns(turns)


def normal_of(word: Word) -> Real:
    """The first of the two alone (1)."""
    bits = _mix(word)
    turns = _unit(bits >> U(32))
    return np.sqrt(F(-2) * log(_unit(bits))) * cos_turns(turns)


def normal_pair(key: Word, what: Word, word: int) -> tuple[Real, Real]:
    """Two standard normal numbers (1), by Box and Muller."""
    return normals_of(U(word + 1) * what + key)


def normal(key: Word, what: Word) -> Real:
    """A standard normal number (1)."""
    return normal_of(what + key)


def draw_singles(
    keys: Any, count: int, word: Word, one: Any, spare: Any
) -> None:
    """One normal number for each sample (1); steps as for pairs."""
    for i in range(count):
        one[i], spare[i] = uniforms_of(keys[i] + word)
    for i in range(count):
        one[i] = np.sqrt(F(-2) * log(one[i]))
    for i in range(count):
        one[i] = one[i] * cos_turns(spare[i])


def draw_pairs(keys: Any, count: int, word: Word, one: Any, other: Any) -> None:
    """Two normal numbers for each sample (1), by Box and Muller.

    Step by step: three short loops fit the widest registers, one long loop does not.
    """
    for i in range(count):
        one[i], other[i] = uniforms_of(keys[i] + word)
    for i in range(count):
        one[i] = np.sqrt(F(-2) * log(one[i]))
    for i in range(count):
        radius = one[i]
        turns = other[i]
        one[i] = radius * cos_turns(turns)
        other[i] = radius * sin_turns(turns)
