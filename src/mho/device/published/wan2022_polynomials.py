"""NeuRRAM with the published polynomials of its relaxation (key: wan2022).

Standard deviations one second and one day after programming, as published; onset, shape and mean
are assumptions, which measurements of what most likely are the same cells contradict: see
`wan2022`. It is what `wan2022` was in the first release, so that chips of that time are the same,
and it checks the fitted law a second time.
"""

from mho.device.laws import FittedRelaxation
from mho.device.published.rao2023 import RAO2023
from mho.device.published.wan2022 import WAN2022
from mho.device.values import Confidence, Preset, Value
from mho.units import ms, s, uS

_P = Confidence.PUBLISHED
_C = Confidence.CHOICE

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
        "chosen, and contradicted by measurements (levy2021); longer than programming takes: were it shorter, part of the creep would be over when a cell is accepted, and less than the published change would follow",
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

WAN2022_POLYNOMIALS = Preset(
    name="wan2022_polynomials",
    summary="NeuRRAM as `wan2022`, relaxation as the published polynomials alone",
    validity=(
        "As `wan2022`, but for relaxation: its deviation after a second and a day is published, all"
        " else of it assumed. It starts after 0.1 s, has neither tails nor a mean; measured cells"
        " start within milliseconds and have both."
    ),
    values={
        **{
            name: value
            for name, value in WAN2022.values.items()
            if not name.startswith("relaxation.")
        },
        **{f"relaxation.{name}": value for name, value in _RELAXATION.items()},
        "retention.onset": RAO2023.values["retention.onset"],
    },
    laws={"relaxation": FittedRelaxation},
)
