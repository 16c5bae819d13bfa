import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mho.bench.simulated import ChipSpec, SimulatedBench
from mho.chip import Chip
from mho.deployment import deploy, program_image
from mho.deployment.storage import (
    CHIP_KIND,
    CompiledNetwork,
    ProgrammedChip,
    Provenance,
    compile_image,
    load_chip,
    load_image,
    save,
    save_chip,
    save_image,
)
from mho.deployment.storage.file_kinds import chip_parts
from mho.device.published import PRESETS, Preset, preset
from mho.files import KeptState
from mho.programming import ProgrammingOptions
from mho.rng import Stream
from mho.units import uS

SIZE = {"tiles": 3, "rows": 6, "cols": 16}
EFFORT = ProgrammingOptions(tolerance=5 * uS)


def network() -> nn.Module:
    """Eight inputs do not fit six rows: the second layer takes two tiles of three."""
    generator = torch.Generator().manual_seed(2)
    made = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return made.eval()


def samples() -> Tensor:
    return torch.rand(300, 6, generator=torch.Generator().manual_seed(0))


def specimen(seed: int = 7) -> ChipSpec:
    chip = Chip(**SIZE)
    return ChipSpec(
        "rao2023", seed, chip.tiles, chip.rows, chip.cols, chip.lines
    )


@pytest.fixture(scope="module")
def image() -> CompiledNetwork:
    info = specimen(0).bench().info
    return compile_image(
        network(), info, samples(), provenance=Provenance(preset="rao2023")
    )


@pytest.fixture(scope="module")
def chip(image: CompiledNetwork) -> ProgrammedChip:
    return program_image(image, specimen(), EFFORT)


def test_a_programmed_image_is_what_deploy_makes(
    image: CompiledNetwork, tmp_path: Path
) -> None:
    """An image is `deploy`, split in two.

    Compiling, saving, loading and programming draw the same random numbers in the same order as
    `deploy` on the same chip, so the outputs are equal to the last bit.
    """
    save_image(tmp_path / "net.mho", image)
    programmed = program_image(
        load_image(tmp_path / "net.mho"), specimen(), EFFORT
    )
    bench = SimulatedBench(Chip(**SIZE), Stream(7).child("chip"))
    protocol = EFFORT.protocol(bench.info)
    wanted = deploy(network(), bench, samples(), protocol)
    assert torch.equal(programmed.deployed()(samples()), wanted(samples()))


def test_a_saved_chip_goes_on_as_if_nothing_had_happened(
    chip: ProgrammedChip, tmp_path: Path
) -> None:
    """Traps and draws are part of the state: outputs, later reads and costs are bit-equal."""
    save_chip(tmp_path / "chip.mho", chip)
    loaded = load_chip(tmp_path / "chip.mho")
    assert loaded.sha256 == chip.sha256
    mine = loaded.deployed()
    own = chip.deployed()
    for _ in range(2):
        mine.bench.wait(100.0)
        own.bench.wait(100.0)
        assert torch.equal(mine(samples()), own(samples()))
    assert mine.bench.ledger == own.bench.ledger
    assert mine.bench.clock == own.bench.clock


def test_a_deployed_copy_leaves_the_kept_state_alone(
    chip: ProgrammedChip,
) -> None:
    before = chip.sha256
    first = chip.deployed()(samples())
    assert chip.sha256 == before
    assert torch.equal(chip.deployed()(samples()), first)


def test_what_is_kept_goes_on_from_where_the_bench_is(
    chip: ProgrammedChip,
) -> None:
    """Running twice on one bench equals running, keeping, and running again."""
    straight = chip.deployed()
    straight(samples())
    second = straight(samples())
    first = chip.deployed()
    first(samples())
    kept = chip.after(first.bench, accuracy=0.5)
    assert kept.records == {"accuracy": 0.5}
    assert kept.after(first.bench, accuracy=None).records == {}
    assert torch.equal(kept.deployed()(samples()), second)


def test_chips_of_one_image_differ_and_share_it(
    image: CompiledNetwork, chip: ProgrammedChip
) -> None:
    other = program_image(image, specimen(8), EFFORT)
    assert other.image.sha256 == chip.image.sha256
    assert not torch.equal(
        other.deployed()(samples()), chip.deployed()(samples())
    )


def test_an_interrupted_run_ends_like_one_that_was_not(
    image: CompiledNetwork,
    chip: ProgrammedChip,
    tmp_path: Path,
    monkeypatch: Any,
) -> None:
    """The state holds all that a cycle depends on, so resuming is exact."""
    monkeypatch.setattr("mho.files.kept_parts.CHECKPOINT_SECONDS", 0.0)
    state = KeptState(tmp_path / "chip.safetensors", "a chip")
    cycles = 0

    def stop(*_: object) -> None:
        nonlocal cycles
        cycles += 1
        if cycles == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        program_image(image, specimen(), EFFORT, state=state, progress=stop)
    other = KeptState(tmp_path / "chip.safetensors", "another chip")
    with pytest.raises(ValueError, match=r"must hold a state of this run"):
        program_image(image, specimen(8), EFFORT, state=other)
    resumed = program_image(image, specimen(), EFFORT, state=state)
    assert resumed.sha256 == chip.sha256
    assert resumed.result.cycles > 5


