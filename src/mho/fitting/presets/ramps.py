"""Cells of a kind that ramps suggest, with an array and whatever ramps do not show from a base."""

from collections.abc import Mapping
from dataclasses import fields, replace

from mho.device import CellModel
from mho.device.kinds import RampSteps, SoftBound
from mho.device.published import Confidence, Origin, Preset, Value
from mho.fitting.presets.origins import REACH, correlations_of, fitted_value
from mho.fitting.ramps import NodeLaw, RampFit
from mho.units import V, ns

_LENT: Mapping[str, tuple[str, ...]] = {
    "width": ("cell.width", "switching.width"),
    "voltage": ("cell.voltage", "switching.set_voltage"),
    "scale": ("cell.scale", "switching.slope"),
    "threshold": ("cell.threshold", "switching.threshold"),
    "gain_spread": ("cell.gain_spread", "switching.gain_spread"),
    "bias_spread": ("cell.bias_spread",),
    "gamma_spread": ("cell.gamma_spread",),
    "voltage_spread": ("cell.voltage_spread", "switching.voltage_spread"),
    "stuck_fraction": ("cell.stuck_fraction",),
    "stuck_high": ("cell.stuck_high",),
    "low_spread": ("cell.low_spread",),
    "high_spread": ("cell.high_spread",),
    "leak": ("cell.leak",),
    "write_energy": ("cell.write_energy",),
}
"""Numbers that a base may lend, by what they are called there."""
_ELSE: Mapping[str, tuple[float, str]] = {
    "width": (100 * ns, "s"),
    "voltage": (1 * V, "V"),
    "scale": (0.1 * V, "V"),
    "threshold": (0.75, "1"),
}
"""What stands in for what a base does not have; of all others 0."""
_SPREADS = ("cell.gain_spread", "cell.bias_spread", "cell.ramp_spread")
"""Spreads that are the base's, or nothing, where data do not tell them."""
_UNITS = {"leak": "1/s", "write_energy": "J", "rest": "S"}


def ramp_preset(fit: RampFit, base: Preset, name: str) -> Preset:
    """A preset of the kind that ramps suggest.

    Args:
        fit: What ramps say.
        base: What lends the rest.
        name: What it is called.

    Raises:
        ValueError: A number is none that the kind allows.
    """
    kind = _kind(fit, base)
    source = ", ".join(fit.fitted.data)
    known = _known(fit, source)
    cell = {}
    for number in fields(kind):  # type: ignore[arg-type]
        full = f"cell.{number.name}"
        cell[full] = known.get(full) or _lent(number.name, base, known)
    array = {
        full: value
        for full, value in base.values.items()
        if full.startswith("array.")
    }
    array |= _array(fit, source)
    own = [full for full, value in cell.items() if value.interval is not None]
    same = base.kind is kind
    found = Preset(
        name=name,
        summary=f"fitted to {source}: {fit.fitted.title}; the rest lent from {base.name}",
        validity=(
            f"Ramps of identical pulses between {_reach(fit)}, as in {source}. How pulses of other"
            f" amplitudes act, the array and its electronics are those of {base.name}. Time is not"
            " in it: no relaxation, no retention, no noise of cells between reads."
        ),
        values=cell | array,
        biasing=base.biasing,
        kind=kind,
        origin=Origin(
            f"{name}.toml",
            base.name if same else "",
            frozenset(cell | array),
            correlations_of([fit.fitted], own),
        ),
    )
    found.cell()
    return found


def _kind(fit: RampFit, base: Preset) -> type[CellModel]:
    kind: type[CellModel] = SoftBound
    if isinstance(fit.law, NodeLaw):
        kind = RampSteps
    elif issubclass(base.kind, SoftBound):
        kind = base.kind
    return kind


def _known(fit: RampFit, source: str) -> dict[str, Value]:
    """Numbers of the cell that ramps tell."""
    found = {}
    for one in fit.fitted.parameters:
        if not one.name.startswith("cell."):
            continue
        value = fitted_value(one)
        spread_of_cells = one.name in _SPREADS
        if not one.determined:
            if spread_of_cells:
                continue
            # a step where no data are has to be something: the line's own end
            value = replace(
                value,
                confidence=Confidence.CHOICE,
                interval=None,
                note="not determined by the data; where their likelihood is largest",
            )
        found[one.name] = value
    low, high = fit.law.low, fit.law.low + fit.law.range
    note = f"{REACH} and a fiftieth of it more; what the cell could do beyond is open"
    for name, end in (("cell.low", low), ("cell.high", high)):
        found.setdefault(
            name, Value(end, "S", source, Confidence.INFERRED, note)
        )
    counted = zip(("up", "down"), fit.ramps.longest, strict=True)
    for word, count in counted:
        found[f"cell.pulses_{word}"] = Value(
            float(count),
            "1",
            source,
            Confidence.INFERRED,
            f"{REACH}: pulses of the longest ramp",
        )
    return found


def _lent(name: str, base: Preset, known: Mapping[str, Value]) -> Value:
    """A number that ramps do not tell."""
    if name == "rest":
        low = known["cell.low"]
        return replace(
            low,
            confidence=Confidence.CHOICE,
            interval=None,
            note="the low end; without leak it does not matter",
        )
    for full in _LENT.get(name, ()):
        if full in base.values:
            return replace(
                base.values[full],
                confidence=Confidence.CHOICE,
                interval=None,
                note=f"not determined by the data: kept from {base.name}, `{full}`",
            )
    value, unit = _ELSE.get(name, (0.0, _UNITS.get(name, "1")))
    return Value(
        value,
        unit,
        "own",
        Confidence.CHOICE,
        f"not determined by the data, and {base.name} has no such number",
    )


def _array(fit: RampFit, source: str) -> dict[str, Value]:
    """Numbers of the array that follow from ramps: levels within reach, noise of a reading."""
    low = float(fit.ramps.reading.min())
    high = float(fit.ramps.reading.max())
    note = REACH
    found = {}
    for name, end in (
        ("level_low", low),
        ("level_high", high),
        ("map_low", low),
        ("map_high", high),
    ):
        found[f"array.{name}"] = Value(
            end, "S", source, Confidence.INFERRED, note
        )
    noise = fit.fitted["read noise"]
    if noise.determined:
        found["array.read_noise_off_chip"] = replace(
            fitted_value(noise),
            note="of one reading, instrument and fast noise of the cell together",
        )
    return found


def _reach(fit: RampFit) -> str:
    low = float(fit.ramps.reading.min()) * 1e6
    high = float(fit.ramps.reading.max()) * 1e6
    return f"{low:.4g} and {high:.4g} µS"
