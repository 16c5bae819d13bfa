"""Chips of phase-change cells: a 90-nm array that was modelled, and a chip of 64 cores.

Fits of drift and noise were released with the laboratory's own toolkit (key: rasch2021aihwkit) and
read there. The steps of a SET are those of the first published model, read in others' programs
that follow it: its own text was not at hand. No voltage was published for either.
"""

from mho.device.kinds.phase_change import PhaseChange
from mho.device.values import Confidence, Preset, Value, alike, by_full_name
from mho.units import Ohm, V, ms, ns, pJ, s, uS, us

_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE
_STEPS = "nandakumar2018"
_FITS = "nandakumar2019"
_HERMES = "legallo2023"
_CORE = "khaddam2022"


def _fit(source: str, note: str, **numbers: float) -> dict[str, Value]:
    """A fit of a publication; what it does not have is 0 or out of the way."""
    given = {
        **alike("1", source, _P, note, **numbers),
    }
    absent = dict.fromkeys(
        (
            "offset",
            "slope",
            "factor",
            "power",
            "constant",
            "linear",
            "square",
            "cube",
        ),
        0.0,
    ) | {"least": 0.0, "most": 1.0, "joint": 2.0}
    nothing = alike("1", source, _P, "not in this fit", **absent)
    return nothing | given


def _steps(high: float) -> dict[str, float]:
    """Lengths of the steps' law for cells with this highest conductance (S)."""
    scale = high / (25 * uS)
    return {
        "mean_offset": 0.880 * uS * scale,
        "mean_history": 1.40 * uS * scale,
        "spread_offset": 0.260 * uS * scale,
        "spread_history": 2.15 * uS * scale,
    }


# fmt: off
_CELL = {
    **alike("1", _STEPS, _P, "as programs after the paper have it",
            memory=2.6, mean_slope=-0.084, spread_slope=0.091),
    **alike("S", _STEPS, _P, "as programs after the paper have it, for one fixed pulse",
            **_steps(25 * uS)),
    **alike("S", _STEPS, _P, "state after a RESET, as programs after the paper have it",
            low=0.1 * uS),
    **alike("1", _STEPS, _P, "as `low`", reset_spread=0.1),
    **alike("S", _FITS, _P, "to which the fits refer", high=25 * uS),
    **alike("1", "rasch2021aihwkit", _C, "of a fit to cells of this laboratory",
            high_spread=0.1),
    **alike("1", _STEPS, _C, "half of `reset_spread`", set_spread=0.05),
    **alike("V", _CORE, _C, "programming takes about 2 V, and places within are free",
            set_threshold=0.8 * V, set_voltage=1.5 * V, melt_voltage=1.5 * V,
            amorphous_voltage=2.2 * V),
    **alike("1", "kim2021", _C, "nobody states it", melt_spread=0.03),
    **alike("s", _STEPS, _C, "from memory of the paper", pulse_width=50 * ns),
    **alike("J", _CORE, _C, "2 V, 200 µA of the 100 to 500 µA that are stated, 50 ns",
            pulse_energy=20 * pJ),
    **alike("s", _FITS, _P, "first measurement; below nobody looked", drift_onset=20 * s),
    **alike("1", "nandakumar2020", _C, "whether an exponent is the cell's nobody says",
            drift_share=0.0),
    **alike("s", _FITS, _P, "reading time of the fit", shortest=250 * ns),
    **alike("s", _FITS, _C, "shorter than looks are apart", split=0.1 * s),
    **alike("s", _FITS, _C, "115 days; the published sum goes on", longest=1e7 * s),
    **alike("1", _HERMES, _C, "more than 99 % of unit cells work on 63 of 64 cores",
            stuck_fraction=0.01),
}

_ARRAY = {
    **alike("1", _HERMES, _C, "as `pcm_hermes`", rows=256.0, cols=256.0),
    **alike("V", _CORE, _C, "small enough not to disturb", read_voltage=0.2 * V),
    **alike("S", _STEPS, _P, "`cell.low`", level_low=0.1 * uS, map_low=0.1 * uS),
    **alike("S", _FITS, _P, "`cell.high`", level_high=25 * uS, map_high=25 * uS),
    **alike("V", _CORE, _C, "beyond `cell.amorphous_voltage` of every cell",
            amplitude_max=2.4 * V),
    **alike("Ω", _CORE, _C, "amplitudes are those at the hot cell",
            series_resistance=0.0, on_resistance=0.0),
    **alike("S/V", _CORE, _C, "transistors are switches: nothing stops a SET",
            gate_slope=25 * uS),
    **alike("V", _CORE, _C, "as `array.gate_slope`", gate_threshold=0.0, gate_max=1.0 * V),
    **alike("s", _STEPS, _C, "as `rao2023`", pulse_setup=1 * us),
    **alike("1", _STEPS, _C, "laboratory electronics",
            read_bits_off_chip=16.0, write_bits_off_chip=12.0),
    **alike("s", _STEPS, _C, "laboratory electronics", sample_time_off_chip=1 * ms),
    **alike("S", _STEPS, _C, "laboratory electronics", read_noise_off_chip=0.01 * uS),
    **alike("1", _HERMES, _P, "8-bit inputs and outputs",
            dac_bits=8.0, adc_bits=8.0, read_bits_on_chip=8.0),
    **alike("1", _HERMES, _C, "polarity and 32 amplitudes", write_bits_on_chip=6.0),
    **alike("S", _HERMES, _I, "one of 80 counts for 10.35 µS", read_noise_on_chip=0.13 * uS),
    **alike("s", _HERMES, _P, "read of the verification, as others quote the paper",
            sample_time_on_chip=512 * ns),
    **alike("s", _HERMES, _P, "four phases, the mode of all accuracies, as others quote the paper",
            vector_time=520 * ns),
    **alike("J", _HERMES, _I, "3.38 µJ for a product of 64 cores of 256 columns, all else in it",
            conversion_energy=206 * pJ),
    **alike("Ω", _HERMES, _C, "as `rao2023`", word_line=0.5 * Ohm, bit_line=0.5 * Ohm),
}

