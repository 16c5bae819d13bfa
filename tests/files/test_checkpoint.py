"""States of unfinished runs: whole or refused, and only where they go on to the last bit."""

import json
import math
import random
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.files import checkpoint
from mho.files.packed import pack
from mho.files.processor import processor
from mho.programming import ProgramProtocol, ProgramRun
from mho.rng import Stream
from mho.units import uS

UNFINISHED = Path(__file__).parents[1] / "golden" / "unfinished"
GROUPS = {
    "bench": {"core": torch.arange(5.0), "event": torch.arange(5)},
    "run": {"live.ready": torch.tensor([True, False]), "loop": torch.zeros(0)},
    "none": {},
    # a single element has no next one, and its distance may be any: the last live cell of a run
    "one": {
        "cell": torch.empty_strided((1,), (0,), dtype=torch.int64).fill_(7)
    },
}
FACTS = {
    "identity": "x",
    "seconds": 0.1,
    "worst": math.inf,
    "passes": [{"right": 1}],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "run.state", GROUPS, FACTS)
    return tmp_path / "run.state"


def refusal(path: Path) -> str:
    """The one sentence that refuses a state; it prints as one line."""
    with pytest.raises(ValueError, match=r"^File `.*` must ") as caught:
        checkpoint.load(path)
    said = str(caught.value)
    assert said.isprintable()
    assert said.endswith(".")
    return said


def test_a_state_comes_back_bit_by_bit(path: Path) -> None:
    groups, facts = checkpoint.load(path)
    assert facts == FACTS
    assert groups.keys() == GROUPS.keys()
    for group, part in GROUPS.items():
        assert groups[group].keys() == part.keys()
        for name, tensor in part.items():
            assert groups[group][name].dtype == tensor.dtype
            assert torch.equal(groups[group][name], tensor)


def test_any_safetensors_reader_opens_it(path: Path) -> None:
    assert torch.equal(load_file(path)["bench/core"], torch.arange(5.0))


def test_no_flipped_bit_goes_unnoticed(path: Path) -> None:
    """Of a checkpoint without a checksum 149 of 150 gave another chip in silence."""
    content = path.read_bytes()
    chance = random.Random(0)
    for _ in range(400):
        hurt = bytearray(content)
        hurt[chance.randrange(len(hurt))] ^= 1 << chance.randrange(8)
        path.write_bytes(hurt)
        refusal(path)


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, -1])
def test_a_cut_state_is_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    assert "what it held is done again" in refusal(path)


def test_a_longer_state_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")
    assert "more bytes than its header describes" in refusal(path)


ODD: list[Any] = [
    None,
    0,
    -1,
    1e308,
    True,
    "",
    "x",
    "\x1b[2J",
    [],
    {},
    [[]],
    {"a": 1},
    "[]",
    "3",
]


@pytest.mark.parametrize("name", ["mho", "processor", "facts", "groups"])
def test_whatever_its_content_says_a_state_is_refused_in_one_sentence(
    name: str, path: Path
) -> None:
    """With a checksum that is right, as whoever changes it can compute one."""
    whole = path.read_bytes()
    header = json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])
    content = json.loads(header["__metadata__"]["content"])
    tensors = load_file(path)
    for value in (*ODD, "missing"):
        own = {k: v for k, v in content.items() if k != name}
        if value != "missing":
            own[name] = value
        path.write_bytes(pack(checkpoint.KIND, own, tensors)[0])
        refusal(path)
    for odd in (["core", "core"], ["none"], {"core": 1}):
        own = {**content, "groups": {"bench": odd}}
        path.write_bytes(pack(checkpoint.KIND, own, tensors)[0])
        refusal(path)


