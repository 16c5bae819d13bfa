"""NeuRRAM: 48 cores of 256×256 1T1R HfOx cells in 130 nm, 1 to 40 µS (key: wan2022).

Programming settings are those of the control code released with the paper. Relaxation is fitted
to measurements of another source (key: levy2021, MIT licence), of 16,292 cells of 40 µS whose
spread is close to the published one: most likely the same technology. Half of the cells were
fitted; their readings are not in this package, the fit is. The published polynomials are a second
check, in `wan2022_polynomials`, which has the assumptions that these measurements contradict: an
onset of 0.1 s, no heavy tails, no mean. What a pulse does inside the cell is not published: the
switching voltages were tuned so that the published settings need the published number of pulses.
The freshly formed state and the curvature were set with the published relaxation in view. All of
them say so in their notes. What is not given here is taken over from `rao2023`.
"""

from mho.device.laws import QuantileRelaxation
from mho.device.published.rao2023 import RAO2023
from mho.device.values import Confidence, Preset, Value
from mho.units import Ohm, V, ms, ns, pJ, s, uS, us

_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE

_SWITCHING = {
    "step": Value(
        1 * uS, "S", "wan2022", _C, "unit step; sets what `set_voltage` means"
    ),
    "width": Value(1 * us, "s", "wan2022", _P, "pulses of the released control code"),
    "slope": Value(
        0.2 * V,
        "V",
        "wan2022",
        _C,
        "two increments of 0.1 V for a step e times as large",
    ),
    "set_voltage": Value(
        1.25 * V,
        "V",
        "wan2022",
        _C,
        "chosen so that the published protocol needs the published mean of 8.5 pulses: tuned to it; the mean amplitude is then 1.4 V, where 1.75 V is published",
    ),
    "reset_voltage": Value(
        1.25 * V, "V", "wan2022", _C, "as `set_voltage`, tuned with it"
    ),
    "voltage_spread": Value(0.08, "1", "kim2021", _C, "1T1R; passive arrays show 26 %"),
    "gain_spread": Value(
        0.3, "1", "wan2022", _C, "device-to-device spread of step sizes"
    ),
    "cycle_spread": Value(
        0.3, "1", "wan2022", _C, "pulse-to-pulse spread of step sizes"
    ),
    "low": Value(
        0.1 * uS,
        "S",
        "wan2022",
        _C,
        "well below the lowest published level, 1 µS: zeros are reset until they read less",
    ),
    "high": Value(
        80 * uS,
        "S",
        "wan2022",
        _C,
        "cells above the range occur, for they have a RESET voltage of their own in the control code",
    ),
    "span": Value(40 * uS, "S", "wan2022", _C, "half the range"),
    "largest_step": Value(
        40 * uS, "S", "wan2022", _C, "one pulse may cross the published range"
    ),
}

_TELEGRAPH = {
    "births": Value(
        0.3,
        "1",
        "wan2022",
        _C,
        "low: the published relaxation contains the telegraph noise, which may not add to it once more",
    ),
    "birth_step": Value(5 * uS, "S", "wan2022", _C, "an eighth of the range"),
    "amplitude": Value(
        0.3 * uS,
        "S",
        "wan2022",
        _C,
        "low, as `births`: cells near zero deviate by 0.35 µS in all",
    ),
    "amplitude_spread": Value(
        0.6, "1", "wan2022", _C, "no tail beyond what cells near zero show"
    ),
    "amplitude_max": Value(1 * uS, "S", "wan2022", _C, "the lowest level"),
}

_FITTED = {
    "early_median": (-0.011, 0.117, -0.111, -0.049),
    "early_up": (-3.088, 3.824, -0.080, -1.744),
    "early_down": (-3.256, 4.293, 0.853, -3.008),
    "early_up_tail": (1.008, -0.759),
    "early_down_tail": (0.446, -0.036),
    "middle_median": (0.055, 0.385, -1.198, 0.483),
    "middle_up": (-1.080, 3.359, -1.397, -1.028),
    "middle_down": (-2.014, 5.059, 0.529, -3.632),
    "middle_up_tail": (0.722, -0.717),
    "middle_down_tail": (-0.344, 0.592),
    "late_median": (0.178, 0.198, -2.828, 0.677),
    "late_up": (-0.286, 3.366, -1.687, -0.846),
    "late_down": (-1.623, 4.804, 1.942, -4.171),
    "late_up_tail": (0.291, -0.463),
    "late_down_tail": (-0.989, 1.044),
}
"""Polynomials in y at 10 ms, 1 s and 10⁵ s, constants first; those of medians in µS."""

