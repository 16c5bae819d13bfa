"""Each compiled law over the whole range of what it takes, against the reference in double.

The other files of this folder test the reference against formulas, to 1e-9 and better; here the
scalar laws follow it as far as single precision goes. A value that is a product of powers,
exponentials and logarithms of numbers rounded to 6e-8 is good to 2e-6; where a law takes a
difference, its test says of what.
"""

import math
from typing import Any

import pytest
import torch

import reference
from mho.compiled import exp
from mho.device.laws import (
    births_factor,
    boosted_time,
    flicker_memory,
    flicker_scale,
    renewed_share,
    retention_loss,
    warming_factor,
)
from mho.device.laws.channel_looks import filled_moments
from mho.device.published import preset
from scalar_laws import numbers, over

CLOSE = 2e-6
CONDUCTANCE = torch.logspace(-7, -2, 41).double()
"""From far below to far above what cells have (S)."""
AGE = torch.logspace(-9, 9.5, 75).double()[:, None]
"""From a nanosecond to a hundred years (s)."""


def grid(*rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """All combinations of rows and columns, side by side, in the numbers of single precision."""
    together = torch.broadcast_tensors(*(row.float() for row in rows))
    return tuple(row.flatten().double() for row in together)


def assert_follows(
    found: torch.Tensor, wanted: torch.Tensor, floor: float = 0.0
) -> None:
    """Equal to single precision."""
    torch.testing.assert_close(found, wanted.double(), rtol=CLOSE, atol=floor)


@pytest.mark.parametrize("strength", [-3.0, 0.7, 3.0])
@pytest.mark.parametrize("name", ["rao2023", "wan2022_polynomials"])
def test_relaxation(name: str, strength: float) -> None:
    """The shift of a cell at any conductance and age, by either law.

    The fitted law is an exponential less one of up to 10, cut at −G: 1e-5 of it, and 2e-7 of G
    where a cell loses all. Its polynomials are sums of terms up to 45 µS: 1e-5 of 1 µS.
    """
    law = preset(name).cell().relaxation
    core, age = grid(CONDUCTANCE, AGE)
    z = torch.full_like(core, strength)
    found = over(law.scalar_shift(), numbers("relaxation", name), core, age, z)
    wanted = reference.shift(law, core, age, z)
    if name == "rao2023":
        assert_follows(found, wanted)
    else:
        bound = 1e-5 * wanted.abs() + 2e-7 * core + 1e-11
        assert ((found - wanted).abs() <= bound).all()
    assert float(found.abs().max()) > 1e-6


def test_renewal() -> None:
    """Share of the relaxing state that steps of any size and sign renew."""
    law = preset("rao2023").cell().relaxation
    step = torch.cat((CONDUCTANCE, -CONDUCTANCE)).float().double()
    found = over(renewed_share, numbers("relaxation"), step)
    assert_follows(found, reference.renewed(law, step))


def test_retention() -> None:
    """What is lost at any age, down to the floor.

    Near its onset the loss is the logarithm of a quotient near 1, which rounds to 6e-8 of an
    e-fold; near the floor it is a difference of conductances.
    """
    law = preset("rao2023").cell().retention
    core, age = grid(CONDUCTANCE, AGE)
    own = numbers("retention")
    found = over(retention_loss, own, core, age, torch.tensor(1e-5))
    wanted = reference.lost(law, core, age, 1e-5)
    fold = 1.2e-7 * law.scale * law.loss
    bound = CLOSE * wanted + fold + 1.2e-7 * core.clamp(max=2e-5)
    assert ((found - wanted).abs() <= bound).all()
    assert float(found.max()) > 0


def test_endurance() -> None:
    """Factor on births from no cycle to 10¹²."""
    law = preset("rao2023").cell().endurance
    cycles = torch.cat((torch.zeros(1), torch.logspace(0, 12, 61))).double()
    found = over(births_factor, numbers("endurance"), cycles)
    assert_follows(found, reference.births_factor(law, cycles))


def test_flicker() -> None:
    """Deviation per decade at any conductance; memory and fresh part after any time."""
    law = preset("rao2023").cell().flicker
    conductance = torch.cat((torch.zeros(1), CONDUCTANCE)).float().double()
    found = over(flicker_scale, numbers("flicker"), conductance)
    assert_follows(found, reference.scale(law, conductance))
    ratio = torch.cat((torch.zeros(1), torch.logspace(-12, 2, 85))).double()

    def kept(_: Any, ratio: float) -> float:
        return flicker_memory(ratio)[0]

    def fresh(_: Any, ratio: float) -> float:
        return flicker_memory(ratio)[1]

    own = numbers("flicker")
    single = ratio.float().double()
    # what is left after 87 time constants is cut, to 1e-38
    assert_follows(over(kept, own, ratio), torch.exp(-single), floor=1e-37)
    wanted = (-torch.expm1(-2 * single)).sqrt()
    assert_follows(over(fresh, own, ratio), wanted)


@pytest.mark.parametrize("temperature", [250.0, 301.0, 400.0])
def test_temperature(temperature: float) -> None:
    """Factor on the conductance, of typical cells and of others."""
    law = preset("rao2023").cell().temperature
    z = torch.linspace(-4, 4, 9).double()[:, None]
    conductance, own = grid(CONDUCTANCE, z)
    found = over(
        warming_factor,
        numbers("temperature", temperature=temperature),
        conductance,
        own,
    )
    wanted = reference.warming_factor(law, conductance, own, temperature)
    assert_follows(found, wanted)


def test_boost() -> None:
    """Ageing by pulses of both polarities, below and above the read voltage.

    The excess over the voltage of the read is a difference: 6e-8 V over the voltage of an e-fold.
    """
    law = preset("rao2023").cell().telegraph
    volts, width = grid(
        torch.linspace(-1.5, 1.5, 61), torch.tensor([[1e-7], [1e-5]])
    )
    found = over(boosted_time, numbers("telegraph"), volts, width)
    one = torch.ones(1).double()
    wanted = torch.cat(
        [
            reference.boosted(law, v * one, float(w))
            for v, w in zip(volts, width, strict=True)
        ]
    )
    excess = 1.2e-7 / law.boost * (wanted + width)
    assert ((found - wanted).abs() <= 5e-6 * wanted + excess).all()


def test_averages_of_traps() -> None:
    """Mean and variance of the filled time, of fast traps: from half a memory time on.

    The variance is a difference of terms of the size of x; divided by x² they leave 6e-8/x²·x.
    """
    x, occupancy = grid(
        torch.logspace(math.log10(0.5), 6, 61),
        torch.linspace(0.02, 0.98, 13)[:, None],
    )

    def mean(_: Any, x: float, start: float, occupancy: float) -> float:
        return filled_moments(x, start, occupancy, exp(-x))[0]

    def variance(_: Any, x: float, start: float, occupancy: float) -> float:
        return filled_moments(x, start, occupancy, exp(-x))[1]

    own = numbers("telegraph")
    for start in (0.0, 1.0):
        state = torch.full_like(x, start)
        wanted = reference.filled_moments(x, state, occupancy)
        found = over(mean, own, x, state, occupancy)
        assert_follows(found, wanted[0], floor=1.2e-7)
        found = over(variance, own, x, state, occupancy)
        assert ((found - wanted[1]).abs() <= 5e-7 / x).all()
        assert (wanted[1] > 0).all()
