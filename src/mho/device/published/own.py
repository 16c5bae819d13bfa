"""A preset around a kind of one's own: its numbers as they are, those of the array as choices.

Nobody has published an array of such cells, so everything around them follows from their range by
plain rules, each marked as a choice. A kind names numbers that it knows better in its class
attribute `array`, by the names that presets have.
"""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from mho.checks import check_choice
from mho.compiled import bare, fingerprint, used_by
from mho.device.checked import check_kind
from mho.device.model import CellModel
from mho.device.values import Confidence, Preset, Value
from mho.files import NOT_IDENTITY
from mho.units import V, ms, ns, pJ, us

_OWN = "own"
"""Source of numbers that nobody has published."""
_HOUSE = "mho."
"""Modules whose laws belong to the version of mho."""


@dataclass(frozen=True, slots=True)
class OwnPreset(Preset):
    """A preset made around a kind of one's own.

    Args:
        model: The kind, with the numbers that are none of `values`.
        laws_sha256: Checksum of what its laws say, comments and texts left out.
    """

    model: CellModel | None = field(default=None, metadata=NOT_IDENTITY)
    laws_sha256: str = ""

    def cell(self) -> CellModel:
        """The kind, with this preset's numbers."""
        assert self.model is not None
        numbers: dict[str, float | int] = {}
        for name, value in self.group("cell").items():
            is_count = isinstance(getattr(self.model, name), int)
            if is_count and value != int(value):
                raise ValueError(
                    f"Argument `cell.{name}` must be a whole number, but is {value:g}."
                )
            numbers[name] = int(value) if is_count else value
        changed: CellModel = replace(self.model, **numbers)  # type: ignore[type-var]
        return changed

    @property
    def parts(self) -> dict[str, type]:
        """None: numbers of a kind of one's own are its own."""
        return {}

    def field_names(self) -> list[str]:
        """Every number of the kind."""
        assert self.model is not None
        return [f"cell.{name}" for name in _numbers(self.model)]


def own_preset(model: CellModel) -> OwnPreset:
    """A preset around a kind of one's own, to be changed with `replace`.

    Args:
        model: The kind, with its numbers.

    Raises:
        ValueError: The kind lacks something that every kind has, or a law uses something that
            the kind does not declare.
        TypeError: It is no frozen dataclass.
    """
    check_kind(model)
    kind = type(model)
    cell = {
        f"cell.{name}": Value(
            value,
            "S" if name in ("low", "high") else "1",
            _OWN,
            Confidence.CHOICE,
            f"field of `{kind.__name__}`",
        )
        for name, value in _numbers(model).items()
    }
    around = _array(model)
    for name, value in model.array.items():
        check_choice(name, "array", {*around, *_OPTIONAL})
        unit = around[name].unit if name in around else _OPTIONAL[name]
        around[name] = Value(
            float(value), unit, _OWN, Confidence.CHOICE, f"`{kind.__name__}.array`"
        )
    return OwnPreset(
        name=kind.__name__,
        summary=_summary(kind),
        validity=(
            "What the kind says of itself. Array, electronics and wires are choices that follow"
            " from its range; nothing of them was measured."
        ),
        values=cell | {f"array.{name}": v for name, v in around.items()},
        biasing=model.biasing,
        kind=kind,
        model=model,
        laws_sha256=laws_sha256(model),
    )


def _summary(kind: type[CellModel]) -> str:
    """What a kind is, in its own first line."""
    lines = inspect.cleandoc(kind.__doc__ or "").splitlines()
    # a dataclass without a text of its own gets its signature
    if not lines or lines[0].startswith(f"{kind.__name__}("):
        return f"cells of the kind `{kind.__name__}`"
    return lines[0]


