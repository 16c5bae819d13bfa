"""How programming ended, for each cell: a value with its remedy, not an exception."""

from enum import IntEnum


class Outcome(IntEnum):
    """Outcome of one cell."""

    LIVE = 0
    CONVERGED = 1
    STUCK = 2
    OUT_OF_CYCLES = 3

    @property
    def remedy(self) -> str:
        """What it means and what to do.

        >>> Outcome.OUT_OF_CYCLES.remedy
        'outside the window when the budget ended; raise `max_cycles` or `tolerance`'
        """
        return _REMEDIES[self]


_REMEDIES = {
    Outcome.LIVE: "still being programmed; resume the run",
    Outcome.CONVERGED: "error and noise passed",
    Outcome.STUCK: "did not answer to strong pulses; map around the cell",
    Outcome.OUT_OF_CYCLES: (
        "outside the window when the budget ended; raise `max_cycles` or `tolerance`"
    ),
}
