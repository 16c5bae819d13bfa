import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from small_image import kind_of_chip, network, samples

from mho.checks import RefusedError
from mho.deployment.storage import (
    IMAGE_KIND,
    CompiledNetwork,
    Provenance,
    check_fits,
    compile_image,
    image_parts,
    load_image,
    pack,
    save,
    save_image,
    strict_json,
)
from mho.files.packed import unpack


@pytest.fixture(scope="module")
def image() -> CompiledNetwork:
    return compile_image(
        network(), kind_of_chip(), samples(), provenance=Provenance(source="x")
    )


@pytest.fixture
def path(image: CompiledNetwork, tmp_path: Path) -> Path:
    save_image(tmp_path / "net.mho", image)
    return tmp_path / "net.mho"


def test_a_saved_image_comes_back_bit_by_bit(
    image: CompiledNetwork, path: Path
) -> None:
    """Nothing is lost or rounded on the way.

    Every tensor of placement and graph is compared by its bytes, every number by equality, and
    saving what was loaded gives the same file: so nothing was lost or rounded on the way.
    """
    loaded = load_image(path)
    assert loaded.sha256 == image.sha256
    again = path.with_name("again.mho")
    save_image(again, loaded)
    assert again.read_bytes() == path.read_bytes()
    for name in ("cells", "target", "partner", "sign"):
        assert torch.equal(
            getattr(loaded.placement, name), getattr(image.placement, name)
        )
    for mine, own in zip(
        loaded.placement.blocks, image.placement.blocks, strict=True
    ):
        assert all(
            torch.equal(getattr(mine, n), getattr(own, n))
            for n in ("plus", "minus", "scale")
        )
    assert loaded.ranges.inputs == image.ranges.inputs
    assert loaded.ranges.currents == image.ranges.currents
    assert loaded.info == image.info
    assert torch.equal(
        loaded.network.run(samples()), image.network.run(samples())
    )


def test_arguments_of_an_operation_keep_their_order(
    image: CompiledNetwork, path: Path
) -> None:
    """An operation's first reference is its activation, so order is part of the network."""
    for mine, own in zip(
        load_image(path).network.graph.nodes,
        image.network.graph.nodes,
        strict=True,
    ):
        assert list(mine.arguments.items()) == list(own.arguments.items())


def test_compiling_twice_gives_the_same_file(image: CompiledNetwork) -> None:
    again = compile_image(
        network(), kind_of_chip(), samples(), provenance=Provenance(source="x")
    )
    assert pack(IMAGE_KIND, *image_parts(again)) == pack(
        IMAGE_KIND, *image_parts(image)
    )


def test_any_safetensors_reader_opens_it(
    image: CompiledNetwork, path: Path
) -> None:
    found = load_file(path)
    assert torch.equal(found["image.placement.target"], image.placement.target)


def test_every_changed_byte_is_noticed(path: Path) -> None:
    """No single changed byte goes unnoticed.

    The checksum covers all bytes but its own digits, and those are what it is compared with;
    so no single changed byte can go unnoticed. Every thirteenth is tried, in two ways.
    """
    whole = path.read_bytes()
    for place in range(0, len(whole), 13):
        for change in (1, 0xFF):
            hurt = bytearray(whole)
            hurt[place] ^= change
            # A hostile file may break anything, but must not pass.
            with pytest.raises((RefusedError, ValueError, KeyError, TypeError)):
                unpack(bytes(hurt), (IMAGE_KIND,))


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 9, 100, 4000, -1])
def test_a_truncated_file_is_refused_in_one_sentence(
    path: Path, keep: int
) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        ValueError, match=r"^Argument `image` must name a whole file.*\.$"
    ):
        load_image(path)


def test_bytes_behind_the_end_are_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(
        ValueError, match="more bytes than its header describes"
    ):
        load_image(path)


def by_hand(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return len(text).to_bytes(8, "little") + text + data


ABOUT = '"__metadata__":{"format":"mho-image","version":"1","sha256":"","content":"{}"}'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            b"\x80\x04cos\nsystem\n(S'touch hacked'\ntR.", id="pickle"
        ),
        pytest.param(b"PK\x03\x04" + bytes(200), id="zip"),
        pytest.param(b"\xff" * 8 + b"{}", id="length beyond the file"),
        pytest.param(by_hand("[" * 100_000), id="deep JSON"),
        pytest.param(by_hand('{"a":' * 50_000), id="deep objects"),
        pytest.param(
            by_hand("{" + ABOUT + "," + ABOUT + "}"), id="a name twice"
        ),
        pytest.param(by_hand("{" + ABOUT + "}"), id="no checksum"),
        pytest.param(
            by_hand('{"__metadata__":{"format":7}}'),
            id="a kind that is no word",
        ),
        pytest.param(by_hand('{"__metadata__":NaN}'), id="NaN"),
        pytest.param(by_hand("[]"), id="no object"),
        pytest.param(b"", id="empty"),
    ],
)
def test_hostile_files_are_refused_in_one_sentence(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"^Argument `image` must name a whole file.*\.$"
    ):
        load_image(path)
    assert not Path("hacked").exists()


