"""How a file says which way weights became conductances: in words, for people."""

from dataclasses import asdict, is_dataclass

from mho.deployment.storage.record import Record, Records
from mho.mapping import (
    DifferentialPairs,
    ReferenceColumn,
    ResidualPairs,
    TwoPairs,
    WeightMapping,
)

_FIELDS = ("low", "high", "scale", "clip", "levels")

_MAPPINGS = Records(
    (
        Record("DifferentialPairs", DifferentialPairs, _FIELDS),
        Record("OffsetColumn", ReferenceColumn, _FIELDS),
        Record("FourDevices", TwoPairs, (*_FIELDS, "factor", "share")),
        Record("ResidualPairs", ResidualPairs, (*_FIELDS, "pairs", "factor")),
    )
)
"""Names of mappings in files; see `names`."""


def mapping_words(mapping: WeightMapping) -> dict[str, object]:
    """A mapping as plain values: its `"kind"`, and its numbers.

    Args:
        mapping: Any; one that this table does not know is called by the name of its class.
    """
    record = _MAPPINGS.of(type(mapping))
    if record is not None:
        own = {n: getattr(mapping, record.attribute(n)) for n in record.fields}
        return {"kind": record.name, **own}
    own = asdict(mapping) if is_dataclass(mapping) else {}
    return {"kind": type(mapping).__name__, **own}
