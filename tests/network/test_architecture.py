"""A list of layers beside a file of weights: the module that it describes, or one sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mho.network.formats import load_network

LIST = """\
# a residual block between a stem and a classifier
input = [3, 8, 8]

[[layer]]
kind = "conv"
name = "stem"
stride = [2, 1]
padding = 1

[[layer]]
kind = "norm"
name = "bn"
activation = "relu6"

[[layer]]
kind = "depthwise"
name = "dw"
padding = "same"
activation = "relu"

[[layer]]
kind = "conv"
name = "pointwise"
weights = "features.pw"

[[layer]]
kind = "add"
name = "sum"
inputs = ["pointwise", "bn"]
activation = "silu"

[[layer]]
kind = "pool"
how = "average"
kernel = [2, 4]

[[layer]]
kind = "flatten"

[[layer]]
kind = "linear"
name = "head"
"""


class Block(nn.Module):
    """What the list says, in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, (2, 1), 1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.dw = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.features = nn.ModuleDict({"pw": nn.Conv2d(4, 4, 1)})
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        stem = nn.functional.relu6(self.bn(self.stem(x)))
        inner = self.features["pw"](torch.relu(self.dw(stem)))
        x = nn.functional.silu(inner + stem)
        return self.head(nn.functional.avg_pool2d(x, (2, 4)).flatten(1))


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    module = Block().eval()
    with torch.no_grad():
        module.bn.running_mean.normal_()
        module.bn.running_var.uniform_(0.5, 2)
    return module


def write(
    folder: Path, text: str, tensors: dict[str, Tensor]
) -> tuple[str, str]:
    weights = folder / "w.safetensors"
    save_file({name: x.contiguous() for name, x in tensors.items()}, weights)
    layers = folder / "net.toml"
    layers.write_text(text)
    return str(weights), str(layers)


def test_a_listed_network_computes_what_its_module_computes(
    module: nn.Module, tmp_path: Path
) -> None:
    """Both spellings; float32 rounds to 1e-6. Its norm goes into the layer before it."""
    weights, layers = write(tmp_path, LIST, module.state_dict())
    x = torch.randn(5, 3, 8, 8)
    for network in (
        load_network(f"{weights}:{layers}", None, x),
        load_network(layers, weights, x),
    ):
        with torch.no_grad():
            torch.testing.assert_close(network.run(x), module(x))
        assert [layer.name for layer in network.layers] == [
            "stem",
            *(f"dw[{channel}]" for channel in range(4)),
            "features.pw",
            "head",
        ]


SEQUENCE = """\
outputs = ["mixed", "pooled"]
[[layer]]
kind = "conv"
name = "c"
padding = 1
activation = "gelu"
[[layer]]
kind = "permute"
order = [2, 1]
[[layer]]
kind = "layer_norm"
name = "n"
[[layer]]
kind = "linear"
name = "l"
activation = "tanh"
[[layer]]
kind = "scale"
factor = 0.5
[[layer]]
kind = "multiply"
inputs = ["l", "scale5"]
name = "product"
[[layer]]
kind = "concat"
inputs = ["product", "n"]
axis = 2
[[layer]]
kind = "reshape"
shape = [7, 3, 2]
[[layer]]
kind = "mean"
axis = 2
[[layer]]
kind = "activation"
function = "softmax"
name = "mixed"
[[layer]]
kind = "pool"
inputs = ["c"]
name = "pooled"
"""


def test_every_kind_of_layer_computes_what_torch_computes(
    tmp_path: Path,
) -> None:
    """A signal, two outputs, and the shape of a sample from the data."""
    torch.manual_seed(1)
    modules = nn.ModuleDict(
        {
            "c": nn.Conv1d(2, 4, 3, padding=1),
            "n": nn.LayerNorm(4),
            "l": nn.Linear(4, 2),
        }
    )
    nn.init.normal_(modules["n"].weight)
    weights, layers = write(tmp_path, SEQUENCE, modules.state_dict())
    x = torch.randn(3, 2, 7)
    found = load_network(layers, weights, x).outputs(x)
    with torch.no_grad():
        c = nn.functional.gelu(modules["c"](x))
        n = modules["n"](c.permute(0, 2, 1))
        wide = torch.tanh(modules["l"](n))
        mixed = torch.cat([wide * wide * 0.5, n], 2).reshape(3, 7, 3, 2)
        torch.testing.assert_close(found["mixed"], mixed.mean(2).softmax(-1))
        torch.testing.assert_close(found["pooled"], c.amax(2, keepdim=True))


def _replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


WRONG: dict[str, tuple[Callable[[str], str], str]] = {
    "no text": (lambda _: "[[layer", "is no TOML"),
    "nothing": (lambda _: "input = [1]", "has no `[[layer]]`"),
    "kind": (
        _replaced('"depthwise"', '"depthwize"'),
        "has in line 16 a layer `dw` (`depthwize`) that is of no known kind (did you mean"
        " `depthwise`?)",
    ),
    "option": (
        _replaced("stride =", "strides ="),
        "has in line 7 a layer `stem` (`conv`) that says `strides` (did you mean `stride`?)",
    ),
    "value": (
        _replaced("[2, 1]", "[2, 1, 1]"),
        "line 7 a layer `stem` (`conv`) that says `stride` is `[2, 1, 1]`, where 2 whole",
    ),
    "huge": (
        _replaced("[2, 1]", "9999999999"),
        "says `stride` is `9999999999`",
    ),
    "unknown input": (
        _replaced('"bn"]', '"bm"]'),
        "in line 29 a layer `sum` (`add`) that reads `bm`, which no layer before it makes",
    ),
    "weights": (
        _replaced("features.pw", "features.px"),
        "that lacks its tensor `features.px.weight`",
    ),
    "twice": (_replaced('"dw"', '"stem"'), "the name `stem` a second time"),
    "shape": (
        _replaced("[2, 4]", "[2, 2]"),
        "a layer `head` (`linear`) that cannot be computed",
    ),
    "left over": (
        lambda text: text.partition('[[layer]]\nkind = "linear"')[0],
        "leaves 2 tensors of the weights unused, such as `head.",
    ),
    "top": (lambda text: "inputs = 3\n" + text, "says `inputs`, where only"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_list_that_is_wrong_is_refused_with_the_line(
    name: str, module: nn.Module, tmp_path: Path
) -> None:
    change, reason = WRONG[name]
    weights, layers = write(tmp_path, change(LIST), module.state_dict())
    with pytest.raises(ValueError, match="must list layers") as caught:
        load_network(layers, weights, torch.randn(5, 3, 8, 8))
    assert reason in str(caught.value)


def test_a_list_needs_weights(tmp_path: Path, module: nn.Module) -> None:
    _, layers = write(tmp_path, LIST, module.state_dict())
    with pytest.raises(ValueError, match="`weights` must name a state dict"):
        load_network(layers, None, torch.randn(5, 3, 8, 8))
