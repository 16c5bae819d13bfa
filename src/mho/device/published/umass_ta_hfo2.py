"""1T1R Ta/HfO₂ arrays of the same laboratory, before denoising (keys: li2018, hu2018).

What these papers and their released control code state replaces the numbers of `rao2023`; all
else is taken over from there, with its source and confidence.
"""

from mho.device.published.rao2023 import RAO2023
from mho.device.values import Confidence, Preset, Value
from mho.units import V, uS

_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE

_OWN = {
    "switching.set_voltage": Value(
        1.4 * V, "V", "li2018", _I, "median unit step below the fixed 2.5-V SET"
    ),
    "switching.reset_voltage": Value(
        1.1 * V, "V", "li2018", _I, "median unit step below the fixed 1.7-1.8-V RESET"
    ),
    "switching.slope": Value(
        0.12 * V, "V", "li2018", _C, "scaled with the switching voltage"
    ),
    "switching.high": Value(
        450 * uS, "S", "li2018", _I, "what the gate law reaches at 2.5 V"
    ),
    "switching.span": Value(225 * uS, "S", "li2018", _C, "half the range"),
    "switching.largest_step": Value(
        400 * uS,
        "S",
        "li2018",
        _P,
        "range of one blind SET in the released control code",
    ),
    "cell.formed": Value(
        20 * uS, "S", "li2018", _C, "state after forming and a first RESET"
    ),
    "relaxation.scale": Value(1.0, "1", "wan2022", _C, "the HfOx law as published"),
    "retention.scale": Value(1.0, "1", "falcone2025", _C, "as `relaxation.scale`"),
    "flicker.per_decade": Value(
        1e-4,
        "1",
        "santa2019ag",
        _C,
        "middle of the sweep; no denoised state to argue for less",
    ),
    "array.rows": Value(
        256.0,
        "1",
        "li2018",
        _C,
        "as `rao2023`, to compare like with like; published arrays have 128×64 cells",
    ),
    "array.cols": Value(256.0, "1", "li2018", _C, "as `array.rows`"),
    "array.level_low": Value(20 * uS, "S", "li2018", _C, "lowest usable level"),
    "array.level_high": Value(
        400 * uS, "S", "li2018", _P, "range of the released control code"
    ),
    "array.map_low": Value(
        20 * uS, "S", "li2018", _C, "array range for multiplying in parallel"
    ),
    "array.map_high": Value(
        400 * uS, "S", "li2018", _P, "range of the released control code"
    ),
    "array.gate_slope": Value(
        182 * uS / V,
        "S/V",
        "li2018",
        _P,
        "200 µS per 1.1 V in the released control code",
    ),
    "array.gate_threshold": Value(
        0.0 * V, "V", "li2018", _P, "the same line has no offset"
    ),
}

UMASS_TA_HFO2 = Preset(
    name="umass_ta_hfo2",
    summary="1T1R Ta/HfO₂, the laboratory's earlier arrays, 20 to 400 µS (Li 2018, Hu 2018)",
    validity=(
        "Conductances 20-400 µS read at 0.2 V. SET voltage, gate slope and range are published;"
        " pulse widths are not."
    ),
    values={**RAO2023.values, **_OWN},
)