_MEANING = {
    "median": "median of the change",
    "up": "logarithm of the scale above the median, over 1 µS",
    "down": "logarithm of the scale below the median, over 1 µS",
    "up_tail": "logarithm of the exponent above the median",
    "down_tail": "logarithm of the exponent below the median",
}


def _fitted() -> dict[str, Value]:
    """One number for each coefficient of the fit."""
    values = {}
    for name, coefficients in _FITTED.items():
        time, _, part = name.partition("_")
        unit, size = ("S", 1 * uS) if part == "median" else ("1", 1.0)
        for power, number in enumerate(coefficients):
            values[f"{name}_{power}"] = Value(
                number * size,
                unit,
                "levy2021",
                _I,
                f"{_MEANING[part]}, {time}: coefficient {power}; fitted to 8,134 cells",
            )
    return values


_RELAXATION = {
    "scale": Value(1.0, "1", "levy2021", _I, "as fitted"),
    "full": Value(40 * uS, "S", "levy2021", _P, "highest level"),
    "knee": Value(
        1 * uS, "S", "levy2021", _C, "best of four axes tried in cross-validation"
    ),
    "onset": Value(
        2.6 * ms,
        "s",
        "levy2021",
        _I,
        "with it the variances after 10 ms, 0.1 s and 1 s lie on one straight line in ln(1 + t/t₀); from 1 to 10 ms the fit is equally good. It was 0.1 s by assumption before: 46 % of the spread after 1 s is there after 10 ms",
    ),
    "early": Value(10 * ms, "s", "levy2021", _P, "first reading after writing"),
    "middle": Value(1 * s, "s", "levy2021", _P, "third reading"),
    "late": Value(
        1e5 * s,
        "s",
        "levy2021",
        _P,
        "last reading; wan2022 finds hardly any change from one to two days",
    ),
    "memory": Value(
        0.38,
        "1",
        "levy2021",
        _I,
        "fitted to the rank correlations between the readings of a cell: 0.40 from 10 ms to 0.1 s, 0.55 from 0.1 to 1 s, 0.33 from 1 to 10⁵ s. A sixth of the variance does not last from one reading to the next and is noise",
    ),
    "renewal_step": Value(
        1 * uS,
        "S",
        "wan2022",
        _C,
        "the window: a step that matters to the protocol renews the creep",
    ),
    **_fitted(),
}

_OTHERS = {
    "flicker.per_decade": Value(
        1e-4,
        "1",
        "santa2019ag",
        _C,
        "middle of the sweep; rises towards the low conductances of these cells",
    ),
    "retention.onset": Value(
        1e5 * s,
        "s",
        "levy2021",
        _I,
        "up to the last reading the fitted law has all that cells lose in common",
    ),
    "retention.scale": Value(
        1.0,
        "1",
        "falcone2025",
        _C,
        "the HfOx law; the paper gives deviations, no common change",
    ),
    "endurance.onset": Value(1e6, "1", "rao2023", _C, "as `rao2023`"),
    "cell.formed": Value(
        1 * uS,
        "S",
        "wan2022",
        _C,
        "the lowest level, after a first RESET; forming itself ends at 1.25 µS or more. Set with the relaxation table in view: at 1.25 µS cells within the window of the 1-µS level stay there and deviate by some 12 % more",
    ),
    "cell.curvature": Value(
        0.0 / V**2,
        "1/V²",
        "wan2022",
        _C,
        "all conductances are taken as those at 0.2 V. Set with the relaxation table in view: with the curvature of `rao2023` deviations read 5-8 % larger, and those of 1 and 40 µS missed the table by 21 % and 17 % together with `formed` at 1.25 µS",
    ),
    "cell.stuck_fraction": Value(
        0.002,
        "1",
        "li2018analogue",
        _C,
        "the control code lists unformed rows and bad columns, without a share",
    ),
}

