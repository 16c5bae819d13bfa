"""The 1/f remainder: what fluctuates when no single trap can be told apart."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_not_negative, check_positive
from mho.compiled import F, Real, Record, exp, expm1
from mho.rng import CellStream


@dataclass(frozen=True, slots=True)
class Flicker(Configuration):
    r"""1/f noise as one Ornstein-Uhlenbeck process per slow decade, white above.

    Equal variance per decade of time constants is a 1/f spectrum (key: dutta1981). The decades
    from `split` to `longest` are followed exactly, one process each; those from the integration
    time of a sample up to `split` add a normal number to every sample; faster ones average out.

    Args:
        per_decade: Standard deviation per decade, ΔG/G, at and above `knee` (1).
        knee: Conductance below which ΔG/G rises as G to the power −1/2 (S).
        shortest: Shortest time constant (s).
        split: Border between white and followed decades (s).
        longest: Longest time constant (s).
    """

    per_decade: float
    knee: float
    shortest: float
    split: float
    longest: float

    references: ClassVar = ("dutta1981",)

    def __post_init__(self) -> None:
        check_not_negative(self.per_decade, "per_decade", "1")
        for name, unit in (
            ("knee", "S"),
            ("shortest", "s"),
            ("split", "s"),
            ("longest", "s"),
        ):
            check_positive(getattr(self, name), name, unit)

    @property
    def times(self) -> list[float]:
        """Time constants of the followed processes, one in the middle of each decade (s)."""
        decades = max(1, round(math.log10(self.longest / self.split)))
        return [self.split * 10 ** (k + 0.5) for k in range(decades)]

    def fresh(self, stream: CellStream) -> Float[Tensor, "components cells"]:
        """A state in equilibrium: standard normal processes (1)."""
        return stream.normal("flicker", len(self.times))

    def watch(
        self,
        state: Float[Tensor, "components cells"],
        first: Float[Tensor, " cells"],
        spacing: float,
        stream: CellStream,
    ) -> Float[Tensor, "samples components cells"]:
        """Let time pass, exactly: x ← x·e^(−t/τ) + √(1 − e^(−2t/τ))·z, and look now and then.

        Args:
            state: Processes at the start (1). Shape (components, cells).
            first: Time until the first look, for each cell (s). Shape (cells,).
            spacing: Time between looks (s).
            stream: Randomness of each look, look by look. Length samples × cells.
        """
        components, cells = state.shape
        times = torch.tensor(self.times, dtype=state.dtype, device=state.device)
        times = times[:, None]

        # one draw for every process and look, which takes the place of what was forgotten
        draws = stream.normal("flicker step", components)
        draws = draws.view(components, -1, cells)
        looks = draws.transpose(0, 1).contiguous()
        # the first look: cells may have waited for it differently long
        ratio = first / times
        looks[0] *= torch.sqrt(-torch.expm1(-2 * ratio))
        looks[0] += state * torch.exp(-ratio)
        # all others: each remembers the one before
        ratio = spacing / times
        memory = torch.exp(-ratio)
        looks[1:] *= torch.sqrt(-torch.expm1(-2 * ratio))
        for number in range(1, looks.shape[0]):
            looks[number] += memory * looks[number - 1]

        return looks

    def scale(
        self, conductance: Float[Tensor, "*cells"]
    ) -> Float[Tensor, "*cells"]:
        """Standard deviation per decade (S)."""
        above_knee = conductance.clamp(min=self.knee)
        return self.per_decade * (conductance * above_knee).sqrt()

    def white_decades(self, integration: float) -> float:
        """Decades between a sample's integration time and `split` (1)."""
        start = min(max(integration, self.shortest), self.split)
        return math.log10(self.split / start)


def flicker_scale(law: Record, conductance: Real) -> Real:
    """Standard deviation per decade (S)."""
    return law.per_decade * np.sqrt(conductance * max(conductance, law.knee))


def flicker_memory(ratio: Real) -> tuple[Real, Real]:
    """What a process keeps of its state, and the size of what takes the place of the rest (1).

    Args:
        ratio: Time that passes, in its time constants (1).
    """
    return exp(-ratio), np.sqrt(-expm1(F(-2) * ratio))
