"""NeuRRAM: a compute-in-memory chip of resistive memory (key: wan2022)."""

from mho.papers.claim import Claim, Figure, Needs, Paper
from mho.papers.experiments import neurram_pulses, neurram_relaxation

_LEVELS = Needs(1e-6, 40e-6)
_RELAXES = Needs(1e-6, 40e-6, ("relaxation",))

_CLAIMS = (
    Claim(
        "F6",
        "Write-verify to 1 to 40 µS within ±1 µS takes 8.52 pulses per cell with the settings of"
        " the released control code.",
        "wan2022, released control code; mean by a published cell model of the chip",
        8.52,
        "pulses",
        "±20 %; at least 99 % of cells converge",
        "What a pulse does inside the cell is not published: the preset's switching voltages were"
        " chosen for this number, and say so.",
        neurram_pulses,
        _LEVELS,
    ),
    Claim(
        "F6-relaxation",
        "After programming, cells relax with a published standard deviation that depends on"
        " conductance, after 1 s and after 1 day.",
        "wan2022, Extended Data: relaxation, as polynomials from 0 to 40 µS",
        0.0,
        "relative deviation",
        "5 to 35 µS within a factor of 1.4, 1 and 40 µS within 2",
        "A second check: the law inside is fitted to measurements of what most likely are the"
        " same cells (levy2021), which deviate more than this table after a second, by 2 to 31 %"
        " from 5 to 35 µS and by half and more at both ends; no law meets both. Until version"
        " 0.1 the law was this table, its onset and shape assumed, and every entry was within"
        " 15 %: that is `wan2022_polynomials` now.",
        neurram_relaxation,
        _RELAXES,
    ),
)

_FIGURES = (
    Figure(
        "pulses",
        "Pulses per cell",
        "Histogram over cells, and the published mean.",
        "F6",
    ),
    Figure(
        "relaxation",
        "Relaxation after programming",
        "Standard deviation of the change 1 s and 1 day after programming, against the target.",
        "F6-relaxation",
    ),
)

WAN2022 = Paper(
    "wan2022",
    "NeuRRAM: compute-in-memory with resistive memory",
    "wan2022",
    _CLAIMS,
    _FIGURES,
)
