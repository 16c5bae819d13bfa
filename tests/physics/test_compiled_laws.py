"""The compiled filament against the eager one: the same cells, the same draws, step by step.

Both are of single precision, 6e-8 in every operation, but the compiled laws have exponentials and
logarithms of their own, and sums in another order: tens of operations with conditions of up to
ten (a threshold voltage over the slope) make 2e-5 of a value at most. What is discrete (a trap, a
birth) differs where a draw lies that near its chance: one draw in a hundred thousand or less, so
that of some thousand cells with tens of draws a handful may differ.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

import reference
from mho.compiled import Laws
from mho.device import CellModel, Cells, kernels
from mho.device.filament import CellParameters
from mho.device.laws import QuantileRelaxation
from mho.device.published import PRESETS, preset
from mho.rng import Stream

FILAMENTS = [
    name
    for name, kind in PRESETS.items()
    if kind.kind is CellParameters
    # whose cells remember four numbers: `test_quantile_relaxation.py`
    and kind.laws.get("relaxation") is not QuantileRelaxation
]
COUNT = 2000
HANDFUL = 4
"""Cells of 2,000 in which a draw may lie within rounding of its chance (1)."""
CLOSE = 2e-5
CONSTANTS = ("set_voltage", "reset_voltage", "gain")

Pair = tuple[Cells, reference.Cells]


def born(name: str, stream: Stream, **changes: float) -> Pair:
    """The same cells twice, freshly formed."""
    kind = preset(name).replace(**changes).cell()
    room = kind.temperature.reference
    return Cells(kind, COUNT, stream, room), reference.Cells(
        kind, COUNT, stream
    )


def started(name: str, stream: Stream, **changes: float) -> Pair:
    """The same cells twice, switched up and trimmed, the same bits in both."""
    cells, eager = born(name, stream, **changes)
    high = 1.5 * cells.model.switching.set_voltage
    pulsed(eager, torch.full((1, COUNT), high), 1e-7, 1.0)
    give(eager, cells)
    return cells, eager


def give(eager: reference.Cells, cells: Cells) -> None:
    """Make compiled cells what eager ones are, bit for bit."""
    for name, tensor in cells.tensors().items():
        tensor.copy_(eager.state.tensors()[name])
    for name in CONSTANTS:
        cells.column(name).copy_(getattr(eager.constants, name))


def pulsed(
    cells: Cells | reference.Cells, train: Tensor, width: float, now: float
) -> None:
    """Give every cell its train, the selectors half open."""
    kind = cells.model if isinstance(cells, Cells) else cells.parameters
    law = kind.switching
    compliance = torch.linspace(law.low, 1.1 * law.high, COUNT)
    cells.pulse(torch.arange(COUNT), train, width, compliance, now)


def differing(cells: Cells, eager: reference.Cells) -> Tensor:
    """Cells whose traps, channels or cycles are not the same. Shape (cells,)."""
    mine = cells.tensors()
    theirs = eager.state.tensors()
    assert torch.equal(mine["event"], theirs["event"])
    present = theirs["traps.amplitude"] > 0
    other = (mine["traps.amplitude"] > 0) != present
    # what stands in an empty slot is nobody's
    flipped = (mine["traps.filled"] != theirs["traps.filled"]) & present
    return (other | flipped).any(0) | (mine["cycles"] != theirs["cycles"])


def assert_alike(cells: Cells, eager: reference.Cells) -> Tensor:
    """The same state but for rounding; returns the cells of which this could be asked."""
    differs = differing(cells, eager)
    assert int(differs.sum()) <= HANDFUL
    same = ~differs
    mine = cells.tensors()
    # standard normal numbers and times are compared with what they range over
    floors = {"flicker": CLOSE, "switched_at": CLOSE}
    # a step that rounding makes starts a share anew that is its root
    step = 2.0**-23 * cells.model.high / cells.model.relaxation.renewal_step
    floors["relaxing"] = step**0.5
    # a RESET leaves a small difference of large numbers
    floors["core"] = 2e-6 * cells.model.high
    for name, theirs in eager.state.tensors().items():
        if name in ("traps.filled", "event", "cycles"):
            continue
        found = mine[name][..., same].double()
        wanted = theirs[..., same].double()
        if name.startswith("traps."):
            present = eager.state.traps.amplitude[:, same] > 0
            found = found[present]
            wanted = wanted[present]
        floor = floors.get(name, 0.0)
        torch.testing.assert_close(
            found, wanted, rtol=CLOSE, atol=floor, msg=lambda s, n=name: n + s
        )
    return same


@pytest.mark.parametrize("name", FILAMENTS)
def test_the_same_stream_bears_the_same_cells(
    name: str, stream: Stream
) -> None:
    """Constants, stuck cells, forming's channels, and the state: each of its own draw."""
    cells, eager = born(name, stream, cell__stuck_fraction=0.1)
    assert torch.equal(cells.column("stuck").bool(), eager.stuck)
    for constant in CONSTANTS:
        torch.testing.assert_close(
            cells.column(constant),
            getattr(eager.constants, constant),
            rtol=CLOSE,
            atol=0.0,
        )
    assert_alike(cells, eager)
    assert int((cells.column("amplitude") > 0).sum()) > 500


