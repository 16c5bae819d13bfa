"""The 2,048-level chip: Pt/HfO₂-Al₂O₃/Ta memristors on foundry CMOS (key: rao2023).

Only the abstract and the legend of Figure 1 of the paper could be read. What they do not state is
a choice or an inference, marked as such. Two choices were made with the published result in view
and say so in their notes: `flicker.per_decade` and `telegraph.spawning`.
"""

from mho.device.values import Confidence, Preset, Value, by_full_name
from mho.units import G0, K, Ohm, V, eV, mS, ms, mV, ns, s, uS, us

_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE

_SWITCHING = {
    "step": Value(
        1 * uS, "S", "wan2022", _C, "unit step; sets what `set_voltage` means"
    ),
    "width": Value(100 * ns, "s", "wan2022", _C, "usual width of 1T1R write pulses"),
    "slope": Value(
        0.08 * V,
        "V",
        "wan2022",
        _C,
        "one decade of step per 0.18 V; makes a 0.1-V ramp cross a window in a few pulses",
    ),
    "set_voltage": Value(
        0.9 * V, "V", "rao2023", _C, "within the 0.8-2.5 V used for Ta/HfO2 1T1R cells"
    ),
    "reset_voltage": Value(
        0.9 * V, "V", "rao2023", _C, "within the 0.6-1.8 V used for Ta/HfO2 1T1R cells"
    ),
    "voltage_spread": Value(0.08, "1", "kim2021", _C, "1T1R; passive arrays show 26 %"),
    "gain_spread": Value(
        0.3, "1", "wan2022", _C, "device-to-device spread of step sizes"
    ),
    "cycle_spread": Value(
        0.3, "1", "wan2022", _C, "pulse-to-pulse spread of step sizes"
    ),
    "low": Value(
        10 * uS, "S", "rao2023", _C, "below the lowest published level, 50 µS"
    ),
    "high": Value(
        4400 * uS, "S", "rao2023", _C, "above the highest published level, 4,144 µS"
    ),
    "span": Value(2250 * uS, "S", "rao2023", _C, "about half the range"),
    "window_max": Value(2.0, "1", "rao2023", _C, "no further speed-up at the far end"),
    "threshold": Value(
        0.75,
        "1",
        "rao2023",
        _C,
        "denoising is sub-threshold (published); 0.3-0.7 of the switching voltage is the choice of window",
    ),
    "largest_step": Value(
        800 * uS, "S", "wan2022", _C, "one 100-ns pulse never crosses the range"
    ),
}

_TELEGRAPH = {
    "slots": Value(
        4.0, "1", "rao2023", _C, "multi-level traces published; number of levels not"
    ),
    "births": Value(
        1.5,
        "1",
        "rao2023",
        _C,
        "78 % of fresh states show telegraph noise; published: most do",
    ),
    "birth_step": Value(
        60 * uS, "S", "rao2023", _C, "trimming steps of 1 µS rarely leave a channel"
    ),
    "amplitude": Value(
        3 * uS,
        "S",
        "rao2023",
        _I,
        "most fresh states exceed 1 µS peak-to-peak, else denoising would be pointless",
    ),
    "amplitude_spread": Value(
        0.9,
        "1",
        "rao2023",
        _I,
        "tail of 10-20 µS, else earlier work would exceed 200 levels",
    ),
    "amplitude_max": Value(
        G0,
        "S",
        "rao2023",
        _I,
        "an incomplete channel carries less than one conductance quantum",
    ),
    "shortest": Value(
        1 * us,
        "s",
        "kirton1989",
        _C,
        "log-uniform times give 1/f over the laboratory band",
    ),
    "longest": Value(1000 * s, "s", "kirton1989", _C, "slower traps look like drift"),
    "asymmetry": Value(
        1.0,
        "1",
        "kirton1989",
        _C,
        "capture and emission differ by a factor e, typically",
    ),
    "cleaning_low": Value(
        0.3, "1", "nyary2024", _C, "onset of voltage-boosted fluctuations"
    ),
    "cleaning_high": Value(0.7, "1", "rao2023", _C, "below switching (published)"),
    "cleaning_slope": Value(30 * mV, "V", "rao2023", _C, "logistic onset"),
    "cleaning_probability": Value(
        0.5,
        "1",
        "nyary2024",
        _C,
        "few sub-threshold cycles suffice (published for Ta2O5)",
    ),
    "cleaning_width": Value(
        10 * us,
        "s",
        "rao2023",
        _C,
        "one denoising pulse stands for a burst of ten 1-µs pulses",
    ),
    "spawning": Value(
        0.003,
        "1",
        "rao2023",
        _C,
        "chosen low: at 0.03 the residual traps would exceed what 2,048 published levels allow",
    ),
    "boost": Value(
        0.1 * V,
        "V",
        "nyary2024",
        _C,
        "voltage-boosted fluctuations; e-fold not published",
    ),
    "boost_from": Value(0.2 * V, "V", "rao2023", _P, "traces were taken at 0.2 V"),
}

