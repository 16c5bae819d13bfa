"""The account is complete: every parameter and every operation, and why what is not on tiles."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from exported import NETWORKS, build
from ideal_bench import normal, randomise
from torch import Tensor, nn
from torch.nn import functional

from mho.network import Graph, Network, read_network
from mho.network.account import account
from mho.network.account.operation_account import ModuleAccount
from mho.network.tracing import trace

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")


class Odd(nn.Module):
    """Raw parameters, weight norm, tied weights, a buffer and a module that nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.ones(6, 4))
        self.scale = nn.Parameter(torch.ones(4))
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
        self.twice = nn.Linear(4, 4, bias=False)
        self.plain = nn.BatchNorm1d(6)
        self.forgotten = nn.Linear(2, 3)
        self.last = nn.Linear(4, 2)
        self.register_buffer("mask", torch.ones(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.plain(self.normed(x) + self.position[:, :4]) * self.mask
        x = functional.linear(x, self.twice.weight * self.scale)
        return self.last(self.twice(x)).mean(1)


class Stacked(nn.Module):
    """Recurrent layers of every kind, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            4, 6, 2, batch_first=True, bidirectional=True, proj_size=3
        )
        self.gru = nn.GRU(6, 5, 2, batch_first=True)
        self.rnn = nn.RNN(5, 4, batch_first=True, bias=False)
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.rnn(self.gru(self.lstm(x)[0])[0])[0][:, -1])


class Words(nn.Module):
    """Two tables of vectors, of which one adds them up."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.bag = nn.EmbeddingBag(9, 4)
        self.last = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        words = x.abs().long()
        return self.last(self.table(words).mean(1) + self.bag(words))


OWN: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "odd": (Odd, (6, 4)),
    "stacked": (Stacked, (5, 4)),
    "words": (Words, (5,)),
}


def made(name: str) -> tuple[nn.Module, Tensor]:
    if name in NETWORKS:
        return build(name)
    make, shape = OWN[name]
    return randomise(make()), normal(4, *shape).abs()


@cache
def recorded(name: str) -> tuple[nn.Module, Tensor, Graph]:
    """Recorded once, which takes most of the time of this file."""
    module, samples = made(name)
    return module, samples, trace(module, samples).graph


@cache
def read(
    name: str, digital: tuple[str, ...] = ()
) -> tuple[nn.Module, Tensor, Network]:
    module, samples, graph = recorded(name)
    return module, samples, read_network(graph, samples, digital)


@pytest.mark.parametrize("name", [*NETWORKS, *OWN])
def test_every_parameter_is_accounted_for_once(name: str) -> None:
    """Names and sizes are those of the module itself, and what is counted adds up to all."""
    module, _, network = read(name)
    found = account(network)
    listed = [
        item for entry in found.operations for item in entry.parameters.items()
    ]
    assert len(listed) == len(dict(listed))
    assert dict(listed) == {
        key: value.numel() for key, value in module.named_parameters()
    }
    holders = {
        key
        for key, part in module.named_modules()
        if [*part.parameters(recurse=False)]
    }
    named = {entry.name for entry in found.operations}
    told = {
        key
        for key in holders
        for one in named
        if key == one or one.startswith(f"{key}.")
    }
    inner = {key for key in holders if key.endswith("parametrizations.weight")}
    assert holders - {""} - inner <= told
    assert sum(found.parameters.values()) == sum(
        p.numel() for p in module.parameters()
    )
    assert found.parameters["tiles"] == sum(
        layer.weight.numel() for layer in network.layers
    ) + (
        4 - 16 if name == "odd" else 0
    )  # weight norm has 4 lengths more, `twice` two layers


def by_hooks(module: nn.Module, samples: Tensor) -> int:
    """Products of stored matrices for one sample, counted while the module itself runs."""
    total = 0

    def seen(part: nn.Module, inputs: Any, outputs: Any) -> None:
        nonlocal total
        size = inputs[0].numel() / inputs[0].shape[-1]
        if isinstance(part, nn.Linear):
            total += part.weight.numel() * size
        elif isinstance(part, nn.RNNBase):
            total += (
                sum(p.numel() for p in part.parameters() if p.ndim > 1) * size
            )
        elif isinstance(part, nn.ConvTranspose1d | nn.ConvTranspose2d):
            total += inputs[0].numel() * part.weight[0].numel()
        elif isinstance(part, nn.Conv1d | nn.Conv2d):
            total += outputs.numel() * part.weight[0].numel()

    handles = [part.register_forward_hook(seen) for part in module.modules()]
    module(samples[:1])
    for handle in handles:
        handle.remove()
    return int(total)


@pytest.mark.parametrize(
    "name", [name for name in NETWORKS if name != "transformer"]
)
def test_what_tiles_do_is_what_hooks_on_the_module_count(name: str) -> None:
    """Exact; attention multiplies without calling its modules and has a test of its own."""
    module, samples, network = read(name)
    assert account(network).analog == by_hooks(module, samples)


@pytest.mark.parametrize("name", [*NETWORKS, *OWN])
def test_what_is_kept_digital_computes_and_counts_the_same(name: str) -> None:
    """The products are the same ones wherever they run, and so are outputs and parameters.

    Only batch norms that can no longer be folded come in addition, as digital operations.
    """
    module, samples, network = read(name)
    whole = account(network)
    names = list(
        dict.fromkeys(e.name for e in whole.operations if e.runs == "analog")
    )
    total = whole.analog + whole.digital
    kept = tuple(names[:-1]) or ("table",)
    _, _, other = read(name, kept)
    found = account(other)
    fates = {entry.name: entry.runs for entry in found.operations}
    assert {fates[one] for one in kept} == {"digital by choice"}
    norms = sum(e.digital for e in found.operations if e.kind == "batch_norm")
    norms -= sum(e.digital for e in whole.operations if e.kind == "batch_norm")
    assert found.analog + found.digital == total + norms
    assert sum(found.parameters.values()) == sum(whole.parameters.values())
    wanted = module(samples).detach()
    torch.testing.assert_close(other.run(samples), wanted, rtol=1e-4, atol=1e-5)


def test_patterns_modules_and_parameters_name_what_stays_digital() -> None:
    """A module stands for all inside it; one weight of an operation for the whole operation."""

    def kept(*digital: str) -> set[str]:
        found = account(read("transformer", digital)[2]).operations
        return {
            entry.name for entry in found if entry.runs == "digital by choice"
        }

    attention = {"block.self_attn", "block.self_attn.out_proj"}
    norms = {"block.norm1", "block.norm2"}
    assert kept("last") == kept("last.weight") == kept("l*t") == {"last"}
    assert kept("block.self_attn") == attention
    assert kept("block.self_attn.in_proj_weight") == {"block.self_attn"}
    everything = attention | norms | {"block.linear1", "block.linear2"}
    assert kept("block") == kept("block.*") == everything
    assert kept("block.lin*", "last") == {
        "block.linear1",
        "block.linear2",
        "last",
    }


def test_a_norm_that_is_kept_digital_is_not_folded() -> None:
    """It computes for itself; the layer keeps its own weights."""
    module, _, network = read("residual", ("norm",))
    found = {entry.name: entry for entry in account(network).operations}
    assert found["norm"].runs == "digital by choice"
    assert found["norm"].digital == 8 * 6 * 6
    torch.testing.assert_close(
        network.layers[0].weight, module.stem.weight.flatten(1)
    )


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [("lst", "last"), ("block.lin1", "block.linear1"), ("", "last")],
)
def test_a_name_that_nothing_has_is_refused_with_the_nearest(
    wanted: str, nearest: str
) -> None:
    """Otherwise a misspelt name would quietly put a layer on tiles."""
    _, samples, graph = recorded("transformer")
    with pytest.raises(
        ValueError, match=r"^Argument `digital` must name modules"
    ) as raised:
        read_network(graph, samples, (wanted,))
    assert nearest == "last" or f"`{nearest}`" in str(raised.value)
    with pytest.raises(
        TypeError, match=r"^Argument `digital` must be several names"
    ):
        read_network(graph, samples, "last")


