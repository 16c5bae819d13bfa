"""A network on a chip, tuned step by step; every step is kept."""

from mho.runs.tuning.job import METHODS, NOISE_AWARE, TuneJob
from mho.runs.tuning.run import Tuned, tune

__all__ = ["METHODS", "NOISE_AWARE", "TuneJob", "Tuned", "tune"]