class Spoilt:
    """A deep copy of a chip's content, to be spoilt."""

    def __init__(self, chip: ProgrammedChip) -> None:
        content, tensors = chip_parts(chip)
        self.content = json.loads(json.dumps(content))
        self.fields = self.content["chip"]["fields"]
        self.tensors = dict(tensors)


def spoil_preset(file: Spoilt) -> None:
    file.fields["specimen"]["fields"]["preset"] = "nobody2023"


def spoil_size(file: Spoilt) -> None:
    file.fields["specimen"]["fields"]["tiles"] = 1_000_000


def spoil_model(file: Spoilt) -> None:
    file.fields["model"] = "0" * 64


def spoil_state(file: Spoilt) -> None:
    file.tensors["chip.state.core"] = file.tensors["chip.state.core"][:-1]


def spoil_ledger(file: Spoilt) -> None:
    file.tensors["chip.state.bench"] = file.tensors["chip.state.bench"][:2]


def spoil_clock(file: Spoilt) -> None:
    file.tensors["chip.state.bench"] = -file.tensors["chip.state.bench"]


def spoil_costs(file: Spoilt) -> None:
    file.tensors["chip.state.bench"] = file.tensors["chip.state.bench"].repeat(
        2
    )


def spoil_core(file: Spoilt) -> None:
    file.tensors["chip.state.core"] = (
        file.tensors["chip.state.core"] * torch.inf
    )


def spoil_cells(file: Spoilt) -> None:
    file.tensors["chip.result.cells"] = file.tensors["chip.result.cells"].flip(
        0
    )


def spoil_result(file: Spoilt) -> None:
    file.tensors["chip.result.outcome"] = file.tensors["chip.result.outcome"][
        :-1
    ]


def spoil_placement(file: Spoilt) -> None:
    file.tensors["chip.placement.blocks.0.plus"] = (
        file.tensors["chip.placement.blocks.0.plus"] - 10_000
    )


def spoil_seed(file: Spoilt) -> None:
    file.fields["specimen"]["fields"]["seed"] = "7"


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_preset,
        spoil_size,
        spoil_model,
        spoil_state,
        spoil_ledger,
        spoil_result,
        spoil_placement,
        spoil_seed,
        spoil_clock,
        spoil_costs,
        spoil_core,
        spoil_cells,
    ],
)
def test_parts_that_do_not_belong_together_are_refused(
    chip: ProgrammedChip, tmp_path: Path, spoil: Any
) -> None:
    file = Spoilt(chip)
    spoil(file)
    save(tmp_path / "chip.mho", CHIP_KIND, file.content, file.tensors)
    with pytest.raises(
        ValueError, match=r"^Argument `chip` must name a whole file.*\.$"
    ):
        load_chip(tmp_path / "chip.mho")


def described(kind: Preset, name: str, **change: Any) -> Preset:
    """A preset with one entry described in another way."""
    entry = replace(kind.values[name], **change)
    return replace(kind, values={**kind.values, name: entry})


def test_a_full_stop_in_a_note_keeps_every_saved_chip_readable(
    chip: ProgrammedChip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_chip(tmp_path / "chip.mho", chip)
    kind = preset("rao2023")
    for name, value in kind.values.items():
        kind = described(kind, name, note=f"{value.note}.")
    monkeypatch.setitem(PRESETS, "rao2023", kind)
    assert load_chip(tmp_path / "chip.mho").sha256 == chip.sha256


def test_a_changed_number_of_a_preset_refuses_chips_of_before(
    chip: ProgrammedChip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their state would mean something else: traps, say, of cells that have other traps."""
    save_chip(tmp_path / "chip.mho", chip)
    kind = described(preset("rao2023"), "telegraph.births", value=1.6)
    monkeypatch.setitem(PRESETS, "rao2023", kind)
    with pytest.raises(ValueError, match="describes by other numbers than mho"):
        load_chip(tmp_path / "chip.mho")


def test_a_half_copied_chip_is_refused(
    chip: ProgrammedChip, tmp_path: Path
) -> None:
    path = tmp_path / "chip.mho"
    save_chip(path, chip)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(
        ValueError, match=r"^Argument `chip` must name a whole file.*\.$"
    ):
        load_chip(path)


def test_a_full_disk_leaves_the_old_chip(
    chip: ProgrammedChip, tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "chip.mho"
    save_chip(path, chip)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        save_chip(path, replace(chip, records={"accuracy": 1.0}))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["chip.mho"]
