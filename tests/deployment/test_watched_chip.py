import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_image import kind_of_chip, network, samples

from mho.bench.simulated import ChipSpec
from mho.deployment import program_image
from mho.deployment.storage import CompiledNetwork, compile_image
from mho.files import LIVE, LiveFile
from mho.programming import ProgramRun
from mho.report.live import Channels
from mho.runs.watched import ChipWatch
from mho.units import uS


@pytest.fixture(scope="module")
def image() -> CompiledNetwork:
    return compile_image(
        network(), kind_of_chip(), samples(), compensated=False
    )


def spec(image: CompiledNetwork) -> ChipSpec:
    info = image.info
    return ChipSpec("rao2023", 3, info.tiles, info.rows, info.cols)


def test_a_watched_chip_is_the_same_to_the_bit(
    tmp_path: Path, image: CompiledNetwork
) -> None:
    """And a few cells asked for alone are told as among all, live or done, in every cycle."""
    channels = Channels(tmp_path)
    channels.open()
    watch = ChipWatch(LiveFile(tmp_path, "test"), "plain", image)
    live: list[int] = []

    def look(run: ProgramRun) -> None:
        # laws may have been compiled for longer than a watch lasts
        channels.touch()
        watch(run)
        live.append(run.live_cells)
        places = torch.arange(0, run.cells.numel(), 3)
        assert torch.equal(run.conductance_of(places), run.conductance[places])

    watched = program_image(image, spec(image), watch=look)
    alone = program_image(image, spec(image))
    # some cells were done while others were not
    assert len(set(live)) > 3
    for name in ("error", "pulses", "reads", "outcome", "noise"):
        assert torch.equal(
            getattr(watched.result, name),
            getattr(alone.result, name),
        )
    assert (tmp_path / LIVE / "chip-plain.json").exists()


def test_what_is_told_at_the_end_is_what_cells_hold(
    tmp_path: Path, image: CompiledNetwork
) -> None:
    """Every cell of the maps to a step of the code, over 1.2 of the usual range."""
    channels = Channels(tmp_path)
    channels.open()
    watch = ChipWatch(LiveFile(tmp_path, "test"), "plain", image)
    last: dict[str, torch.Tensor] = {}

    def look(run: ProgramRun) -> None:
        channels.touch()
        watch(run)
        if run.cells.numel() == image.placement.cells.numel():
            last["conductance"] = run.conductance.clone()

    program_image(image, spec(image), watch=look)
    layout, seen = (
        json.loads((tmp_path / LIVE / f"{name}-plain.json").read_text())
        for name in ("map", "chip")
    )
    code = np.frombuffer(base64.b64decode(seen["conductance"]), "<u2")
    low, high = layout["low"], layout["high"]
    told = low + (code / 65534 * 1.2 - 0.1) * (high - low)
    held = last["conductance"].double().numpy() / uS
    inside = (held > low) & (held < high)
    assert inside.sum() > inside.size / 2
    step = 1.2 * (high - low) / 65534
    assert np.abs(told - held)[inside].max() <= 1.01 * step + 1e-4 * high
    places = np.concatenate(
        [
            np.frombuffer(base64.b64decode(one["cells"]), "<i4")
            for one in layout["layers"]
        ]
    )
    assert sorted(places[places >= 0]) == list(range(code.size))


def test_who_watches_later_is_told_the_layout_as_well(
    tmp_path: Path, image: CompiledNetwork
) -> None:
    """A second view of the same run."""
    first = Channels(tmp_path)
    first.open()
    live = LiveFile(tmp_path, "test")
    watch = ChipWatch(live, "plain", image)
    runs: list[ProgramRun] = []
    program_image(image, spec(image), watch=runs.append)
    first.touch()
    watch(runs[-1])
    first.close()
    assert not live.is_told("map-plain")
    later = Channels(tmp_path)
    later.open()
    watch(runs[-1])
    assert live.is_told("map-plain")
    later.close()


def test_a_broken_watch_ends_no_programming(
    tmp_path: Path, image: CompiledNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = Channels(tmp_path)
    channels.open()
    watch = ChipWatch(LiveFile(tmp_path, "test"), "plain", image)
    looks: list[int] = []

    def broken(run: ProgramRun) -> None:
        looks.append(run.cycles)
        raise RuntimeError

    def look(run: ProgramRun) -> None:
        channels.touch()
        watch(run)

    monkeypatch.setattr(watch, "_trace", broken)
    program_image(image, spec(image), watch=look)
    assert looks
