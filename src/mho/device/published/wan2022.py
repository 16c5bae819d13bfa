"""NeuRRAM: 48 cores of 256×256 1T1R HfOx cells in 130 nm, 1 to 40 µS (key: wan2022).

Programming settings are those of the control code released with the paper. Relaxation is the
published deviation one second and one day after programming, as polynomials. What a pulse does
inside the cell is not published: the switching voltages were tuned so that the published settings
need the published number of pulses. The onset of relaxation, the freshly formed state and the
curvature were set with the published relaxation in view. All of them say so in their notes.
What is not given here is taken over from `rao2023`.
"""

from mho.device.laws import FittedRelaxation
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

_RELAXATION = {
    "scale": Value(1.0, "1", "wan2022", _P, "as published"),
    "full": Value(
        40 * uS, "S", "wan2022", _P, "highest level; the polynomials are in x = G/40 µS"
    ),
    "early": Value(1 * s, "s", "wan2022", _P, "time of the first fit"),
    "late": Value(
        86_400 * s,
        "s",
        "wan2022",
        _P,
        "one day; after two days hardly anything has changed",
    ),
    "onset": Value(
        100 * ms,
        "s",
        "wan2022",
        _C,
        "chosen longer than programming takes: were it shorter, part of the creep would be over when a cell is accepted, and less than the published change would follow",
    ),
    "renewal_step": Value(
        1 * uS,
        "S",
        "wan2022",
        _C,
        "the window: a step that matters to the protocol renews the creep",
    ),
    "early_0": Value(0.348 * uS, "S", "wan2022", _P, "1 s: constant of the fit"),
    "early_1": Value(16.030 * uS, "S", "wan2022", _P, "1 s: coefficient of x"),
    "early_2": Value(-43.853 * uS, "S", "wan2022", _P, "1 s: coefficient of x²"),
    "early_3": Value(45.393 * uS, "S", "wan2022", _P, "1 s: coefficient of x³"),
    "early_4": Value(-16.815 * uS, "S", "wan2022", _P, "1 s: coefficient of x⁴"),
    "late_0": Value(0.701 * uS, "S", "wan2022", _P, "1 day: constant of the fit"),
    "late_1": Value(22.086 * uS, "S", "wan2022", _P, "1 day: coefficient of x"),
    "late_2": Value(-50.773 * uS, "S", "wan2022", _P, "1 day: coefficient of x²"),
    "late_3": Value(47.095 * uS, "S", "wan2022", _P, "1 day: coefficient of x³"),
    "late_4": Value(-16.458 * uS, "S", "wan2022", _P, "1 day: coefficient of x⁴"),
}

_OTHERS = {
    "flicker.per_decade": Value(
        1e-4,
        "1",
        "santa2019ag",
        _C,
        "middle of the sweep; rises towards the low conductances of these cells",
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
        "Conductances 1-40 µS read at 0.2 V, up to two days after programming. Relaxation and"
        " programming settings are published; switching voltages are tuned to the published number of"
        " pulses, telegraph noise is bounded by the published relaxation. RESET of cells"
        " above the range starts at 1.5 V in the control code, here at 1.2 V."
    ),
    values={
        **{k: v for k, v in RAO2023.values.items() if not k.startswith("relaxation.")},
        **_OWN,
        **_OTHERS,
    },
    laws={"relaxation": FittedRelaxation},
)
