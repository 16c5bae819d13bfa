"""The page of a fitted preset, made of its results alone."""

import base64
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from mho.units import show


def render_fit(result: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The page as HTML.

    Args:
        result: What the fit told, as JSON.
        pictures: PNG images by title.
    """
    source = (
        files("mho.report").joinpath("fit.html.j2").read_text(encoding="utf-8")
    )
    page = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).from_string(source)
    rows = [_row(one) for one in result["numbers"]]
    return page.render(
        name=result["preset"],
        base=result["base"],
        files=result["files"],
        told=result["told"],
        chosen=result["chosen"],
        table=result["table"],
        rests=[one for one in rows if one["origin"] == "data"],
        kept=[one for one in rows if one["origin"] != "data"],
        beside=[_row(one) for one in result["beside"]],
        pictures={
            title: "data:image/png;base64,"
            + base64.b64encode(png).decode("ascii")
            for title, png in pictures.items()
        },
        version=version("mho"),
    )


def _row(one: Mapping[str, Any]) -> dict[str, str]:
    unit = one["unit"]
    interval = one["interval"]
    ends = (
        "" if interval is None else " to ".join(show(e, unit) for e in interval)
    )
    determined = one.get("determined", True)
    return {
        "name": one["name"],
        "value": show(one["value"], unit) if determined else "not determined",
        "interval": ends,
        "origin": one.get("origin", ""),
        "source": one.get("source", ""),
        "note": one["note"],
    }
