"""The checksum of a chip's model: the same for the same numbers, in this release and the first."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import mho.device.published as published
from mho.bench.simulated import ChipSpec
from mho.bench.simulated.first_checksums import _recorded, first_checksum
from mho.device.filament import CellParameters
from mho.device.published import FORMERLY, Preset, preset
from mho.files import identity
from mho.wires import WireModel

OF_THE_FIRST_RELEASE = (
    (
        ChipSpec("rao2023", 1, 2, 16, 16, WireModel(0.5, 0.5)),
        "65dc61ffaa313dd572c560d2f864ae8377a7ac14ebe916fd5826d92e989623ef",
    ),
)
"""Chips, and what the release at a29a150 gave as their checksum; golden chips are more of them."""


def shown(monkeypatch: pytest.MonkeyPatch, kind: Preset) -> None:
    """Let a preset stand among the published ones."""
    monkeypatch.setitem(published.PRESETS, kind.name, kind)


def noted(kind: Preset, key: str, **change: Any) -> Preset:
    values: Mapping[str, Any] = kind.values
    return replace(kind, values={**values, key: replace(values[key], **change)})


@pytest.mark.parametrize(("spec", "wanted"), OF_THE_FIRST_RELEASE)
def test_chips_keep_the_checksum_of_the_first_release(
    spec: ChipSpec, wanted: str
) -> None:
    assert spec.model == wanted


@pytest.mark.parametrize("stuck", [None, 0.25])
def test_a_mended_note_does_not_change_a_chip(
    stuck: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ChipSpec("wan2022", 1, 2, 8, 8, stuck=stuck)
    before = spec.model
    kind = preset("wan2022")
    mended = noted(kind, "telegraph.births", note="Mended.", source="elsewhere")
    shown(
        monkeypatch, replace(mended, summary="Another.", validity="Anywhere.")
    )
    assert spec.model == before


@pytest.mark.parametrize(
    "name", ["telegraph.births", "array.read_voltage", "cell.formed"]
)
def test_a_changed_number_makes_another_chip(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ChipSpec("rao2023", 1, 2, 8, 8)
    before = spec.model
    value = preset("rao2023").values[name].value
    shown(monkeypatch, noted(preset("rao2023"), name, value=value * 1.001))
    assert spec.model != before
    assert first_checksum(spec) is None


def test_what_else_makes_a_chip_counts() -> None:
    """Size, wires, temperature, stuck cells; the seed and the way of reading stand beside it."""
    spec = ChipSpec("rao2023", 1, 2, 8, 8)
    others = [
        replace(spec, preset="umass_ta_hfo2"),
        replace(spec, tiles=3),
        replace(spec, rows=9),
        replace(spec, cols=9),
        replace(spec, wires=WireModel(1.0)),
        replace(spec, temperature=301.0),
        replace(spec, stuck=0.1),
        replace(spec, stuck=0.2),
    ]
    assert len({spec.model, *(one.model for one in others)}) == len(others) + 1
    assert replace(spec, seed=2, read_noise="moments").model == spec.model


def test_a_preset_of_a_later_release_is_known_by_its_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = replace(
        noted(preset("rao2023"), "cell.formed", value=3e-3), name="later"
    )
    shown(monkeypatch, later)
    spec = ChipSpec("later", 1, 2, 8, 8)
    before = spec.model
    assert before == identity(spec.chip)
    shown(monkeypatch, noted(later, "cell.formed", note="Mended."))
    assert spec.model == before
    shown(monkeypatch, noted(later, "cell.formed", value=3.1e-3))
    assert spec.model != before


@pytest.mark.parametrize("name", _recorded())
def test_numbers_of_the_first_release_are_still_those_of_its_presets(
    name: str,
) -> None:
    """Whoever changes a number on purpose makes saved chips unreadable, and says so here.

    It also holds the canonical form: a renamed field, or another way to write a number, would
    change the identity of everything.
    """
    now = {then: later for later, then in FORMERLY.items()}.get(name, name)
    assert _recorded()[name]["numbers"] == identity(preset(now))


def test_a_file_of_before_a_repair_has_the_numbers_of_before() -> None:
    """The name in the file is the old one, and the checksum beside it tells which is meant.

    A new chip of that name keeps it, and so does one whose checksum belongs to nothing: the
    reader refuses it then.
    """
    before = ChipSpec("wan2022_polynomials", 3, 2, 8, 8, stuck=0.25)
    after = replace(before, preset="wan2022")
    assert before.model != after.model
    assert before.in_files == after
    assert after.of_model(before.model) == before
    assert after.of_model(after.model) == after
    assert after.of_model("0" * 64) == after
    other = ChipSpec("rao2023", 1, 2, 8, 8)
    assert other.in_files == other
    assert other.of_model("0" * 64) == other


def test_the_first_checksum_is_of_words_that_are_frozen() -> None:
    """Of the description in Python at that time, which names classes that have other names now."""
    spec = ChipSpec("rao2023", 1, 2, 8, 8, temperature=310.0)
    words = (
        f"Chip(preset={_recorded()['rao2023']['words']}, tiles=2, rows=8, cols=8,"
        " driver='off_chip', wires=WireModel(word_line=0.0, bit_line=0.0, driver=0.0, sense=0.0,"
        " access=0.0, sides='one', sense_sides='one'), temperature=310.0, periphery=None,"
        " biasing=None)"
    )
    assert spec.model == hashlib.sha256(words.encode()).hexdigest()


def test_a_chip_is_described_without_its_cells() -> None:
    """What a spec says is what the bench says. Exact."""
    for name, kind in published.PRESETS.items():
        # further kinds say so in tests of their own, where they are compiled anyway
        if kind.kind is not CellParameters:
            continue
        spec = ChipSpec(name, 1, 1, 4, 4)
        assert spec.info == spec.bench().info
