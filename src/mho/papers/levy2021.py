"""Measured relaxation of 16,292 cells of 40 µS (key: levy2021): a data set, without a paper."""

from mho.papers.claim import Claim, Figure, Needs, Paper
from mho.papers.experiments import (
    waiting_mean,
    waiting_memory,
    waiting_spread,
    waiting_tails,
)

_RELAXES = Needs(1e-6, 40e-6, ("relaxation",))

_SOURCE = "levy2021, technology C, cells of even number; figures computed from its readings"

_CLAIMS = (
    Claim(
        "L1",
        "From 10 ms to 10⁵ s after writing, cells change with a standard deviation that depends"
        " on conductance and time.",
        _SOURCE,
        0.0,
        "relative deviation",
        "each of 40 within 12 % and two standard errors",
        "The law is fitted to these cells; the error is that of a thousand cells of heavy tails.",
        waiting_spread,
        _RELAXES,
    ),
    Claim(
        "L2",
        "Low levels gain and others lose conductance, 2 µS within 10⁵ s from 15 µS on.",
        _SOURCE,
        0.0,
        "µS from the measured mean",
        "each of 40 within 0.3 µS and two standard errors; 0.6 µS at 15-20 µS after 10⁵ s",
        "There the measured mean jumps from −1.2 to −2.1 µS between neighbouring levels; the"
        " law is smooth in conductance, and does not.",
        waiting_mean,
        _RELAXES,
    ),
    Claim(
        "L3",
        "The change has heavy tails, lighter with time: its kurtosis falls from 30 to 8.",
        _SOURCE,
        0.0,
        "of the standard deviation",
        "quantiles of 1, 5, 50, 95, 99 % of all cells within 10 % of the spread and two standard"
        " errors; kurtosis within a factor of 1.5, of 2 after 10 ms",
        "After 10 ms the kurtosis of 8,000 cells is uncertain by a quarter: a few cells make it.",
        waiting_tails,
        _RELAXES,
    ),
    Claim(
        "L4",
        "Cells do not keep their rank: few that moved far after 10 ms are far after a day.",
        _SOURCE,
        0.0,
        "correlation from the measured one",
        "six correlations of ranks within 0.2; the pair of 1 s and 4 s is left out",
        "From 1 s to 4 s, the law gives 0.94 where 0.72 was measured: that pair is not judged."
        " One number of the law stands for all of them, and noise of the measured readings is"
        " not told from what lasts.",
        waiting_memory,
        _RELAXES,
    ),
)

_FIGURES = (
    Figure(
        "spread",
        "Spread of the change",
        "Standard deviation against conductance: lines measured, dots simulated.",
        "L1",
    ),
    Figure(
        "mean",
        "Mean change",
        "Against conductance: lines measured, dots simulated.",
        "L2",
    ),
)

LEVY2021 = Paper(
    "levy2021",
    "Relaxation of filamentary cells, measured",
    "wan2022",
    _CLAIMS,
    _FIGURES,
)
