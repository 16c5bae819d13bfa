"""Images and chips from anywhere: whatever is wrong with a file, one sentence refuses it.

What a file is made of, and attacks on single fields, are in test_image and test_chip_file.
"""

import gzip
import hashlib
import io
import json
import random
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mho.bench.simulated import ChipSpec
from mho.deployment import program_image
from mho.deployment.storage import (
    Provenance,
    compile_image,
    image_parts,
    load_chip,
    load_image,
    pack,
    read_kind,
    save,
    save_chip,
    save_image,
)
from mho.deployment.storage.file_kinds import chip_parts
from mho.programming import ProgrammingOptions
from mho.units import uS

KINDS = ("image", "chip")
Parts = tuple[dict[str, Any], dict[str, Tensor]]


class Whole:
    """A small image and a chip with it: files, contents, and how they are read."""

    def __init__(self, folder: Path) -> None:
        specimen = ChipSpec("rao2023", 1, 2, 5, 8)
        network = nn.Sequential(
            nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)
        ).eval()
        with torch.no_grad():
            for number, values in enumerate(network.parameters()):
                values.copy_(
                    torch.linspace(-1, 1, values.numel()).view(values.shape)
                    + number
                )
        image = compile_image(
            network,
            specimen.bench().info,
            torch.rand(20, 4),
            provenance=Provenance(source="net", preset="rao2023"),
        )
        chip = program_image(
            image, specimen, ProgrammingOptions(20 * uS, denoise=False)
        )
        save_image(folder / "image.mho", image)
        save_chip(folder / "chip.mho", chip)
        self.bytes = {
            kind: (folder / f"{kind}.mho").read_bytes() for kind in KINDS
        }
        self.parts: dict[str, Parts] = {
            "image": image_parts(image),
            "chip": chip_parts(chip),
        }


