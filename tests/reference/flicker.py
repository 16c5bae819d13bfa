"""The 1/f remainder of many cells at once; the law is `mho.device.laws.Flicker`."""

import torch
from jaxtyping import Float
from torch import Tensor

from mho.device.laws import Flicker
from mho.rng import CellStream


def fresh(
    law: Flicker, stream: CellStream
) -> Float[Tensor, "components cells"]:
    """A state in equilibrium: standard normal processes (1)."""
    return stream.normal("flicker", len(law.times))


def watch(
    law: Flicker,
    state: Float[Tensor, "components cells"],
    first: Float[Tensor, " cells"],
    spacing: float,
    stream: CellStream,
) -> Float[Tensor, "samples components cells"]:
    """Let time pass, exactly: x ← x·e^(−t/τ) + √(1 − e^(−2t/τ))·z, and look now and then.

    Args:
        law: Its numbers.
        state: Processes at the start (1). Shape (components, cells).
        first: Time until the first look, for each cell (s). Shape (cells,).
        spacing: Time between looks (s).
        stream: Randomness of each look, look by look. Length samples × cells.
    """
    components, cells = state.shape
    times = torch.tensor(law.times, dtype=state.dtype, device=state.device)
    times = times[:, None]

    # one draw for every process and look, which takes the place of what was forgotten
    draws = stream.normal("flicker step", components)
    draws = draws.view(components, -1, cells)
    looks = draws.transpose(0, 1).contiguous()
    # the first look: cells may have waited for it differently long
    ratio = first / times
    looks[0] *= torch.sqrt(-torch.expm1(-2 * ratio))
    looks[0] += state * torch.exp(-ratio)
    # all others: each remembers the one before
    ratio = spacing / times
    memory = torch.exp(-ratio)
    looks[1:] *= torch.sqrt(-torch.expm1(-2 * ratio))
    for number in range(1, looks.shape[0]):
        looks[number] += memory * looks[number - 1]

    return looks


def scale(
    law: Flicker, conductance: Float[Tensor, "*cells"]
) -> Float[Tensor, "*cells"]:
    """Standard deviation per decade (S)."""
    above_knee = conductance.clamp(min=law.knee)
    return law.per_decade * (conductance * above_knee).sqrt()
