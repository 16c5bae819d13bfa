"""Drivers, selectors and read-out around cells of any kind: loops over cells, compiled.

One pass over the cells for all that a pulse or a read does, instead of one pass for each step.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mho.chip import Chip
from mho.compiled import (
    F,
    Numbers,
    Real,
    Record,
    Word,
    at_event,
    draw_singles,
    of_cell,
)
from mho.device import (
    BLOCK,
    Trains,
    law_bend,
    law_energy,
    law_load,
    law_pulse_all,
    watch_some,
)

Array = Any


def drive(
    chip: Record,
    wanted: Array,
    first: int,
    resistance: Array,
    load: Array,
    seen: Array,
) -> None:
    """Turn wanted amplitudes into what cells see (V).

    Args:
        chip: Numbers of driver and read-out.
        wanted: Amplitudes (V). Shape (length, at least first + cells).
        first: Column of the first of the cells there (1).
        resistance: Between driver and each cell (Ω). Shape (cells,).
        load: Conductance of each cell (S). Shape (cells,).
        seen: What cells see, filled (V). Shape (length, cells).
    """
    top = chip.dac_top
    lsb = chip.dac_lsb
    for n in range(wanted.shape[0]):
        for j in range(load.shape[0]):
            code = np.rint(wanted[n, first + j] / lsb)
            code = min(max(code, -top), top)
            seen[n, j] = code * lsb / (F(1) + resistance[j] * load[j])


def give(
    state: Array,
    p: Array,
    chip: Array,
    cells: Array,
    wanted: Array,
    first: int,
    width: Real,
    resistance: Array,
    compliance: Array,
    now: float,
    gap: Real,
    words: Array,
    heat: Array,
) -> None:
    """Driver, selector, cell: each gets its train, and says what energy it took (J).

    The first of the cells has column `first` of the wanted amplitudes.
    """
    length = wanted.shape[0]
    few = max(BLOCK // max(length, 1), 1)
    for start in range(0, cells.shape[0], few):
        stop = min(start + few, cells.shape[0])
        count = stop - start
        load = np.empty(count, np.float32)
        # whole arrays, not parts of larger ones: neighbours then lie side by side for certain
        seen = np.empty((length, count), np.float32)
        for j in range(count):
            load[j] = law_load(state[cells[start + j]])
            heat[start + j] = F(0)
        drive(
            chip[0],
            wanted,
            first + start,
            resistance[start:stop],
            load,
            seen,
        )
        for n in range(length):
            for j in range(count):
                joules = law_energy(p[0], seen[n, j], load[j], width)
                heat[start + j] += joules
        trains = Trains(seen, width, compliance[start:stop], now, gap, words)
        law_pulse_all(state, p[0], cells[start:stop], trains)


def read(
    state: Array,
    p: Array,
    chip: Array,
    look: Array,
    cells: Array,
    readout: Word,
    copies: Array,
    readout_word: Word,
    words: Array,
    singles: int,
    mean: Array,
    spread: Array,
    span: Array,
) -> None:
    """Look at cells through the read-out: mean, standard deviation and peak-to-peak (S).

    `readout` stands for the stream of the read-out, `copies` has the key of every cell in it where
    cells are copies of others, and is empty where they are not.
    """
    samples = look[0].samples
    few = max(BLOCK // samples, 1)
    keys = np.empty(few * samples, np.uint64)
    rows = 2 * words.shape[0] - singles
    z = np.empty((rows + 1, few * samples), np.float32)
    seen = np.empty(few * samples, np.float32)
    noise = np.empty(few * samples, np.float32)
    for start in range(0, cells.shape[0], few):
        stop = min(start + few, cells.shape[0])
        for j in range(start, stop):
            # drawn by the number of the cell's event, before looking moves it on
            number = cells[j]
            own = copies.shape[0] == 0
            key = of_cell(readout, number) if own else copies[number]
            event = state[number].event
            for n in range(samples):
                place = (j - start) * samples + n
                keys[place] = at_event(key, event + n)
        count = (stop - start) * samples
        draw_singles(keys, count, readout_word, noise, z[rows])
        watch_some(
            state, p, look, cells, start, stop, words, singles, keys, z, seen
        )
        for i in range(count):
            seen[i] = digitised(p[0], chip[0], seen[i], noise[i])
        for j in range(start, stop):
            place = (j - start) * samples
            sum_up(seen, place, samples, mean, spread, span, j)


def digitised(p: Record, chip: Record, value: Real, z: Real) -> Real:
    """Conductance as the read-out reports it (S)."""
    volts = chip.read_voltage
    apparent = value * (F(1) + law_bend(p, value) * (volts * volts))
    code = np.rint((apparent + z * chip.read_noise) / chip.adc_lsb)
    # written so that what is no number stays none, and is found
    if code < F(0):
        code = F(0)
    if code > chip.adc_top:
        code = chip.adc_top
    return code * chip.adc_lsb


def sum_up(
    seen: Array,
    place: int,
    samples: int,
    mean: Array,
    spread: Array,
    span: Array,
    j: int,
) -> None:
    """Mean, standard deviation and peak-to-peak of one cell's samples (S)."""
    # differences from the first sample are small, so that their squares lose no digits
    first = seen[place]
    low = first
    high = first
    shift = F(0)
    square = F(0)
    for n in range(1, samples):
        code = seen[place + n]
        low = min(low, code)
        high = max(high, code)
        away = code - first
        shift += away
        square += away * away
    shift = shift / F(samples)
    mean_square = square / F(samples)
    mean[j] = first + shift
    spread[j] = np.sqrt(max(mean_square - shift * shift, F(0)))
    span[j] = high - low


def chip_numbers(chip: Chip) -> Numbers:
    """Numbers of driver and read-out, as kernels see them."""
    dac = chip.pulse_dac
    adc = chip.read_adc
    return {
        "dac_lsb": dac.lsb,
        "dac_top": float(dac.code_range[1]),
        "read_voltage": chip.published.array.read_voltage,
        "read_noise": chip.electronics.read_noise,
        "adc_lsb": adc.lsb,
        "adc_top": float(adc.code_range[1]),
    }


ALL: dict[str, Callable[..., Any]] = {"give": give, "read": read}
