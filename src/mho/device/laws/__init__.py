"""Laws of cells as functions of values, each after its source.

Switching, telegraph noise, 1/f noise, relaxation, retention, endurance, temperature: each is a
frozen set of numbers with units, and knows no cell, no chip and no other law.
"""

from mho.device.laws.barrier_relaxation import (
    BarrierRelaxation,
    barrier_relaxation_shift,
)
from mho.device.laws.channel_looks import channels_of, watch_channels
from mho.device.laws.channels import (
    BIRTHS,
    add_channels,
    births,
    births_of,
    boosted_time,
    channel_moments,
    has_channels,
    resolve_channels,
    usual_births,
)
from mho.device.laws.endurance import Endurance, births_factor
from mho.device.laws.fits import Fit, fitted
from mho.device.laws.fitted_relaxation import FittedRelaxation
from mho.device.laws.flicker import Flicker, flicker_memory, flicker_scale
from mho.device.laws.quantile_relaxation import (
    QuantileRelaxation,
    quantile_relaxation_shift,
    rank_at,
    tail_exponent,
)
from mho.device.laws.relaxation import Relaxation, renewed_share
from mho.device.laws.retention import Retention, retention_loss
from mho.device.laws.switching import (
    LEAST_VOLTAGE,
    STEP,
    Switching,
    draw_constants,
    moved_core,
    own_voltage,
    step_growth,
    switches,
)
from mho.device.laws.telegraph import TelegraphNoise
from mho.device.laws.temperature import BOLTZMANN, Temperature, warming_factor

__all__ = [
    "BIRTHS",
    "BOLTZMANN",
    "LEAST_VOLTAGE",
    "STEP",
    "BarrierRelaxation",
    "Endurance",
    "Fit",
    "FittedRelaxation",
    "Flicker",
    "QuantileRelaxation",
    "Relaxation",
    "Retention",
    "Switching",
    "TelegraphNoise",
    "Temperature",
    "add_channels",
    "barrier_relaxation_shift",
    "births",
    "births_factor",
    "births_of",
    "boosted_time",
    "channel_moments",
    "channels_of",
    "draw_constants",
    "fitted",
    "flicker_memory",
    "flicker_scale",
    "has_channels",
    "moved_core",
    "own_voltage",
    "quantile_relaxation_shift",
    "rank_at",
    "renewed_share",
    "resolve_channels",
    "retention_loss",
    "step_growth",
    "switches",
    "tail_exponent",
    "usual_births",
    "warming_factor",
    "watch_channels",
]
