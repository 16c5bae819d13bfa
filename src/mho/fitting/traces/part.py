"""From traces to numbers of a preset: channels, 1/f noise, white noise of a reading."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mho.characterise.history import TraceHistory, trace_history
from mho.device.published import Preset, Value
from mho.fitting.engine import FittedLaw, fit_law
from mho.fitting.presets import Part, fitted_value
from mho.fitting.traces.channels import NAMES, ChannelLaw, Times
from mho.fitting.traces.curves import amplitude_curve, flicker_curve
from mho.fitting.traces.looks import Look, channels_in, looks_of
from mho.fitting.traces.noises import FLICKER, READ, flicker_of, white_of
from mho.fitting.traces.ratios import RatioLaw
from mho.measured import Trace
from mho.progress import Progress, silent

_KEPT_FIRST = (NAMES[3], NAMES[2], NAMES[1], NAMES[0])
"""Numbers in the order in which they are kept from the base if the data do not determine them."""
_FEWEST = 5
"""Channels from which their spread says something (1)."""


def trace_part(
    traces: Sequence[Trace], base: Preset, progress: Progress = silent
) -> Part:
    """What traces tell of the population of cells that they are from.

    Args:
        traces: One cell each.
        base: Preset that gives what the traces do not show.
        progress: Told how far it is.
    """
    histories = []
    for k, trace in enumerate(traces):
        progress("traces", k / len(traces))
        histories.append(trace_history(trace))
    progress("traces", 1.0)
    names = tuple(trace.source for trace in traces)
    parts = (
        _channels(histories, base, names, progress),
        _flicker(histories, base, names),
        _white(histories, base, names),
    )
    return Part(
        tuple(law for part in parts for law in part.laws),
        {n: value for part in parts for n, value in part.values.items()},
        tuple(line for part in parts for line in part.told),
        tuple(curve for part in parts for curve in part.curves),
    )


def _channels(
    histories: Sequence[TraceHistory],
    base: Preset,
    names: tuple[str, ...],
    progress: Progress,
) -> Part:
    """Channels that flicker: how many, how large, how lopsided."""
    looks = tuple(look for one in histories for look in looks_of(one))
    if not looks:
        return Part(
            (),
            {},
            ("the traces have no stretch in which channels can be told",),
        )
    law, fitted = _determined(looks, base, names, progress)
    count = channels_in(looks)
    values = {
        one.name: fitted_value(one)
        for one in fitted.parameters
        if one.determined
    }
    numbers = [law.known.get(n, 0.0) for n in NAMES]
    for k, name in enumerate(NAMES):
        if name in values:
            numbers[k] = values[name].value
    shown = law.shown(*(complex(one) for one in numbers[1:])).real
    share = float(np.average(shown, weights=[look.weight for look in looks]))
    kept = ", ".join(name for name in NAMES if name not in values)
    times = law.times
    told = [
        f"telegraph noise: {count} channels in {len(looks)} stretches of {len(histories)} traces,"
        f" which show {share:.0%} of channels if times are spread from {times.shortest:.2g} to"
        f" {times.longest:.2g} s, as in {base.name}"
    ]
    if kept:
        told.append(
            f"telegraph noise: the traces do not determine {kept}; these are kept from {base.name}"
        )
    if "telegraph.births" in values:
        values["telegraph.births"] = replace(
            values["telegraph.births"],
            note="channels at a time in a cell that was written, as those of one large step",
        )
    curves = () if count == 0 else (amplitude_curve(looks, law, numbers),)
    return Part((fitted,), values, tuple(told), curves)


def _determined(
    looks: Sequence[Look],
    base: Preset,
    names: tuple[str, ...],
    progress: Progress,
) -> tuple[ChannelLaw, FittedLaw]:
    """The law with the numbers alone that the traces determine; others are the base's."""
    times = Times(
        _number(base, "telegraph.shortest", 1e-6),
        _number(base, "telegraph.longest", 1e3),
    )
    lent = {
        "telegraph.births": 1.0,
        "telegraph.amplitude": max(look.smallest for look in looks),
        "telegraph.amplitude_spread": 0.9,
        "telegraph.asymmetry": 1.0,
    }
    lent = {name: _number(base, name, usual) for name, usual in lent.items()}
    known: dict[str, float] = {}
    if channels_in(looks) < _FEWEST:
        known = {name: lent[name] for name in _KEPT_FIRST[:2]}
    while True:
        law = ChannelLaw(looks, times, known, names)
        fitted = fit_law(law, progress)
        open_ = [
            name
            for name in _KEPT_FIRST
            if name not in known and not fitted[name].determined
        ]
        if not open_ or len(known) == len(NAMES) - 1:
            return law, fitted
        known[open_[0]] = lent[open_[0]]


def _number(base: Preset, name: str, usual: float) -> float:
    """A number of the base, or a usual one if its cells have none such."""
    found = base.values.get(name)
    return usual if found is None else found.value


def _flicker(
    histories: Sequence[TraceHistory], base: Preset, names: tuple[str, ...]
) -> Part:
    """1/f noise: its size for each decade of time constants, relative to the conductance."""
    knee = _number(base, "flicker.knee", 1e-3)
    found = [flicker_of(one, knee) for one in histories]
    known = [(one, name) for one, name in zip(found, names, strict=True) if one]
    told = []
    if len(known) < len(names):
        told.append(
            f"1/f noise: {len(names) - len(known)} of {len(names)} traces conduct nothing, or"
            " show none above their white noise, and do not count"
        )
    if not known:
        return Part((), {}, tuple(told))
    sizes = [one for one, _ in known]
    law = RatioLaw(
        "1/f noise",
        FLICKER,
        "1",
        [one.relative for one in sizes],
        [one.error for one in sizes],
        tuple(name for _, name in known),
    )
    fitted = fit_law(law)
    exponents = ", ".join(
        f"{one.exponent.value:.2f} ({one.exponent.low:.2f} to {one.exponent.high:.2f})"
        for one in sizes[:6]
    )
    more = ", …" if len(sizes) > 6 else ""
    told.append(
        f"1/f noise: exponents {exponents}{more}; the law of cells has 1, and gets the variance"
        " that the traces have within their band"
    )
    values = _values(fitted, FLICKER)
    curve = flicker_curve(sizes, fitted[FLICKER].value, knee)
    return Part((fitted,), values, tuple(told), (curve,))


def _white(
    histories: Sequence[TraceHistory], base: Preset, names: tuple[str, ...]
) -> Part:
    """White noise, as that of one reading of the base's bench."""
    time = base.values["array.sample_time_off_chip"].value
    found = [white_of(one, time) for one in histories]
    known = [k for k, one in enumerate(found) if one.value > 0]
    if not known:
        return Part((), {}, ("the traces have no white noise",))
    law = RatioLaw(
        "read noise",
        READ,
        "S",
        [found[k].value for k in known],
        [found[k].error for k in known],
        tuple(names[k] for k in known),
    )
    fitted = fit_law(law)
    values = {
        name: replace(
            value,
            note=f"white noise of the traces over {time:.2g} s, the time of a reading",
        )
        for name, value in _values(fitted, READ).items()
    }
    return Part((fitted,), values)


def _values(fitted: FittedLaw, name: str) -> dict[str, Value]:
    """The number of this name, if it is determined."""
    one = fitted[name]
    return {name: fitted_value(one)} if one.determined else {}
