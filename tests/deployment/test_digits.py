"""The built-in example must be there in seconds, be good, and be the same every time."""

import subprocess
import sys

import pytest
import torch

from mho.data import digits_data, digits_training, train_digits
from mho.network import read_network
from mho.rng import Stream


@pytest.mark.parametrize("seed", range(5))
def test_the_network_reads_digits(seed: int) -> None:
    """Eight seeds gave 0.993 ± 0.002 on 450 test images; five deviations below is 0.983.

    The bound is lower by another image, as machines round differently.
    """
    data = digits_data()
    network = train_digits(Stream(seed))
    with torch.no_grad():
        right = network(data.inputs).argmax(1) == data.labels
    assert right.float().mean() >= 0.98


def test_training_depends_on_its_stream_alone() -> None:
    """Same stream, same weights, whatever torch's own generator holds; it is left alone."""
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = train_digits(Stream(3)).state_dict()
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    again = train_digits(Stream(3)).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    other = train_digits(Stream(4)).state_dict()
    assert not torch.equal(first["dense.weight"], other["dense.weight"])


def test_progress_grows_to_one() -> None:
    """So that a bar ends where it should."""
    seen: list[float] = []
    train_digits(Stream(0), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_no_test_image_is_trained_or_calibrated_on() -> None:
    """All 1797 images are different, so equality means leakage. Exact."""
    data = digits_data()
    training = digits_training()
    assert (len(data.inputs), len(training.inputs), len(data.calibration)) == (
        450,
        1347,
        64,
    )
    everything = torch.cat([data.inputs, training.inputs])
    assert len(everything.unique(dim=0)) == 1797
    assert torch.equal(data.calibration, training.inputs[:64])
    assert everything.min() == 0
    assert everything.max() == 1
    assert sorted(set(data.labels.tolist())) == list(range(data.classes))


def test_the_network_has_three_analog_layers() -> None:
    """The layers a chip will hold: 9 x 16, 144 x 32 and 128 x 10 weights."""
    data = digits_data()
    network = read_network(train_digits(Stream(0)), data.calibration)
    shapes = {layer.name: tuple(layer.weight.shape) for layer in network.layers}
    assert shapes == {"conv1": (16, 9), "conv2": (32, 144), "dense": (10, 128)}


def test_importing_the_package_does_not_import_the_example() -> None:
    """scikit-learn takes a second that only this example needs."""
    code = (
        "import sys, mho.data, mho.network, mho.network.formats;"
        " print('sklearn' in sys.modules or 'torch._dynamo' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert shown.stdout.strip() == "False"
