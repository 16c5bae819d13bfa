"""Files from anywhere: read if they are what they say, refused in one sentence if not."""

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mho.data import load_data
from mho.network.formats import load_network

EXAMPLE = torch.linspace(-1, 1, 2 * 2 * 6 * 6).reshape(2, 2, 6, 6)
FACTORY = """
from torch import nn
import sizes

def build():
    return nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(sizes.LAST, 4)
    )

def nothing():
    return 7

def leaves():
    raise SystemExit(3)

def fails():
    raise ValueError("no such thing\\nsecond line")
"""
Edit = Callable[[str, bytes], bytes]


class Evil:
    """Pickles to a call that makes a directory: proof that code ran."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def module() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(2, 3, 3),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(48, 4),
    )
    network[1].running_mean.uniform_(-1, 1)
    return network.eval()


class Reshaping(nn.Module):
    """Carries sizes of every kind into the file: free, fixed and computed, and a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(18, 5)
        self.register_buffer(
            "scale", torch.tensor([1.0, 2, 3, 4, 5]), persistent=False
        )

    def forward(self, x: Tensor) -> Tensor:
        x = (
            self.last(x.view(x.size(0) * 4, 18)).reshape(x.size(0), -1, 5)
            * self.scale
        )
        return torch.cat(
            [x[:, 0].float(), x.mean([1]) + torch.tensor([0.5, 1, 2, 3, 4])], 1
        )


def save(network: nn.Module, path: Path, batch: int | None = None) -> Path:
    dynamic = ({0: torch.export.Dim.AUTO},) if batch is None else None
    example = EXAMPLE[: batch or 2]
    program = torch.export.export(
        network, (example,), dynamic_shapes=dynamic, strict=False
    )
    torch.export.save(program, path)
    return path


def rewritten(
    path: Path, edit: Edit, name: str = "edited.pt2", **more: bytes
) -> str:
    """A copy of an archive with members edited, and members added below its root folder."""
    copy = path.with_name(name)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for member in source.namelist():
            target.writestr(member, edit(member, source.read(member)))
        for member, content in more.items():
            target.writestr(f"{path.stem}/{member}", content)
    return str(copy)


