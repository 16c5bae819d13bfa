"""What a paper claims, what was measured, and whether that is the same."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mho.checks import Configuration
from mho.device.published import Preset
from mho.rng import Stream
from mho.units import show


@dataclass(frozen=True, slots=True)
class Setting(Configuration):
    """On what and how thoroughly claims are measured.

    Args:
        preset: The cells; those of the paper, or changed ones to see a claim fail.
        quick: Reduced size, for tests.
        stream: Randomness.
    """

    preset: Preset
    quick: bool
    stream: Stream

    def size(self, full: int, quick: int) -> int:
        """The number that fits."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What came out.

    Args:
        value: The number that is compared with the claim's target, in its unit.
        low: Lower end of its interval.
        high: Upper end of its interval.
        interval: What the interval is.
        holds: Whether the claim holds, by its tolerance.
        note: Further numbers that a sceptic wants, one sentence.
        shown: What a figure draws; `None` without one.
    """

    value: float
    low: float
    high: float
    interval: str
    holds: bool
    note: str = ""
    shown: object = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What a preset must have for a claim to make sense on its cells.

    Args:
        low: Lowest conductance that cells are programmed to (S); infinite for none.
        high: Highest one (S); 0 for none.
        names: Groups of numbers, `"telegraph"`, or numbers, `"relaxation.scale"`, that it must
            have.
        instead: What stands in the place of a preset's cells; empty if they take part.
    """

    low: float = math.inf
    high: float = 0.0
    names: tuple[str, ...] = ()
    instead: str = ""

    def lacking(self, preset: Preset) -> str:
        """Why the claim makes no sense on a preset, as the end of a sentence; empty if it does."""
        if self.instead:
            return f"it is measured on {self.instead}, and no preset takes part"
        for name in self.names:
            if name not in preset.values and name not in preset.parts:
                return f"it needs `{name}`, which {preset.name} does not have"
        low, high = preset["array.level_low"], preset["array.level_high"]
        if self.low < low * _ROUNDED or self.high > high / _ROUNDED:
            wanted = f"{show(self.low, 'S')} to {show(self.high, 'S')}"
            return (
                f"it programs cells to {wanted}, and levels of {preset.name} lie between"
                f" {show(low, 'S')} and {show(high, 'S')}"
            )
        return ""


_ROUNDED = 1 - 1e-6
"""Ratio of two levels that are the same but for rounding (1)."""
ANY = Needs()


@dataclass(frozen=True, slots=True)
class Claim:
    """A published statement that can fail.

    Args:
        name: Its short name, such as `"F1"`.
        statement: What is claimed.
        source: Where: key in the bibliography and place.
        target: The number claimed, in `unit`.
        unit: Its unit; `"1"` for a count or a share.
        tolerance: How far the measured number may be from it, in words.
        reason: Why that far.
        measure: Measures it.
        needs: What cells must have for it to make sense on them.
    """

    name: str
    statement: str
    source: str
    target: float
    unit: str
    tolerance: str
    reason: str
    measure: Callable[[Setting], Measurement] = field(repr=False)
    needs: Needs = ANY


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in the manner of one of the paper's.

    Args:
        name: Short name, part of a file name.
        title: Heading.
        caption: What it shows.
        claim: Name of the claim whose measurement it draws.
    """

    name: str
    title: str
    caption: str
    claim: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A publication: its cells, its claims, its figures.

    Args:
        name: Name on the command line, which is its key in the bibliography.
        title: Heading.
        preset: Name of its cells' preset.
        claims: What is checked.
        figures: What is drawn.
        law: What stands in the place of cells where no preset has the paper's: then no number of
            the preset takes part.
    """

    name: str
    title: str
    preset: str
    claims: tuple[Claim, ...]
    figures: tuple[Figure, ...]
    law: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A claim and what was measured.

    Args:
        claim: The claim.
        measurement: What came out.
        seconds: Time it took (s).
    """

    claim: Claim
    measurement: Measurement
    seconds: float

    def numbers(self) -> dict[str, object]:
        """As plain values for JSON."""
        claim = self.claim
        measured = self.measurement
        return {
            "id": claim.name,
            "statement": claim.statement,
            "source": claim.source,
            "unit": claim.unit,
            "target": claim.target,
            "measured": measured.value,
            "low": measured.low,
            "high": measured.high,
            "interval": measured.interval,
            "tolerance": claim.tolerance,
            "reason": claim.reason,
            "pass": measured.holds,
            "note": measured.note,
            "wall_seconds": round(self.seconds, 2),
        }


def judge(claim: Claim, setting: Setting) -> Verdict:
    """Measure a claim.

    Args:
        claim: The claim.
        setting: On what, and how thoroughly; its stream is split by the claim's name.
    """
    stream = setting.stream.child(claim.name)
    own_setting = Setting(setting.preset, setting.quick, stream)
    started = time.monotonic()
    measurement = claim.measure(own_setting)
    seconds = time.monotonic() - started
    return Verdict(claim, measurement, seconds)


def share_interval(count: int, total: int) -> tuple[float, float]:
    """95 % interval of a share by Wilson's score (1).

    >>> low, high = share_interval(50, 100)
    >>> f"{low:.3f} {high:.3f}"
    '0.404 0.596'
    """
    if total == 0:
        return 0.0, 1.0
    z = 1.959964  # 97.5 % of normal numbers lie below

    share = count / total
    centre = share + z**2 / (2 * total)
    variance = share * (1 - share) / total
    spread = z * math.sqrt(variance + (z / (2 * total)) ** 2)

    scale = 1 + z**2 / total

    low = (centre - spread) / scale
    high = (centre + spread) / scale
    return max(low, 0.0), min(high, 1.0)