_FLICKER = {
    "per_decade": Value(
        3e-5,
        "1",
        "santa2019ag",
        _I,
        "1e-4 integrated over ten decades, the low end for metallic filaments; chosen there because the level at 4,144 µS is published to read within 1 µS",
    ),
    "knee": Value(
        1 * mS, "S", "santa2019ag", _C, "relative noise rises towards small conductance"
    ),
    "shortest": Value(1 * us, "s", "dutta1981", _C, "as the fastest trap"),
    "split": Value(
        100 * ms, "s", "dutta1981", _C, "numerical: slower decades are followed exactly"
    ),
    "longest": Value(1000 * s, "s", "dutta1981", _C, "as the slowest trap"),
}

_RELAXATION = {
    "scale": Value(
        0.3,
        "1",
        "rao2023",
        _C,
        "millisiemens filaments relax less than the HfOx cells of the law; low end of the sweep 0.3-3",
    ),
    "relative": Value(0.003, "1", "wan2022", _C, "HfOx law above 100 µS"),
    "absolute": Value(0.4 * uS, "S", "wan2022", _I, "0.412 µS at 1 s, CMO/HfOx"),
    "growth": Value(
        0.042 * uS, "S", "wan2022", _I, "0.042 µS per e-fold of time, CMO/HfOx"
    ),
    "onset": Value(1 * us, "s", "wan2022", _C, "relaxation is fast first"),
    "renewal_step": Value(60 * uS, "S", "rao2023", _C, "as `telegraph.birth_step`"),
}

_RETENTION = {
    "scale": Value(0.3, "1", "rao2023", _C, "as `relaxation.scale`"),
    "loss": Value(
        0.089 * uS,
        "S",
        "falcone2025",
        _P,
        "mean change of -0.089 µS per e-fold of time, CMO/HfOx",
    ),
    "onset": Value(
        3600 * s,
        "s",
        "rao2023",
        _C,
        "within the first hour the zero-mean law of relaxation holds alone; CMO/HfOx cells lose from the start",
    ),
}

_TEMPERATURE = {
    "reference": Value(
        300 * K,
        "K",
        "rao2023",
        _C,
        "room temperature; the paper states none where it was read",
    ),
    "coefficient": Value(
        3e-4 / K,
        "1/K",
        "rao2023",
        _C,
        "size only is guessed; the sign follows from metal or hopping",
    ),
    "coefficient_spread": Value(
        1e-4 / K,
        "1/K",
        "rao2023",
        _C,
        "a third of the coefficient: what no common correction removes",
    ),
    "crossover": Value(
        G0,
        "S",
        "rao2023",
        _C,
        "from hopping to metal at one conductance quantum, where TaOx noise changes as well",
    ),
    "ion_energy": Value(
        1.2 * eV,
        "J",
        "falcone2025",
        _C,
        "1.2 eV, sweep 0.9-1.6 eV: hopping barriers of oxygen vacancies in compact models are 1.0-1.35 eV",
    ),
    "trap_energy": Value(
        1.2 * eV,
        "J",
        "kirton1989",
        _C,
        "1.2 eV as the ions, sweep 0.1-1.6 eV: an electron trap alone may have less",
    ),
}

_ENDURANCE = {
    "onset": Value(
        1e6,
        "1",
        "rao2023",
        _P,
        "the array was shown after more than 10⁶ cycles of every cell",
    ),
    "growth": Value(
        0.1,
        "1",
        "rao2023",
        _C,
        "10 % more channels per decade of cycles beyond; nobody states it",
    ),
}

_CELL = {
    "curvature": Value(
        1.64,
        "1/V²",
        "rao2023",
        _I,
        "10 % at 0.3 V at 50 µS, nothing from two conductance quanta",
    ),
    "linear_above": Value(
        2 * G0,
        "S",
        "li2018analogue",
        _I,
        "linear current-voltage curves published for such cells",
    ),
    "formed": Value(
        50 * uS, "S", "rao2023", _C, "state after forming and a first RESET"
    ),
    "stuck_fraction": Value(
        0.002, "1", "li2018analogue", _P, "99.8 % yield, same laboratory and materials"
    ),
    "stuck_high": Value(0.5, "1", "li2018", _C, "half stuck high, half low"),
}

