"""Thousands of conductance levels in memristors integrated on CMOS (key: rao2023)."""

from mho.papers.claim import Claim, Figure, Needs, Paper
from mho.papers.experiments import (
    adjacent_levels,
    all_levels,
    fewer_levels,
    held_levels,
    level_map,
    narrower_window,
    slope_of_many,
)

_LEVELS = Needs(50e-6, 4144e-6, ("telegraph",))
_ALONE = (
    "telegraph.births",
    "telegraph.spawning",
    "flicker.per_decade",
    "relaxation.scale",
    "retention.scale",
)
_QUIET = Needs(names=("switching", *_ALONE))
_TRAPS = Needs(names=(*_ALONE, "temperature.reference"))

_CLAIMS = (
    Claim(
        "F1",
        "One cell holds 2,048 levels, 50 to 4,144 µS in steps of 2 µS, each read within 1 µS of"
        " its target by a sweep to 0.2 V; off-chip driver, denoised.",
        "rao2023, Figure 1g and its legend",
        2048.0,
        "levels",
        "all of them in at least 9 of 10 cells",
        "The paper shows one cell and does not say how it was chosen: here cells are taken as"
        " they come, and one in ten may miss a level.",
        all_levels,
        _LEVELS,
    ),
    Claim(
        "F2",
        "Without denoising clearly fewer levels are within 1 µS, since most fresh states show"
        " telegraph noise of more than 1 µS peak-to-peak.",
        "rao2023, abstract and Figure 1e, f",
        1536.0,
        "levels",
        "at most that many, three quarters, in any cell; more than half of fresh states noisy,"
        " 95 % sure",
        "The paper gives no number: a quarter of the levels lost is clearly fewer, and most is"
        " more than half.",
        fewer_levels,
        _LEVELS,
    ),
    Claim(
        "F3",
        "Not one chosen cell but every cell of a 256×256 array can be programmed to any of the"
        " 2,048 levels and holds it.",
        "rao2023, abstract: the aim; the paper shows one cell",
        1.0,
        "share of cells",
        "at least 99.5 % never outside ±1 µS in 100 looks over 1,000 s, at least 99.9 % converged",
        "Beyond the paper: traps slower than any verification remain, and 1/f noise of the"
        " highest levels nearly fills the window.",
        held_levels,
        _LEVELS,
    ),
    Claim(
        "F4",
        "64 blocks of 32×32 cells hold 64 levels, programmed by the integrated 6-bit electronics"
        " after a million cycles of every cell; neighbouring blocks do not overlap.",
        "rao2023, inset of Figure 1g",
        0.0,
        "share of cells",
        "at most 1 in 10,000 cells nearer to another level; no overlap of neighbouring blocks"
        " with the farthest cell at each end left out; given-up cells below 1 %",
        "Range and yield are not stated where the paper could be read; here the whole range, with"
        " ±20 µS, one code of the 8-bit reads. Among 65,536 cells a few hold a large slow trap"
        " that no look of the verification met.",
        level_map,
        _LEVELS,
    ),
    Claim(
        "F5",
        "At constant voltage three adjacent levels, 2 µS apart, cannot be told apart before"
        " denoising and can afterwards.",
        "rao2023, Figure 1e, f",
        1.0,
        "share of triples",
        "at least 95 % after and at most half before",
        "Traces of 1,000 samples in 10 s, the outermost 5 at each end left out, must not overlap;"
        " the paper shows one triple, here they come from the whole range.",
        adjacent_levels,
        _LEVELS,
    ),
    Claim(
        "F7",
        "Write-verify with identical pulses needs nine times as many when the window shrinks from"
        " 2 % to 0.2 % of the target: some 10 and 90, CMO/HfOx cells of 10 to 90 µS.",
        "falcone2025; the cost of precision that predictive trimming avoids",
        9.0,
        "times",
        "±30 %, and 7 to 15 pulses for 2 %",
        "Volts and iterations were read off figures. What the ratio shows is that hits come by"
        " chance once a step exceeds the window. The amplitude is the one of three that needs"
        " fewest pulses at 2 %; typical cells and balanced polarities were settled with ratios in"
        " view. Other amplitudes give 4 to 12, ramps that start below the window 1 to 7.",
        narrower_window,
        _QUIET,
    ),
    Claim(
        "F8",
        "One trap has a Lorentzian spectrum with corner (1/τc + 1/τe)/2π; many with log-uniform"
        " times make 1/f noise.",
        "machlup1954noise, kirton1989; the noise that rao2023 removes",
        -1.0,
        "slope",
        "±0.1 over four decades; corner within 10 %",
        "A spectrum of some hundred traps over nine decades of times wanders about the straight"
        " line by a few hundredths.",
        slope_of_many,
        _TRAPS,
    ),
)

_FIGURES = (
    Figure(
        "fig1e-f",
        "Three adjacent levels at constant voltage (Fig. 1e, f)",
        "Conductance over 10 s at 0.2 V, one sample of 1 ms every 10 ms, before and after"
        " denoising.",
        "F5",
    ),
    Figure(
        "fig1g",
        "2,048 levels of one cell (Fig. 1g)",
        "Current against voltage of every level; the inset tells neighbours apart. Below, the"
        " reading minus the target, with and without denoising.",
        "F1",
    ),
    Figure(
        "fig1g-array",
        "64 blocks, 64 levels, after a million cycles (inset of Fig. 1g)",
        "Map of a tile programmed by the integrated 6-bit electronics and read by its 8-bit"
        " converters; below, the readings of every block. White cells were given up.",
        "F4",
    ),
    Figure(
        "hold",
        "A whole tile over 1,000 s",
        "Largest distance from the target in 100 looks, for every cell at a random level, and the"
        " share of cells that stayed within a window.",
        "F3",
    ),
    Figure(
        "windows",
        "Pulses against the window",
        "Mean number of identical pulses, and the inverse proportion through the published 10 at"
        " 2 %.",
        "F7",
    ),
    Figure(
        "spectrum",
        "Spectra of one and of many traps",
        "Left, one trap and its Lorentzian; right, many with log-uniform times and 1/f.",
        "F8",
    ),
)

RAO2023 = Paper(
    "rao2023",
    "Thousands of conductance levels in memristors integrated on CMOS",
    "rao2023",
    _CLAIMS,
    _FIGURES,
)
