"""Signs that a terminal or file cannot show, written with those that it can."""

import codecs
import sys
import unicodedata
from io import TextIOWrapper

_HANDLER = "mho.plain"
_PLAIN = {
    "µ": "u",
    "μ": "u",
    "Ω": "Ohm",
    "⁄": "/",
    "×": "x",
    "±": "+-",
    "°": "deg ",
    "σ": "sigma",
    "²": "^2",
    "…": "...",
    "–": "-",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "−": "-",
}


def speak_plainly() -> None:
    """Let no output fail for a sign that its encoding lacks: `µS` is written `uS` there."""
    codecs.register_error(_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for the signs that cannot be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    text = "".join(_written(sign) for sign in signs)
    return text, error.end


def _written(sign: str) -> str:
    """A sign in ASCII: by the table, else by its parts, as in ½ or é; `?` if it has none."""
    if sign in _PLAIN:
        return _PLAIN[sign]
    parts = unicodedata.normalize("NFKD", sign)
    letters = (_PLAIN.get(part, part) for part in parts)
    return "".join(letter for letter in letters if letter.isascii()) or "?"
