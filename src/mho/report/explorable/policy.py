"""Scripts and styles of a page, and the policy that lets it run these and nothing else."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

SCRIPTS = (
    "theme.js",
    "data.js",
    "colours.js",
    "view.js",
    "axes.js",
    "map.js",
    "traces.js",
    "chips.js",
    "report.js",
)
"""Files of the scripts, in the order in which they need each other."""
WITH_PLOTS = (*SCRIPTS[:-1], "plot.js", SCRIPTS[-1])
"""The same for pages with curves over an axis."""


@dataclass(frozen=True, slots=True)
class PageParts:
    """What a page has in its head, and at its end.

    Args:
        policy: Content of the policy's `meta`.
        style: What stands between the `style` tags.
        script: What stands between the `script` tags.
    """

    policy: Markup
    style: Markup
    script: Markup


@cache
def page_parts(
    scripts: Sequence[str] = SCRIPTS, *, connect: str = ""
) -> PageParts:
    """Scripts, style and policy.

    Images may be inline; the style and the script are known by their hashes; nothing else is
    loaded, sent or run, whatever may have got into a page.

    Args:
        scripts: Files of scripts here, in order.
        connect: Where a page may ask for more: `'self'` for one that is served.
    """
    style = _text("page.css")
    script = "\n".join(_text(name) for name in scripts)
    closed = f'"use strict";\n(() => {{\n{script}}})();\n'
    rules = [
        "default-src 'none'",
        "img-src data:",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(closed)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if connect:
        rules.append(f"connect-src {connect}")
    return PageParts(
        Markup("; ".join(rules)),
        Markup(style),
        Markup(closed),
    )


def payload_text(content: Any) -> Markup:
    r"""Plain values as JSON that may stand between `script` tags.

    Names come from outside: no `<` of theirs is left that could end the element.

    Args:
        content: What scripts read.

    >>> str(payload_text({"name": "</script>"}))
    '{"name":"\\u003c/script>"}'
    """
    # NaN is no JSON, and a page that cannot read it would show nothing
    text = json.dumps(
        content, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return Markup(text.replace("<", "\\u003c"))


def _text(name: str) -> str:
    return (
        files("mho.report.explorable")
        .joinpath(name)
        .read_text(encoding="utf-8")
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
