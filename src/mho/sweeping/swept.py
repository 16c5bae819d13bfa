"""Points of a sweep as data: what a worker must be told to measure one."""

from dataclasses import dataclass

from mho.bench.simulated import describe_chip
from mho.chip import Chip
from mho.device.published import code_of, preset
from mho.files import identity
from mho.programming import suited_protocol
from mho.sweeping.fields import Subject
from mho.sweeping.run import PointMeasure, measure_point

_VERSION = 1
"""Part of a point's hash: another number where the same point would give other figures (1)."""


def subject_of(
    chip: str, tolerance: float | None, *, denoise: bool = True
) -> Subject:
    """What is swept, by what people say of it.

    Args:
        chip: Name of the preset.
        tolerance: Half-width of the acceptance window (S); what suits the cells if `None`.
        denoise: Whether to denoise, where there may be something to denoise.

    Raises:
        ValueError: No such preset, or a window that the protocol refuses.
    """
    info = describe_chip(Chip(chip))
    protocol = suited_protocol(info, tolerance, denoise=denoise)
    return Subject(preset(chip), protocol)


@dataclass(frozen=True, slots=True)
class SweptPoint:
    """One point.

    Args:
        chip: Name of the preset.
        tolerance: As of `subject_of`.
        denoise: As of `subject_of`.
        changes: Fields that are swept, and their values (SI).
        how: How it is measured.
        key: Content hash of all of it; see `swept_point`.
        number: There is one of each.
    """

    chip: str
    tolerance: float | None
    denoise: bool
    changes: tuple[tuple[str, float], ...]
    how: PointMeasure
    key: str
    number: int = 0

    def row(self) -> dict[str, float]:
        """Measure it, which depends on nothing else.

        Raises:
            ValueError: A tolerance below the read-out's resolution.
        """
        subject = subject_of(self.chip, self.tolerance, denoise=self.denoise)
        for name, value in self.changes:
            subject = subject.changed(name, value)
        return measure_point(subject, self.how)


def swept_point(
    said: tuple[str, float | None, bool],
    changes: tuple[tuple[str, float], ...],
    subject: Subject,
    how: PointMeasure,
) -> SweptPoint:
    """A point with its hash, which covers every number of preset and protocol, but no names.

    Args:
        said: Chip, tolerance and denoising, as of `subject_of`.
        changes: Fields that are swept, and their values (SI).
        subject: What that comes to.
        how: How it is measured.
    """
    chip, tolerance, denoise = said
    key = identity(
        {
            "version": _VERSION,
            "what": "sweep",
            "subject": subject,
            "how": how,
            "code": list(code_of(chip)),
        }
    )
    return SweptPoint(chip, tolerance, denoise, changes, how, key)
