"""One cell with a filament: a metallic core, incomplete channels beside it, creep and flicker.

What a pulse does, and what a look sees, told of one cell in plain Python. The laws themselves
stand in `mho.device.laws`, each after its source; names that begin with `law_` stand for those
in which presets differ.
"""

from typing import Any

import numpy as np

from mho.compiled import (
    F,
    Real,
    Record,
    Word,
    child,
    exp,
    normal,
    normal_pair,
    normal_purpose,
    purpose,
    uniform_pair,
    uniform_slot,
)
from mho.device.laws import (
    STEP,
    add_channels,
    births,
    births_factor,
    boosted_time,
    channel_moments,
    channels_of,
    draw_constants,
    flicker_memory,
    flicker_scale,
    has_channels,
    moved_core,
    own_voltage,
    renewed_share,
    resolve_channels,
    retention_loss,
    step_growth,
    switches,
    warming_factor,
    watch_channels,
)
from mho.device.shots import Shot

_STUCK = purpose("stuck")
_TEMPERATURE = normal_purpose("temperature coefficient")
_FLICKER = normal_purpose("flicker")
_FLICKER_STEP = normal_purpose("flicker step")
SPAWNING = purpose("spawning")
"""Purpose of the uniform numbers that decide whether a pulse leaves a channel behind."""


def law_relaxation(law: Record, core: Real, age: Real, relaxing: Any) -> Real:
    """The preset's law of relaxation, for what a cell remembers of it."""
    raise NotImplementedError


def law_remembered(state: Any, cells: Any) -> Any:
    """What some cells remember of their relaxation, by the preset's law."""
    raise NotImplementedError


def law_renewal(cell: Record, p: Record, share: Real, draw: Word) -> None:
    """How a step renews what a cell remembers, by the preset's law."""
    raise NotImplementedError


def born(cell: Record, p: Record, draw: Word) -> None:
    """A freshly formed cell, or one that never switches and stays at an end of the range."""
    is_stuck, is_high = uniform_pair(draw, _STUCK, 0)
    cell.stuck = is_stuck <= p.stuck_fraction
    draw_constants(cell, p.switching, draw)
    cell.temperature_draw = normal(draw, _TEMPERATURE)
    # in equilibrium
    words = (len(cell.flicker) + 1) // 2
    for k in range(words):
        cell.flicker[k], other = normal_pair(draw, _FLICKER, k)
        if k + words < len(cell.flicker):
            cell.flicker[k + words] = other
    for k in range(len(cell.amplitude)):
        cell.capture_time[k] = F(1)
        cell.emission_time[k] = F(1)
        cell.cleaning_voltage[k] = F(1)
    if cell.stuck:
        cell.gain = F(0)
        end = p.switching.high if is_high <= p.stuck_high else p.switching.low
        cell.core = end
        return
    cell.core = p.formed
    # forming is one large SET, which leaves channels
    number = births(p.telegraph, p.switching.high, F(1), draw)
    add_channels(cell, p.telegraph, number, draw)


def creep(p: Record, core: Real, age: Real, relaxing: Any) -> Real:
    """Change since a cell was switched: relaxation, and after its onset retention (S)."""
    # a second in the warm counts as several at the reference
    lived = age * p.ion_acceleration
    shift = law_relaxation(p.relaxation, core, lived, relaxing)
    return shift - retention_loss(
        p.retention, core + shift, lived, p.switching.low
    )


def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
    """Switch, or clean channels and, rarely, leave a new one behind."""
    cell.ahead += boosted_time(p.telegraph, shot.volts, shot.width)
    # a cell that never switches has no gain
    if cell.gain == 0:
        return
    if switches(cell, p.switching, shot.volts):
        overdrive = abs(shot.volts) - own_voltage(cell, shot.volts)
        growth = step_growth(p.switching, overdrive)
        varied = exp(p.switching.cycle_spread * normal(draw, STEP))
        switch(cell, p, shot, growth, varied, draw)
    else:
        clean(cell, p, shot, draw)


def switch(
    cell: Record, p: Record, shot: Shot, growth: Real, varied: Real, draw: Word
) -> None:
    """Move the core, and leave incomplete channels behind.

    Args:
        cell: The cell.
        p: The numbers of the kind.
        shot: A pulse that switches it.
        growth: `step_growth` of the pulse (1).
        varied: Factor on the step of this pulse alone (1).
        draw: Randomness of the pulse.
    """
    step = _move(cell, p, shot, growth, varied, draw)
    worn = births_factor(p.endurance, cell.cycles)
    number = births(p.telegraph, step, worn, draw)
    add_channels(cell, p.telegraph, number, draw)