def test_another_version_is_named(
    path: Path, image: CompiledNetwork, monkeypatch: Any
) -> None:
    monkeypatch.setattr("mho.files.packed.file.VERSION", 2)
    save_image(path, image)
    monkeypatch.undo()
    with pytest.raises(
        ValueError, match=r"needs version 2 of the format.* use a newer mho"
    ):
        load_image(path)


class Spoilt:
    """A deep copy of an image's content, to be spoilt."""

    def __init__(self, image: CompiledNetwork) -> None:
        content, tensors = image_parts(image)
        self.content = json.loads(json.dumps(content))
        self.tensors = dict(tensors)

    def save(self, path: Path) -> None:
        save(path, IMAGE_KIND, self.content, self.tensors)


def graph(content: dict[str, Any]) -> Any:
    return content["image"]["fields"]["network"]["fields"]["graph"]["fields"]


def spoil_operator(file: Spoilt) -> None:
    graph(file.content)["nodes"][2]["fields"]["operator"] = (
        "aten.from_file.default"
    )


def spoil_builtin(file: Spoilt) -> None:
    graph(file.content)["nodes"][2]["fields"]["operator"] = "os.system"


def spoil_reference(file: Spoilt) -> None:
    arguments = graph(file.content)["nodes"][2]["fields"]["arguments"]["map"]
    arguments["self"]["fields"]["name"] = "nobody"


def spoil_future(file: Spoilt) -> None:
    graph(file.content)["nodes"].reverse()


def spoil_output(file: Spoilt) -> None:
    graph(file.content)["output"] = "nobody"


def spoil_tensor_reference(file: Spoilt) -> None:
    del file.tensors["image.placement.target"]


def spoil_extra(file: Spoilt) -> None:
    file.tensors["stowaway"] = torch.zeros(3)


def spoil_class(file: Spoilt) -> None:
    file.content["image"]["fields"]["placement"]["is"] = "Popen"


def spoil_constant(file: Spoilt) -> None:
    arguments = graph(file.content)["nodes"][2]["fields"]["arguments"]["map"]
    arguments["self"] = {"torch": "load"}


def spoil_dtype(file: Spoilt) -> None:
    file.tensors["image.placement.cells"] = file.tensors[
        "image.placement.cells"
    ].double()


def spoil_cell(file: Spoilt) -> None:
    file.tensors["image.placement.cells"] = (
        file.tensors["image.placement.cells"] + 10**9
    )


def spoil_block(file: Spoilt) -> None:
    blocks = file.content["image"]["fields"]["placement"]["fields"]["blocks"]
    blocks[0]["fields"]["first_output"] = 1


def spoil_layer(file: Spoilt) -> None:
    blocks = file.content["image"]["fields"]["placement"]["fields"]["blocks"]
    blocks[0]["fields"]["layer"] = 2**40


def spoil_target(file: Spoilt) -> None:
    file.tensors["image.placement.target"] = (
        file.tensors["image.placement.target"] * torch.nan
    )


def spoil_scale(file: Spoilt) -> None:
    file.tensors["image.placement.blocks.0.scale"] = (
        file.tensors["image.placement.blocks.0.scale"] * 0
    )


def spoil_sign(file: Spoilt) -> None:
    file.tensors["image.placement.sign"] = file.tensors["image.placement.sign"][
        :1
    ]


def spoil_bias(file: Spoilt) -> None:
    name = "image.network.layers.0.bias"
    file.tensors[name] = file.tensors[name].repeat(2)


def spoil_tile(file: Spoilt) -> None:
    blocks = file.content["image"]["fields"]["placement"]["fields"]["blocks"]
    blocks[0]["fields"]["tile"] = 2


def spoil_unprogrammed(file: Spoilt) -> None:
    """A free column of the first tile, whose cells nothing is known about."""
    name = "image.placement.blocks.0.plus"
    file.tensors[name] = file.tensors[name] + 6


