"""The measurements behind the claims: what was done on the bench, done on a simulated chip.

Each gives numbers for the verdict and what is shown of them in a figure.
"""

from mho.papers.experiments.analog_inverse import (
    DigitsShown,
    antennas,
    fixed_point,
)
from mho.papers.experiments.array import (
    HoldShown,
    MapShown,
    held_levels,
    level_map,
)
from mho.papers.experiments.field_equations import (
    FallShown,
    magnetohydrodynamics,
    poisson,
)
from mho.papers.experiments.fused_transform import (
    EdgesShown,
    SpectrogramShown,
    correlation,
    edges,
    fine_levels,
    spectrogram,
)
from mho.papers.experiments.levels import (
    TOLERANCE,
    LevelsShown,
    all_levels,
    fewer_levels,
)
from mho.papers.experiments.refinement import (
    BitsShown,
    CourseShown,
    covariance,
    residual_bits,
    solver_bits,
)
from mho.papers.experiments.several_devices import (
    DevicesShown,
    FloorShown,
    devices_of_a_number,
    read_noise_floor,
)
from mho.papers.experiments.spectra import SpectrumShown, slope_of_many
from mho.papers.experiments.spoken_words import words
from mho.papers.experiments.traces import TracesShown, adjacent_levels
from mho.papers.experiments.waiting import (
    WaitingShown,
    waiting_mean,
    waiting_memory,
    waiting_spread,
    waiting_tails,
)
from mho.papers.experiments.windows import WindowsShown, narrower_window
from mho.papers.experiments.write_verify import (
    PulsesShown,
    RelaxationShown,
    neurram_pulses,
    neurram_relaxation,
)

__all__ = [
    "TOLERANCE",
    "BitsShown",
    "CourseShown",
    "DevicesShown",
    "DigitsShown",
    "EdgesShown",
    "FallShown",
    "FloorShown",
    "HoldShown",
    "LevelsShown",
    "MapShown",
    "PulsesShown",
    "RelaxationShown",
    "SpectrogramShown",
    "SpectrumShown",
    "TracesShown",
    "WaitingShown",
    "WindowsShown",
    "adjacent_levels",
    "all_levels",
    "antennas",
    "correlation",
    "covariance",
    "devices_of_a_number",
    "edges",
    "fewer_levels",
    "fine_levels",
    "fixed_point",
    "held_levels",
    "level_map",
    "magnetohydrodynamics",
    "narrower_window",
    "neurram_pulses",
    "neurram_relaxation",
    "poisson",
    "read_noise_floor",
    "residual_bits",
    "slope_of_many",
    "solver_bits",
    "spectrogram",
    "waiting_mean",
    "waiting_memory",
    "waiting_spread",
    "waiting_tails",
    "words",
]
