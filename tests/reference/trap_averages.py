"""What a sample sees of traps: their state averaged over an integration time, drawn exactly."""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.rng import CellStream, in_order
from reference.telegraph import Traps, chances

_FAST = 0.5
"""Integration, in memory times of a trap, from which it may flip more than once (1)."""


def watch_traps(
    traps: Traps,
    first: Float[Tensor, " cells"],
    pause: float,
    integration: float,
    stream: CellStream,
) -> tuple[Traps, Float[Tensor, "samples cells"]]:
    r"""Conductance of the channels averaged over each of several integration times.

    With :math:`x = \lambda t`, :math:`d = s - p_\infty`, the filled fraction of an integration has
    mean :math:`p_\infty + d (1 - e^{-x})/x` and variance

    .. math::
        \tfrac{2}{x^2} \left[ p(1-p)(x - 1 + e^{-x}) + d(1-2p)(1 - e^{-x} - x e^{-x})
        - \tfrac{d^2}{2} (1 - e^{-x})^2 \right] ,

    both exact given the state at its start. A slow trap (x < 1/2) flips at most once in practice,
    at a uniform moment; a faster one gets a Beta draw with these two moments.

    Args:
        traps: The channels.
        first: Time until the first integration starts, for each cell (s). Shape (cells,).
        pause: Time between the end of an integration and the start of the next (s).
        integration: Integration time of a sample (s).
        stream: Randomness of each sample, sample by sample. Length samples × cells.

    Returns:
        The traps after the last integration, and the mean conductances (S).
    """
    slots, cells = traps.filled.shape
    shape = (slots, -1, cells)
    during = stream.child("integration")
    pause_draw = stream.uniform("trap", slots).view(shape)
    integration_draw = during.uniform("trap", slots).view(shape)
    start, end = _states(
        traps, first, pause, integration, pause_draw, integration_draw
    )
    # a slow trap is as it was all the time, or until it flipped once
    start_filled = start.to(traps.amplitude.dtype)
    flip_moment = during.uniform("flip moment", slots).view(shape)
    # filled until that moment if it was filled at the start, from then on if it was not
    if_flipped = (flip_moment - start_filled).abs()
    filled = torch.where(start == end, start_filled, if_flipped)

    # integration in units of the time after which a trap has forgotten its state (1)
    memory_times = traps.rate * integration
    is_fast = (memory_times >= _FAST) & (traps.amplitude > 0)
    fast = is_fast[:, None].expand(start.shape)
    with_fast = fast.any(0).reshape(-1).nonzero()[:, 0]
    if with_fast.numel():
        mean, variance = filled_moments(
            memory_times[:, None].expand(start.shape)[fast],
            start_filled[fast],
            traps.occupancy[:, None].expand(start.shape)[fast],
        )
        # draws only where needed: the place of a fast trap among the samples that have one
        chosen = fast.reshape(slots, -1)[:, with_fast]
        filled[fast] = _beta(mean, variance, during.take(with_fast), chosen)

    # a channel conducts while its trap is empty
    conducting = filled.neg_().add_(1)
    conductance = in_order(conducting.mul_(traps.amplitude[:, None]))
    last = end[:, -1].contiguous()
    return replace(traps, filled=last), conductance


def _states(
    traps: Traps,
    first: Float[Tensor, " cells"],
    pause: float,
    integration: float,
    pause_draw: Float[Tensor, "slots samples cells"],
    integration_draw: Float[Tensor, "slots samples cells"],
) -> tuple[
    Bool[Tensor, "slots samples cells"], Bool[Tensor, "slots samples cells"]
]:
    """Whether each trap is filled at the start and at the end of every integration."""
    # A chance depends on the state before, a draw does not: compare first, follow the bits after.
    # `fill` is the state after an interval if it was empty before, `stay` if it was filled.
    pause_fill, pause_stay = _outcomes(traps, torch.tensor(pause), pause_draw)
    # before the first integration, cells may have waited differently long
    first_fill, first_stay = chances(traps, first)
    pause_fill[:, 0] = pause_draw[:, 0] <= first_fill
    pause_stay[:, 0] = pause_draw[:, 0] <= first_stay

    fill, stay = _outcomes(traps, torch.tensor(integration), integration_draw)

    start = torch.empty_like(fill)
    end = torch.empty_like(fill)
    now = traps.filled
    for number in range(fill.shape[1]):
        now = torch.where(now, pause_stay[:, number], pause_fill[:, number])
        start[:, number] = now
        now = torch.where(now, stay[:, number], fill[:, number])
        end[:, number] = now

    return start, end


