"""Sessions of ArC ONE: all operations of all cells, in one CSV file with tags.

A session holds many experiments. Tags tell which: `CT` a sweep, `RET` retention, others pulses and
reads. The kind with the most lines is read unless another is asked for, and the rest is told.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mho.measured.sheets import Column, Sheet

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_NEEDED = {"wordline", "bitline", "resistance", "amplitude", "pulse width"}
_FAMILIES = {"CT": "sweeps", "RET": "waits"}
_NAMES = {
    "sweeps": "CurveTracer",
    "waits": "Retention",
    "pulses": "pulses and reads",
}


def is_arc_one(sheet: Sheet) -> bool:
    """Whether a table has the columns of a session.

    Args:
        sheet: The table.
    """
    names = {column.name.lower() for column in sheet.columns}
    return names >= _NEEDED


def arc_one_sheet(sheet: Sheet, kind: str | None) -> tuple[Sheet, str]:
    """The lines of a session that belong to one kind of measurement, with what they mean.

    Args:
        sheet: The session as a table.
        kind: Kind that is asked for; that with the most lines if `None`.

    Raises:
        ValueError: The session holds none of that kind.
    """
    sheet = _without_date(sheet)
    by_name = {column.name.lower(): column for column in sheet.columns}
    tags = by_name.get("tag", sheet.columns[0]).words or ("",) * sheet.rows
    family = np.array(
        [_FAMILIES.get(tag.split("_")[0].strip(), "pulses") for tag in tags]
    )
    counts = {name: int((family == name).sum()) for name in _NAMES}
    usual = max(counts, key=lambda name: counts[name])
    chosen = kind if kind is not None else usual
    wanted = chosen if chosen in counts else usual
    if counts[wanted] == 0:
        raise ValueError(
            f"File `{sheet.source}` must hold lines of `{wanted}`, but holds"
            f" {counts[usual]:,} of `{usual}` alone."
        )
    others = [
        f"{count:,} lines of {_NAMES[name]} (`--as {name}`)"
        for name, count in counts.items()
        if count and name != wanted
    ]
    remarks = sheet.remarks
    if others:
        remarks = (*remarks, f"the session also holds {' and '.join(others)}")
    rows = family == wanted
    part = _part(sheet, rows, remarks)
    if wanted == "sweeps":
        return _sweeps(part, by_name, rows, tags), chosen
    if wanted == "waits":
        return _waits(part, by_name, rows, tags), chosen
    return part, chosen


def _without_date(sheet: Sheet) -> Sheet:
    """The first two lines name the session and its date; they are no oddity."""
    told = tuple(
        remark
        for remark in sheet.remarks
        if "before the table are no header" not in remark
    )
    return replace(sheet, remarks=told)


def _part(sheet: Sheet, rows: Mask, remarks: tuple[str, ...]) -> Sheet:
    columns = tuple(
        Column(
            column.name,
            column.unit,
            column.values[rows],
            tuple(
                word
                for word, keep in zip(column.words, rows, strict=True)
                if keep
            )
            if column.words
            else (),
        )
        for column in sheet.columns
        if column.name.lower() not in ("tag", "readtag")
    )
    return replace(
        sheet, columns=columns, lines=sheet.lines[rows], remarks=remarks
    )


def _numbers(by_name: dict[str, Column], name: str, rows: Mask) -> Values:
    own: Values = by_name[name].values[rows]
    return own


def _sweeps(
    part: Sheet,
    by_name: dict[str, Column],
    rows: Mask,
    tags: tuple[str, ...],
) -> Sheet:
    """Voltage and current of a sweep; a new one begins with each start and each cycle."""
    voltage = _numbers(by_name, "amplitude", rows)
    resistance = _numbers(by_name, "resistance", rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        current = np.where(resistance == 0, np.nan, voltage / resistance)
    own = [tag for tag, keep in zip(tags, rows, strict=True) if keep]
    cycle = np.zeros(len(own))
    number = 0
    for place, tag in enumerate(own):
        ended = place > 0 and own[place - 1].endswith("_e")
        changed = place > 0 and _cycle_of(tag) != _cycle_of(own[place - 1])
        number += int(ended or changed or (place > 0 and tag.endswith("_s")))
        cycle[place] = number
    return replace(
        part,
        columns=(
            Column("wordline", "", _numbers(by_name, "wordline", rows)),
            Column("bitline", "", _numbers(by_name, "bitline", rows)),
            Column("voltage", "V", voltage),
            Column("current", "A", current),
            Column("sweep", "", cycle),
        ),
    )


def _cycle_of(tag: str) -> str:
    """What a tag says besides start, middle and end: the number of the cycle."""
    parts = [part for part in tag.split("_")[1:] if part.isdigit()]
    return parts[0] if parts else ""


def _waits(
    part: Sheet,
    by_name: dict[str, Column],
    rows: Mask,
    tags: tuple[str, ...],
) -> Sheet:
    """Times of retention stand in the tags, in seconds since 1970; they count from the first."""
    own = [tag for tag, keep in zip(tags, rows, strict=True) if keep]
    time = np.full(len(own), np.nan)
    for place, tag in enumerate(own):
        try:
            time[place] = float(tag.split("_", 1)[1])
        except (IndexError, ValueError):
            continue
    word = _numbers(by_name, "wordline", rows)
    bit = _numbers(by_name, "bitline", rows)
    for cell in {(w, b) for w, b in zip(word, bit, strict=True)}:
        mine = (word == cell[0]) & (bit == cell[1])
        known = time[mine][np.isfinite(time[mine])]
        if known.size:
            time[mine] -= known.min()
    # the reads at the start and the end carry no time
    timed = np.isfinite(time)
    resistance = _numbers(by_name, "resistance", rows)
    return replace(
        part,
        lines=part.lines[timed],
        columns=(
            Column("wordline", "", word[timed]),
            Column("bitline", "", bit[timed]),
            Column("time", "s", time[timed]),
            Column("resistance", "Ohm", resistance[timed]),
        ),
    )
