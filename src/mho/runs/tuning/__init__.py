"""A network on a chip, tuned step by step; every step is kept."""

from mho.runs.tuning.run import METHODS, NOISE_AWARE, Tuned, TuneJob, tune

__all__ = ["METHODS", "NOISE_AWARE", "TuneJob", "Tuned", "tune"]
