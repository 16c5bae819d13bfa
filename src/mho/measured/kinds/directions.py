"""Which way pulses go: by a column, by the name of a file or a column, by what they did."""

import difflib
import re

import numpy as np

from mho.checks import one_line
from mho.measured.kinds.common import Array, Given, Numbers
from mho.measured.roles import Roles

_UP = frozenset(
    (
        *("set", "up", "pot", "potentiation", "ltp", "p", "+", "+1", "1"),
        *("s", "increase", "write", "program", "prog"),
    )
)
_DOWN = frozenset(
    (
        *("reset", "down", "dep", "depression", "ltd", "d", "-", "-1", "−1"),
        *("r", "decrease", "erase", "rst"),
    )
)
_READ = frozenset(("read", "rd", "verify", ""))
_IN_NAMES = (
    (
        re.compile(
            r"reset|(?<![a-z])(rst|ltd|dep|depress\w*|down|erase)(?![a-z])"
        ),
        -1,
    ),
    (re.compile(r"(?<![a-z])(set|ltp|pot|potent\w*|up)(?![a-z])"), 1),
)


def in_name(name: str) -> int:
    """Direction that a name tells (1); 0 if it tells none.

    >>> in_name("ramps_reset_S.csv.gz"), in_name("LTP"), in_name("offset.csv")
    (-1, 1, 0)
    """
    text = name.lower()
    if "dataset" in text or "offset" in text:
        text = text.replace("dataset", "").replace("offset", "")
    text = re.sub(r"[_\W\d]+", " ", text)
    for pattern, direction in _IN_NAMES:
        if pattern.search(text):
            return direction
    return 0


def directions(roles: Roles) -> Numbers:
    """Direction of each line by its own column: words or signs; 0 for reads.

    Raises:
        ValueError: A word means neither.
    """
    words = roles.words("direction")
    if not words:
        values = roles.numbers("direction")
        if (values < 0).any() or not (values == 0).any():
            return np.sign(np.nan_to_num(values)).astype(np.int64)
        # 0 and 1 alone: RESET and SET
        return np.where(values > 0, 1, -1).astype(np.int64)
    result = np.zeros(len(words), dtype=np.int64)
    for row, word in enumerate(words):
        short = word.lower().strip()
        if short in _UP:
            result[row] = 1
        elif short in _DOWN:
            result[row] = -1
        elif short not in _READ:
            near = difflib.get_close_matches(short, _UP | _DOWN | _READ, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise ValueError(
                f"File `{roles.sheet.source}` {roles.sheet.line(row)} must say SET, RESET or READ"
                f" for `{roles.column('direction').name}`, but says `{one_line(word[:30])}`.{hint}"
            )
    return result


def by_trend(
    roles: Roles,
    given: Given,
    ramp: Numbers,
    before: Array,
    after: Array,
    named: Numbers,
) -> tuple[Numbers, list[str]]:
    """Direction of each pulse where no amplitude says it, and how it is known."""
    if given.direction is not None:
        return np.full(len(ramp), int(np.sign(given.direction))), []
    if named.all():
        return named, []
    by_file = in_name(roles.sheet.source)
    if by_file:
        word = "SET" if by_file > 0 else "RESET"
        return np.full(len(ramp), by_file), [
            f"direction: {word}, by the name of the file"
        ]
    moved = np.zeros(int(ramp.max(initial=0)) + 1)
    np.add.at(moved, ramp, after - before)
    trend = np.where(moved[ramp] >= 0, 1, -1).astype(np.int64)
    up = int((moved > 0).sum())
    down = int((moved < 0).sum())
    return trend, [
        f"direction: by the way each ramp goes ({up} up, {down} down), as nothing else tells"
    ]