def trains(name: str) -> Iterator[tuple[str, Tensor, float]]:
    """Trains of one and of twelve pulses, that switch, clean, or do either to some."""
    law = preset(name).cell().switching
    spread = torch.linspace(0.6, 1.4, COUNT)
    for sign, volts in ((1, law.set_voltage), (-1, law.reset_voltage)):
        one = sign * volts * spread[None]
        yield f"one {sign}", one, law.width
        yield f"long {sign}", one.expand(12, -1).contiguous(), 10 * law.width
        weak = torch.linspace(0.4, 0.7, 12)[:, None].expand(-1, COUNT)
        yield f"weak {sign}", (sign * volts * weak).contiguous(), 1e-5
    turns = torch.tensor([1.0, -1.0, 0.0]).repeat(4)[:, None]
    yield "turns", (law.set_voltage * turns * spread).contiguous(), 1e-6


@pytest.mark.parametrize("name", FILAMENTS)
def test_pulses_do_the_same(name: str, stream: Stream) -> None:
    """Core, creep, channels and cycles after trains, from the same bits before each of them.

    Spawning is raised to one in ten so that weak trains have events.
    """
    changes = {"telegraph__spawning": 0.1}
    for text, train, width in trains(name):
        cells, eager = started(name, stream.child(text), **changes)
        before = eager.state.core.clone()
        channels = (eager.state.traps.amplitude > 0).sum()
        for both in (cells, eager):
            pulsed(both, train, width, 7.0)
        assert_alike(cells, eager)
        moved = (eager.state.core != before).double().mean()
        after = (eager.state.traps.amplitude > 0).sum()
        assert float(moved) > 0.1 or after != channels, text


@pytest.mark.parametrize("samples", [1, 32])
@pytest.mark.parametrize("name", FILAMENTS)
def test_looks_see_the_same(name: str, samples: int, stream: Stream) -> None:
    """Creep, 1/f noise and traps of every speed, sample by sample, and the state they leave."""
    for spacing in (1e-7, 1e-3, 3.0):
        cells, eager = started(name, stream.child(str(spacing)))
        look = (torch.arange(COUNT), 9.0, spacing / 2, spacing, samples)
        found = cells.sample(*look)
        wanted = eager.sample(*look)
        same = assert_alike(cells, eager)
        # a trap that has flipped and come back differs in a sample, and not in the end
        far = ((found / wanted - 1).abs() > CLOSE)[:, same]
        assert int(far.any(0).sum()) <= HANDFUL
        assert torch.equal(cells.column("clock"), eager.state.clock)
        assert samples == 1 or float(wanted.std(0).max()) > 0


@pytest.mark.parametrize("name", FILAMENTS)
def test_a_past_and_warmth_do_the_same(name: str, stream: Stream) -> None:
    """Ten million cycles, an hour, 60 K more, another hour, and a look."""
    cells, eager = started(name, stream)
    working = (~eager.stuck).nonzero()[:, 0]
    for both in (cells, eager):
        both.age(working, 1e7, 10.0)
    assert_alike(cells, eager)
    for both in (cells, eager):
        both.heat(360.0, 3610.0)
    assert torch.equal(cells.column("clock"), eager.state.clock)
    assert_alike(cells, eager)
    look = (torch.arange(COUNT), 7210.0, 1e-3, 1e-3, 4)
    found = cells.sample(*look)
    wanted = eager.sample(*look)
    same = assert_alike(cells, eager)
    far = ((found / wanted - 1).abs() > CLOSE)[:, same]
    assert int(far.any(0).sum()) <= HANDFUL


@pytest.mark.parametrize("name", FILAMENTS)
def test_moments_are_the_same(name: str, stream: Stream) -> None:
    """Mean and variance in the long run, in the cold and in the warm.

    A slow trap's share of its variance is a difference of numbers near 1 (x² of x − 1 + e^−x, from
    x = 0.02 on): 6e-8·2/0.02² = 3e-4 of it, in either.
    """
    cells, eager = started(name, stream)
    for temperature in (300.0, 350.0):
        for both in (cells, eager):
            both.heat(temperature, 20.0)
        give(eager, cells)
        every = torch.arange(COUNT)
        for integration in (1e-7, 1e-3, 1.0):
            found = cells.moments(every, 1e4, integration)
            wanted = reference.moments(eager, every, 1e4, integration)
            for mine, theirs, close in zip(
                found, wanted, (CLOSE, 6e-4), strict=True
            ):
                torch.testing.assert_close(mine, theirs, rtol=close, atol=0.0)