def _outcomes(
    traps: Traps,
    seconds: Float[Tensor, ""],
    draw: Float[Tensor, "slots samples cells"],
) -> tuple[
    Bool[Tensor, "slots samples cells"], Bool[Tensor, "slots samples cells"]
]:
    """Whether each trap is filled after an interval, if it was empty and if it was filled."""
    from_empty, from_filled = chances(traps, seconds)
    fill = draw <= from_empty[:, None]
    stay = draw <= from_filled[:, None]
    return fill, stay


def filled_moments(
    memory_times: Float[Tensor, " fast"],
    start: Float[Tensor, " fast"],
    occupancy: Float[Tensor, " fast"],
) -> tuple[Float[Tensor, " fast"], Float[Tensor, " fast"]]:
    """Mean and variance of the filled fraction of an integration; see `watch_traps`.

    Args:
        memory_times: Integration in units of the traps' memory times (1).
        start: State at its start, 1 if filled (1).
        occupancy: Long-run probability to be filled (1).
    """
    x = memory_times
    p = occupancy
    d = start - p
    memory = torch.exp(-x)

    # the fraction decays from the state at the start to the occupancy
    mean = p + d * (1 - memory) / x

    # what a trap in equilibrium has, what the way to it adds, and what the start makes known
    equilibrium = p * (1 - p) * (x - 1 + memory)
    transient = d * (1 - 2 * p) * (1 - memory - x * memory)
    known = d.square() * (1 - memory).square() / 2

    variance = (equilibrium + transient - known) * 2 / x.square()
    return mean, variance


def _beta(
    mean: Float[Tensor, " fast"],
    variance: Float[Tensor, " fast"],
    stream: CellStream,
    chosen: Bool[Tensor, "slots cells"],
) -> Float[Tensor, " fast"]:
    """Beta numbers with given moments for the chosen slots: X/(X + Y), X and Y gamma.

    The quotient is taken of logarithms, since both may be too small for a number.
    """
    # sum of the two shapes of the distribution, which grows as the variance falls
    size = mean * (1 - mean) / variance.clamp(min=1e-12) - 1
    size = size.clamp(min=1e-3)

    slots = chosen.shape[0]
    z = stream.normal("trap average", 2 * slots)
    u = stream.uniform("trap average", 2 * slots)
    log_x = _log_gamma_draw(
        shape=mean * size,
        z=z[:slots][chosen],
        u=u[:slots][chosen],
    )
    log_y = _log_gamma_draw(
        shape=(1 - mean) * size,
        z=z[slots:][chosen],
        u=u[slots:][chosen],
    )
    # X/(X + Y)
    return 1 / (1 + torch.exp(log_y - log_x))


def _log_gamma_draw(
    shape: Float[Tensor, " fast"],
    z: Float[Tensor, " fast"],
    u: Float[Tensor, " fast"],
) -> Float[Tensor, " fast"]:
    """Logarithm of gamma numbers.

    Gamma(a) is Gamma(a + 1)·U^(1/a), and Gamma(a + 1) by the cube of a normal number (key:
    wilson1931chi), good to 1 % of both moments from a + 1 ≥ 1.

    Args:
        shape: Shape of the distribution, a (1).
        z: Standard normal numbers (1).
        u: Uniform numbers (1).
    """
    raised = shape + 1
    cube_root = 1 - 1 / (9 * raised) + z / (3 * raised.sqrt())
    log_raised = raised.log() + 3 * cube_root.clamp(min=1e-4).log()
    return log_raised + u.log() / shape
