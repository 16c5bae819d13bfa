"""Mean and variance of a cell's conductance, for those who need no single sample of it."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.rng import in_order
from reference.cells import Cells
from reference.flicker import scale
from reference.telegraph import Traps


def moments(
    cells: Cells,
    which: Int64[Tensor, " chosen"],
    now: float,
    integration: float,
) -> tuple[Float[Tensor, " chosen"], Float[Tensor, " chosen"]]:
    r"""Mean (S) and variance (S²) of one sample's conductance at zero bias, in the long run.

    Traps and flicker are taken as forgotten: whoever looks often enough sees all their states.
    A channel of amplitude :math:`A`, filled with probability :math:`p`, contributes the mean
    :math:`A(1-p)` and, averaged over an integration of :math:`x = t (1/\tau_c + 1/\tau_e)`, the
    variance

    .. math:: A^2 p (1-p) \frac{2 (x - 1 + e^{-x})}{x^2}

    (key: machlup1954noise); the 1/f remainder adds one variance per decade of its time
    constants above the integration time. Both are exact. Nothing is drawn, no state changes.

    Args:
        cells: Set of cells.
        which: Cells addressed.
        now: Time of the sample (s).
        integration: Integration time of the sample (s).
    """
    flicker = cells.parameters.flicker
    core = cells.crept(which, now, 0.0, 1)[0]
    # equal variance for every decade slower than the integration
    decades = len(flicker.times) + flicker.white_decades(integration)
    variance = scale(flicker, core).square_().mul_(decades)

    traps = cells.state.take_traps(which)
    # a trap knows its rate times the time, nothing else
    pace = cells.parameters.temperature.trap_acceleration(cells.temperature)
    channel_mean, channel_variance = channel_moments(traps, integration * pace)
    mean = core + in_order(channel_mean)
    variance += in_order(channel_variance)

    warm = cells.warmed(which, mean[None])[0]
    tiny = torch.finfo(mean.dtype).tiny
    warming = warm / mean.clamp(min=tiny)
    return warm, variance * warming.square_()


def channel_moments(
    traps: Traps, integration: float
) -> tuple[Float[Tensor, "slots cells"], Float[Tensor, "slots cells"]]:
    """Long-run mean (S) and variance (S²) of each channel's conductance over an integration.

    Args:
        traps: The channels.
        integration: Integration time (s).
    """
    filled = traps.occupancy
    # integration in units of the time after which a trap has forgotten its state (1)
    x = traps.rate * integration
    # share of the variance of an instant that the average over the integration keeps
    large = 2 * (x - 1 + torch.exp(-x)) / x.square().clamp(min=1e-30)
    # its series, where the difference would round to nothing
    small = 1 - x / 3 + x.square() / 12
    kept = torch.where(x < 0.02, small, large)
    mean = traps.amplitude * (1 - filled)
    variance = traps.amplitude.square() * filled * (1 - filled) * kept
    return mean, variance