def torch_bytes(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def refused(spec: str, weights: str | None = None) -> str:
    with pytest.raises(ValueError, match="Argument `") as raised:
        load_network(spec, weights, EXAMPLE)
    sentence = str(raised.value)
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return save(module(), tmp_path / "model.pt2")


@pytest.fixture
def factory(tmp_path: Path) -> Path:
    (tmp_path / "sizes.py").write_text("LAST = 48\n")
    path = tmp_path / "mine.py"
    path.write_text(FACTORY)
    return path


@pytest.mark.parametrize("batch", [None, 1, 2])
@pytest.mark.parametrize("build", [module, Reshaping])
def test_a_saved_program_computes_what_the_module_computes(
    build: Callable[[], nn.Module], batch: int | None, tmp_path: Path
) -> None:
    """For three samples, whatever the batch size at export. Rounding of float32 sums, 1e-5."""
    torch.manual_seed(1)
    network = build()
    read = load_network(
        str(save(network, tmp_path / "model.pt2", batch)), None, EXAMPLE
    )
    samples = torch.cat([EXAMPLE, EXAMPLE[:1] * -0.7])
    wanted = network(samples).detach()
    torch.testing.assert_close(read.run(samples), wanted, rtol=1e-5, atol=1e-5)


def test_a_program_of_an_older_torch_is_read(
    archive: Path, tmp_path: Path
) -> None:
    """PyTorch 2.6 and 2.7 kept the same JSON beside two pickled dictionaries of tensors."""
    old = tmp_path / "old.pt2"
    with (
        zipfile.ZipFile(archive) as source,
        zipfile.ZipFile(old, "w") as target,
    ):
        program = source.read("model/models/model.json")
        target.writestr("serialized_exported_program.json", program)
        target.writestr(
            "serialized_state_dict.pt", torch_bytes(module().state_dict())
        )
        target.writestr("serialized_constants.pt", torch_bytes({}))
        target.writestr("version", "8.2")
    wanted = module()(EXAMPLE).detach()
    torch.testing.assert_close(
        load_network(str(old), None, EXAMPLE).run(EXAMPLE), wanted
    )


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth"])
def test_a_factory_with_weights_is_the_trained_module(
    factory: Path, suffix: str
) -> None:
    """The factory's own weights are random; those of the file win. Exact but for rounding."""
    weights = factory.with_suffix(suffix)
    state = module().state_dict()
    if suffix == ".safetensors":
        save_file(state, weights)
    else:
        torch.save(
            {"epoch": 3, "state_dict": state} if suffix == ".pt" else state,
            weights,
        )
    read = load_network(f"{factory}:build", str(weights), EXAMPLE)
    torch.testing.assert_close(read.run(EXAMPLE), module()(EXAMPLE).detach())
    assert [layer.name for layer in read.layers] == ["0", "4"]


def test_pickled_code_in_a_program_is_never_run(
    archive: Path, tmp_path: Path
) -> None:
    """Each edit makes `torch.export.load` of torch 2.13 create the marker (tried).

    Sample inputs are not read at all, so that file still loads; a weight is refused.
    """
    marker = tmp_path / "marker"
    evil = torch_bytes((Evil(marker),))

    def weight(name: str, content: bytes) -> bytes:
        if name.endswith("weights_config.json"):
            config = json.loads(content)
            config["config"]["0.bias"]["use_pickle"] = True
            return json.dumps(config).encode()
        return evil if name.endswith("weights/weight_1") else content

    def sample(name: str, content: bytes) -> bytes:
        return evil if "sample_inputs" in name else content

    assert "could run code" in refused(rewritten(archive, weight))
    load_network(rewritten(archive, sample), None, EXAMPLE)
    legacy = rewritten(
        archive, lambda _, content: content, **{"data/weights/model.pt": evil}
    )
    assert "could run code" in refused(legacy)
    assert not marker.exists()


def test_code_in_the_text_of_a_program_is_never_run(
    archive: Path, tmp_path: Path
) -> None:
    """Size expressions and guards are Python that `torch.export.load` would evaluate."""
    marker = tmp_path / "marker"
    call = f"__import__('os').mkdir('{marker}')"

    def expression(_: str, content: bytes) -> bytes:
        return content.replace(b"Symbol('s", f"{call} or Symbol('s".encode())

    def guard(name: str, content: bytes) -> bytes:
        if not name.endswith("model.json"):
            return content
        return json.dumps(
            {**json.loads(content), "guards_code": [call]}
        ).encode()

    def target(_: str, content: bytes) -> bytes:
        return content.replace(
            b"torch.ops.aten.relu.default", b"torch.hub.load"
        )

    assert expression("", b"Symbol('s") != b"Symbol('s"
    for edit in (expression, guard):
        load_network(rewritten(archive, edit), None, EXAMPLE)
    assert "calls `torch.hub.load`" in refused(rewritten(archive, target))
    assert not marker.exists()


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
@pytest.mark.parametrize("zipped", [True, False])
def test_pickled_code_in_weights_is_never_run(
    factory: Path, suffix: str, zipped: bool
) -> None:
    """Neither in the zip format of torch nor in a bare pickle."""
    marker = factory.with_name("marker")
    weights = factory.with_suffix(suffix)
    weights.write_bytes(
        torch_bytes(Evil(marker)) if zipped else pickle.dumps(Evil(marker))
    )
    sentence = refused(f"{factory}:build", str(weights))
    assert str(weights) in sentence
    assert not marker.exists()


def test_pickled_code_in_data_is_never_run(tmp_path: Path) -> None:
    """An object array is a pickle."""
    marker = tmp_path / "marker"
    path = tmp_path / "data.npz"
    objects = np.empty(1, dtype=object)
    objects[0] = Evil(marker)
    np.savez(path, inputs=objects, labels=np.zeros(1, int))
    with pytest.raises(
        ValueError, match="holds Python objects that could run code"
    ):
        load_data(str(path))
    assert not marker.exists()


def edit_json(**changes: object) -> Edit:
    def edit(name: str, content: bytes) -> bytes:
        if not name.endswith("models/model.json"):
            return content
        return json.dumps({**json.loads(content), **changes}).encode()

    return edit


def edit_weight(**changes: object) -> Edit:
    def edit(name: str, content: bytes) -> bytes:
        if not name.endswith("weights_config.json"):
            return content
        config = json.loads(content)
        config["config"]["0.weight"]["tensor_meta"].update(changes)
        return json.dumps(config).encode()

    return edit


GHOST = b'"arg": {"as_tensor": {"name": "ghost"}}'
BROKEN = [
    (
        edit_json(schema_version={"major": 9, "minor": 0}),
        "has schema version 9",
    ),
    (edit_json(graph_module=3), "is damaged"),
    (
        edit_weight(sizes=[{"as_int": 10**12}], strides=[{"as_int": 0}]),
        "fewer numbers",
    ),
    (edit_weight(storage_offset={"as_int": 50}), "fewer numbers"),
    (edit_weight(storage_offset={"as_int": -1}), "fewer numbers"),
    (edit_weight(sizes=[{"as_int": 9}], strides=[{"as_int": 1}]), "fails with"),
    (edit_weight(dtype=99), "unknown number type"),
    (
        lambda name, b: b"{" * 10**5 if name.endswith("model.json") else b,
        "is damaged",
    ),
    (
        lambda name, b: b"[" * 10**5 if name.endswith("model.json") else b,
        "is damaged",
    ),
    (
        lambda name, b: b"big" if name.endswith("byteorder") else b,
        "another byte order",
    ),
    (
        lambda _, b: b.replace(
            b'"arg": {"as_tensor": {"name": "relu"}}', GHOST
        ),
        "fails with",
    ),
]


@pytest.mark.parametrize(
    ("edit", "reason"), BROKEN, ids=[reason for _, reason in BROKEN]
)
def test_a_program_with_wrong_claims_is_refused(
    archive: Path, edit: Edit, reason: str
) -> None:
    """Whatever the JSON claims, memory outside the file is not read, and one sentence comes."""
    sentence = refused(rewritten(archive, edit))
    assert reason in sentence
    assert "edited.pt2" in sentence


def test_a_compressed_program_is_refused(archive: Path) -> None:
    """A few bytes could unpack to more than the memory."""
    bomb = archive.with_name("bomb.pt2")
    with (
        zipfile.ZipFile(archive) as source,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as z,
    ):
        for member in source.namelist():
            z.writestr(member, source.read(member))
    assert "compressed member" in refused(str(bomb))


def test_a_truncated_program_is_refused_wherever_it_was_cut(
    archive: Path,
) -> None:
    """A download that stopped early. Every prefix, in 40 steps."""
    content = archive.read_bytes()
    short = archive.with_name("short.pt2")
    for size in range(1, len(content), len(content) // 40):
        short.write_bytes(content[:size])
        assert "short.pt2" in refused(str(short))


def test_a_file_that_is_none_is_named(tmp_path: Path, factory: Path) -> None:
    """Missing, a directory, empty, of another type: each with its own reason."""
    (tmp_path / "folder.pt2").mkdir()
    (tmp_path / "empty.pt2").touch()
    (tmp_path / "text.pt2").write_text("hello")
    (tmp_path / "weights.pt").write_text("hello")
    (tmp_path / "weights.safetensors").write_text("hello")
    (tmp_path / "weights.bin").write_text("hello")
    reasons = {
        "absent.pt2": "does not exist",
        "folder.pt2": "is a directory",
        "empty.pt2": "is empty",
        "text.pt2": "is no complete zip archive",
        "absent.py:build": "does not exist",
    }
    for name, reason in reasons.items():
        sentence = refused(str(tmp_path / name))
        assert reason in sentence
        assert name.removesuffix(":build") in sentence
    for name, reason in {
        "weights.pt": "is damaged or of another type",
        "weights.safetensors": "is damaged or of another type",
        "weights.bin": "ends neither in",
        "absent.pt": "does not exist",
    }.items():
        assert f"{name}` {reason}" in refused(
            f"{factory}:build", str(tmp_path / name)
        )


def test_a_file_without_permission_is_named(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried with a refusal in place of real permissions, which an administrator overrides."""

    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    assert "model.pt2` cannot be opened: Permission denied." in refused(
        str(archive)
    )


@pytest.mark.parametrize(
    "spec", ["model.h5", "model.py", "model.py:", "weights.pt", "a.py:b c"]
)
def test_a_network_given_otherwise_is_refused(spec: str) -> None:
    """The sentence says what is accepted."""
    accepted = "must be `model.pt2`, `model.onnx`, `model.tflite`,"
    assert accepted in refused(spec)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent", "`absent` is none"),
        ("nothing", "returns a int"),
        ("leaves", "raised SystemExit: 3"),
        ("fails", "raised ValueError: no such thing"),
    ],
)
def test_a_factory_that_builds_no_module_is_refused(
    factory: Path, name: str, reason: str
) -> None:
    """A mistake in the user's file is quoted in one line, and ends nothing."""
    sentence = refused(f"{factory}:{name}")
    assert reason in sentence
    assert "mine.py" in sentence


def test_a_file_with_a_syntax_error_is_refused(tmp_path: Path) -> None:
    """Python's own message is quoted."""
    (tmp_path / "bad.py").write_text("def build(:\n")
    assert "raised SyntaxError" in refused(f"{tmp_path / 'bad.py'}:build")


def test_weights_of_another_module_are_refused(factory: Path) -> None:
    """The first missing, unknown or misshapen tensor is named."""
    weights = factory.with_suffix(".pt")
    spec = f"{factory}:build"
    state = module().state_dict()
    for name, change in {
        "lacks `0.bias`": {},
        "another shape for `0.bias`": torch.zeros(7),
    }.items():
        kept = {key: value for key, value in state.items() if key != "0.bias"}
        torch.save(
            kept | ({"0.bias": change} if isinstance(change, Tensor) else {}),
            weights,
        )
        assert name in refused(spec, str(weights))
    torch.save(state | {"extra": torch.zeros(1)}, weights)
    assert "has an unknown `extra`" in refused(spec, str(weights))
    torch.save(torch.zeros(3), weights)
    assert "holds a Tensor" in refused(spec, str(weights))


def test_weights_beside_a_program_are_refused(archive: Path) -> None:
    """Two sets of weights: it would be unclear which go to the chip."""
    assert "holds its own weights" in refused(str(archive), "weights.pt")
