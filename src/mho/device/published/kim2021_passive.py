"""A passive crossbar: 64×64 metal-oxide memristors without selectors (key: kim2021).

Only the abstract of the paper could be read: array size, share of working cells, spread of
switching voltages, accuracy of tuning and that cells are half-selected while others are written.
Voltages and the range of conductances are those of a model that the same laboratory fitted to
integrated Al2O3/TiO2 cells (key: nili2020). What neither gives is a choice, or taken over from
`rao2023` with its source and confidence. `switching.slope`, `switching.threshold` and
`array.amplitude_max` were chosen with the published tuning in view and say so; the published mean
error below 4 % is not reached all the same, see decision 12.
"""

from mho.device.published.rao2023 import RAO2023
from mho.device.values import Confidence, Preset, Value
from mho.units import Ohm, V, ns, uS

_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE

_SWITCHING = {
    "step": Value(
        1 * uS, "S", "kim2021", _C, "unit step; sets what `set_voltage` means"
    ),
    "width": Value(
        100 * ns,
        "s",
        "nili2020",
        _C,
        "shortest pulse of the model's range, 100 ns to 100 ms",
    ),
    "slope": Value(
        0.05 * V,
        "V",
        "kim2021",
        _C,
        "steep, with the published tuning in view: at 0.1 V half-selected cells would move too far to be tuned at all",
    ),
    "set_voltage": Value(
        1.15 * V, "V", "nili2020", _I, "middle of 0.8-1.5 V, where the model was fitted"
    ),
    "reset_voltage": Value(
        0.975 * V,
        "V",
        "nili2020",
        _I,
        "middle of 0.8-1.15 V, where the model was fitted",
    ),
    "voltage_spread": Value(
        0.26,
        "1",
        "kim2021",
        _P,
        "coefficient of variation of the switching voltages, published as below 26 %",
    ),
    "low": Value(3.16 * uS, "S", "nili2020", _I, "lowest conductance of the model"),
    "high": Value(316 * uS, "S", "nili2020", _I, "highest conductance of the model"),
    "span": Value(156 * uS, "S", "nili2020", _C, "half the range"),
    "threshold": Value(
        0.9,
        "1",
        "kim2021",
        _C,
        "sharp, with the published tuning in view: a cell is disturbed at V/2 if it switches at 56 % of the voltage of the one that is written",
    ),
    "largest_step": Value(
        100 * uS, "S", "nili2020", _C, "one 100-ns pulse does not cross the range"
    ),
}

_TELEGRAPH = {
    "births": Value(
        0.3,
        "1",
        "kim2021",
        _C,
        "low: conductances were imported with 1 % average error",
    ),
    "birth_step": Value(10 * uS, "S", "kim2021", _C, "a tenth of the range"),
    "amplitude": Value(0.3 * uS, "S", "kim2021", _C, "low, as `births`"),
    "amplitude_spread": Value(0.6, "1", "wan2022", _C, "as `wan2022`"),
    "amplitude_max": Value(
        2 * uS, "S", "kim2021", _C, "a few per cent of the middle of the range"
    ),
}

_OTHERS = {
    "flicker.per_decade": Value(1e-4, "1", "santa2019ag", _C, "middle of the sweep"),
    "relaxation.renewal_step": Value(
        10 * uS, "S", "kim2021", _C, "as `telegraph.birth_step`"
    ),
    "cell.formed": Value(
        10 * uS, "S", "kim2021", _C, "lowest level, after forming and a first RESET"
    ),
    "cell.stuck_fraction": Value(
        0.01, "1", "kim2021", _P, "about 99 % of the memristors work"
    ),
}

_ARRAY = {
    "rows": Value(64.0, "1", "kim2021", _P, "64×64 cells"),
    "cols": Value(64.0, "1", "kim2021", _P, "64×64 cells"),
    "level_low": Value(
        10 * uS, "S", "kim2021", _C, "well above the lowest conductance of the model"
    ),
    "level_high": Value(
        100 * uS, "S", "kim2021", _C, "a third of the highest conductance of the model"
    ),
    "map_low": Value(10 * uS, "S", "kim2021", _C, "weights use the whole range"),
    "map_high": Value(100 * uS, "S", "kim2021", _C, "weights use the whole range"),
    "series_resistance": Value(
        10 * Ohm,
        "Ω",
        "nili2020",
        _C,
        "driver of the model's released code; pulses are taken as corrected for the lines",
    ),
    "amplitude_max": Value(
        1.7 * V,
        "V",
        "kim2021",
        _C,
        "reaches cells two standard deviations above the median; at 2.2 V the few beyond cost many others their state",
    ),
    "word_line": Value(
        20 * Ohm,
        "Ω",
        "nili2020",
        _C,
        "per segment, default of the model's released code",
    ),
    "bit_line": Value(20 * Ohm, "Ω", "nili2020", _C, "as `array.word_line`"),
    "driver": Value(
        10 * Ohm, "Ω", "nili2020", _C, "default of the model's released code"
    ),
    "read_noise_off_chip": Value(
        0.01 * uS, "S", "kim2021", _C, "16 bits over the range and some noise"
    ),
    "read_noise_on_chip": Value(
        0.1 * uS, "S", "kim2021", _C, "well below one 8-bit code"
    ),
}

_OWN = {
    f"{group}.{name}": v
    for group, part in (
        ("switching", _SWITCHING),
        ("telegraph", _TELEGRAPH),
        ("array", _ARRAY),
    )
    for name, v in part.items()
} | _OTHERS

_GATED = {
    "array.gate_slope",
    "array.gate_threshold",
    "array.gate_max",
    "array.on_resistance",
}
"""What only a transistor has."""

KIM2021_PASSIVE = Preset(
    name="kim2021_passive",
    summary="64×64 passive metal-oxide crossbar, no selectors, 10 to 100 µS, V/2 (Kim 2021)",
    validity=(
        "Conductances 10-100 µS read at 0.2 V with all other lines grounded. Size, yield and spread"
        " of the switching voltages are published; voltages are those of the laboratory's model of"
        " similar cells; noise and pulse widths are choices: treat disturbance as an estimate."
    ),
    values={k: v for k, v in {**RAO2023.values, **_OWN}.items() if k not in _GATED},
    biasing="V/2",
)
