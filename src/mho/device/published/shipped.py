"""The presets that come with mho, by name."""

from mho.device.kinds import PRESETS as OF_FURTHER_KINDS
from mho.device.published.kim2021_passive import KIM2021_PASSIVE
from mho.device.published.rao2023 import RAO2023
from mho.device.published.umass_ta_hfo2 import UMASS_TA_HFO2
from mho.device.published.wan2022 import WAN2022
from mho.device.published.wan2022_polynomials import WAN2022_POLYNOMIALS
from mho.device.values import Preset

_OF_FILAMENTS = (
    RAO2023,
    UMASS_TA_HFO2,
    WAN2022,
    KIM2021_PASSIVE,
    WAN2022_POLYNOMIALS,
)

PRESETS: dict[str, Preset] = {
    one.name: one for one in (*_OF_FILAMENTS, *OF_FURTHER_KINDS)
}
"""Every published chip, by its name."""
