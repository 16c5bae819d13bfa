"""What every command says when something comes between; imported without any computing."""

import sys

from mho.checks import one_line
from mho.progress import RESUMABLE, is_resumable


def say(sentence: str) -> None:
    """A sentence on standard error, where it speaks to nobody's terminal or script."""
    print(one_line(sentence), file=sys.stderr, flush=True)


def interrupted(error: BaseException) -> str:
    """What to say when a run was interrupted by hand: the same for every command."""
    if is_resumable(error):
        return f"Interrupted. {RESUMABLE}"
    return "Interrupted. There is nothing to go on with; start it anew."


def disk_full(error: OSError) -> str:
    """What to say when the disk is full: the same for every command."""
    place = f" at `{error.filename}`" if error.filename else ""
    then = (
        ", then the same command with `--resume` goes on"
        if is_resumable(error)
        else ""
    )
    return (
        f"The disk must have room for the results, but is full{place}; free some{then}. Earlier"
        " results are untouched."
    )
