"""Denoising: blind trains of sub-threshold pulses that resolve incomplete channels (rao2023)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mho.checks import Configuration, check_between, check_positive


@dataclass(frozen=True, slots=True)
class Denoise(Configuration):
    """Sub-threshold pulses of alternating polarity, rising in amplitude within a train.

    Blind on purpose: slow traps are invisible in any short read, so a fixed number of pulses is
    given whether noise was seen or not. SET polarity completes channels (G rises), RESET polarity
    dissolves them (G falls); a train starts with the polarity that helps the error. The published
    protocol states that small voltages below switching do it, in either polarity, by trial; the
    numbers are choices.

    Args:
        first: Pulses of a train after the coarse approach (1).
        after_trim: Pulses of a train after fine trimming (1).
        after_noise: Pulses of a train after a verify that found noise (1).
        lowest: First amplitude of a train, as a fraction of the cell's switching voltage (1).
        highest: Last amplitude of a train, as a fraction of the cell's switching voltage (1).
        width: Pulse duration (s).
        back_off: Factor on a cell's amplitudes of one polarity after a train that switched it (1).
        least: Smallest such factor; below it the search starts anew at `most`, for what moved
            the cell may have been a trap that needs more, not less (1).
        most: Largest such factor (1).
        visible: Movement after a cell's first train that counts as switching, not cleaning (S).
        visible_later: The same for later trains, which rarely find a channel (S).
    """

    first: int = 12
    after_trim: int = 10
    after_noise: int = 10
    lowest: float = 0.6
    highest: float = 0.73
    width: float = 10e-6
    back_off: float = 0.94
    least: float = 0.8
    most: float = 1.1
    visible: float = 30e-6
    visible_later: float = 2.5e-6

    references: ClassVar = ("rao2023", "nyary2024")

    def __post_init__(self) -> None:
        for name in (
            "first",
            "after_trim",
            "after_noise",
            "width",
            "visible",
            "visible_later",
        ):
            check_positive(
                getattr(self, name), name, "s" if name == "width" else "1"
            )
        check_between(self.lowest, "lowest", 0.0, self.highest, "1")
        check_between(self.highest, "highest", 0.0, 1.0, "1")
        check_between(self.least, "least", 0.1, 1.0, "1")
        check_between(self.most, "most", self.least, 10.0, "1")
        check_between(self.back_off, "back_off", 0.1, 1.0, "1")

    def train(
        self,
        length: Int[Tensor, " cells"],
        error: Float[Tensor, " cells"],
        switching_voltage: Float[Tensor, "two cells"],
        limit: Float[Tensor, "two cells"],
    ) -> Float[Tensor, "train cells"]:
        """Amplitudes of a train (V), 0 after a cell's last pulse. Shape (longest, cells).

        Args:
            length: Pulses of each cell's train (1). Shape (cells,).
            error: Reading minus target before the train (S). Shape (cells,).
            switching_voltage: Estimates of SET and RESET voltage (V). Shape (2, cells).
            limit: Factors for SET and RESET that earlier trains have taught (1). Shape (2, cells).
        """
        longest = int(length.max())
        number = torch.arange(longest, dtype=torch.int32)[:, None]
        # polarities alternate, beginning with the one that helps the error
        up = (error < 0) ^ (number % 2 == 1)

        set_voltage, reset_voltage = (switching_voltage * limit).unbind(0)
        size = torch.where(up, set_voltage, reset_voltage)
        # from 0 at the first to 1 at the cell's last pulse
        last = (length - 1).clamp(min=1)
        rise = (number / last).clamp_(max=1)
        fraction = self.lowest + (self.highest - self.lowest) * rise
        size = size * fraction

        amplitude = torch.where(up, size, -size)
        return torch.where(number < length, amplitude, 0.0)

    def taught(
        self,
        moved: Float[Tensor, " cells"],
        trains: Int[Tensor, " cells"],
        limit: Float[Tensor, "two cells"],
    ) -> Float[Tensor, "two cells"]:
        """Factors for SET and RESET after a train (1): the polarity that switched backs off.

        Args:
            moved: Reading after minus before the train (S); NaN if there was none.
            trains: Trains so far (1). Shape (cells,).
            limit: Factors before (1). Shape (2, cells).
        """
        visible = torch.where(trains > 1, self.visible_later, self.visible)
        # NaN, where there was no train, is neither
        switched = torch.stack((moved > visible, moved < -visible))
        lower = limit * self.back_off
        backed_off = torch.where(lower < self.least, self.most, lower)
        return torch.where(switched, backed_off, limit)
