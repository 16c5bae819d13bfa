"""`mho reproduce`."""

import sys
from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import (
    FLAG,
    Json,
    OutFolder,
    OwnPreset,
    Resume,
    Seed,
    Threads,
)

_CLAIM_FAILED = 1


def reproduce(
    *papers: str,
    only: Annotated[list[str] | None, FLAG] = None,
    change: Annotated[list[str] | None, FLAG, Parameter(name="--set")] = None,
    chip: OwnPreset = None,
    quick: Annotated[bool, FLAG] = False,
    seed: Seed = 0,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Measure published claims again; the exit code is 1 if one of them fails.

    With `--chip` they are measured on another preset in the place of the papers' cells; claims
    that make no sense there are left out, and it is said why.

    Args:
        papers: `rao2023`, `wan2022`, `levy2021`, `song2024`, `legallo2018`, `zuo2025`,
            `wang2025`; all of them if left out.
        only: Names of the claims to measure, such as `F1`.
        change: A number of the paper's cells to change, such as `telegraph.births=0`, to see
            which claims depend on it; may be given several times.
        quick: Reduced size, less than a minute.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.claims import reproduce as work

    with with_threads(threads):
        all_hold = work.run(
            list(papers),
            only=only or [],
            change=change or [],
            chip=chip,
            quick=quick,
            seed=seed,
            resume=resume,
            out=out,
            json=json,
        )
    if not all_hold:
        sys.exit(_CLAIM_FAILED)