def _numbers(model: CellModel) -> dict[str, float]:
    """Fields of a kind that are numbers."""
    found: dict[str, float] = {}
    for one in fields(model):  # type: ignore[arg-type]
        value = getattr(model, one.name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[one.name] = float(value)
    return found


_OPTIONAL = {"driver": "Ω"}
"""Numbers of an array that may be missing, and their units."""


def _array(model: CellModel) -> dict[str, Value]:
    """Numbers of an array for cells of this range, all of them choices."""
    low = model.low
    high = model.high
    span = high - low
    law = model.typical()
    most = 3.0 * V
    if law is not None:
        most = 2 * max(law.set_voltage, law.reset_voltage)

    def choice(value: float, unit: str, note: str) -> Value:
        return Value(value, unit, _OWN, Confidence.CHOICE, note)

    numbers = {
        "rows": choice(256.0, "1", "as `rao2023`"),
        "cols": choice(256.0, "1", "as `rao2023`"),
        "read_voltage": choice(0.2 * V, "V", "as `rao2023`"),
        "level_low": choice(low, "S", "the kind's whole range"),
        "level_high": choice(high, "S", "the kind's whole range"),
        "map_low": choice(low, "S", "the kind's whole range"),
        "map_high": choice(high, "S", "the kind's whole range"),
        "series_resistance": choice(0.0, "Ω", "pulses reach cells as they are"),
        "amplitude_max": choice(
            most, "V", "twice the typical amplitude, or 3 V if unknown"
        ),
        "pulse_setup": choice(1 * us, "s", "as `rao2023`"),
        "read_bits_off_chip": choice(16.0, "1", "as `rao2023`"),
        "write_bits_off_chip": choice(16.0, "1", "as `rao2023`"),
        "sample_time_off_chip": choice(1 * ms, "s", "as `rao2023`"),
        "read_noise_off_chip": choice(1e-5 * span, "S", "10⁻⁵ of the range"),
        "read_bits_on_chip": choice(8.0, "1", "as `rao2023`"),
        "write_bits_on_chip": choice(8.0, "1", "polarity and seven bits"),
        "sample_time_on_chip": choice(1 * us, "s", "as `rao2023`"),
        "read_noise_on_chip": choice(
            1e-3 * span, "S", "below a quarter of an 8-bit code"
        ),
        "dac_bits": choice(8.0, "1", "as `rao2023`"),
        "adc_bits": choice(8.0, "1", "as `rao2023`"),
        "word_line": choice(0.5, "Ω", "per segment, as `rao2023`"),
        "bit_line": choice(0.5, "Ω", "per segment, as `rao2023`"),
        "vector_time": choice(100 * ns, "s", "as `rao2023`"),
        "conversion_energy": choice(6.5 * pJ, "J", "as `rao2023`"),
    }
    if model.biasing is None:
        numbers |= {
            "gate_slope": choice(high, "S/V", "never stops a SET within the range"),
            "gate_threshold": choice(0.0, "V", "open at any gate voltage"),
            "gate_max": choice(2.5 * V, "V", "as `rao2023`"),
            "on_resistance": choice(0.0, "Ω", "pulses reach cells as they are"),
        }
    return numbers


def laws_sha256(model: CellModel) -> str:
    """Checksum of a kind's code: comments, texts and line breaks do not count.

    Args:
        model: The kind; its numbers count apart.
    """
    digest = hashlib.sha256()
    for part in _parts(model):
        digest.update(part.encode())
    return digest.hexdigest()


def _parts(model: CellModel) -> Iterator[str]:
    """What makes a kind what it is, beside its numbers."""
    for cls in type(model).__mro__:
        if issubclass(cls, CellModel) and not _is_of_house(cls):
            yield _code(cls)
    seen: set[Any] = set()
    for name, law in model.laws().items():
        if not _is_of_house(law):
            yield from _called(law, seen)
            yield name
    for one in fields(model):  # type: ignore[arg-type]
        value = getattr(model, one.name)
        if not isinstance(value, int | float):
            yield f"{one.name}={value!r}"


def _called(law: Callable[..., Any], seen: set[Any]) -> Iterator[str]:
    """The constants and functions that a law uses, and those that these use."""
    plain = bare(law)
    if plain in seen:
        return
    seen.add(plain)
    if plain.__qualname__ == plain.__name__:
        yield _code(plain)
    for name, value in used_by(plain, {}):
        if not inspect.isfunction(value):
            yield f"{name}={value!r}"
        elif not _is_of_house(value):
            yield from _called(value, seen)


def _is_of_house(part: Any) -> bool:
    return str(part.__module__).startswith(_HOUSE)


def _code(part: Any) -> str:
    """Source of a class or function, without what does not matter; its bytes if it has none."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
    except (OSError, TypeError, SyntaxError):
        own = vars(part) if isinstance(part, type) else {"law": part}
        laws = {
            name: getattr(value, "__func__", value)
            for name, value in own.items()
        }
        functions = {n: f for n, f in laws.items() if inspect.isfunction(f)}
        return fingerprint(functions, {})
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and body:
            node.body = [one for one in node.body if not _is_text(one)] or [
                ast.Pass()
            ]
    return ast.unparse(tree)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
