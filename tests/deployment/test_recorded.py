"""What a run recorded of its chip: the last reading counts, pulses keep order, width and gate."""

import json
import re
from pathlib import Path

import pytest
import torch

from mho.bench import PULSE, READ, Journal, JournaledBench, Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.rng import Stream
from mho.runs import RecordedRun
from mho.units import ns, uS, us
from mho.wires import WireModel

WIRES = {
    "word_line_ohm": 0.5,
    "bit_line_ohm": [0.1, 0.2, 0.3],
    "driver_ohm": 5.0,
}


def folder(path: Path, *names: str, result: object = None) -> Path:
    """A run of two tiles of 2×3 cells, written by hand."""
    for name in names:
        journal = Journal(
            path / "trace" / name, 0, {"tiles": 2, "rows": 2, "cols": 3}
        )
        cells = torch.tensor([1, 7, 11])
        journal.append(cells, READ, torch.tensor([50.0, 70.0, 90.0]) * uS, 1.0)
        volts = torch.tensor([1.0, -1.0])
        journal.append(cells[:2], PULSE, volts, 2.0, width=100 * ns, gate=2.5)
        journal.flush()
        gate = torch.tensor([1.5, 1.75])
        journal.append(
            cells[1:], PULSE, volts / 2, 3.0, width=10 * us, gate=gate
        )
        journal.append(cells[1:], READ, torch.tensor([71.0, 91.0]) * uS, 4.0)
        journal.flush()
    found = {"preset": "rao2023", "wires": WIRES} if result is None else result
    path.mkdir(exist_ok=True)
    (path / "result.json").write_text(json.dumps(found))
    return path


def test_the_last_reading_of_every_cell_is_its_conductance(
    tmp_path: Path,
) -> None:
    """In single precision, as it was recorded; a cell that was never read is off."""
    run = RecordedRun(folder(tmp_path, "denoised", "plain"))
    assert (run.name, run.tiles, run.rows, run.cols) == ("denoised", 2, 2, 3)
    first, second = (torch.zeros(2, 3, dtype=torch.float64) for _ in range(2))
    first[0, 1] = 50 * uS
    second[0, 1] = 71 * uS
    second[1, 2] = 91 * uS
    for tile, wanted in enumerate((first, second)):
        torch.testing.assert_close(
            run.conductance(tile), wanted, rtol=1e-7, atol=0.0
        )


def test_pulses_of_a_cell_are_in_order_with_their_width_and_gate(
    tmp_path: Path,
) -> None:
    pulses = RecordedRun(folder(tmp_path, "plain")).pulses(7)
    assert pulses.amplitude.tolist() == [-1.0, 0.5]
    assert pulses.width.tolist() == [100 * ns, 10 * us]
    assert pulses.gate.tolist() == [2.5, 1.5]
    assert RecordedRun(tmp_path).pulses(0).amplitude.numel() == 0


def test_wires_are_those_of_the_run(tmp_path: Path) -> None:
    assert RecordedRun(folder(tmp_path, "plain")).wires == WireModel(
        0.5, (0.1, 0.2, 0.3), 5.0
    )
    ideal = folder(
        tmp_path / "ideal", "plain", result={"preset": "rao2023", "wires": None}
    )
    assert RecordedRun(ideal).wires.ideal


def test_without_a_denoised_chip_the_other_one_is_taken(tmp_path: Path) -> None:
    assert RecordedRun(folder(tmp_path, "plain")).name == "plain"
    both = folder(tmp_path / "both", "denoised", "plain")
    assert RecordedRun(both, denoise=False).name == "plain"
    with pytest.raises(ValueError, match="has no `trace/plain`"):
        RecordedRun(folder(tmp_path / "one", "denoised"), denoise=False)


def test_a_bench_with_a_journal_records_all_that_a_pulse_is(
    tmp_path: Path,
) -> None:
    """A train is its pulses one after the other; 0 V is no pulse; each cell has its gate."""
    bench = SimulatedBench(Chip("rao2023", rows=2, cols=3), Stream(0))
    journal = Journal(
        tmp_path / "trace" / "plain", 0, {"tiles": 1, "rows": 2, "cols": 3}
    )
    train = torch.tensor([[0.0, 0.5], [-0.6, 0.7]])
    pulse = Pulse(train, 1 * us, torch.tensor([2.0, 1.25]))
    JournaledBench(bench, journal).pulse(pulse, torch.tensor([0, 4]))
    journal.flush()
    (tmp_path / "result.json").write_text("{}")
    run = RecordedRun(tmp_path)
    torch.testing.assert_close(
        run.pulses(4).amplitude, torch.tensor([0.5, 0.7]).double()
    )
    assert run.pulses(4).gate.tolist() == [1.25, 1.25]
    assert run.pulses(4).width.tolist() == [1 * us, 1 * us]
    assert run.pulses(0).gate.tolist() == [2.0]


def test_a_folder_that_is_no_run_gives_one_sentence(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    broken = folder(tmp_path / "broken", "plain")
    with pytest.raises(
        ValueError, match=re.escape("has no `result.json`; `mho deploy")
    ):
        RecordedRun(nothing)
    for content in ("{", "[1]"):
        (broken / "result.json").write_text(content)
        with pytest.raises(
            ValueError, match=re.escape("has a damaged `result.json`")
        ):
            RecordedRun(broken)
    odd = folder(
        tmp_path / "odd", "plain", result={"wires": {"word_line_ohm": "thin"}}
    )
    with pytest.raises(
        ValueError, match=re.escape("has a damaged `result.json`")
    ):
        _ = RecordedRun(odd).wires


def test_a_damaged_record_gives_one_sentence(tmp_path: Path) -> None:
    import zarr

    place = folder(tmp_path, "plain")
    group = zarr.open_group(str(place / "trace" / "plain"), mode="a")
    group["cell"][0] = 12
    with pytest.raises(ValueError, match="has a damaged `trace`"):
        RecordedRun(place).conductance(0)
    del group["width"]
    with pytest.raises(ValueError, match="records no widths of pulses"):
        RecordedRun(place).pulses(0)
    group["value"].resize((2,))
    with pytest.raises(ValueError, match="has a damaged `trace`"):
        RecordedRun(place).conductance(0)
    (place / "trace" / "plain" / "zarr.json").write_text("{}")
    with pytest.raises(ValueError, match="has a damaged `trace`"):
        RecordedRun(place)


@pytest.mark.parametrize(("tile", "cell"), [(2, 12), (-1, -1)])
def test_a_mistyped_number_gives_one_sentence(
    tile: int, cell: int, tmp_path: Path
) -> None:
    run = RecordedRun(folder(tmp_path, "plain"))
    with pytest.raises(
        ValueError, match=f"`tile` must lie within 0 to 1, but is {tile}"
    ):
        run.conductance(tile)
    with pytest.raises(
        ValueError, match=f"`cell` must lie within 0 to 11, but is {cell}"
    ):
        run.pulses(cell)
