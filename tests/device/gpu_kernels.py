"""Cells of a kind on a GPU, or on numba's simulator of one; run by `test_gpu.py` as a process.

Births, a train of pulses, and a look, one thread for each cell. `simulate` compares with the
processor's kernels; `compile` needs no device: it goes as far as the code for one.
"""

import json
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

try:
    from numba import cuda, typeof, types

    if sys.argv[1:2] == ["compile"]:
        # the simulator has none of these
        from numba.cuda import compiler, dispatcher
except ImportError as error:
    print(json.dumps({"absent": str(error)}))
    sys.exit()

from mho.compiled import at_event
from mho.compiled.gpu import gpu_translation
from mho.device import Cells, Trains, pulse_cell
from mho.device.published import preset
from mho.rng import Stream

COUNT = 6
WIDTH = np.float32(75e-9)
TRAIN = np.repeat(np.float32([[3.9], [-3.1], [3.7]]), COUNT, 1)


def law_born(cell: Any, p: Any, draw: Any) -> None:
    """The kind's `born`."""


def law_read(cell: Any, p: Any, now: float, draw: Any) -> Any:
    """The kind's `read`."""


def live(
    state: Any,
    p: Any,
    birth: Any,
    train: Any,
    width: Any,
    compliance: Any,
    now: float,
    words: Any,
    seen: Any,
) -> None:
    """One thread for each cell: it is born, lives through its train, and is looked at."""
    j = cuda.grid(1)
    if j < state.shape[0]:
        cell = state[j]
        law_born(cell, p[0], birth[j])
        trains = Trains(train, width, compliance, now, width, words)
        pulse_cell(cell, p[0], trains, j)
        seen[j] = law_read(cell, p[0], now, at_event(cell.key, cell.event))


def setting(cells: Cells) -> list[Any]:
    """Arguments of `live`: cells that are not born yet."""
    state = np.zeros_like(cells.records)
    state["key"] = cells.records["key"]
    birth = Stream(3).child("birth").cells(torch.arange(COUNT))
    return [
        state,
        cells.numbers,
        birth.key.numpy().view(np.uint64),
        TRAIN,
        WIDTH,
        np.full(COUNT, 1e-3, np.float32),
        1.0,
        cells.words(TRAIN.shape[0]),
        np.zeros(COUNT, np.float32),
    ]


def simulated(name: str) -> dict[str, list[list[float]]]:
    """Every column of cells on the simulator, and on the processor."""
    model = preset(name).cell()
    cells = Cells(model, COUNT, Stream(3), 300.0)
    given = setting(cells)
    kernel = gpu_translation(model.laws())(live, cuda.jit)
    kernel[1, 8](*given)
    every = torch.arange(COUNT)
    limit = torch.full((COUNT,), 1e-3)
    cells.pulse(every, torch.tensor(TRAIN), WIDTH, limit, 1.0, WIDTH)
    found = {
        column: [given[0][column].tolist(), cells.records[column].tolist()]
        for column in cells.records.dtype.names or ()
    }
    seen = cells.sample(every, 1.0, 1e-3, 1e-3, 1)[0].tolist()
    return found | {"seen": [given[-1].tolist(), seen]}


def compiled(name: str) -> dict[str, str]:
    """Intermediate code for a device of compute capability 7.0."""
    # asked for nothing but its capability
    device = SimpleNamespace(compute_capability=(7, 0))
    dispatcher.get_current_device = lambda: device
    model = preset(name).cell()
    given = setting(Cells(model, COUNT, Stream(3), 300.0))
    kernel = gpu_translation(model.laws())(live, lambda function: function)
    kinds = tuple(typeof(value) for value in given)
    result = compiler.compile_cuda(kernel, types.void, kinds, cc=(7, 0))
    return {"code": str(result.library.get_llvm_str())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    # whole numbers of 64 bits wrap round, of which numpy warns
    warnings.simplefilter("ignore")
    what, kind = sys.argv[1:]
    print(json.dumps(simulated(kind) if what == "simulate" else compiled(kind)))
