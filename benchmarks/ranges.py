"""Converter ranges by three rules, on one programmed chip with coarser and coarser converters.

The peer of every rule is `largest`, which is also what most tools do. One of two networks is
programmed once into a chip of the preset, then run with converters of fewer and fewer bits of
magnitude before rows and behind columns:

- `digits`, the built-in convolutional network;
- `tokens`, a transformer block of width 32 on the eight rows of a digit, whose LayerNorms carry
  two outlier channels 20 times as large, with weights behind them 20 times as small: the same
  function, with activations as large language models have them.

For each the error of the network's outputs (rms over rms), how many answers differ from those of
the network itself, and the accuracy on the 450 test images. Prints one JSON object.

    python benchmarks/ranges.py --network tokens --seed 0
"""

import argparse
import json
from dataclasses import replace
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional

import mho
from mho.chip.periphery import SignedConverter
from mho.data import (
    digits_data,
    digits_training,
    only_input,
    train_digits,
)
from mho.deployment import (
    RULES,
    DeployedNetwork,
    DigitalSettings,
    RangeRule,
    calibrate_ranges,
    program_pairs,
    refit,
)
from mho.mapping import lay_out, tiles_needed
from mho.network import Network, read_network

WIDTH = 32
OUTLIERS = 2
TIMES_LARGER = 20.0
EPOCHS = 40


class Tokens(nn.Module):
    """Rows of an image as tokens, one attention block with LayerNorm before each part."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(8, WIDTH)
        self.place = nn.Parameter(0.1 * torch.randn(1, 8, WIDTH))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.attention = nn.ModuleList(
            nn.Linear(WIDTH, WIDTH) for _ in range(4)
        )
        self.up = nn.Linear(WIDTH, 2 * WIDTH)
        self.down = nn.Linear(2 * WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Scores of shape (batch, 10)."""
        tokens = self.embed(images.reshape(-1, 8, 8)) + self.place
        seen = self.norms[0](tokens)
        query, key, value = (part(seen) for part in list(self.attention)[:3])
        mixed = functional.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.attention[3](mixed)
        tokens = tokens + self.down(
            functional.gelu(self.up(self.norms[1](tokens)))
        )
        scores: Tensor = self.head(self.norms[2](tokens).mean(1))
        return scores


def train_tokens() -> nn.Module:
    """The trained network, with outlier channels that change nothing but ranges."""
    torch.manual_seed(7)
    network = Tokens()
    training = digits_training()
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=5e-3, weight_decay=1e-2
    )
    slower = torch.optim.lr_scheduler.LinearLR(
        optimizer, 1.0, 0.03, total_iters=EPOCHS
    )
    for _ in range(EPOCHS):
        for chosen in torch.split(torch.randperm(len(training.labels)), 32):
            optimizer.zero_grad()
            scores = network(training.inputs[chosen])
            loss = functional.cross_entropy(
                scores, training.labels[chosen], label_smoothing=0.1
            )
            torch.autograd.backward(loss)
            optimizer.step()
        slower.step()
    network.eval().requires_grad_(False)
    behind: list[list[nn.Module]] = [list(network.attention)[:3], [network.up]]
    for norm, users in zip(list(network.norms)[:2], behind, strict=True):
        for name in ("weight", "bias"):
            norm.get_parameter(name)[:OUTLIERS] *= TIMES_LARGER
        for user in users:
            user.get_parameter("weight")[:, :OUTLIERS] /= TIMES_LARGER
    return network


def programmed(network: Network, seed: int) -> DeployedNetwork:
    """The network on a chip of its own, each layer on tiles of its own."""
    one = mho.Chip("rao2023")
    shapes = [
        (layer.weight.shape[0], layer.weight.shape[1])
        for layer in network.layers
    ]
    chip = replace(one, tiles=tiles_needed(shapes, one.rows, one.cols))
    bench = mho.SimulatedBench(chip, mho.Stream(seed).child("chip"))
    placement, result = program_pairs(bench, lay_out(network, bench.info))
    samples = only_input(digits_data().calibration)
    ranges = calibrate_ranges(
        network, placement, samples, bench.info.read_voltage
    )
    return DeployedNetwork(network, bench, placement, ranges, result)


def with_bits(
    deployed: DeployedNetwork, bits: int, seed: int
) -> DeployedNetwork:
    """The same chip, as it was when programmed, with converters of so many bits."""
    assert isinstance(deployed.bench, mho.SimulatedBench)
    chip = deployed.bench.chip
    volts = chip.around.dac.full_scale
    around = replace(
        chip.around,
        dac=SignedConverter(bits, volts, kind="dac"),
        adc=SignedConverter(bits, 1.0),
    )
    bench = mho.SimulatedBench(
        replace(chip, periphery=around), mho.Stream(seed).child("chip")
    )
    bench.restore(deployed.bench.state())
    parts = (
        deployed.network,
        bench,
        deployed.placement,
        deployed.ranges,
        deployed.programming,
    )
    return DeployedNetwork(*parts)


def judged(deployed: DeployedNetwork, training: Tensor) -> dict[str, float]:
    """How far its outputs are from those of the network itself."""
    data = digits_data()
    wanted = deployed.network.run
    inputs = torch.cat((data.only_input, training))
    right = wanted(inputs)
    found = deployed(inputs)
    answers = found.argmax(1)
    count = len(data.right)
    return {
        "output_error": float(
            (found - right).square().mean() / right.square().mean()
        )
        ** 0.5,
        "answers_changed": float((answers != right.argmax(1)).double().mean()),
        "accuracy": float((answers[:count] == data.right).double().mean()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--network", choices=("digits", "tokens"), default="digits"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 6, 5, 4])
    given = parser.parse_args()
    torch.set_num_threads(1)
    images = digits_training().inputs
    samples = images[: given.samples]
    rest = images[512:]
    module = (
        train_tokens()
        if given.network == "tokens"
        else train_digits(mho.Stream(0).child("training"))
    )
    deployed = programmed(read_network(module, samples[:64]), given.seed)
    found = []
    for bits, kind, per_column, fitted in product(
        given.bits, RULES, (False, True), (False, True)
    ):
        one = with_bits(deployed, bits, given.seed)
        info = one.bench.info
        rule = RangeRule.of(info, kind, per_column=per_column)
        batches = torch.split(samples, 64)
        ranges = calibrate_ranges(
            one.network, one.placement, batches, info.read_voltage, rule
        )
        one.put_in_force(DigitalSettings(ranges))
        if fitted:
            refit(one, samples, ranged=False)
        asked = {
            "bits": bits,
            "rule": kind,
            "per_column": per_column,
            "fitted": fitted,
        }
        found.append(asked | judged(one, rest))
    print(json.dumps({**vars(given), "results": found}, indent=2))


if __name__ == "__main__":
    main()
