"""A network and the data to judge it by, from files or built in."""

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from mho.data import (
    Data,
    Training,
    digits_data,
    digits_training,
    load_data,
    load_training,
    train_digits,
)
from mho.deployment.storage import (
    IMAGE_KIND,
    CompiledNetwork,
    ProgrammedChip,
    load_chip,
    load_image,
    read_kind,
)
from mho.network import Network, read_network
from mho.network.formats import load_network
from mho.progress import Progress
from mho.rng import Stream
from mho.runs.job import Job


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A network and the data to judge it by.

    Args:
        network: The trained network.
        data: Test and calibration data.
    """

    network: Network
    data: Data

    @property
    def fingerprint(self) -> str:
        """SHA-256 of weights and data: a run is only resumed with the same ones."""
        digest = hashlib.sha256()
        for layer in self.network.layers:
            digest.update(layer.weight.contiguous().numpy().tobytes())
        for tensor in (self.data.inputs, self.data.labels, self.data.calibration):
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()


def prepare(job: Job, progress: Progress) -> Task:
    """Read or train the network, and read the data.

    Raises:
        ValueError: Something about the files; one sentence says what.
    """
    if job.network == "digits":
        if job.data or job.weights:
            raise ValueError(
                "Argument `data` or `weights` must be left out for the built-in `digits`, which"
                " brings its own."
            )
        data = digits_data()
        progress("training", 0.0)
        trained = train_digits(
            Stream(job.seed).child("training"), lambda done: progress("training", done)
        )
        return Task(read_network(trained, data.calibration, job.digital), data)
    if (
        not job.network.endswith((".pt2", ".onnx", ".safetensors"))
        and ":" not in job.network
    ):
        near = (
            " Did you mean `digits`?"
            if get_close_matches(job.network, ["digits"])
            else ""
        )
        raise ValueError(
            "Argument `network` must be `digits`, `model.pt2`, `model.onnx`,"
            f" `weights.safetensors` or `module.py:factory`, but is `{job.network}`; other files"
            f" of weights go into `weights`.{near}"
        )
    if job.data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of test data, but is missing."
        )
    data = load_data(job.data)
    progress("reading the network", 0.0)
    network = load_network(job.network, job.weights, data.calibration, job.digital)
    return Task(network, data)


DIGITS = "digits"


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What is tuned, and the samples for it.

    Args:
        source: The trained network, its image, or a chip with it.
        data: Test and calibration data.
        training: Training data; none of them is for testing.
        built_in: Name of the built-in data set; empty if the data are the user's.
    """

    source: Network | CompiledNetwork | ProgrammedChip
    data: Data
    training: Training
    built_in: str

    @property
    def network(self) -> Network:
        """The trained network."""
        source = self.source
        if isinstance(source, ProgrammedChip):
            return source.image.network
        return source.network if isinstance(source, CompiledNetwork) else source

    @property
    def software_accuracy(self) -> float:
        """Share of right answers of the network in software (1)."""
        return software_accuracy(self.network, self.data)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is tuned and of all data, in hexadecimal digits."""
        digest = hashlib.sha256()
        if isinstance(self.source, Network):
            for layer in self.source.layers:
                digest.update(layer.weight.contiguous().numpy().tobytes())
        else:
            digest.update(self.source.sha256.encode())
        data = self.data
        training = self.training
        learn = (training.inputs, training.labels)
        for tensor in (data.inputs, data.labels, data.calibration, *learn):
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()


def software_accuracy(network: Network, data: Data) -> float:
    """Share of right answers of a network in software, on test data (1)."""
    right = network.run(data.inputs).argmax(1) == data.labels
    return int(right.sum()) / data.labels.numel()


def gather(
    network: str,
    data: str | None,
    training: str | None,
    weights: str | None,
    seed: int,
    progress: Progress,
) -> Start:
    """Read or train the network, and read the data.

    Args:
        network: `digits`, a network as for `load_network`, an image or a chip.
        data: `.npz` file of test data, with training data or without.
        training: `.npz` file of training data.
        weights: State dict for a factory's module.
        seed: Names the training of `digits`.
        progress: Told what is being done.

    Raises:
        ValueError: Something about the files; one sentence says what.
        OSError: A file that cannot be read.
    """
    packed: CompiledNetwork | ProgrammedChip | None = None
    if network.endswith(".mho"):
        _check_absent(weights, "weights", "a file that holds its own weights")
        packed = _packed(network)
        own_image = packed.image if isinstance(packed, ProgrammedChip) else packed
        if data is None and own_image.provenance.data == DIGITS:
            return Start(packed, digits_data(), _digits_training(), DIGITS)
    elif network == DIGITS:
        for name, value in (
            ("data", data),
            ("training", training),
            ("weights", weights),
        ):
            _check_absent(value, name, "the built-in `digits`, which brings its own")
        progress("training", 0.0)
        trained = train_digits(
            Stream(seed).child("training"), lambda done: progress("training", done)
        )
        own = digits_data()
        return Start(
            read_network(trained, own.calibration), own, _digits_training(), DIGITS
        )
    if data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of test and training data, but is missing."
        )
    test = load_data(data)
    learn = load_training(data, training, test.inputs)
    if packed is not None:
        return Start(packed, test, learn, "")
    progress("reading the network", 0.0)
    return Start(load_network(network, weights, test.calibration), test, learn, "")


def _packed(name: str) -> CompiledNetwork | ProgrammedChip:
    if not Path(name).is_file():
        raise ValueError(
            f"Argument `network` must name a readable file, but `{name}` is none."
        )
    kind = read_kind(name)
    if kind == IMAGE_KIND:
        return load_image(name, "network")
    return load_chip(name, "network")


def _check_absent(value: str | None, name: str, what: str) -> None:
    if value is not None:
        raise ValueError(
            f"Argument `{name}` must be left out for {what}, but is `{value}`."
        )


def _digits_training() -> Training:
    found = digits_training()
    return Training(found.inputs, found.labels)