_NANDAKUMAR = by_full_name(
    cell=_CELL,
    array=_ARRAY,
    drift=_fit(_FITS, "read in the laboratory's own program",
               slope=-0.0155, offset=0.0244, least=0.049, most=0.1),
    drift_spread=_fit(_FITS, "read in the laboratory's own program",
                      slope=-0.0125, offset=-0.0059, least=0.008, most=0.045),
    noise=_fit(_FITS, "read in the laboratory's own program",
               factor=0.0088, power=0.65, most=0.2),
)

_OWN_CELL = {
    **alike("S", _STEPS, _C, "lent from 90-nm cells, times 10.35/25: nobody states steps of these",
            **_steps(10.35 * uS)),
    **alike("1", _STEPS, _C, "lent from 90-nm cells",
            memory=2.6, mean_slope=-0.084, spread_slope=0.091, reset_spread=0.1),
    **alike("S", _HERMES, _P, "100 kΩ to 10 MΩ a device, as others quote the paper",
            low=0.1 * uS),
    **alike("S", _HERMES, _P, "largest that was measured; 80 counts of the read-out",
            high=10.35 * uS),
    **alike("s", _HERMES, _P, "width of a SET, as others quote the paper", pulse_width=250 * ns),
    **alike("s", _HERMES, _P, "first measurement; below nobody looked", drift_onset=200 * s),
    **alike("s", _HERMES, _P, "reading time of the fit", shortest=512 * ns),
    **alike("1", _HERMES, _P, "more than 99 % of unit cells work on 63 of 64 cores",
            stuck_fraction=0.01),
}

_OWN_ARRAY = {
    **alike("1", _HERMES, _P, "unit cells of a core; of their four devices two are used",
            rows=256.0, cols=256.0),
    **alike("S", _HERMES, _P, "`cell.low`", level_low=0.1 * uS, map_low=0.1 * uS),
    **alike("S", _HERMES, _P, "`cell.high`", level_high=10.35 * uS, map_high=10.35 * uS),
    **alike("S/V", _CORE, _C, "transistors are switches: nothing stops a SET",
            gate_slope=10.35 * uS),
    **alike("s", _HERMES, _P, "precharge of a read, as others quote the paper",
            pulse_setup=256 * ns),
    **alike("1", _HERMES, _C, "the chip's counters have 12 bits", read_bits_off_chip=12.0),
    **alike("1", _HERMES, _C, "enough for the flank of a RESET", write_bits_off_chip=10.0),
    **alike("s", _HERMES, _C, "two reads of the verification", sample_time_off_chip=1 * us),
    **alike("S", _HERMES, _C, "half a count", read_noise_off_chip=0.05 * uS),
}

_OF_HERMES = by_full_name(
    cell=_OWN_CELL,
    array=_OWN_ARRAY,
    drift=_fit(_HERMES, "the laboratory's own fit, one device for each polarity",
               slope=-0.0387, offset=-0.0182, least=0.0720, most=0.13,
               joint=0.0945, square=-0.0436, linear=-0.0126, constant=0.0736),
    drift_spread=_fit(_HERMES, "the laboratory's own fit, one device for each polarity",
                      slope=-0.0120, offset=-0.0023, least=0.0124, most=0.04,
                      joint=0.3039, square=-0.0165, linear=0.0116, constant=0.0104),
    noise=_fit(_HERMES, "the laboratory's own fit, one device for each polarity",
               slope=-0.0078, offset=0.0038, least=0.0179, most=0.04,
               joint=0.1591, cube=0.0664, square=-0.1352, linear=0.0768, constant=0.0088),
)
# fmt: on

PCM_NANDAKUMAR = Preset(
    name="pcm_nandakumar",
    summary="Ge₂Sb₂Te₅ in 90 nm, partial SETs, measured drift and noise (Nandakumar 2018, 2019)",
    validity=(
        "SET steps from 0.1 to 12 µS and drift from 20 s on are published fits; RESET by amplitude"
        " and all voltages are choices. Near 300 K."
    ),
    values=_NANDAKUMAR,
    kind=PhaseChange,
)

PCM_HERMES = Preset(
    name="pcm_hermes",
    summary="14-nm phase change of the 64-core chip, one device a polarity (Le Gallo 2023)",
    validity=(
        "Drift, read noise, pulse widths and read-out are published; partial SETs are lent from"
        " 90-nm cells, voltages are choices. Near 300 K."
    ),
    values={**_NANDAKUMAR, **_OF_HERMES},
    kind=PhaseChange,
)

PRESETS = (PCM_NANDAKUMAR, PCM_HERMES)
