"""Matrix equations to 24 bits with cells of eight levels (key: zuo2025)."""

from mho.papers.claim import Claim, Figure, Needs, Paper
from mho.papers.experiments import antennas, fixed_point

_BY_LAW = Needs(instead="cells of eight levels from 0.5 to 35 µS")

_CLAIMS = (
    Claim(
        "Z1",
        "16×16 systems are solved to 24 bits in fixed point by cells of eight levels: inverses in"
        " feedback, 8×8 and put together by blocks, refined with products digit by digit.",
        "zuo2025, abstract: 24-bit fixed point, 16×16, levels of 0.5 to 35 µS",
        24.0,
        "bits",
        "at least 24 bits in the worst system, within 100 refinements",
        "Matrices, windows of verification, converters and how many refinements it took could not"
        " be read: matrices like those of the antennas below, ±0.1 steps, 8 bits around the"
        " inverse, four rows at once are choices. How many refinements it takes here is said"
        " beside; their limit is patience, and was 40 before one system was seen to take 80."
        " Random matrices of larger condition number, of 64×16 numbers, were tried first:"
        " 4 of 24 do not converge, as three bits of leading digits are too coarse for them.",
        fixed_point,
        _BY_LAW,
    ),
    Claim(
        "Z2",
        "Symbols from many antennas are detected as in 32-bit floating point after three"
        " refinements.",
        "zuo2025: massive MIMO in three iterations",
        1.0,
        "share of symbols",
        "every symbol as in double precision",
        "Constellation, noise and size of the published frames could not be read: 16 streams,"
        " 16-QAM, 128 antennas, 20 dB.",
        antennas,
        _BY_LAW,
    ),
)

_FIGURES = (
    Figure(
        "bits",
        "Bits by refinement",
        "Bits of the worst unknown after each refinement, a line a system.",
        "Z1",
    ),
)

ZUO2025 = Paper(
    "zuo2025",
    "Matrix equations to 24 bits",
    "rao2023",
    _CLAIMS,
    _FIGURES,
    law="cells of eight levels from 0.5 to 35 µS, verified within a tenth of a step",
)