_ARRAY = {
    "rows": Value(256.0, "1", "rao2023", _P, "256×256 cells"),
    "cols": Value(256.0, "1", "rao2023", _P, "256×256 cells"),
    "read_voltage": Value(0.2 * V, "V", "rao2023", _P, "Figure 1g"),
    "level_low": Value(
        50 * uS, "S", "rao2023", _P, "lowest of 2,048 levels, Figure 1g"
    ),
    "level_high": Value(
        4144 * uS, "S", "rao2023", _P, "highest of 2,048 levels, Figure 1g"
    ),
    "map_low": Value(
        50 * uS, "S", "rao2023", _C, "array range for multiplying in parallel"
    ),
    "map_high": Value(
        500 * uS,
        "S",
        "rao2023",
        _C,
        "keeps wire losses solvable; the paper's array range was not read",
    ),
    "gate_slope": Value(
        2.7 * mS / V, "S/V", "rao2023", _I, "4.1 mS over about 1.5 V of gate"
    ),
    "gate_threshold": Value(
        0.7 * V, "V", "rao2023", _C, "puts 4.9 mS at the largest gate voltage"
    ),
    "gate_max": Value(
        2.5 * V,
        "V",
        "li2018",
        _P,
        "largest SET gate voltage of the same-laboratory 1T1R arrays",
    ),
    "series_resistance": Value(
        10 * Ohm,
        "Ω",
        "rao2023",
        _C,
        "single-cell path beyond the selector, felt by pulses; reads are calibrated for it",
    ),
    "on_resistance": Value(
        0 * Ohm,
        "Ω",
        "rao2023",
        _C,
        "transistor left out: at the gates in use it is part of the calibrated path; give it a value to pulse at lower gates",
    ),
    "amplitude_max": Value(
        2.5 * V,
        "V",
        "li2018",
        _P,
        "largest SET voltage of the same-laboratory 1T1R arrays",
    ),
    "pulse_setup": Value(
        1 * us, "s", "rao2023", _C, "time to set up a row for a pulse"
    ),
    "read_bits_off_chip": Value(
        16.0,
        "1",
        "rao2023",
        _C,
        "off-chip high-resolution electronics (published); bits not stated",
    ),
    "write_bits_off_chip": Value(16.0, "1", "rao2023", _C, "as the reads"),
    "sample_time_off_chip": Value(1 * ms, "s", "rao2023", _C, "1-kHz bandwidth"),
    "read_noise_off_chip": Value(
        0.02 * uS,
        "S",
        "rao2023",
        _I,
        "16 bits over the range; thermal and shot noise are below it at 1 kHz",
    ),
    "read_bits_on_chip": Value(8.0, "1", "rao2023", _C, "reads of the on-chip option"),
    "write_bits_on_chip": Value(6.0, "1", "rao2023", _P, "on-chip 6-bit electronics"),
    "sample_time_on_chip": Value(
        1 * us, "s", "rao2023", _C, "on-chip transimpedance amplifier"
    ),
    "read_noise_on_chip": Value(
        1 * uS, "S", "rao2023", _C, "well below one 8-bit code"
    ),
    "dac_bits": Value(8.0, "1", "rao2023", _C, "inputs of a multiply"),
    "adc_bits": Value(8.0, "1", "rao2023", _C, "outputs of a multiply"),
    "word_line": Value(
        0.5 * Ohm,
        "Ω",
        "rao2023",
        _C,
        "per segment; wire tables give 0.3-1.8 Ω per 1T1R cell at 175-105 nm; nobody states it",
    ),
    "bit_line": Value(0.5 * Ohm, "Ω", "rao2023", _C, "as `array.word_line`"),
    "vector_time": Value(100 * ns, "s", "hu2018", _C, "one input vector"),
    "conversion_energy": Value(
        6.5e-12, "J", "rao2023", _I, "8-bit converter in 65 nm, survey fit"
    ),
}

RAO2023 = Preset(
    name="rao2023",
    summary="256×256 Pt/HfO₂-Al₂O₃/Ta on CMOS, 2,048 levels from 50 to 4,144 µS (Rao 2023)",
    validity=(
        "Conductances 50-4,144 µS read at 0.2 V near 300 K, up to 10⁶ cycles. Pulse voltages and"
        " denoising details are not published: treat pulse counts, times and energies as estimates."
    ),
    values=by_full_name(
        switching=_SWITCHING,
        telegraph=_TELEGRAPH,
        flicker=_FLICKER,
        relaxation=_RELAXATION,
        retention=_RETENTION,
        temperature=_TEMPERATURE,
        endurance=_ENDURANCE,
        cell=_CELL,
        array=_ARRAY,
    ),
)
