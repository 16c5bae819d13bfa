"""Networks that were taken apart, on drawn cells: a module of torch like any other."""

import math
import subprocess
import sys
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

import mho
from mho.chip.periphery import Periphery, SignedConverter
from mho.ledger import Ledger
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.statistical import ConvertedModule, convert
from mho.statistical.named_normals import NamedNormals
from mho.units import uS

LOW = 50 * uS
HIGH = 500 * uS
FINE = Periphery(SignedConverter(16, 0.2), SignedConverter(20, 1.0))


class Sentence(nn.Module):
    """Tokens through a recurrent layer both ways, attention and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 6)
        self.memory = nn.LSTM(6, 4, batch_first=True, bidirectional=True)
        self.block = nn.TransformerEncoderLayer(
            8, 2, 12, dropout=0.0, batch_first=True
        )
        self.head = nn.Linear(8, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        states, _ = self.memory(self.words(tokens.long()))
        return self.head(self.block(states).mean(1))


def table(error: float = 1 * uS, noise: float = 1 * uS) -> ErrorTable:
    """Cells of different errors, some of them stuck."""
    errors = torch.linspace(-error, error, 8).view(2, 4)
    variance = torch.full((2, 4), noise**2)
    held = torch.tensor([100 * uS])
    stuck = held if error else held[:0]
    return ErrorTable(LOW, HIGH, errors, variance, stuck, 800, Ledger())


def tokens() -> Tensor:
    return torch.randint(0, 30, (6, 4), generator=Stream(5).generator()).float()


def sentence() -> nn.Module:
    torch.manual_seed(0)
    return Sentence().eval()


@cache
def network() -> mho.Network:
    return mho.read_network(sentence(), tokens())


def on_tiles(
    statistics: ErrorTable, periphery: Periphery | None = None, seed: int = 1
) -> ConvertedModule:
    """The sentence's network on drawn cells, calibrated."""
    found = convert(network(), mho.Chip("rao2023", periphery=periphery))
    found.program(statistics, Stream(seed))
    found.calibrate(tokens())
    return found


def test_attention_and_recurrence_on_exact_cells_are_the_network_s() -> None:
    """Sixteen bits of inputs and twenty of sums leave 1e-3 of the largest output after ten layers.

    All nine matrices are on tiles: two of each direction of the LSTM, four of the block, the head.
    """
    found = on_tiles(table(0.0, 0.0), FINE)
    wanted = sentence()(tokens()).detach()
    assert len(found.layers) == 9
    difference = (found(tokens()) - wanted).abs().max()
    assert float(difference) < 1e-3 * float(wanted.abs().max())
    torch.testing.assert_close(found.software(tokens()), wanted)


def test_a_saved_state_gives_the_same_outputs_in_a_fresh_module() -> None:
    """Cells, ranges and names of the noise to come are all in the state: equal to the bit."""
    found = on_tiles(table())
    found(tokens())
    kept = {name: value.clone() for name, value in found.state_dict().items()}
    other = convert(network())
    other.load_state_dict(kept)
    assert torch.equal(other(tokens()), found(tokens()))
    assert set(other.state_dict()) == set(kept)