def spoil_range(file: Spoilt) -> None:
    ranges = file.content["image"]["fields"]["ranges"]["fields"]
    ranges["currents"] = [{"float": "nan"} for _ in ranges["currents"]]


def spoil_count(file: Spoilt) -> None:
    file.content["image"]["fields"]["ranges"]["fields"]["inputs"].append(1.0)


def spoil_sample(file: Spoilt) -> None:
    file.content["image"]["fields"]["sample_shape"] = [1, 2**50, 2**50]


def spoil_weights(file: Spoilt) -> None:
    name = "image.network.layers.0.weight"
    file.tensors[name] = file.tensors[name] * torch.inf


def spoil_call(file: Spoilt) -> None:
    calls = file.content["image"]["fields"]["network"]["fields"]["calls"]["map"]
    calls[next(iter(calls))] = 99


def spoil_field(file: Spoilt) -> None:
    file.content["image"]["fields"]["later"] = 1


def spoil_content(file: Spoilt) -> None:
    file.content["image"] = []


SPOILS = [
    value
    for name, value in dict(globals()).items()
    if name.startswith("spoil_")
]


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_well_formed_file_with_impossible_content_is_refused(
    image: CompiledNetwork, path: Path, spoil: Any
) -> None:
    """The checksum is right: it protects against accidents, not against whoever can compute it."""
    file = Spoilt(image)
    file.save(path)
    load_image(path)
    spoil(file)
    file.save(path)
    with pytest.raises(
        ValueError, match=r"^Argument `image` must name a whole file.*\.$"
    ):
        load_image(path)


@pytest.mark.parametrize(
    "operator", ["aten.erfinv.default", "aten.from_file.default"]
)
def test_only_operators_of_the_list_may_stand_in_a_file(
    image: CompiledNetwork, path: Path, operator: str
) -> None:
    """Torch knows both, and the first would even run in the place of `relu`."""
    file = Spoilt(image)
    graph(file.content)["nodes"][2]["fields"]["operator"] = operator
    file.save(path)
    with pytest.raises(
        ValueError, match=f"operators that mho can run.*{operator}"
    ):
        load_image(path)


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', "[NaN]", "[-Infinity]"]
)
def test_ambiguous_json_is_refused(text: str) -> None:
    """Two readers could take two different values."""
    with pytest.raises(RefusedError):
        strict_json(text)


def test_tensors_that_claim_more_than_there_is_are_refused() -> None:
    whole, digest = pack(IMAGE_KIND, {}, {"a": torch.arange(4.0)})
    for claim in ("[9]", "[999999999999999]", "[-4]", "[4,0]", "[true]"):
        hurt = whole.replace(b'"shape":[4]', b'"shape":' + claim.encode())
        length = int.from_bytes(whole[:8], "little") + len(claim) - 3
        with pytest.raises(RefusedError):
            unpack(
                length.to_bytes(8, "little")
                + resigned(hurt[8:], digest, length),
                (IMAGE_KIND,),
            )


def resigned(rest: bytes, digest: str, length: int) -> bytes:
    """The bytes after the length, with a checksum that is right."""
    blank = rest.replace(digest.encode(), b"0" * 64)
    true = hashlib.sha256(length.to_bytes(8, "little") + blank).hexdigest()
    return rest.replace(digest.encode(), true.encode())


def test_a_chip_of_another_kind_is_refused(image: CompiledNetwork) -> None:
    check_fits(image, kind_of_chip())
    check_fits(image, kind_of_chip(tiles=3))
    for change in (
        kind_of_chip(rows=11),
        kind_of_chip(tiles=1),
        replace(kind_of_chip(), read_voltage=0.1),
        replace(kind_of_chip(), conductance_high=100e-6),
    ):
        with pytest.raises(
            ValueError, match=r"^Argument `chip` must be of the kind"
        ):
            check_fits(image, change)


def test_the_image_says_nothing_of_any_one_chip() -> None:
    """Seeds name chips; a field of that name would tie an image to one."""
    assert not any(
        "seed" in f.name or "state" in f.name for f in fields(CompiledNetwork)
    )


def test_what_could_not_be_opened_again_is_not_compiled() -> None:
    """Weights beyond what an image may hold are refused by `compile`, not by `program`."""
    made = network()
    with torch.no_grad():
        made[4].weight.mul_(1e25)
    with pytest.raises(
        ValueError,
        match=r"^Argument `network` must give an image that can be opened",
    ):
        compile_image(made, kind_of_chip(), samples())
