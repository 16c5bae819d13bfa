"""The page of equations that were solved on a chip."""

import json
import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from mho.runs.equations import cost_rows, solution_rows


def render_equations(result: dict[str, Any], picture: str) -> str:
    """The page as HTML.

    Args:
        result: What `mho.runs.equations.solve_equations` returned.
        picture: `data:` address of the figure of convergence.
    """
    source = (
        files("mho.report")
        .joinpath("equations.html.j2")
        .read_text(encoding="utf-8")
    )
    page = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).from_string(source)
    return page.render(
        title=plain(result["problem"]),
        rows=[(name, plain(value)) for name, value in solution_rows(result)],
        costs=cost_rows(result),
        explanation=[plain(one) for one in result["explanation"]],
        residual=result["relative_residual"],
        machine=_machine(result["digital_machine"]),
        picture=picture,
        result=json.dumps(result, indent=2, ensure_ascii=False),
    )


def _machine(machine: dict[str, Any]) -> str:
    """The peaks that digital costs are reckoned with."""
    return (
        f"{machine['operations_per_second'] / 1e12:g} TFLOP/s in double precision,"
        f" {machine['bytes_per_second'] / 1e12:g} TB/s, {machine['watts']:g} W:"
        f" {machine['source']}"
    )


def plain(sentence: str) -> str:
    """A sentence without backticks, which are for terminals.

    >>> plain("more with `steps`")
    'more with “steps”'
    """
    return re.sub(r"`([^`]*)`", r"“\1”", sentence)
