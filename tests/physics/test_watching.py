"""Several looks at once are the same looks one after the other."""

import math

import torch

from mho.device import Cells
from mho.device.published import preset
from mho.rng import CellStream, Stream
from reference import fresh, new, watch, watch_traps


def _looks(stream: Stream, count: int, number: int) -> list[CellStream]:
    return [
        stream.child("look", n).cells(torch.arange(count))
        for n in range(number)
    ]


def _joined(looks: list[CellStream]) -> CellStream:
    return CellStream(torch.cat([look.key for look in looks]))


def test_a_watch_is_a_chain_of_looks(stream: Stream) -> None:
    """Same draws, same states, same averages: bitwise. Times run over all kinds of traps."""
    count = 500
    law = preset("rao2023").cell().telegraph
    traps = new(law, torch.ones(count), stream.cells(torch.arange(count)))
    looks = _looks(stream, count, 5)
    first = torch.linspace(0, 3, count)
    after, together = watch_traps(traps, first, 0.02, 1e-3, _joined(looks))
    wait = first
    for look, row in zip(looks, together, strict=True):
        traps, alone = watch_traps(traps, wait, 0.0, 1e-3, look)
        assert torch.equal(alone[0], row)
        wait = torch.full((count,), 0.02)
    assert torch.equal(after.filled, traps.filled)
    assert 0.1 < float(together.std(0).gt(0).double().mean()) < 1


def test_followed_processes_are_a_chain_of_looks(stream: Stream) -> None:
    """The 1/f remainder likewise, to single precision: 1e-6 of a standard normal number."""
    count = 500
    law = preset("rao2023").cell().flicker
    state = fresh(law, stream.cells(torch.arange(count)))
    looks = _looks(stream, count, 5)
    first = torch.linspace(0, 3, count)
    wait = first
    for look, together in zip(
        looks, watch(law, state, first, 0.3, _joined(looks)), strict=True
    ):
        state = watch(law, state, wait, 0.0, look)[0]
        torch.testing.assert_close(state, together, rtol=0.0, atol=5e-6)
        wait = torch.full((count,), 0.3)


def test_the_first_pulse_of_a_train_that_can_resolves_the_channel(
    stream: Stream,
) -> None:
    """With p = 0.3 a pulse, a train + − − completes 0.3 of the channels and leaves 0.7³ of them.

    100,000 channels of 5 µS, cleaned from 0.2 V at 0.5 V (the logistic gives 0.99995 of p_max);
    shares within five standard errors, √(p(1 − p)/n), plus 1e-4.
    """
    count = 100_000
    kind = (
        preset("rao2023")
        .replace(
            telegraph__spawning=0.0,
            telegraph__births=0.0,
            cell__stuck_fraction=0.0,
            switching__voltage_spread=0.0,
            telegraph__cleaning_probability=0.3,
        )
        .cell()
    )
    cells = Cells(kind, count, stream, 300.0)
    cells.column("amplitude")[0] = 5e-6
    cells.column("cleaning_voltage")[0] = 0.2
    train = (
        torch.tensor([0.5, -0.5, -0.5])[:, None].expand(-1, count).contiguous()
    )
    cells.pulse(
        torch.arange(count), train, 1e-5, torch.full((count,), 3e-3), 1.0
    )
    left = (cells.column("amplitude")[0] > 0).double().mean()
    completed = (cells.column("core") > 54e-6).double().mean()
    for found, expected in ((left, 0.7**3), (completed, 0.3)):
        error = 5 * math.sqrt(expected * (1 - expected) / count)
        assert abs(float(found) - expected) <= error + 1e-4
