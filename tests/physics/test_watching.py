"""Several looks at once are the same looks one after the other."""

import math

import torch

from mho.device import Cells
from mho.device.published import preset
from mho.rng import Stream


def test_a_watch_is_a_chain_of_looks(stream: Stream) -> None:
    """Five samples at once, or one after the other: creep, 1/f noise, and traps of all speeds.

    Draws are the same. Waits are differences of times here and spacings there, which round apart:
    1e-5 of a sample; a trap whose draw lies that near its chance differs, one cell in 500 at most.
    """
    count = 500
    kind = preset("rao2023").replace(cell__stuck_fraction=0.0).cell()
    every = torch.arange(count)
    cells = Cells(kind, count, stream, 300.0)
    other = Cells(kind, count, stream, 300.0)
    together = cells.sample(every, 3.0, 1e-3, 0.021, 5)
    alone = torch.cat(
        [other.sample(every, 3.0 + 0.021 * n, 1e-3, 1e-3, 1) for n in range(5)]
    )
    close = (together / alone - 1).abs() <= 1e-5
    assert int((~close).any(0).sum()) <= 1
    for name in ("event", "clock"):
        found = cells.column(name).double()
        torch.testing.assert_close(found, other.column(name).double())
    found = cells.column("flicker")
    torch.testing.assert_close(
        found, other.column("flicker"), rtol=0, atol=1e-5
    )
    assert 0.1 < float((together.std(0) > 1e-7).double().mean()) < 1


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