LOAD: dict[str, Callable[[Path], object]] = {
    "image": load_image,
    "chip": load_chip,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole"))


def refusal(kind: str, path: Path) -> str:
    """The one sentence that refuses a file; it prints as one line."""
    with pytest.raises(
        ValueError, match=rf"^Argument `{kind}` must name a whole file"
    ) as caught:
        LOAD[kind](path)
    said = str(caught.value)
    assert said.isprintable()
    assert said.endswith(".")
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_no_flipped_bit_goes_unnoticed(
    whole: Whole, kind: str, tmp_path: Path
) -> None:
    """500 bits at random places, one at a time: in lengths, header, checksum and numbers.

    The checksum covers every byte but its own digits, and those are compared with it.
    """
    chance = random.Random(0)
    path = tmp_path / "hurt.mho"
    content = whole.bytes[kind]
    for _ in range(250):
        hurt = bytearray(content)
        hurt[chance.randrange(len(hurt))] ^= 1 << chance.randrange(8)
        path.write_bytes(hurt)
        refusal(kind, path)
    # The header is a small part of a chip's file, and the part that is parsed: as many again.
    end = 8 + int.from_bytes(content[:8], "little")
    for _ in range(250):
        hurt = bytearray(content)
        hurt[chance.randrange(end)] ^= 1 << chance.randrange(8)
        path.write_bytes(hurt)
        refusal(kind, path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_at_any_tensor_is_refused(
    whole: Whole, kind: str, tmp_path: Path
) -> None:
    """Cut where a tensor ends and a byte beside it: half a copy of a file."""
    content = whole.bytes[kind]
    path = tmp_path / "cut.mho"
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    del header["__metadata__"]
    ends = {8 + length + entry["data_offsets"][1] for entry in header.values()}
    for end in sorted({8 + length, *ends}):
        for keep in (end - 1, end, end + 1):
            if keep < len(content):
                path.write_bytes(content[:keep])
                refusal(kind, path)


def signed(header: dict[str, Any], data: bytes) -> bytes:
    """A file of any header, with a checksum that is right."""
    blank = "0" * 64
    header["__metadata__"]["sha256"] = blank
    text = json.dumps(header, separators=(",", ":")).encode()
    content = len(text).to_bytes(8, "little") + text + data
    digest = hashlib.sha256(content).hexdigest()
    mark = b'"sha256":"'
    return content.replace(mark + blank.encode(), mark + digest.encode())


def headed(
    change: Callable[[dict[str, Any]], None], data: bytes | None = None
) -> bytes:
    """A file of two tensors of four numbers each, its header changed, its checksum right."""
    content, _ = pack(
        "mho-image", {}, {"a": torch.arange(4.0), "b": torch.ones(4)}
    )
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    return signed(header, content[8 + length :] if data is None else data)


def tensor(name: str, **entries: Any) -> Callable[[dict[str, Any]], None]:
    def change(header: dict[str, Any]) -> None:
        header[name].update(entries)

    return change


def about(**entries: Any) -> Callable[[dict[str, Any]], None]:
    def change(header: dict[str, Any]) -> None:
        header["__metadata__"].update(entries)

    return change


def renamed(name: str) -> Callable[[dict[str, Any]], None]:
    def change(header: dict[str, Any]) -> None:
        header[name] = header.pop("b")

    return change


HUGE = 2**70


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (tensor("b", data_offsets=[0, 16]), "at no possible place"),
        (tensor("b", data_offsets=[8, 24]), "at no possible place"),
        (tensor("b", data_offsets=[20, 36]), "at no possible place"),
        (tensor("b", data_offsets=[-16, 0]), "at no possible place"),
        (tensor("b", data_offsets=[32, 16]), "at no possible place"),
        (tensor("b", data_offsets=[16, HUGE]), "fewer or more"),
        (tensor("b", data_offsets=[16, 32, 48]), "is damaged"),
        (tensor("b", data_offsets="all"), "is damaged"),
        (tensor("b", data_offsets=[16.0, 32.0]), "at no possible place"),
        (tensor("b", shape=[HUGE]), "fewer or more"),
        (tensor("b", shape=[2**40, 2**40]), "fewer or more"),
        (tensor("b", shape=[-2, -2]), "at no possible place"),
        (tensor("b", shape=[4, 0]), "fewer or more"),
        (
            tensor("b", shape=[2**33, 2**33, 0], data_offsets=[16, 16]),
            "is damaged|more bytes",
        ),
        (tensor("b", shape=4), "is damaged"),
        (tensor("b", shape=[[4]]), "at no possible place"),
        (tensor("b", dtype="OBJECT"), "of an unknown kind"),
        (tensor("b", dtype="F64"), "fewer or more"),
        (tensor("b", code="import os"), "of an unknown kind"),
        (renamed("../../etc/passwd"), "no possible value at `image`"),
        (renamed("/etc/passwd"), "no possible value at `image`"),
        (renamed("\x1b]0;owned\x07\n"), "no possible value at `image`"),
        (
            about(version="2"),
            "needs version 2 of the format, and this mho .* reads up to 1",
        ),
        (about(version="1.0"), "version 1.0"),
        (about(version="9" * 5000), "version 9"),
        (about(version="\x1b[2J"), "version"),
        (about(format="mho-virus"), "of kind `mho-virus`"),
        (about(content="{" * 10_000), "is damaged"),
        (about(content='{"a":' * 400 + "1" + "}" * 400), "no possible value"),
        (about(content='{"image":1,"image":2}'), "a name twice"),
        (about(content='{"image":NaN}'), "a number `NaN`"),
        (about(content='{"image":' + "9" * 5000 + "}"), "is damaged"),
        (about(content="[]"), "holds no description"),
        (about(content='"\\u0000"'), "holds no description"),
    ],
)
def test_a_header_that_lies_is_refused_although_its_checksum_is_right(
    change: Callable[[dict[str, Any]], None], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "lie.mho"
    path.write_bytes(headed(change))
    assert re.search(reason, refusal("image", path))


def test_a_header_that_lies_about_nothing_is_read_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    """What the lies above start from is well-formed: it is refused for its content alone."""
    path = tmp_path / "true.mho"
    path.write_bytes(headed(lambda _: None))
    assert "no possible value at `image`" in refusal("image", path)


@pytest.mark.parametrize(
    "digest", ["0" * 64, "f" * 64, "", "0" * 63, "x" * 64, "é" * 64]
)
def test_a_wrong_checksum_is_refused(
    whole: Whole, digest: str, tmp_path: Path
) -> None:
    path = tmp_path / "sum.mho"
    content = whole.bytes["image"]
    own = re.search(rb'"sha256":"([0-9a-f]{64})"', content)
    assert own is not None
    path.write_bytes(content.replace(own[1], digest.encode()))
    refusal("image", path)
    path.write_bytes(content.replace(own[1], own[1].upper()))
    assert "checksum" in refusal("image", path)


def as_tar(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("../../escape.mho")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def as_zip(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../escape.mho", content)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "dress",
    [
        as_tar,
        as_zip,
        gzip.compress,
        lambda c: c + as_zip(c),
        lambda c: as_zip(c) + c,
        lambda c: b"\xef\xbb\xbf" + c,
        lambda c: c.replace(b"mho-", b"oho-"),
    ],
)
def test_other_kinds_of_file_are_not_opened(
    whole: Whole, kind: str, dress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    (tmp_path / "deep/deep").mkdir(parents=True)
    path = tmp_path / "deep/deep/file.mho"
    path.write_bytes(dress(whole.bytes[kind]))
    refusal(kind, path)
    assert [p.name for p in tmp_path.rglob("*.mho")] == ["file.mho"]


def test_a_device_without_end_is_not_read() -> None:
    """Its first length is zero, which no file of ours has; nothing more of it is read."""
    assert "is no safetensors file" in refusal("image", Path("/dev/zero"))
    assert read_kind("/dev/zero") is None


def nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


HOSTILE: list[Any] = [
    -1,
    0,
    2**31,
    2**63,
    HUGE,
    -HUGE,
    1.5,
    1e308,
    None,
    True,
    "",
    "../../etc/passwd",
    "\x1b]0;x",
    "[/bold]",
    "a\nb",
    "x" * 10_000,
    [],
    {},
    [[]],
    {"map": {}},
    {"float": "nan"},
    {"float": "inf"},
    {"tensor": "image.placement.target"},
    {"torch": "float32"},
    {"is": "Image", "fields": {}},
    nested(200),
    nested(450),
    [2**40] * 4,
    "aten.linear.default",
    "sampled",
]


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to every value inside a plain one."""
    if not isinstance(plain, dict | list):
        return [path]
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain)
    return [path] + [
        found for key, value in inner for found in places(value, (*path, key))
    ]


def skewed(values: Tensor, chance: random.Random) -> Tensor:
    """Other numbers or another shape than a tensor's."""
    worst = float("nan") if values.is_floating_point() else 1
    return chance.choice(
        [
            values[:0],
            values.reshape(-1),
            values.reshape(1, *values.shape),
            torch.full_like(values, worst),
            torch.zeros(0, 2**40, dtype=values.dtype),
            values.to(torch.float16),
            -values if values.dtype != torch.bool else ~values,
        ]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_values_nested_deeper_than_python_follows_are_refused(
    whole: Whole, kind: str, tmp_path: Path
) -> None:
    """JSON of 450 lists in each other is read; following it takes three calls a list, of 1,000."""
    content, tensors = whole.parts[kind]
    own = json.loads(json.dumps(content))
    network = own["image"]["fields"]["network"]["fields"]
    for node in network["graph"]["fields"]["nodes"]:
        arguments = node["fields"]["arguments"]["map"]
        arguments[next(iter(arguments))] = nested(450)
    save(tmp_path / "deep.mho", f"mho-{kind}", own, tensors)
    assert "is damaged" in refusal(kind, tmp_path / "deep.mho")


@pytest.mark.parametrize(("kind", "tries"), [("image", 150), ("chip", 120)])
def test_any_value_may_be_replaced_by_any_other(
    whole: Whole, kind: str, tries: int, tmp_path: Path
) -> None:
    """A file with a right checksum and one wrong value is read, or refused in one sentence.

    Never another error, whatever the value and wherever it stands; most are refused.
    """
    chance = random.Random(1)
    path = tmp_path / "odd.mho"
    refused = 0
    content, tensors = whole.parts[kind]
    text = json.dumps(content)
    ways = places(content)[1:]
    for _ in range(tries):
        own = json.loads(text)
        numbers = dict(tensors)
        if chance.random() < 0.7:
            *way, last = chance.choice(ways)
            inside = own
            for key in way:
                inside = inside[key]
            inside[last] = chance.choice(HOSTILE)
        else:
            name = chance.choice(sorted(numbers))
            numbers[name] = skewed(numbers[name], chance)
        save(path, f"mho-{kind}", own, numbers)
        try:
            LOAD[kind](path)
        except ValueError:
            refusal(kind, path)
            refused += 1
    assert refused > tries / 2


def test_a_save_that_is_interrupted_leaves_the_old_file(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever step: writing, flushing to the disk, or taking the place of the old file."""
    path = tmp_path / "chip.mho"
    path.write_bytes(whole.bytes["chip"])

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as patch:
            patch.setattr(step, stop)
            with pytest.raises(KeyboardInterrupt):
                save(path, "mho-chip", *whole.parts["chip"])
        assert path.read_bytes() == whole.bytes["chip"]
        assert [p.name for p in tmp_path.iterdir()] == ["chip.mho"]


EXTREMES: list[Any] = [
    0,
    -1,
    5e-324,
    1e-300,
    1e-30,
    1e30,
    1e300,
    1e308,
    2**53,
    2**63,
]


def numbers_in(plain: Any) -> list[tuple[Any, ...]]:
    """Ways to every number inside a plain value."""
    found = []
    for way in places(plain):
        inside = plain
        for key in way:
            inside = inside[key]
        if isinstance(inside, int | float) and not isinstance(inside, bool):
            found.append(way)
    return found


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("inputs", 0), 1e308),
        (("inputs", 1), 1e-300),
        (("inputs", 1), 1e30),
        (("currents", 0), 1e-300),
        (("currents", 1), 1e-24),
        (("currents", 1), 1e300),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_ranges_that_no_number_survives_are_refused(
    whole: Whole,
    kind: str,
    where: tuple[str, int],
    value: float,
    tmp_path: Path,
) -> None:
    """1e-300 went through `program` and was an OverflowError in `evaluate`; 1e308 gave NaN."""
    content, tensors = whole.parts[kind]
    own = json.loads(json.dumps(content))
    name, number = where
    own["image"]["fields"]["ranges"]["fields"][name][number] = value
    save(tmp_path / "range.mho", f"mho-{kind}", own, tensors)
    assert "converter range" in refusal(kind, tmp_path / "range.mho")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bench", 0.0),
        ("core", 2.0),
        ("core", 1e-9),
        ("flicker", 1e30),
        ("relaxing", -1e30),
        ("switched_at", 1e12),
        ("clock", 1e12),
        ("ahead", -1.0),
        ("event", -1),
        ("cycles", -1.0),
        ("traps.amplitude", 1e30),
        ("traps.capture_time", 0.0),
        ("traps.emission_time", 1e-30),
        ("traps.cleaning_voltage", 1e30),
    ],
)
def test_a_state_that_no_chip_can_be_in_is_refused(
    whole: Whole, name: str, value: float, tmp_path: Path
) -> None:
    """A zeroed `bench` was a division by zero; cells that switched tomorrow gave NaN."""
    content, tensors = whole.parts["chip"]
    full = f"chip.state.{name}"
    wrong = torch.full_like(tensors[full], value)
    save(tmp_path / "state.mho", "mho-chip", content, {**tensors, full: wrong})
    assert f"state `{name}`" in refusal("chip", tmp_path / "state.mho")


def extreme(values: Tensor, chance: random.Random) -> Tensor:
    """One number of a tensor, or all of them, as large or small as numbers get."""
    own = values.clone().flatten()
    chosen = (
        slice(None) if chance.random() < 0.5 else chance.randrange(own.numel())
    )
    if own.is_floating_point():
        own[chosen] = chance.choice(
            [0.0, -1.0, 1e-300, 1e-38, 1e-12, 1e12, 3e38]
        )
    else:
        own[chosen] = chance.choice([0, 1, 100])
    return own.view(values.shape)


def test_whatever_opens_computes_finite_numbers(
    whole: Whole, tmp_path: Path
) -> None:
    """One extreme number anywhere in a chip, with a right checksum: refused, or it computes."""
    chance = random.Random(3)
    path = tmp_path / "odd.mho"
    content, tensors = whole.parts["chip"]
    text = json.dumps(content)
    ways = numbers_in(content)
    inputs = torch.rand(3, 4, generator=torch.Generator().manual_seed(1))
    opened = 0
    for _ in range(80):
        own = json.loads(text)
        numbers = dict(tensors)
        if chance.random() < 0.6:
            *way, last = chance.choice(ways)
            inside = own
            for key in way:
                inside = inside[key]
            inside[last] = chance.choice(EXTREMES)
        else:
            name = chance.choice(
                [n for n in sorted(numbers) if numbers[n].numel()]
            )
            numbers[name] = extreme(numbers[name], chance)
        save(path, "mho-chip", own, numbers)
        try:
            chip = load_chip(path)
        except ValueError:
            refusal("chip", path)
            continue
        opened += 1
        deployed = chip.deployed()
        deployed.bench.wait(10.0)
        assert bool(torch.isfinite(deployed(inputs)).all())
        assert bool(torch.isfinite(chip.image.network.run(inputs)).all())
    assert opened > 10
