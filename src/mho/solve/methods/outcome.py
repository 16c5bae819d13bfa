"""How solving ended: a value with its remedy, not an exception."""

from enum import IntEnum


class SolveOutcome(IntEnum):
    """How the solution of a set of equations ended."""

    CONVERGED = 0
    STAGNATED = 1
    DIVERGED = 2
    OUT_OF_STEPS = 3

    @property
    def word(self) -> str:
        """The outcome in a sentence.

        >>> SolveOutcome.OUT_OF_STEPS.word
        'out of steps'
        """
        return self.name.lower().replace("_", " ")

    @property
    def remedy(self) -> str:
        """What it means and what to do.

        >>> SolveOutcome.OUT_OF_STEPS.remedy
        'the residual still fell when the steps ended; allow more with `steps`'
        """
        return _REMEDIES[self]


_REMEDIES = {
    SolveOutcome.CONVERGED: "the true residual is below the tolerance",
    SolveOutcome.STAGNATED: (
        "the residual no longer falls; the explanation says what holds it up"
    ),
    SolveOutcome.DIVERGED: (
        "the residual grows; take more cells for each number, or `gmres`, or combine steps"
    ),
    SolveOutcome.OUT_OF_STEPS: (
        "the residual still fell when the steps ended; allow more with `steps`"
    ),
}