_ARRAY = {
    "rows": Value(256.0, "1", "wan2022", _P, "cores of 256×256 cells"),
    "cols": Value(256.0, "1", "wan2022", _P, "cores of 256×256 cells"),
    "read_voltage": Value(
        0.2 * V, "V", "wan2022", _P, "1.1 V against a reference of 0.9 V"
    ),
    "level_low": Value(1 * uS, "S", "wan2022", _P, "lowest level of the control code"),
    "level_high": Value(
        40 * uS, "S", "wan2022", _P, "highest level of the control code"
    ),
    "map_low": Value(1 * uS, "S", "wan2022", _P, "weights use the whole range"),
    "map_high": Value(40 * uS, "S", "wan2022", _P, "weights use the whole range"),
    "gate_slope": Value(
        50 * uS / V,
        "S/V",
        "wan2022",
        _C,
        "SET at a gate of 3.0 V is not limited within the range",
    ),
    "gate_threshold": Value(
        0.7 * V, "V", "wan2022", _C, "usual for thick-oxide transistors"
    ),
    "gate_max": Value(5.0 * V, "V", "wan2022", _P, "gate voltage of RESET"),
    "series_resistance": Value(
        1000 * Ohm,
        "Ω",
        "wan2022",
        _C,
        "access transistor, usual in libraries; 4 % of the voltage at 40 µS",
    ),
    "on_resistance": Value(
        0 * Ohm,
        "Ω",
        "wan2022",
        _C,
        "the transistor is the constant `series_resistance`: the switching voltages were tuned with it at gates of 3 and 5 V alike",
    ),
    "amplitude_max": Value(4.0 * V, "V", "wan2022", _P, "cap of SET and RESET"),
    "pulse_setup": Value(1 * us, "s", "wan2022", _C, "as the pulse"),
    "read_bits_off_chip": Value(
        8.0,
        "1",
        "wan2022",
        _C,
        "the chip's own converters read its cells; 0.2 µS per code",
    ),
    "write_bits_off_chip": Value(
        12.0, "1", "wan2022", _C, "amplitudes come from the board, in steps of 0.1 V"
    ),
    "sample_time_off_chip": Value(
        1 * us, "s", "wan2022", _C, "one of the eight reads of a verification"
    ),
    "read_noise_off_chip": Value(
        0.2 * uS, "S", "wan2022", _C, "one code; the mean of five has 0.1 µS"
    ),
    "read_bits_on_chip": Value(8.0, "1", "wan2022", _C, "the same converters"),
    "write_bits_on_chip": Value(12.0, "1", "wan2022", _C, "the same amplitudes"),
    "sample_time_on_chip": Value(1 * us, "s", "wan2022", _C, "the same reads"),
    "read_noise_on_chip": Value(0.2 * uS, "S", "wan2022", _C, "the same reads"),
    "dac_bits": Value(
        8.0, "1", "wan2022", _P, "widest of the published operating points"
    ),
    "adc_bits": Value(
        10.0, "1", "wan2022", _P, "widest of the published operating points"
    ),
    "word_line": Value(
        0.5 * Ohm,
        "Ω",
        "wan2022",
        _C,
        "per segment; wire tables give 0.3-1.8 Ω per 1T1R cell at 175-105 nm; nobody states it",
    ),
    "bit_line": Value(0.5 * Ohm, "Ω", "wan2022", _C, "as `array.word_line`"),
    "vector_time": Value(
        12_100 * ns,
        "s",
        "wan2022",
        _I,
        "0.26 · 10¹² operations per second at 8 and 10 bits, 48 cores of 128 pairs × 256 columns",
    ),
    "conversion_energy": Value(
        13 * pJ,
        "J",
        "wan2022",
        _I,
        "50.5 fJ per operation at 8 and 10 bits, 256 operations per output",
    ),
}

_OWN = {
    f"{group}.{name}": v
    for group, part in (
        ("switching", _SWITCHING),
        ("telegraph", _TELEGRAPH),
        ("relaxation", _RELAXATION),
        ("array", _ARRAY),
    )
    for name, v in part.items()
}

WAN2022 = Preset(
    name="wan2022",
    summary="NeuRRAM, 256×256 1T1R HfOx in 130 nm, 1 to 40 µS (Wan 2022)",
    validity=(
        "Conductances 1-40 µS read at 0.2 V, from 10 ms to a day after programming. Programming"
        " settings are published; relaxation is fitted to measured cells that most likely are of the"
        " same technology: heavy tails, and a mean that falls by 1-2 µS; switching voltages are tuned"
        " to the published number of pulses, telegraph noise is bounded by the published relaxation."
        " This preset had the published polynomials before, which are now `wan2022_polynomials`:"
        " files of that time keep them. RESET of cells"
        " above the range starts at 1.5 V in the control code, here at 1.2 V."
    ),
    values={
        **{k: v for k, v in RAO2023.values.items() if not k.startswith("relaxation.")},
        **_OWN,
        **_OTHERS,
    },
    laws={"relaxation": QuantileRelaxation},
)
