"""The page of a reproduced paper: claim, figure and parameters side by side."""

import base64
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from mho.device.published import Preset
from mho.papers import Paper, Verdict
from mho.report.figures import draw_png
from mho.report.papers.figures import draw_shown
from mho.units import show


def draw_figures(paper: Paper, verdict: Verdict) -> dict[str, bytes]:
    """PNG images of a claim's figures, by the figures' names."""
    shown = verdict.measurement.shown
    if shown is None:
        return {}
    return {
        figure.name: draw_png(lambda: draw_shown(shown))
        for figure in paper.figures
        if figure.claim == verdict.claim.name
    }


def render_paper(
    paper: Paper,
    verdicts: Sequence[Verdict],
    pictures: Mapping[str, bytes],
    *,
    preset: Preset,
    changes: Mapping[str, float],
    seed: int,
    quick: bool,
) -> str:
    """The page as HTML.

    Args:
        paper: What was reproduced.
        verdicts: Its claims, measured.
        pictures: PNG images by name.
        preset: Cells they were measured on.
        changes: Numbers of the preset that were changed (SI).
        seed: Of all randomness.
        quick: Whether at the reduced size.
    """
    source = (
        files("mho.report")
        .joinpath("paper.html.j2")
        .read_text(encoding="utf-8")
    )
    page = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).from_string(source)
    return page.render(
        title=paper.title,
        verdicts=[_row(paper, v, pictures) for v in verdicts],
        held=sum(v.measurement.holds for v in verdicts),
        preset=preset.name,
        law=paper.law,
        changes=", ".join(
            f"{name} = {value:g}" for name, value in changes.items()
        ),
        parameters=_parameters(preset),
        seed=seed,
        quick=quick,
        version=version("mho"),
    )


def short_number(value: float) -> str:
    """A measured number as people read it.

    >>> short_number(2048.0), short_number(0.99677), short_number(-0.9994)
    ('2,048', '0.9968', '-0.9994')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def _row(
    paper: Paper, verdict: Verdict, pictures: Mapping[str, bytes]
) -> dict[str, object]:
    claim = verdict.claim
    measured = verdict.measurement
    return {
        "id": claim.name,
        "statement": claim.statement,
        "source": claim.source,
        "unit": "" if claim.unit == "1" else claim.unit,
        "target": short_number(claim.target),
        "measured": short_number(measured.value),
        "low": short_number(measured.low),
        "high": short_number(measured.high),
        "interval": measured.interval,
        "tolerance": claim.tolerance,
        "reason": claim.reason,
        "note": measured.note,
        "holds": measured.holds,
        "seconds": f"{verdict.seconds:.1f}",
        "figures": [
            {
                "title": f.title,
                "caption": f.caption,
                "source": _address(pictures[f.name]),
            }
            for f in paper.figures
            if f.claim == claim.name and f.name in pictures
        ],
    }


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _parameters(preset: Preset) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "value": f"{v.value:g} {v.unit}"
            if "/" in v.unit
            else show(v.value, v.unit),
            "confidence": str(v.confidence),
            "source": v.source,
            "note": v.note,
        }
        for name, v in preset.values.items()
    ]
