"""A protocol: a trimming method, a denoising method and a verification, and when each acts."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from mho.bench import BenchInfo
from mho.checks import Configuration, check_between, check_positive
from mho.compiled import KernelsOrPlain, Numbers
from mho.programming import kernels
from mho.programming.denoise import Denoise
from mho.programming.predictive import Predictive
from mho.programming.records import check_columns
from mho.programming.trim import Trim
from mho.programming.verify import Verify
from mho.units import show


@dataclass(frozen=True, slots=True)
class ProgramProtocol(Configuration):
    """What to do with a cell, from its reading.

    Coarse approach, a train of denoising pulses, fine trimming, a shorter train, a long look; a
    cell is accepted only if error and noise pass, else it goes back one stage.

    Args:
        tolerance: Half-width of the acceptance window (S).
        trim: Method that chooses programming pulses.
        denoise: Method that cleans; `None` to program without denoising. Then only the error is
            verified: without denoising few cells would ever be quiet.
        verify: The long look.
        trim_window: Fraction of the tolerance within which a cell is not trimmed further, until
            a long look says that it has to be (1).
        trim_goal: The same after such a look, as a fraction of what that look allows (1).
        near: Tolerances from the target at which the first train is given (1).
        samples: Samples of the short reads between pulses (1).
        fine_samples: Samples of those reads for cells that a long look found off (1).
        max_cycles: Budget: cycles of reading and pulsing (1).
    """

    tolerance: float = 1e-6
    trim: Trim = field(default_factory=Predictive)
    denoise: Denoise | None = field(default_factory=Denoise)
    verify: Verify = field(default_factory=Verify)
    trim_window: float = 0.5
    trim_goal: float = 0.8
    near: float = 3.0
    samples: int = 1
    fine_samples: int = 8
    max_cycles: int = 165

    def __post_init__(self) -> None:
        check_positive(self.tolerance, "tolerance", "S")
        check_between(self.trim_window, "trim_window", 0.01, 1.0, "1")
        check_between(self.near, "near", 1.0, 1000.0, "1")
        check_between(self.trim_goal, "trim_goal", 0.01, 1.0, "1")
        check_between(self.samples, "samples", 1, 10_000, "1")
        check_between(
            self.fine_samples, "fine_samples", self.samples, 10_000, "1"
        )
        check_between(self.max_cycles, "max_cycles", 1, 1_000_000, "1")
        check_columns(self.trim.columns)

    def check(self, info: BenchInfo) -> None:
        """Refuse a tolerance that this bench cannot tell from its neighbours.

        Raises:
            ValueError: In the house sentence.
        """
        if self.tolerance < info.resolution:
            raise ValueError(
                f"Argument `tolerance` must be at least the read-out's resolution of"
                f" {show(info.resolution, 'S')}, but is {show(self.tolerance, 'S')}; widen it or"
                " take a finer driver."
            )
        top = info.conductance_high - info.conductance_low
        check_between(self.tolerance, "tolerance", 0.0, top, "S")

    def numbers(self, info: BenchInfo) -> Numbers:
        """What kernels see as `p`: numbers of the loop, and of each part by its name.

        Args:
            info: What the bench can do.
        """
        shared = {
            "tolerance": self.tolerance,
            "bench": own_numbers(info) | {"nominal": own_numbers(info.nominal)},
        }
        return {
            "tolerance": self.tolerance,
            "usual_goal": self.trim_window * self.tolerance,
            "trim_goal": self.trim_goal,
            "near": self.near * self.tolerance,
            "denoises": self.denoise is not None,
            "trim": own_numbers(self.trim) | shared,
            "denoise": own_numbers(self.denoise or Denoise()) | shared,
            "verify": own_numbers(self.verify) | shared,
        }

    @property
    def kernels(self) -> KernelsOrPlain:
        """The loop's kernels with what this protocol's parts decide.

        Protocols with parts of the same kinds share them.
        """
        trim = self.trim
        denoise = self.denoise or Denoise()
        verify = self.verify
        laws: dict[str, Callable[..., Any]] = {
            "law_start": trim.start,
            "law_learn": trim.learn,
            "law_propose": trim.propose,
            "law_count": trim.count,
            "law_stuck": trim.stuck,
            "law_clear_suspicion": trim.clear_suspicion,
            "law_switching_voltages": trim.switching_voltages,
            "law_train_amplitude": denoise.amplitude,
            "law_learn_train": denoise.learn,
            "law_quiet": verify.quiet,
            "law_allowed": verify.allowed,
        }
        parts = (type(trim), type(denoise), type(verify))
        if parts not in _KERNELS:
            who = f"A protocol with `{type(trim).__name__}`"
            _KERNELS[parts] = KernelsOrPlain(kernels.ALL, laws, who)
        return _KERNELS[parts]


_KERNELS: dict[tuple[type, ...], KernelsOrPlain] = {}
"""By the kinds of a protocol's parts."""


def own_numbers(part: Any) -> dict[str, Any]:
    """The fields of a part that are numbers, or rows of them."""
    own = {}
    for one in fields(part):
        value = getattr(part, one.name)
        if isinstance(value, int | float | tuple):
            own[one.name] = value
    return own
