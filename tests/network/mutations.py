"""Changes to files that a damaged disk, a cut-off transfer or a stranger might make."""

import random
import struct

TELLING = (
    b"\x00",
    b"\xff",
    b"\n",
    b"9" * 12,
    b"-1",
    b"nan",
    b"{",
    b"1e999",
    b"\x7f\xff",
)
LIES = (0, 1, 4, 2**16, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)
"""Lengths and offsets that lead nowhere."""


def mutated(content: bytes, chance: random.Random) -> bytes:
    """One to three changes at random places."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(max(1, len(changed)))
        length = chance.choice((1, 2, 8, 50))
        piece = bytes(changed[place : place + length])
        kind = chance.randrange(5)
        if kind == 0:
            changed[place : place + 1] = bytes(
                [piece[0] ^ 1 << chance.randrange(8)]
            )
        elif kind == 1:
            del changed[place:]
        elif kind == 2:
            del changed[place : place + length]
        elif kind == 3:
            changed[place:place] = piece
        else:
            changed[place : place + length] = chance.choice(TELLING)
        if not changed:
            break
    return bytes(changed)


def bent(content: bytes, chance: random.Random) -> bytes:
    """One to three numbers of four bytes that say something else: lengths, offsets, weights.

    They become a lie, a near number, or what stands at another place.
    """
    changed = bytearray(content)
    count = len(changed) // 4
    for _ in range(chance.randint(1, 3)):
        place = 4 * chance.randrange(count)
        (number,) = struct.unpack_from("<I", changed, place)
        kind = chance.randrange(4)
        if kind == 0:
            number = chance.choice(LIES)
        elif kind == 1:
            number += chance.randint(-8, 8)
        elif kind == 2:
            (number,) = struct.unpack_from(
                "<I", changed, 4 * chance.randrange(count)
            )
        else:
            (number,) = struct.unpack("<I", struct.pack("<f", float("nan")))
        struct.pack_into("<I", changed, place, number % 2**32)
    return bytes(changed)
