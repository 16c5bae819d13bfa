"""From columns with a meaning to measurements: a reader for each kind, and which kind it is.

`kind_of` tells the kind by the columns; `KINDS` makes the value.
"""

from mho.measured.kinds.choice import KINDS, kind_of
from mho.measured.kinds.common import Given

__all__ = ["KINDS", "Given", "kind_of"]
