"""Vectors through tiles of 256×256 weights: wires, converters and fresh noise, against peers.

Weights lie in pairs of cells of 50 to 150 µS on tiles of 256 word lines and 512 bit lines of
0.5 Ω a segment. Cells have 1/f noise of 0.3 % and every fiftieth a telegraph trap of 1 µS; inputs
and outputs pass converters of 8 bits, and every vector meets noise of its own. The peers get the
same sizes: `torch.nn.Linear`, which has none of this, and, where they are installed
(`pip install "mho[bench]"`, `pip install --no-deps aihwkit==1.1.0`), aihwkit-lightning and the
torch tile of aihwkit with 8-bit converters and noise on their outputs, no wires. `solve_seconds`
is the time that the wires take, once.

All cases of a size and batch take turns, round by round; times are medians over the rounds, and
ratios are medians of the ratios to `torch.nn.Linear` in the same round. Prints one JSON object.

    python benchmarks/multiply.py --quick
    python benchmarks/multiply.py --threads 1
"""

import argparse
import contextlib
import importlib
import io
import json
import statistics
import time
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

import mho
from mho.chip import ArrayMatrices, Multiplier
from mho.chip.periphery import Periphery, SignedConverter
from mho.units import Ohm, V, uS
from mho.wires import WireModel

TILE = 256
WIRES = WireModel(word_line=0.5 * Ohm, bit_line=0.5 * Ohm)
LOW = 50 * uS
HIGH = 150 * uS
READ = 0.2 * V
BATCHES = (1, 64, 1024)

Call = Callable[[Tensor], Tensor]


def main() -> None:
    """Build everything, let it take turns, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--quick", action="store_true", help="few rounds, one tile, for a look"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    sizes = (TILE,) if options.quick else (TILE, 8 * TILE)
    rounds = 3 if options.quick else options.rounds
    stream = mho.Stream(options.seed)
    found = [layer(stream.child(size), size, rounds) for size in sizes]
    print(
        json.dumps(
            {"seed": options.seed, "threads": options.threads, "layers": found}
        )
    )


def layer(stream: mho.Stream, size: int, rounds: int) -> dict[str, Any]:
    """Times of one size."""
    with torch.no_grad():
        linear = nn.Linear(size, size).eval()
        ready, seconds = tiles(stream, size)
        draws = ready.draws(stream.child("noise"))
        calls: dict[str, Call] = {
            "linear": linear,
            "mho": lambda v: ready(v, draws),
        }
        calls |= {
            k: c
            for k, c in (peer(make, size) for make in PEERS)
            if c is not None
        }
    generator = stream.child("vectors").generator()
    batches = {}
    for batch in BATCHES:
        vectors = READ * torch.rand(batch, size, generator=generator)
        batches[str(batch)] = race(calls, vectors, rounds)
    return {
        "weights": [size, size],
        "tiles": (size // TILE) ** 2,
        "solve_seconds": round(seconds, 3),
        "batch": batches,
    }


def tiles(stream: mho.Stream, size: int) -> tuple[Multiplier, float]:
    """A layer ready to multiply, all its tiles solved; and the time of the solution (s)."""
    across = size // TILE
    generator = stream.child("cells").generator()
    cells = torch.rand(across * across, TILE, 2 * TILE, generator=generator)
    cells = LOW + (HIGH - LOW) * cells
    started = time.perf_counter()
    effective = torch.cat(
        [WIRES.effective_matrix(part) for part in torch.split(cells, 8)]
    )
    seconds = time.perf_counter() - started
    traps = torch.rand(cells.shape, generator=generator) < 0.02
    variance = (3e-3 * cells).square() + traps * (0.5 * uS) ** 2
    variance *= (effective / cells).square()
    matrices = ArrayMatrices(
        _joined(effective[..., ::2] - effective[..., 1::2], across),
        _joined(variance[..., ::2] + variance[..., 1::2], across),
    )
    periphery = Periphery(SignedConverter(8, READ), SignedConverter(8, 1.0))
    typical = READ * (HIGH - LOW) * TILE**0.5
    return Multiplier(matrices, periphery, full_scale=typical), seconds


def _joined(parts: Tensor, across: int) -> Tensor:
    """Tiles of a layer, row of tiles by row of tiles, as blocks of rows with all outputs."""
    grid = parts.view(across, across, TILE, TILE).transpose(1, 2)
    return grid.reshape(across, TILE, across * TILE)


def race(
    calls: dict[str, Call], vectors: Tensor, rounds: int
) -> dict[str, Any]:
    """Milliseconds of every call, and their ratios to the first, in turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    with torch.inference_mode():
        for call in calls.values():
            call(vectors)
        first = next(iter(calls.values()))
        often = max(1, round(0.01 / _seconds(first, vectors, 3)))
        for _ in range(rounds):
            for name, call in calls.items():
                times[name].append(_seconds(call, vectors, often))
    linear = times["linear"]
    found: dict[str, Any] = {}
    for name, own in times.items():
        ratios = [a / b for a, b in zip(own, linear, strict=True)]
        found[name] = {
            "ms": round(statistics.median(own) * 1e3, 4),
            "over_linear": round(statistics.median(ratios), 2),
        }
    return found


def _seconds(call: Call, vectors: Tensor, often: int) -> float:
    started = time.perf_counter()
    for _ in range(often):
        call(vectors)
    return (time.perf_counter() - started) / often


def lightning(size: int) -> Call:
    """aihwkit-lightning; only in training does it add its noise."""
    config = importlib.import_module("aihwkit_lightning.simulator.configs")
    layers = importlib.import_module("aihwkit_lightning.nn")
    made = config.TorchInferenceRPUConfig()
    made.forward.inp_res = made.forward.out_res = 2**8 - 2
    made.forward.out_bound = 12.0
    made.forward.out_noise = 0.04
    made.mapping.max_input_size = TILE
    made.pre_post.input_range.enable = True
    layer = layers.AnalogLinear(size, size, bias=True, rpu_config=made).train()
    return cast(Call, layer)


def aihwkit(size: int) -> Call:
    """The torch tile of aihwkit, on tiles of the same size."""
    config = importlib.import_module("aihwkit.simulator.configs")
    layers = importlib.import_module("aihwkit.nn")
    made = config.TorchInferenceRPUConfig()
    made.forward.inp_res = made.forward.out_res = 1 / (2**8 - 2)
    made.forward.out_bound = 12.0
    made.forward.out_noise = 0.04
    made.mapping.max_input_size = made.mapping.max_output_size = TILE
    kind = layers.AnalogLinear if size == TILE else layers.AnalogLinearMapped
    layer = kind(size, size, rpu_config=made).eval()
    return cast(Call, layer)


PEERS = (lightning, aihwkit)


def peer(make: Callable[[int], Call], size: int) -> tuple[str, Call | None]:
    """A peer's layer, if it is installed."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return make.__name__, make(size)
        except ModuleNotFoundError:
            return make.__name__, None


if __name__ == "__main__":
    main()