def test_a_save_that_is_interrupted_leaves_the_old_state(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(path, GROUPS, {})
    assert path.read_bytes() == before


def test_a_state_of_another_version_says_that_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both versions are named, and what to do; the file stays as it is."""
    before = path.read_bytes()
    monkeypatch.setattr(checkpoint, "version", lambda _: "0.2.0")
    said = refusal(path)
    assert "this mho, 0.2.0, but mho 0.1.0 wrote it" in said
    assert "Nothing is lost" in said
    assert path.read_bytes() == before


def golden_states(folder: Path) -> list[Path]:
    """All states that the first release left, those of archives unpacked."""
    for archive in sorted(UNFINISHED.glob("*.tar.gz")):
        with tarfile.open(archive) as content:
            content.extractall(folder / archive.name, filter="data")
    found = []
    for one in (*UNFINISHED.rglob("*"), *folder.rglob("*")):
        if (
            one.is_file()
            and one.read_bytes()[8:24] == b'{"__metadata__":'
            and (b'"facts"' in one.read_bytes()[:40])
        ):
            found.append(one)
    return found


def test_states_of_the_first_release_say_at_once_that_they_are_of_another_version(
    tmp_path: Path,
) -> None:
    states = golden_states(tmp_path)
    assert len(states) >= 10
    for state in states:
        said = refusal(state)
        assert "mho 0.1.0 of before checksums wrote it" in said
        assert "Nothing is lost" in said


def test_a_state_of_another_processor_is_refused_until_it_is_adopted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {**processor(), "instructions": "AVX9", "vendor": "Nobody"}
    monkeypatch.setattr(checkpoint, "processor", lambda: other)
    checkpoint.save(path, GROUPS, FACTS)
    monkeypatch.undo()
    said = refusal(path)
    assert "instructions AVX9, here" in said
    assert "vendor Nobody, here" in said
    assert "Nothing is lost" in said
    (path.parent / "notes.txt").write_text("not a state")
    checkpoint.adopt(path.parent)
    groups, facts = checkpoint.load(path)
    assert facts == FACTS
    assert torch.equal(groups["bench"]["core"], GROUPS["bench"]["core"])


def test_each_thing_that_decides_last_digits_makes_another_processor(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "mho.files.processor.platform.machine": lambda: "riscv64",
        "torch.backends.cpu.get_cpu_capability": lambda: "AVX9",
        "torch.__version__": "9.9",
        "mho.files.processor._vendor": lambda: "Nobody",
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(name, value)
            assert "of this kind of processor" in refusal(path)
    checkpoint.load(path)


class Midway:
    """A bench and a run after a few cycles, and new ones to go on with."""

    def __init__(self) -> None:
        self.bench, self.run = self.fresh()
        self.run.begin()
        for _ in range(6):
            self.run.cycle()
        assert 0 < self.run.live_cells < 40

    @staticmethod
    def fresh() -> tuple[SimulatedBench, ProgramRun]:
        bench = SimulatedBench(Chip("rao2023", rows=5, cols=8), Stream(1))
        target = torch.linspace(60 * uS, 300 * uS, 40)
        protocol = ProgramProtocol(20 * uS, denoise=None)
        return bench, ProgramRun(bench, target, protocol, torch.arange(40))

    def groups(self) -> dict[str, dict[str, Tensor]]:
        return {"bench": self.bench.state(), "run": self.run.state()}


def restore(groups: dict[str, dict[str, Tensor]]) -> ProgramRun:
    bench, run = Midway.fresh()
    bench.restore(groups["bench"])
    run.restore(groups["run"])
    return run


@pytest.fixture(scope="module")
def midway() -> Midway:
    return Midway()


def test_a_run_goes_on_from_its_state(midway: Midway, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run.state", midway.groups(), {})
    again = restore(checkpoint.load(tmp_path / "run.state")[0])
    straight = restore(midway.groups())
    for _ in range(3):
        again.cycle()
        straight.cycle()
    for name, tensor in straight.state().items():
        assert torch.equal(
            again.state()[name].nan_to_num(), tensor.nan_to_num()
        )


def spoilt(tensor: Tensor) -> list[Tensor | None]:
    """A tensor that is missing, of another length, axis or kind of number."""
    return [
        None,
        tensor[..., :-1],
        tensor.repeat(*[1] * (tensor.ndim - 1), 2),
        tensor[None],
        tensor[..., None],
        tensor.to(torch.float16),
        tensor.to(torch.complex64),
        tensor.flatten()[:0],
        torch.zeros((), dtype=tensor.dtype),
    ]


def test_missing_and_reshaped_tensors_are_refused_in_one_sentence(
    midway: Midway,
) -> None:
    """49 of such changes ended in a traceback; each is tried on each tensor of bench and run."""
    whole = midway.groups()
    tried = 0
    for group, part in whole.items():
        for name, tensor in part.items():
            for wrong in spoilt(tensor):
                own = {k: t for k, t in part.items() if k != name}
                own |= {} if wrong is None else {name: wrong}
                with pytest.raises(
                    ValueError, match=r"^Argument `state` must .*\.$"
                ):
                    restore({**whole, group: own})
                tried += 1
    assert tried > 300
    extra = {**whole["run"], "stowaway": torch.zeros(3)}
    with pytest.raises(ValueError, match="stowaway"):
        restore({**whole, "run": extra})


@pytest.mark.parametrize(
    ("group", "name", "place", "value"),
    [
        ("run", "live.place", 0, 40),
        ("run", "live.place", 0, -1),
        ("run", "live.place", 0, 39),
        ("run", "loop", 0, math.nan),
        ("run", "loop", 1, -1.0),
        ("bench", "bench", 0, -1.0),
        ("bench", "bench", 0, math.inf),
        ("bench", "bench", 1, 0.5),
        ("bench", "bench", 2, 0.0),
        ("bench", "bench", 2, math.nan),
        ("bench", "bench", 3, 1e300),
        ("bench", "bench", 8, -1.0),
    ],
)
def test_impossible_numbers_of_a_state_are_refused(
    group: str, name: str, place: int, value: float, midway: Midway
) -> None:
    groups = midway.groups()
    if (name, value) == ("live.place", 39):
        value = int(groups["run"]["live.place"][1])
    groups[group][name][place] = value
    with pytest.raises(ValueError, match=r"^Argument `state` must .*\.$"):
        restore(groups)
