"""Images and chips of every mapping: exact round trips, older files, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mho.bench.simulated import ChipSpec
from mho.deployment import program_image
from mho.deployment.storage import (
    IMAGE_KIND,
    CompiledNetwork,
    ProgrammedChip,
    compile_image,
    image_parts,
    load_chip,
    load_image,
    save,
    save_chip,
    save_image,
)
from mho.files import KeptState
from mho.mapping import MAPPINGS, Placement, tiles_needed
from mho.programming import ProgrammingOptions
from mho.units import uS
from mho.wires import WireModel

SHAPES = [(9, 6), (3, 9)]
ROWS = 16
COLS = 14
COARSE = ProgrammingOptions(20 * uS, denoise=False)
NEW = {"Block": ("reference", "corrects", "excess"), "Placement": ("step",)}
"""Fields that came with the mappings, by class."""
IN_FILES = {
    "pairs": "DifferentialPairs",
    "offset": "OffsetColumn",
    "four": "FourDevices",
}
"""What files call each mapping, whatever the code does."""


def specimen(kind: str) -> ChipSpec:
    tiles = tiles_needed(SHAPES, ROWS, COLS, mapping=MAPPINGS[kind])
    return ChipSpec(
        "rao2023", 7, tiles, ROWS, COLS, WireModel(word_line=0.5, bit_line=0.5)
    )


def samples() -> Tensor:
    return torch.rand(30, 6, generator=torch.Generator().manual_seed(0))


@cache
def compiled(kind: str, levels: int | None = None) -> CompiledNetwork:
    network = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 3))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    mapping = MAPPINGS[kind](50 * uS, 500 * uS, levels=levels)
    return compile_image(
        network.eval(), specimen(kind).bench().info, samples(), mapping
    )


@cache
def programmed(kind: str) -> ProgrammedChip:
    return program_image(compiled(kind), specimen(kind), COARSE)


def same(one: object, other: object) -> bool:
    """Equal, tensors bit by bit."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    return one == other


def assert_same(one: Placement, other: Placement) -> None:
    assert all(
        same(getattr(one, f.name), getattr(other, f.name))
        for f in fields(Placement)
        if f.name != "blocks"
    )
    for mine, own in zip(one.blocks, other.blocks, strict=True):
        assert type(mine) is type(own)
        assert all(
            same(getattr(mine, f.name), getattr(own, f.name))
            for f in fields(own)
        )


@pytest.mark.parametrize("kind", MAPPINGS)
@pytest.mark.parametrize("levels", [None, 64])
def test_an_image_comes_back_bit_by_bit(
    kind: str, levels: int | None, tmp_path: Path
) -> None:
    image = compiled(kind, levels)
    digest = save_image(tmp_path / "net.mho", image)
    loaded = load_image(tmp_path / "net.mho")
    assert_same(loaded.placement, image.placement)
    assert loaded.placement.step == (None if levels is None else 450 * uS / 63)
    assert loaded.mapping["kind"] == IN_FILES[kind]
    assert loaded.ranges.inputs == image.ranges.inputs
    assert loaded.ranges.currents == image.ranges.currents
    assert loaded.sha256 == digest


@pytest.mark.parametrize("kind", MAPPINGS)
def test_a_programmed_chip_comes_back_and_computes_the_same(
    kind: str, tmp_path: Path
) -> None:
    """Coarse, as bits are compared; with a column swapped the outputs would be off by all of them.

    20 µS in two cells, of 225 µS for the largest weight, are 7 % of it, more of a typical one.
    """
    chip = programmed(kind)
    save_chip(tmp_path / "chip.mho", chip)
    loaded = load_chip(tmp_path / "chip.mho")
    assert_same(loaded.placement, chip.placement)
    outputs = chip.deployed()(samples())
    assert torch.equal(loaded.deployed()(samples()), outputs)
    wanted = chip.image.network.run(samples())
    assert float((outputs - wanted).norm() / wanted.norm()) < 0.5


@pytest.mark.parametrize("kind", ["offset", "four"])
def test_an_interrupted_run_ends_in_the_same_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a second pass follows: it is simply done again."""
    monkeypatch.setattr("mho.files.kept_parts.CHECKPOINT_SECONDS", 0.0)
    image = compiled(kind)
    one = specimen(kind)
    whole = programmed(kind)
    effort = COARSE
    state = KeptState(tmp_path / "chip.safetensors", "a chip")
    calls = 0

    def stop(_: str, done: float) -> None:
        nonlocal calls
        calls += 1
        if done > 0.3 and calls > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        program_image(image, one, effort, state=state, progress=stop)
    resumed = program_image(image, one, effort, state=state)
    assert resumed.sha256 == whole.sha256


class Spoilt:
    """An image's content as a file has it, to be changed."""

    def __init__(self, image: CompiledNetwork) -> None:
        content, tensors = image_parts(image)
        self.content: Any = json.loads(json.dumps(content))
        self.tensors = dict(tensors)

    @property
    def placement(self) -> Any:
        return self.content["image"]["fields"]["placement"]["fields"]

    def block(self, number: int) -> Any:
        return self.placement["blocks"][number]["fields"]

    def load(self, folder: Path) -> CompiledNetwork:
        save(folder / "net.mho", IMAGE_KIND, self.content, self.tensors)
        return load_image(folder / "net.mho")


def test_files_from_before_the_mappings_are_read(tmp_path: Path) -> None:
    """They lack the fields that came with them, and mean pairs."""
    image = compiled("pairs")
    old = Spoilt(image)
    del old.placement["step"]
    for number in range(len(image.placement.blocks)):
        for name in NEW["Block"]:
            del old.block(number)[name]
    assert_same(old.load(tmp_path).placement, image.placement)


def _set(
    name: str, value: object, number: int = -1
) -> Callable[[Spoilt], None]:
    def spoil(file: Spoilt) -> None:
        file.block(number)[name] = value

    return spoil


def _other_cells(file: Spoilt) -> None:
    name = file.block(0)["plus"]["tensor"]
    plus = file.tensors[name].clone()
    plus[0, 0] = 3
    file.tensors[name] = plus


def _step(file: Spoilt) -> None:
    file.placement["step"] = -1.0


def _short_reference(file: Spoilt) -> None:
    name = file.block(0)["reference"]["tensor"]
    file.tensors[name] = file.tensors[name][:-1]


SPOILT = [
    ("four", _set("corrects", 99), "corrects none before it"),
    ("four", _set("corrects", -1), "corrects none before it"),
    ("four", _set("corrects", 0), "corrects one of other weights"),
    (
        "four",
        _set("corrects", None),
        "before the last of those|other weights|corrects",
    ),
    ("four", _set("corrects", 0, 0), "corrects none before it"),
    ("offset", _set("reference", None), "either pairs or a reference"),
    ("offset", _set("corrects", 0), "corrects one of other weights"),
    ("offset", _short_reference, "different shapes|no possible"),
    (
        "offset",
        _set("excess", {"tensor": "image.placement.cells"}),
        "no possible value",
    ),
    ("pairs", _set("minus", None), "either pairs or a reference"),
    ("pairs", _other_cells, "other cells than those"),
    ("pairs", _step, "levels whose distance"),
]


@pytest.mark.parametrize(("kind", "spoil", "message"), SPOILT)
def test_blocks_that_make_no_sense_are_refused(
    kind: str, spoil: Callable[[Spoilt], None], message: str, tmp_path: Path
) -> None:
    file = Spoilt(compiled(kind))
    spoil(file)
    with pytest.raises(
        ValueError, match=rf"^Argument `image` must name .*({message}).*\.$"
    ):
        file.load(tmp_path)
