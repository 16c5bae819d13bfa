"""`mho reproduce`: the options."""

import sys
from typing import Annotated

from cyclopts import Parameter

_CLAIM_FAILED = 1


def reproduce(
    *papers: str,
    only: list[str] | None = None,
    change: Annotated[list[str] | None, Parameter(name="--set")] = None,
    quick: Annotated[bool, Parameter(negative=())] = False,
    seed: int = 0,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Measure published claims again; the exit code is 1 if one of them fails.

    Args:
        papers: `rao2023`, `wan2022`; all of them if left out.
        only: Names of the claims to measure, such as `F1`.
        change: A number of the paper's cells to change, such as `telegraph.births=0`, to see
            which claims depend on it; may be given several times.
        quick: Reduced size, less than a minute.
        seed: Names the chips and everything random about them.
        resume: Go on with an interrupted run.
        out: Folder for figures and pages; `mho-out/reproduce` if left out.
        json: File for the verdicts as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.claims.reproduce import run

    if not run(
        list(papers),
        only=only or [],
        change=change or [],
        quick=quick,
        seed=seed,
        resume=resume,
        out=out,
        json=json,
    ):
        sys.exit(_CLAIM_FAILED)
