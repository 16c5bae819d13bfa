"""Rawfiles: both forms give the same numbers, and a hostile one gives a sentence."""

import re
import struct
from pathlib import Path

import pytest
import torch

from mho.spice import line_values, rawfile, read_raw

HEADER = """Title: * a tile
Date: Thu Jan  1 00:00:00  1970
Plotname: Operating Point
Flags: real
No. Variables: {variables}
No. Points: {points}
Variables:
{names}
"""
NAMES = ("v(in0)", "V(IN1)", "i(vout0)", "i(vout1)", "v(w0_1)")
VALUES = [0.1, -0.2, 1.25e-3, 1 / 3, 0.05]


def header(points: int = 1, names: tuple[str, ...] = NAMES) -> str:
    kinds = {"v": "voltage", "i": "current"}
    listed = [
        f"\t{n}\t{name}\t{kinds[name[0].lower()]}"
        for n, name in enumerate(names)
    ]
    return HEADER.format(
        variables=len(names), points=points, names="\n".join(listed)
    )


def text(values: list[float] = VALUES, points: int = 1) -> bytes:
    body = "".join(
        f" {k}\t" + "\n\t".join(f"{v:.15e}" for v in values) + "\n\n"
        for k in range(points)
    )
    return (header(points) + "Values:\n" + body).encode()


def binary(values: list[float] = VALUES, points: int = 1) -> bytes:
    numbers = values * points
    packed = struct.pack(f"<{len(numbers)}d", *numbers)
    return header(points).encode() + b"Binary:\n" + packed


@pytest.mark.parametrize("points", [1, 3])
def test_both_forms_give_the_same_numbers(points: int, tmp_path: Path) -> None:
    """Fifteen decimals carry 5e-16 of a number, no more than its rounding twice."""
    expected = torch.tensor([VALUES] * points, dtype=torch.float64)
    for content, bound in (
        (text(points=points), 5e-16),
        (binary(points=points), 0.0),
    ):
        (tmp_path / "a.raw").write_bytes(content)
        plot = read_raw(tmp_path / "a.raw")
        assert plot.names == (
            "v(in0)",
            "v(in1)",
            "i(vout0)",
            "i(vout1)",
            "v(w0_1)",
        )
        assert plot.analysis == "Operating Point"
        torch.testing.assert_close(plot.values, expected, rtol=bound, atol=0.0)


def test_lines_are_found_by_their_numbers_in_whatever_order(
    tmp_path: Path,
) -> None:
    names = ("i(vout10)", *(f"i(vout{k})" for k in range(9, -1, -1)))
    content = (
        header(names=names).encode()
        + b"Binary:\n"
        + struct.pack("<11d", *range(10, -1, -1))
    )
    (tmp_path / "a.raw").write_bytes(content)
    found = line_values(read_raw(tmp_path / "a.raw"), "i", "vout")
    assert found.tolist() == list(range(11))


def test_windows_line_ends_and_a_second_plot_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(text().replace(b"\n", b"\r\n"))
    (tmp_path / "b.raw").write_bytes(text() + text([1.0] * 5))
    (tmp_path / "c.raw").write_bytes(binary() + binary([1.0] * 5))
    for name in "abc":
        values = read_raw(tmp_path / f"{name}.raw").values[0].tolist()
        assert values == pytest.approx(VALUES, rel=1e-15)


HOSTILE = {
    "empty": (b"", "no header"),
    "another kind": (b"\x89PNG\r\n" * 20, "no header"),
    "a header alone": (header().encode(), "no header"),
    "wide characters": (text().decode().encode("utf-16"), "no header"),
    "truncated binary": (binary()[:-1], "truncated"),
    "truncated text": (text()[:-60], "instead of"),
    "too many points": (
        binary().replace(b"Points: 1", b"Points: 9999999"),
        "truncated",
    ),
    "absurd points": (
        binary().replace(b"Points: 1", b"Points: 1" + b"0" * 18),
        "No. Points",
    ),
    "leading zeros": (
        binary().replace(b"s: 5", b"s: " + b"0" * 12 + b"9" * 30),
        "No. Variables",
    ),
    "endless digits": (
        binary().replace(b"s: 5", b"s: " + b"9" * 5000),
        "No. Variables",
    ),
    "no points": (binary().replace(b"Points: 1", b"Points: 0"), "No. Points"),
    "negative points": (
        binary().replace(b"Points: 1", b"Points: -1"),
        "No. Points",
    ),
    "other digits": (
        binary().replace(b"Points: 1", "Points: ١".encode()),
        "No. Points",
    ),
    "more variables": (binary().replace(b"s: 5", b"s: 6"), "list 6 variables"),
    "fewer variables": (binary().replace(b"s: 5", b"s: 4"), "list 4 variables"),
    "complex": (binary().replace(b"real", b"complex"), "flags `complex`"),
    "no flags": (binary().replace(b"Flags: real\n", b""), "flags ``"),
    "words": (text().replace(b"1.25", b"spam"), "words"),
    "no numbers of points": (
        text().replace(b"\n 0\t", b"\n 7\t"),
        "number its points",
    ),
    "nothing but lines": (b"\n" * 2**20, "no header"),
    "empty lines for variables": (
        header().encode() + b"\n" * 2**20 + b"Values:\n",
        "list 5 variables",
    ),
    "words for a header again and again": (
        b"Values: \x00\n" * 1000,
        "no header",
    ),
    "long header": (b"x: y\n" * 1000 + binary(), "list its variables"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_damaged_or_foreign_file_gives_one_sentence(
    kind: str, tmp_path: Path
) -> None:
    content, says = HOSTILE[kind]
    (tmp_path / "a.raw").write_bytes(content)
    with pytest.raises(
        ValueError, match=re.escape(f"{tmp_path / 'a.raw'}` must be")
    ) as caught:
        read_raw(tmp_path / "a.raw")
    assert says.lower() in str(caught.value).lower()
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("whole", [text(), binary()])
def test_every_truncation_gives_a_sentence(
    whole: bytes, tmp_path: Path
) -> None:
    """A text may lose the last digits of its last number unnoticed, and nothing else."""
    last = len(whole) - (25 if b"Values" in whole else 0)
    for cut in range(0, last, 3):
        (tmp_path / "a.raw").write_bytes(whole[:cut])
        with pytest.raises(ValueError, match=r"^File `"):
            read_raw(tmp_path / "a.raw")


def test_no_more_than_a_limit_is_ever_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device may have no size and no end."""
    monkeypatch.setattr(rawfile, "_LARGEST", 1000)
    (tmp_path / "a.raw").write_bytes(binary(points=100))
    for place in (tmp_path / "a.raw", Path("/dev/zero")):
        with pytest.raises(ValueError, match="larger than 64 MiB"):
            read_raw(place)


def test_what_is_no_operating_point_of_a_tile_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.raw").write_bytes(binary(points=2))
    with pytest.raises(ValueError, match="at 2 points; run the netlist"):
        line_values(read_raw(tmp_path / "a.raw"), "i", "vout")
    (tmp_path / "a.raw").write_bytes(binary())
    with pytest.raises(ValueError, match=re.escape("with `i(x0)`, `i(x1)`")):
        line_values(read_raw(tmp_path / "a.raw"), "i", "x")
    (tmp_path / "a.raw").write_bytes(binary([0.1, 0.1, float("nan"), 0.1, 0.1]))
    with pytest.raises(ValueError, match="did not converge"):
        line_values(read_raw(tmp_path / "a.raw"), "i", "vout")
