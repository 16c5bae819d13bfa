"""Files of weights alone: what is computed with them is what the user says."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mho.network.formats import load_network
from mho.rng import Stream

INPUTS = torch.randn(4, 5, generator=Stream(0).generator())


def saved(tmp_path: Path, tensors: dict[str, Tensor]) -> str:
    path = tmp_path / "w.safetensors"
    save_file(tensors, path)
    return str(path)


def test_one_matrix_is_a_product(tmp_path: Path) -> None:
    weight = torch.arange(15.0).view(3, 5)
    found = load_network(saved(tmp_path, {"weight": weight}), None, INPUTS)
    torch.testing.assert_close(found.run(INPUTS), INPUTS @ weight.T)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_matrices_follow_in_the_order_of_their_numbers(
    tmp_path: Path, activation: str
) -> None:
    torch.manual_seed(0)
    kinds = {
        "relu": nn.ReLU,
        "tanh": nn.Tanh,
        "sigmoid": nn.Sigmoid,
        "gelu": nn.GELU,
    }
    layers = [nn.Linear(5, 7), nn.Linear(7, 7, bias=False), nn.Linear(7, 2)]
    names = ("fc2", "fc9", "fc10")
    tensors = {
        f"{name}.{key}": tensor
        for name, layer in zip(names, layers, strict=True)
        for key, tensor in layer.state_dict().items()
    }
    found = load_network(
        saved(tmp_path, tensors) + f":{activation}", None, INPUTS
    )
    between = kinds[activation]()
    wanted = layers[2](between(layers[1](between(layers[0](INPUTS)))))
    torch.testing.assert_close(found.run(INPUTS), wanted.detach())
    assert [layer.name for layer in found.layers] == list(names)


@pytest.mark.parametrize(
    ("tensors", "ending", "message"),
    [
        (
            {"a.weight": (3, 5), "b.weight": (2, 3)},
            "",
            "write for example .*w.safetensors:relu",
        ),
        ({"a.weight": (3, 5), "b.weight": (2, 3)}, ":rleu", "relu"),
        (
            {"a.weight": (3, 5), "b.weight": (2, 4)},
            ":relu",
            "3 outputs to the 4 inputs of `b.w",
        ),
        ({"a.weight": (3, 5), "a.bias": (2,)}, "", "a bias of shape"),
        ({"conv.weight": (3, 5, 3, 3)}, "", "has `conv.weight` of shape"),
        ({"a.weight": (3, 5), "a.scale": (3,)}, "", "has `a.scale`"),
    ],
)
def test_what_is_no_perceptron_is_refused(
    tmp_path: Path,
    tensors: dict[str, tuple[int, ...]],
    ending: str,
    message: str,
) -> None:
    path = saved(
        tmp_path, {name: torch.ones(shape) for name, shape in tensors.items()}
    )
    with pytest.raises(ValueError, match=message):
        load_network(path + ending, None, INPUTS)


def test_damaged_and_doubled_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"nonsense" * 9)
    with pytest.raises(ValueError, match="is damaged"):
        load_network(str(path), None, INPUTS)
    with pytest.raises(ValueError, match="holds its own weights"):
        load_network(str(path), "other.safetensors", INPUTS)