class Twice(nn.Module):
    """A layer that a pass calls three times, on tokens that lie before the samples or after."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Linear(6, 6)
        self.memory = nn.GRU(6, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, signal: Tensor) -> Tensor:
        steps = self.look(self.look(signal).relu()).transpose(0, 1)
        states, _ = self.memory(self.look(steps))
        return self.head(states).mean(0)


def test_noise_of_a_sample_is_the_same_in_batches_of_any_size() -> None:
    """Calls of a pass, steps of a sequence and tokens in front of the samples: all named apart.

    Fifty times less than noise is left for last bits, in which products of other sizes may
    differ, and which a converter may round to another code.
    """
    torch.manual_seed(0)
    module = Twice().eval()
    signal = torch.randn(6, 5, 6, generator=Stream(2).generator())
    found = convert(mho.read_network(module, signal))
    found.program(table(0.0, 3 * uS), Stream(1))
    found.calibrate(signal)
    state = {name: value.clone() for name, value in found.state_dict().items()}
    together = torch.stack([found(signal) for _ in range(2)])
    noise = float(together.diff(dim=0).abs().mean())
    assert noise > 1e-3
    for sizes in ([1] * 6, [2, 4], [5, 1]):
        found.load_state_dict(state)
        parts = signal.split(sizes)
        apart = torch.stack(
            [torch.cat([found(part) for part in parts]) for _ in range(2)]
        )
        assert float((apart - together).abs().mean()) < noise / 50
    look = found.layers[0]
    look.begin_pass(6)
    assert not torch.equal(look(signal[:, 0]), look(signal[:, 0]))


def test_other_numbers_and_other_devices_are_followed() -> None:
    """In float64 outputs are those of float32 but for rounding: no result is pinned to a type.

    A code that rounds the other way changes an output by a step of a converter at most, a
    hundredth of it. Tensors without numbers, on torch's device `meta`, pass wherever no line names
    the CPU.
    """
    found = on_tiles(table())
    state = {name: value.clone() for name, value in found.state_dict().items()}
    single = found(tokens())
    wide = found.to(torch.float64)
    wide.load_state_dict(state)
    double = wide(tokens())
    assert double.dtype == torch.float64
    assert float((double - single).abs().max()) < 0.01 * float(
        single.abs().max()
    )
    wide.program(table(), Stream(2))
    wide.calibrate(tokens())
    assert wide(tokens()).dtype == torch.float64
    nowhere = wide.to("meta")
    assert nowhere(tokens().to("meta")).shape == single.shape
    assert {value.device.type for value in nowhere.state_dict().values()} == {
        "meta"
    }


def test_it_compiles_whole_and_is_exported() -> None:
    """From the same state, both give the bits of the module itself, and go on with its noise."""
    script = Path(__file__).with_name("compiled_module.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "equal"


def test_a_chip_depends_on_network_table_and_stream_alone() -> None:
    """Whatever was drawn, calibrated or computed before, and in whatever order."""
    found = on_tiles(table(), seed=3)
    first = [layer.signal.clone() for layer in found.layers]  # type: ignore[union-attr]
    found.program(table(), Stream(4))
    found(tokens()[:2])
    other = [layer.signal for layer in found.layers]
    found.program(table(), Stream(3))
    again = [layer.signal for layer in found.layers]
    late = convert(network())
    late.calibrate(tokens())
    late.program(table(), Stream(3))
    for one, different, same, fresh in zip(
        first,
        other,
        again,
        (layer.signal for layer in late.layers),
        strict=True,
    ):
        assert torch.equal(one, same)
        assert torch.equal(one, fresh)
        assert not torch.equal(one, different)


def test_named_normal_numbers_are_normal_and_keep_their_names() -> None:
    """Moments of n independent numbers, five standard errors: 1/√n, √(2/n) and √(96/n).

    Row k is the same whether it is asked for alone or with others; other keys give other rows.
    """
    source = NamedNormals()
    key = torch.tensor(Stream(1).signed_word)
    zero = torch.tensor(0)
    numbers = source(key, zero, 500, 1001)
    n = numbers.numel()
    assert abs(float(numbers.mean())) < 5 / math.sqrt(n)
    assert abs(float(numbers.var()) - 1) < 5 * math.sqrt(2 / n)
    assert abs(float(numbers.pow(4).mean()) - 3) < 5 * math.sqrt(96 / n)
    neighbours = torch.corrcoef(numbers[:100]).fill_diagonal_(0)
    assert float(neighbours.abs().max()) < 6 / math.sqrt(1001)
    alone = source(key, torch.tensor(123), 1, 1001)
    assert torch.equal(alone[0], numbers[123])
    assert not torch.equal(source(key + 1, zero, 1, 1001)[0], numbers[0])
