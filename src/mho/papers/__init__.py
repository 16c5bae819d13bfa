"""Published claims, measured again on simulated chips.

A claim is a sentence, a measurement, a tolerance and the reason for the tolerance; a verdict is
what came out.
"""

from mho.papers.claim import (
    Claim,
    Figure,
    Measurement,
    Paper,
    Setting,
    Verdict,
    judge,
)
from mho.papers.levy2021 import LEVY2021
from mho.papers.rao2023 import RAO2023
from mho.papers.verdict_store import keep_verdict, kept_verdict
from mho.papers.wan2022 import WAN2022

PAPERS: dict[str, Paper] = {p.name: p for p in (RAO2023, WAN2022, LEVY2021)}

__all__ = [
    "PAPERS",
    "Claim",
    "Figure",
    "Measurement",
    "Paper",
    "Setting",
    "Verdict",
    "judge",
    "keep_verdict",
    "kept_verdict",
]