class After(nn.Module):
    """A digital beginning and a layer for the tiles."""

    def __init__(self, begin: nn.Module, features: int) -> None:
        super().__init__()
        self.begin = begin
        self.last = nn.Linear(features, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.begin(x))


class Function(nn.Module):
    """A function of the sample and of stored numbers."""

    def __init__(
        self, call: Callable[[Tensor, Tensor], Tensor], *shape: int
    ) -> None:
        super().__init__()
        self.call = call
        self.w = nn.Parameter(torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.call(x, self.w)


class Twice(nn.Module):
    """A bilinear form of the sample with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.form = nn.Bilinear(4, 4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.form(x, x)


class Steps(nn.Module):
    """One step of every recurrent cell."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTMCell(4, 5)
        self.gru = nn.GRUCell(5, 6)
        self.rnn = nn.RNNCell(6, 7)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(self.gru(self.lstm(x)[0]))


class Tokens(nn.Module):
    """The sum of the vectors of some tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(9, 4, mode="sum")

    def forward(self, x: Tensor) -> Tensor:
        return self.bag(x.abs().long())


LSTM = 4 * 5 * 9 + 3 * 5
GRU = 3 * 6 * 11 + 2 * 6
RNN = 7 * 13
CASES: dict[str, tuple[nn.Module, tuple[int, ...], int, str, int]] = {
    "a matrix on the left": (
        Function(lambda x, w: (w @ x.mT).mT, 5, 4),
        (2, 4),
        10,
        "on the right",
        40,
    ),
    "a stack of matrices": (
        Function(lambda x, w: (x[:, None] @ w).sum(1)[:, 0], 3, 4, 5),
        (1, 4),
        5,
        "stack",
        60,
    ),
    "weights of the day": (
        Function(lambda x, w: functional.linear(w, x).mT, 5, 4),
        (4,),
        5,
        "its weight is no",
        20,
    ),
    "named axes": (
        Function(lambda x, w: torch.einsum("...i,ij->...j", x, w), 4, 5),
        (2, 4),
        10,
        "named axes",
        40,
    ),
    "two activations": (
        Function(
            lambda x, w: torch.einsum("bi,bj->bij", x, x * w).flatten(1), 4
        ),
        (4,),
        16,
        "all its factors",
        20,
    ),
    "3-D": (
        nn.Conv3d(2, 3, 2, padding=1),
        (2, 2, 3, 3),
        3 * 48,
        "three dimensions",
        144 * 16,
    ),
    "3-D, turned": (
        nn.ConvTranspose3d(2, 3, 2),
        (2, 2, 2, 2),
        81,
        "three dimensions",
        16 * 24,
    ),
    "bilinear": (Twice(), (4,), 5, "two activations", 5 * 16 + 20),
    "single steps": (Steps(), (4,), 7, "single steps", LSTM + GRU + RNN),
    "bag": (Tokens(), (6,), 4, "adds rows", 0),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_on_tiles_runs_digitally_and_says_why(case: str) -> None:
    """Outputs are compared with the module in `read_network`; multiply-adds are counted by hand.

    Each of these used to end in an error for the whole network.
    """
    begin, shape, features, reason, work = CASES[case]
    many = len(shape) > 1
    inner = nn.Sequential(begin, nn.Flatten()) if many else begin
    module = randomise(After(inner, features))
    found = account(read_network(module, normal(5, *shape)))
    refused = [entry for entry in found.operations if entry.runs == "refused"]
    assert all(reason in entry.why for entry in refused)
    assert sum(entry.digital for entry in found.operations) == work
    assert found.analog == features * 3
    assert {name for e in refused for name in e.parameters} <= {
        name for name, _ in module.named_parameters()
    }


def test_a_recurrent_layer_with_weights_of_the_day_leaves_no_layers_behind() -> (
    None
):
    """Its first matrices are constant; they must not be put on tiles when the last one is not."""
    network = read_network(randomise(Fast()), normal(5, 3, 4))
    assert [layer.name for layer in network.layers] == ["last"]
    (entry,) = (e for e in account(network).operations if e.kind == "rnn_tanh")
    assert entry.runs == "refused"


class Fast(nn.Module):
    """A recurrent layer whose second matrix is scaled by a number of the batch's shape."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.RNN(4, 4, batch_first=True, bias=False)
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        scale = (x[:1, :1, :1] * 0).exp().reshape(1, 1)
        weights = [self.layer.weight_ih_l0, self.layer.weight_hh_l0 * scale]
        start = x.new_zeros(1, x.shape[0], 4)
        found, _ = torch.rnn_tanh(
            x, start, weights, False, 1, 0.0, False, False, True
        )
        return self.last(found[:, -1])


def test_if_nothing_is_left_for_tiles_the_error_says_what_became_of_every_layer() -> (
    None
):
    """Both what was chosen and what was refused, by name; an error and no silence."""
    module = randomise(
        nn.Sequential(nn.Conv3d(1, 2, 1), nn.Flatten(), nn.Linear(2, 2))
    )
    with pytest.raises(
        ValueError, match=r"^Argument `source` must leave at least one"
    ) as raised:
        read_network(module, normal(3, 1, 1, 1, 1), ("2",))
    assert "`0` is refused (convolutions in three dimensions" in str(
        raised.value
    )
    assert "`2` is digital by choice" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_folded_norms_say_where_they_went() -> None:
    """Behind the layer; their parameters are on tiles only as factors of its weights."""
    _, _, network = read("cnn")
    found = account(network)
    places = [entry.name for entry in found.operations]
    norm = found.operations[places.index("1")]
    assert norm.fate == "folded into 0"
    assert places.index("1") == places.index("0") + 1
    assert norm.parameters == {"1.weight": 6, "1.bias": 6}
    assert found.parameters["folded"] == 12 + 16


def test_the_attention_of_an_encoder_is_refused_for_its_factors() -> None:
    """Scores and weighted sums multiply activations; 6² scores of 16 numbers, twice."""
    _, _, network = read("transformer")
    (entry,) = (
        e
        for e in account(network).operations
        if e.kind.startswith("scaled_dot")
    )
    assert (entry.runs, entry.digital) == ("refused", 2 * 36 * 16)
    assert entry.why.startswith("all its factors depend on the input")


def test_shapes_alone_count_as_a_sample_does() -> None:
    """No sample, no numbers: the same account."""
    found: list[ModuleAccount] = []
    for name in ("odd", "stacked", "transformer", "residual"):
        _, samples, network = read(
            name, ("last",) if name != "odd" else ("normed",)
        )
        found.append(account(network))
        assert found[-1] == account(network, samples[0])
        assert math.isfinite(found[-1].analog_share)


def test_notes_are_kept_only_of_operations_that_have_something_to_tell() -> (
    None
):
    """Images hold them; reshapes and activations need none."""
    _, _, network = read("mlp")
    assert len(network.notes) == 3
    assert all(note.parameters for note in network.notes.values())