def clean(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
    """What a pulse does that does not switch: it resolves channels and rarely leaves one."""
    if has_channels(cell):
        own = child(shot.key, shot.other)
        resolve_channels(cell, p.telegraph, shot.volts, shot.width, own)
    spawning = p.telegraph.spawning_rate * shot.width
    chance = uniform_slot(shot.key, SPAWNING, shot.number, shot.length)
    if chance <= spawning:
        add_channels(cell, p.telegraph, 1, draw)


def _move(
    cell: Record, p: Record, shot: Shot, growth: Real, varied: Real, draw: Word
) -> Real:
    """Move the core and renew the creep, so that nothing jumps; returns the core's step (S)."""
    before = cell.core
    after = moved_core(
        p.switching,
        before,
        shot.volts,
        shot.width,
        shot.compliance,
        growth * cell.gain,
        varied,
    )
    step = after - before
    if step != 0:
        cell.cycles += 0.5
    share = renewed_share(p.relaxation, step)
    age = shot.now - cell.switched_at
    new_age = age * (1.0 - np.float64(share))
    cell.switched_at = shot.now - new_age
    crept = creep(p, before, F(age), cell.relaxing)
    law_renewal(cell, p, share, draw)
    taken_over = crept - creep(p, after, F(new_age), cell.relaxing)
    # creep may exceed a small core, which cannot turn negative
    cell.core = after + max(taken_over, -after)
    return step


def watch_all(
    state: Any, p: Record, look: Record, cells: Any, z: Any, out: Any
) -> None:
    """Core with its creep, 1/f noise and channels, in every sample; all of them move on (S)."""
    # first, for that is quick: what the rest needs of each cell comes from memory meanwhile
    channels = channels_of(state, p, look, cells)
    if look.samples == 1:
        _watch_once(state, p, look, cells, z, out)
    else:
        for j in range(cells.shape[0]):
            cell = state[cells[j]]
            _watch_samples(cell, p, look, z, out, j * look.samples)
    watch_channels(state, look, channels, out)
    for j in range(cells.shape[0]):
        cell = state[cells[j]]
        cell.ahead = F(0)
        if p.temperature.warming != 0:
            for n in range(look.samples):
                at = j * look.samples + n
                out[at] *= warming_factor(
                    p.temperature, out[at], cell.temperature_draw
                )


def _watch_once(
    state: Any, p: Record, look: Record, cells: Any, z: Any, out: Any
) -> None:
    """Core with its creep and 1/f noise in the only sample of each cell (S)."""
    count = cells.shape[0]
    core = np.empty(count, np.float32)
    age = np.empty(count, np.float32)
    relaxing = law_remembered(state, cells)
    for j in range(count):
        cell = state[cells[j]]
        core[j] = cell.core
        age[j] = F(look.now - cell.switched_at)
        out[j] = _first_flicker(cell, look, _waited(cell, look), z, j)
    for j in range(count):
        age[j] = creep(p, core[j], age[j], relaxing[j])
    for j in range(count):
        crept = core[j] + age[j]
        noise = out[j] + z[0, j] * look.white
        out[j] = crept + noise * flicker_scale(p.flicker, crept)


def _waited(cell: Record, look: Record) -> Real:
    """Time since the cell's state was known last (s)."""
    # sums of times round: a read may start an ulp before the last one ended
    return F(max(look.now - cell.clock, 0.0))


def _watch_samples(
    cell: Record, p: Record, look: Record, z: Any, out: Any, first: int
) -> None:
    """Core with its creep and 1/f noise in each of several samples (S).

    Short loops fit the widest registers: the core takes the place of numbers that are used up.
    """
    core = cell.core
    age = F(look.now - cell.switched_at)
    relaxing = cell.relaxing
    slow = _first_flicker(cell, look, _waited(cell, look), z, first)
    stop = first + look.samples
    for at in range(first, stop):
        out[at] = z[0, at] * look.white
    out[first] += slow
    _later_flicker(cell, look, z, out, first)
    for at in range(first, stop):
        lived = age + F(at - first) * look.spacing
        z[0, at] = core + creep(p, core, lived, relaxing)
    for at in range(first, stop):
        out[at] = z[0, at] + out[at] * flicker_scale(p.flicker, z[0, at])


def _first_flicker(
    cell: Record, look: Record, waited: Real, z: Any, first: int
) -> Real:
    """The slow processes of the 1/f noise at the first sample, in sum (1); they move on."""
    parts = len(cell.flicker)
    if waited != look.known_wait:
        # most cells waited as long as the one before: exponentials once for all of them
        look.known_wait = waited
        for k in range(parts):
            ratio = (waited + look.integration) / look.times[k]
            look.first_kept[k], look.first_fresh[k] = flicker_memory(ratio)
    total = F(0)
    for k in range(parts):
        x = look.first_kept[k] * cell.flicker[k]
        x += look.first_fresh[k] * z[_row(k, parts), first]
        cell.flicker[k] = x
        total += x
    return total


def _later_flicker(
    cell: Record, look: Record, z: Any, out: Any, first: int
) -> None:
    """Add the slow processes in every further sample (1); they move on."""
    parts = len(cell.flicker)
    # together: each waits for its own last number, and meanwhile for nothing else
    for at in range(first + 1, first + look.samples):
        total = out[at]
        for k in range(parts):
            x = look.kept[k] * cell.flicker[k]
            x += look.fresh[k] * z[_row(k, parts), at]
            cell.flicker[k] = x
            total += x
        out[at] = total


def _row(k: int, parts: int) -> int:
    """Row of a process among normal numbers: first parts of pairs first, after the white one."""
    words = (parts + 1) // 2
    return 1 + 2 * k if k < words else 2 + 2 * (k - words)


def moments(
    cell: Record, p: Record, look: Record, draw: Word
) -> tuple[Real, Real]:
    """Mean (S) and variance (S²) of a sample whose traps and flicker are forgotten."""
    age = F(look.now - cell.switched_at)
    core = cell.core + creep(p, cell.core, age, cell.relaxing)
    scale = flicker_scale(p.flicker, core)
    # equal variance for every decade slower than the integration
    variance = scale * scale * look.decades
    mean = core
    for k in range(len(cell.amplitude)):
        if cell.amplitude[k] > 0:
            of_mean, of_variance = channel_moments(cell, k, look)
            mean += of_mean
            variance += of_variance
    if p.temperature.warming != 0:
        factor = warming_factor(p.temperature, mean, cell.temperature_draw)
        mean *= factor
        variance *= factor * factor
    return mean, variance


def age(cell: Record, p: Record, cycles: float, now: float, draw: Word) -> None:
    """As freshly formed: RESET, creeping, with the incomplete channels of the last cycle."""
    if cell.stuck:
        return
    cell.cycles += cycles

    cell.core = p.formed
    # a share of 1: nothing of the old is left
    law_renewal(cell, p, F(1), draw)
    cell.switched_at = now
    for k in range(len(cell.amplitude)):
        cell.amplitude[k] = F(0)
        cell.filled[k] = 0
    # the last SET leaves its channels as one step over the whole range
    worn = births_factor(p.endurance, cell.cycles)
    number = births(p.telegraph, p.switching.high, worn, draw)
    add_channels(cell, p.telegraph, number, draw)


def heat(
    cell: Record, p: Record, look: Record, after: Record, draw: Word
) -> None:
    """Count the time under way as what would have done the same at the new temperature."""
    waited = F(max(look.now - cell.clock, 0.0))
    words = (len(cell.flicker) + 1) // 2
    for k in range(words):
        z0, z1 = normal_pair(draw, _FLICKER_STEP, k)
        _forget(cell, look, k, waited, z0)
        if k + words < len(cell.flicker):
            _forget(cell, look, k + words, waited, z1)
    cell.ahead = (cell.ahead + waited) * (
        p.trap_acceleration / after.trap_acceleration
    )
    pace = np.float64(p.ion_acceleration) / np.float64(after.ion_acceleration)
    cell.switched_at = look.now + (cell.switched_at - look.now) * pace


def _forget(cell: Record, look: Record, k: int, waited: Real, z: Real) -> None:
    """Let one process of the 1/f noise move on."""
    kept, fresh = flicker_memory(waited / look.times[k])
    cell.flicker[k] = cell.flicker[k] * kept + fresh * z


def load(cell: Record) -> Real:
    """Conductance that drivers see: that of the core (S)."""
    return cell.core


def held(cell: Record) -> Real:
    """Conductance of all channels, none blocked (S)."""
    channels = F(0)
    for k in range(len(cell.amplitude)):
        channels += cell.amplitude[k]
    return cell.core + channels


def white(p: Record, look: Record, conductance: Real) -> Real:
    """Variance of the 1/f noise that is faster than the processes that are followed (S²)."""
    scale = flicker_scale(p.flicker, conductance) * look.white
    return scale * scale


def bend(p: Record, conductance: Real) -> Real:
    """Cubic coefficient c(G) (1/V²): falls linearly to 0 at `linear_above`."""
    return max(F(1) - conductance / p.linear_above, F(0)) * p.curvature
