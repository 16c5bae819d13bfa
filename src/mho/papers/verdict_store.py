"""Verdicts of an unfinished `mho reproduce`, one value for each."""

import base64
from collections.abc import Mapping
from dataclasses import asdict, replace

from mho.files import RunFolder
from mho.papers.claim import Claim, Measurement, Paper, Verdict


def kept_verdict(
    run: RunFolder, paper: Paper, claim: Claim
) -> tuple[Verdict, dict[str, bytes]] | None:
    """A claim's verdict and pictures, if they were kept.

    Args:
        run: Where they are kept.
        paper: The paper.
        claim: The claim.

    Raises:
        ValueError: The file is damaged.
    """
    kept = run.get(_name(paper, claim))
    if kept is None:
        return None
    measurement = Measurement(**kept["measurement"])
    pictures = {n: base64.b64decode(p) for n, p in kept["pictures"].items()}
    return Verdict(claim, measurement, float(kept["seconds"])), pictures


def keep_verdict(
    run: RunFolder,
    paper: Paper,
    verdict: Verdict,
    pictures: Mapping[str, bytes],
) -> None:
    """Keep a verdict with its pictures.

    Args:
        run: Where to keep them.
        paper: The paper.
        verdict: The verdict.
        pictures: PNG images by name.

    Raises:
        OSError: The disk is full.
    """
    text = {n: base64.b64encode(p).decode("ascii") for n, p in pictures.items()}
    kept = {
        "measurement": asdict(replace(verdict.measurement, shown=None)),
        "seconds": verdict.seconds,
        "pictures": text,
    }
    run.put(_name(paper, verdict.claim), kept)


def _name(paper: Paper, claim: Claim) -> str:
    return f"{paper.name}-{claim.name}"
