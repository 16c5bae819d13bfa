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
from mho.papers.legallo2018 import LEGALLO2018
from mho.papers.levy2021 import LEVY2021
from mho.papers.rao2023 import RAO2023
from mho.papers.song2024 import SONG2024
from mho.papers.verdict_store import keep_verdict, kept_verdict
from mho.papers.wan2022 import WAN2022
from mho.papers.wang2025 import WANG2025
from mho.papers.zuo2025 import ZUO2025

PAPERS: dict[str, Paper] = {
    paper.name: paper
    for paper in (
        RAO2023,
        WAN2022,
        LEVY2021,
        SONG2024,
        LEGALLO2018,
        ZUO2025,
        WANG2025,
    )
}

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
