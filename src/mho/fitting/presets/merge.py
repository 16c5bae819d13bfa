"""One preset of what several kinds of data tell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mho.device.published import Origin, Preset, Value
from mho.fitting.engine import FittedLaw
from mho.fitting.presets.origins import correlations_of, is_fitted
from mho.fitting.presets.part import Part

_GROUPS = {
    "telegraph": "no telegraph noise",
    "flicker": "no 1/f noise",
    "relaxation": "no relaxation",
    "retention": "no retention",
    "endurance": "no endurance",
    "switching": "no law of pulse amplitudes",
    "cell": "no cells that are stuck",
}
"""What cells lack that have no numbers of a group, in words."""


def merged_preset(
    start: Preset,
    base: Preset,
    name: str,
    parts: Sequence[Part],
    laws: Sequence[FittedLaw],
) -> tuple[Preset, tuple[str, ...]]:
    """A preset with the numbers of all parts, and what its cells have no place for, in sentences.

    A number that already rests on data in `start` stays: ramps come first.

    Args:
        start: What the parts change: the base, or the cells that ramps suggest.
        base: What lends the rest.
        name: What the preset is called.
        parts: What each kind of data tells.
        laws: All fitted laws, those of ramps too, for the correlations of their numbers.
    """
    values = dict(start.values)
    taken = dict(start.laws)
    missing: list[str] = []
    given: set[str] = set()
    for part in parts:
        for group, law in part.replaced.items():
            if group not in start.parts:
                continue
            taken[group] = law
            values = {
                full: value
                for full, value in values.items()
                if not full.startswith(f"{group}.")
            }
        for full, value in part.values.items():
            group = full.partition(".")[0]
            if full not in values and group not in part.replaced:
                missing.append(full)
            elif group in ("array", *start.parts, "cell"):
                if not _is_known(start, full):
                    values[full] = value
                    given.add(full)
            else:
                missing.append(full)
    merged = _named(
        replace(start, values=values, laws=taken), base, name, given
    )
    own = [full for full, value in merged.values.items() if value.interval]
    assert merged.origin is not None
    found = correlations_of(laws, own)
    merged = replace(merged, origin=replace(merged.origin, correlations=found))
    merged.cell()
    return merged, tuple(_without(missing, merged))


def _is_known(start: Preset, full: str) -> bool:
    """Whether ramps have told a number already."""
    before = start.values.get(full)
    return before is not None and is_fitted(before)


def _named(merged: Preset, base: Preset, name: str, given: set[str]) -> Preset:
    """The preset with its name, and with an account of where its numbers are from."""
    if merged.origin is not None and merged.name == name:
        return merged
    fitted = sorted(full for full in given if is_fitted(merged.values[full]))
    telling = fitted or sorted(given)
    sources = _sources(merged.values[full] for full in telling)
    source = ", ".join(dict.fromkeys(sources))
    beside = len(given) - len(fitted)
    set_here = f", {beside} more are set beside them" if beside else ""
    return replace(
        merged,
        name=name,
        summary=f"{base.name} with {len(fitted)} numbers fitted to {source}",
        validity=(
            f"{len(fitted)} numbers rest on {source}{set_here}; all others are those of"
            f" {base.name}: {base.validity}"
        ),
        origin=Origin(f"{name}.toml", base.name, frozenset(given)),
    )


def _sources(values: "Iterator[Value]") -> Iterator[str]:
    for value in values:
        yield from value.source.split(", ")


def _without(missing: Sequence[str], merged: Preset) -> Iterator[str]:
    """Sentences about numbers that cells of this kind have no place for."""
    groups = dict.fromkeys(full.partition(".")[0] for full in missing)
    kind = merged.kind.__name__
    for group in groups:
        names = ", ".join(n for n in missing if n.startswith(f"{group}."))
        lack = _GROUPS.get(group, f"no `{group}`")
        yield (
            f"cells of the kind `{kind}` have {lack}: what the data say of it is printed here,"
            f" and not in the preset ({names})"
        )
