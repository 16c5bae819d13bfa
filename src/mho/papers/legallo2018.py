"""Rough solutions in phase-change memory, refined digitally (key: legallo2018)."""

from mho.papers.claim import Claim, Figure, Needs, Paper
from mho.papers.experiments import covariance, residual_bits, solver_bits

_BY_LAW = Needs(instead="numbers rounded to so many bits")

_CLAIMS = (
    Claim(
        "G1",
        "A system of 5,000 equations, a covariance matrix on about a million phase-change cells,"
        " is solved accurately by refinement.",
        "legallo2018, abstract: 5,000 equations, 998,752 cells",
        1e-10,
        "relative residual",
        "at most 1e-10 within 200 refinements",
        "The error reached and the matrix could not be read, and the bound was set in view of the"
        " result, 5e-11: 1e-10 leaves no analog error in sight. The matrix here has a band of 101"
        " numbers a row on 1,004,900 cells. Cells are those of a published model of the"
        " laboratory's.",
        covariance,
    ),
    Claim(
        "G2",
        "The error that refinement ends at is that of the residual: one bit for every bit.",
        "mannocci2026, Figure 6b: 50 equations, condition number 50, cells of 6 bits",
        1.0,
        "bits per bit",
        "±0.1, and less than 1e-6 with 32 bits",
        "A slope through six floors over 20 bits; rounding makes each uncertain by a few tenths of"
        " a bit.",
        residual_bits,
        _BY_LAW,
    ),
    Claim(
        "G3",
        "What each refinement leaves of the error is proportional to the error of the cells and"
        " grows with the condition number.",
        "mannocci2026, Figure 6c, d: 50 equations, cells of 5 to 10 bits, condition number 10 to"
        " 100",
        1.0,
        "bits per bit",
        "±0.15 from 8 to 12 bits; 3 to 16 times as much for ten times the condition number",
        "First order in the error, which at 8 bits is a tenth; condition number times error is a"
        " bound that random errors do not reach. Fewer bits diverge here, with one number a pair"
        " of cells and the inverse of what they hold.",
        solver_bits,
        _BY_LAW,
    ),
)

_FIGURES = (
    Figure(
        "course",
        "Refinement",
        "Relative residual after each refinement; dashed, where analog products alone end.",
        "G1",
    ),
    Figure(
        "residual-bits",
        "Bits of the residual",
        "Error that refinement ends at.",
        "G2",
    ),
    Figure(
        "solver-bits",
        "Bits of the cells",
        "What each refinement leaves of the error.",
        "G3",
    ),
)

LEGALLO2018 = Paper(
    "legallo2018",
    "Mixed-precision in-memory computing",
    "pcm_nandakumar",
    _CLAIMS,
    _FIGURES,
)
