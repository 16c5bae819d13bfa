"""Types of options that several commands take."""

from typing import Annotated

from cyclopts import Parameter

_Out = Annotated[str | None, Parameter(name=("--out", "-o"))]
_Json = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
_Flag = Annotated[bool, Parameter(negative=())]
