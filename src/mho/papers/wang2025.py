"""A Fourier transform on a memristor system-on-chip (key: wang2025)."""

from mho.papers.claim import Claim, Figure, Paper
from mho.papers.experiments import (
    correlation,
    edges,
    fine_levels,
    spectrogram,
    words,
)

_CLAIMS = (
    Claim(
        "S1",
        "A 128×128 transform, 65 columns of real and 63 of imaginary parts, written with a root"
        " mean square error of 6.4 %, gives spectrograms of 33.49 dB.",
        "wang2025: peak signal-to-noise ratio of a slice",
        33.49,
        "dB",
        "±3 dB",
        "Sounds are generated here, and the peak is taken to be that of the slice, which the paper"
        " does not say: with one peak for all slices it is some 4 dB more.",
        spectrogram,
    ),
    Claim(
        "S2",
        "Products of every column correlate with exact ones by more than 0.995.",
        "wang2025: correlation per column of converters",
        0.995,
        "1",
        "above 0.99 in the worst column",
        "The inputs of the published correlation are not stated, and it depends on them: normal"
        " numbers here; 6.4 % alone make 0.995.",
        correlation,
    ),
    Claim(
        "S3",
        "Edges of frames of 64×78 points, by Sobel's filter, have 30.43 dB.",
        "wang2025: peak signal-to-noise ratio of edges",
        30.43,
        "dB",
        "within the central 95 % of arrays at 6.4 %",
        "One array is published, and with 18 cells the ratio differs by 12 dB from array to array."
        " The mean array at 6.4 % is more than 3 dB below; the error with which this filter was"
        " written is not stated.",
        edges,
    ),
    Claim(
        "S4",
        "A classifier behind the array recognises words as well as behind an exact transform.",
        "wang2025: 94.72 % of AudioMNIST with the transform as first layer",
        0.0,
        "points lost",
        "at most 1.5 points",
        "Words are generated, the classifier is linear: the shape of the result, not its number.",
        words,
    ),
    Claim(
        "S5",
        "The same transform on denoised cells of thousands of levels is at least 15 dB better.",
        "beyond the paper: the cells of its sister chip, rao2023",
        15.0,
        "dB",
        "at least 15 dB",
        "6.4 % over 0.5 % is 22 dB; inputs of eight bits may take some of it.",
        fine_levels,
    ),
)

_FIGURES = (
    Figure(
        "spectrogram",
        "Spectrograms",
        "Exact, and by one array.",
        "S1",
    ),
    Figure("edges", "Edges", "Exact, and by one array.", "S3"),
)

WANG2025 = Paper(
    "wang2025",
    "A Fourier transform on a memristor system-on-chip",
    "rao2023",
    _CLAIMS,
    _FIGURES,
)
