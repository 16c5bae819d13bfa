"""Denoising: blind trains of sub-threshold pulses that resolve incomplete channels (rao2023)."""

from dataclasses import dataclass
from typing import ClassVar

from mho.checks import Configuration, check_between, check_positive
from mho.compiled import F, Real, Record


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

    @staticmethod
    def amplitude(
        cell: Record,
        p: Record,
        voltages: tuple[Real, Real],
        number: int,
        length: int,
    ) -> Real:
        """Amplitude of one pulse of a train (V).

        Args:
            cell: The cell: `conductance` before the train (S), `target` (S), and `limit`, the
                factors for SET and RESET that earlier trains have taught (1).
            p: Numbers of this method.
            voltages: Estimates of the cell's SET and RESET voltage (V).
            number: Number of the pulse in the train, from 0 (1).
            length: Pulses of the train (1).
        """
        # polarities alternate, beginning with the one that helps the error
        helps_up = cell.conductance < cell.target
        up = helps_up != (number % 2 == 1)
        # from 0 at the first to 1 at the cell's last pulse
        rise = F(number) / F(max(length - 1, 1))
        fraction = p.lowest + (p.highest - p.lowest) * rise
        # both in any case: a train without branches is quickly made
        highest = voltages[0] * cell.limit[0]
        lowest = -voltages[1] * cell.limit[1]
        return (highest if up else lowest) * fraction

    @staticmethod
    def learn(cell: Record, p: Record) -> None:
        """Take in what a train did: the polarity that switched the cell backs off.

        Args:
            cell: The cell: `conductance` (S), `trained_at`, the reading before the train (S);
                NaN if there was none; `trains` so far (1), and `limit` (1), which changes.
            p: Numbers of this method.
        """
        moved = cell.conductance - cell.trained_at
        visible = p.visible_later if cell.trains > 1 else p.visible
        # NaN, where there was no train, is neither
        if moved > visible:
            cell.limit[0] = _backed_off(cell.limit[0], p)
        if moved < -visible:
            cell.limit[1] = _backed_off(cell.limit[1], p)


def _backed_off(limit: Real, p: Record) -> Real:
    """The next smaller factor on a cell's amplitudes of one polarity (1)."""
    lower = limit * p.back_off
    return p.most if lower < p.least else lower
