"""Learning on chips, or for them.

Noise-aware training before the download, the last layer trained on what a chip really computes
(hybrid), and training from scratch with outer products and blind pulses.
"""

from mho.training.hybrid import hybrid_train
from mho.training.noise_aware import NoiseAwareTraining, noise_aware_train
from mho.training.outer_product import (
    OnChipPerceptron,
    OnChipTraining,
    layer_shapes,
)
from mho.training.surrogate import Surrogate
from mho.training.trained_chip import trained_chip

__all__ = [
    "NoiseAwareTraining",
    "OnChipPerceptron",
    "OnChipTraining",
    "Surrogate",
    "hybrid_train",
    "layer_shapes",
    "noise_aware_train",
    "trained_chip",
]