@pytest.mark.parametrize("name", ["rao2023", "wan2022"])
def test_the_laws_are_plain_python(name: str, stream: Stream) -> None:
    """Uncompiled, on records of numpy, the kernels do to a few cells what the compiled ones do.

    Operations are the same, one by one; a compiler may contract two of them: 2e-6.
    """
    kind = preset(name).cell()
    few = torch.arange(12)
    cells = Cells(kind, 12, stream, 300.0)
    plain = Cells(kind, 12, stream, 300.0)
    plain.kernels = interpreted(plain)
    high = 1.4 * kind.switching.set_voltage
    volts = torch.tensor([high, -0.5 * high, -high, 0.4 * high])
    train = volts[:, None].expand(-1, 12).contiguous()
    limit = torch.full((12,), kind.switching.high)
    seen = []
    for both in (cells, plain):
        both.pulse(few, train, 1e-6, limit, 1.0)
        one = both.sample(few, 2.0, 1e-3, 1e-3, 3)
        both.age(few, 1e7, 5.0)
        both.heat(350.0, 6.0)
        two = both.sample(few, 8.0, 1e-2, 2e-2, 2)
        seen.append(
            torch.cat((one, two, both.moments(few, 9.0, 1e-3)[0][None]))
        )
    torch.testing.assert_close(seen[0], seen[1], rtol=2e-6, atol=0.0)
    for column, tensor in cells.tensors().items():
        torch.testing.assert_close(
            tensor, plain.tensors()[column], rtol=2e-6, atol=2e-6
        )


@pytest.mark.parametrize("length", [1, 4, 5])
def test_trains_step_by_step_are_pulses_one_by_one(
    length: int, stream: Stream
) -> None:
    """The same bits, of cells with and without channels, stuck ones, and trains with gaps."""
    usual = preset("rao2023").cell()
    # often enough that trains leave channels behind in some of the cells
    telegraph = replace(usual.telegraph, spawning=0.4, births=1.0)
    kind = replace(usual, telegraph=telegraph, stuck_fraction=0.1)
    count = 40
    every = torch.arange(count)
    lived = []
    for laws in ({}, {"law_pulse_all": CellModel.pulse_all}):
        cells = Cells(kind, count, stream, 300.0)
        cells.kernels = interpreted(cells, laws)
        generator = stream.generator()
        for largest in (1.8, 1.0, 0.6, 1.8):
            shape = (length, count)
            volts = (2 * torch.rand(shape, generator=generator) - 1) * largest
            volts[torch.rand(shape, generator=generator) < 0.2] = 0.0
            limit = torch.full((count,), kind.switching.high)
            cells.pulse(every, volts, 10e-6, limit, 1.0)
        lived.append(cells.records)
    assert lived[0]["stuck"].any()
    assert (lived[0]["amplitude"] > 0).any(axis=1).mean() > 0.1
    assert np.array_equal(lived[0].view(np.uint8), lived[1].view(np.uint8))


def interpreted(cells: Cells, others: Laws | None = None) -> dict[str, object]:
    """Kernels as ordinary functions, their `law_` names replaced; records give their fields."""
    from mho.compiled.translate import Translation

    laws = {**cells.model.laws(), **(others or {})}
    whole = Translation(lambda function: function, laws)

    def run(kernel: object) -> object:
        def call(*arguments: object) -> None:
            shown = [
                given.view(np.recarray)
                if isinstance(given, np.ndarray) and given.dtype.names
                else given
                for given in arguments
            ]
            # integers of 64 bits wrap round by design, and a first wait is not a number
            with np.errstate(all="ignore"):
                kernel(*shown)

        return call

    return {name: run(whole(f)) for name, f in kernels.ALL.items()}


def test_neither_threads_nor_order_nor_company_change_a_bit(
    stream: Stream,
) -> None:
    """Two threads on 10,000 cells, cells backwards, and cells in thirds: the same bits."""
    count = 10_000
    kind = preset("rao2023").cell()
    every = torch.arange(count)
    orders = {
        "two threads": [every],
        "backwards": [every.flip(0)],
        "thirds": list(every.split(count // 3)),
    }

    def lived(parts: list[Tensor]) -> tuple[Cells, Tensor]:
        cells = Cells(kind, count, stream, 300.0)
        seen = torch.empty(3, count)
        for part in parts:
            train = torch.tensor([1.2, -0.5])[:, None].expand(-1, len(part))
            limit = torch.full((len(part),), 4e-3)
            cells.pulse(part, train, 1e-6, limit, 1.0)
            seen[:, part] = cells.sample(part, 2.0, 1e-3, 1e-3, 3)
            cells.age(part, 1e3, 3.0)
        return cells, seen

    alone, wanted = lived([every])
    for name, parts in orders.items():
        torch.set_num_threads(2 if name == "two threads" else 1)
        cells, seen = lived(parts)
        assert torch.equal(seen, wanted), name
        assert np.array_equal(
            cells.records.view(np.uint8), alone.records.view(np.uint8)
        ), name
