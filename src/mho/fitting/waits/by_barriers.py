"""Waits at several temperatures: drift, loss, and an activation energy with its interval."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mho.device.laws import BOLTZMANN, BarrierRelaxation
from mho.device.published import Confidence, Preset, Value
from mho.fitting.engine import FittedLaw, Row, best_of, fit_law
from mho.fitting.presets import Part
from mho.fitting.waits.barriers import ATTEMPTS, ENERGY, FREQUENCY, BarrierLaw
from mho.fitting.waits.counts import Wait, counted
from mho.fitting.waits.curves import wait_curves
from mho.fitting.waits.lent import Around, filled, fitted_values
from mho.progress import Progress
from mho.units import eV

_GROUPS_FOR = ((8, 3), (6, 2), (3, 1), (0, 0))
"""Conductances from which polynomials have a degree (1)."""
ONSET = 1e-6
"""Time at which the drift starts where no base says it (s)."""
_DECADES = 100.0
"""Longest wait over the shortest at one temperature, from which the attempt frequency is open."""


def barrier_law(
    waits: Sequence[Wait],
    reference: float,
    data: tuple[str, ...],
    onset: float = ONSET,
) -> BarrierLaw:
    """The law that is held against waits at several temperatures.

    Args:
        waits: The waits.
        reference: Temperature at which times are stated (K).
        data: Names of the files.
        onset: Time at which the drift starts (s).
    """
    counts = counted(waits)
    degree = next(d for groups, d in _GROUPS_FOR if counts.places >= groups)
    return BarrierLaw(counts, data, reference, degree, onset, _is_long(waits))


def likeliest(law: BarrierLaw) -> Row:
    """The most likely numbers: a search from each energy, as the likelihood has several hills."""
    found = [best_of(law, start) for start in law.starts()]
    return min(found, key=lambda one: one[1])[0]


def barrier_part(
    waits: Sequence[Wait],
    base: Preset,
    data: tuple[str, ...],
    progress: Progress,
) -> Part:
    """The law `BarrierRelaxation` of waits at several temperatures.

    Args:
        waits: The waits, each with its temperature.
        base: Preset that lends the rest.
        data: Names of the files.
        progress: Told how far it is.
    """
    around = Around(base, ", ".join(data))
    onset = _onset(around, min(one.time for one in waits))
    law = barrier_law(waits, around.reference(), data, onset.value)
    progress(law.title, 0.0)
    fitted = fit_law(law, progress, likeliest(law))
    values = _values(law, fitted, around)
    values["relaxation.onset"] = onset
    relaxation = BarrierRelaxation(
        **{
            n.partition(".")[2]: v.value
            for n, v in values.items()
            if n.startswith("relaxation.")
        }
    )
    energy = fitted[ENERGY].value
    paces = [
        float(
            np.exp(
                energy / BOLTZMANN * (1 / law.reference - 1 / one.temperature)
            )
        )
        for one in waits
    ]
    return Part(
        (fitted,),
        values,
        tuple(_told(law, fitted)),
        tuple(wait_curves(waits, relaxation, paces)),
        {"relaxation": BarrierRelaxation},
    )


def _onset(around: Around, first: float) -> Value:
    """Time at which the drift starts: before the first wait nothing tells it."""
    known = around.base.values.get("relaxation.onset")
    if known is None or known.value > first:
        return around.choice(
            min(ONSET, first), "s", "not determined by the data"
        )
    note = f"not determined by the data: kept from {around.base.name}"
    return replace(
        known, confidence=Confidence.CHOICE, interval=None, note=note
    )


def _values(
    law: BarrierLaw, fitted: FittedLaw, around: Around
) -> dict[str, Value]:
    """All numbers of the law, the activation energy, and no loss beside it."""
    values = fitted_values([fitted])
    attempts = f"{FREQUENCY} of {ATTEMPTS:.0e}/s"
    if law.open_attempts:
        attempts = "the fitted attempt frequency"
    lifetime = law.lifetime(fitted.best)
    note = f"follows from the activation energy and {attempts}"
    values |= {
        "relaxation.scale": around.follows(1.0, "1", "as fitted"),
        "relaxation.full": around.follows(
            law.full, "S", "highest group of cells"
        ),
        "relaxation.stated": around.choice(
            law.stated,
            "s",
            "in the midst of the waits, counted at the reference",
        ),
        "relaxation.lifetime": around.follows(lifetime, "s", note),
        "relaxation.renewal_step": around.renewal(),
        "retention.scale": around.follows(
            0.0, "1", "the law of relaxation has all that cells lose"
        ),
    }
    note = "too few groups of cells for a polynomial of this degree"
    return filled(BarrierRelaxation, values, around, note)


def _is_long(waits: Sequence[Wait]) -> bool:
    """Whether waits at some temperature are of very different lengths."""
    for one in waits:
        times = [
            w.time for w in waits if abs(w.temperature - one.temperature) < 1
        ]
        if max(times) >= _DECADES * min(times):
            return True
    return False


def _told(law: BarrierLaw, fitted: FittedLaw) -> list[str]:
    """What the activation energy rests on, and what it says at the reference."""
    found = fitted[ENERGY]
    if not found.determined:
        return ["these waits do not determine an activation energy"]
    spread = (
        fitted["relaxation.lifetime_spread"].value * BOLTZMANN * law.reference
    )
    said = [
        f"activation energy {found.value / eV:.3f} eV ({found.low / eV:.3f} to"
        f" {found.high / eV:.3f}) of cells of little conductance; cells differ by"
        f" {spread / eV:.3f} eV"
    ]
    if not law.open_attempts:
        said.append(
            f"waits of one length at each temperature do not tell the attempt frequency: it is"
            f" taken as {ATTEMPTS:.0e}/s, and the interval of the energy does not contain how"
            " little that is known (a factor of ten is 6 % of it)"
        )
    return said
