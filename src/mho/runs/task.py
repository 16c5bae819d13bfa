"""A network and the data to judge it by, from files or built in."""

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from mho.data import (
    BUILT_IN,
    Data,
    Training,
    load_data,
    load_training,
)
from mho.deployment import share_right
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

_FILES = (".pt2", ".onnx", ".tflite", ".safetensors", ".toml")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A network, the data to judge it by, and the metric: the share of right answers.

    Args:
        source: The trained network, its image, or a chip with it.
        data: Test and calibration data.
        training: Training data, none of them for testing; `None` where nothing learns.
        built_in: Name of the built-in data set; empty if the data are the user's.
    """

    source: Network | CompiledNetwork | ProgrammedChip
    data: Data
    training: Training | None = None
    built_in: str = ""

    @property
    def network(self) -> Network:
        """The trained network."""
        source = self.source
        if isinstance(source, ProgrammedChip):
            return source.image.network
        return source.network if isinstance(source, CompiledNetwork) else source

    @property
    def learning(self) -> Training:
        """The training data.

        Raises:
            ValueError: There are none.
        """
        if self.training is None:
            raise ValueError(
                "Argument `training` must be given for a network that shall learn, but is"
                " missing; name a .npz file of training data."
            )
        return self.training

    @property
    def software_accuracy(self) -> float:
        """Share of right answers of the network in software (1)."""
        return self.accuracy_of(self.network)

    def accuracy_of(self, network: Network) -> float:
        """Share of right answers of a network in software, on the test data (1)."""
        answers = network.run(self.data.inputs).argmax(1)
        return share_right(answers, self.data.labels)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the network and of all data: a run is only resumed with the same ones."""
        digest = hashlib.sha256()
        if isinstance(self.source, Network):
            for layer in self.source.layers:
                digest.update(layer.weight.contiguous().numpy().tobytes())
        else:
            digest.update(self.source.sha256.encode())
        tensors = [self.data.inputs, self.data.labels, self.data.calibration]
        if self.training is not None:
            tensors += [self.training.inputs, self.training.labels]
        for tensor in tensors:
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()


def prepare(job: Job, progress: Progress) -> Task:
    """Read or train the network of a deployment, and read the data.

    Raises:
        ValueError: Something about the files; one sentence says what.
    """
    if job.network in BUILT_IN:
        if job.data or job.weights:
            raise ValueError(
                "Argument `data` or `weights` must be left out for the built-in"
                f" `{job.network}`, which brings its own."
            )
        network = _trained(job.network, job.seed, job.digital, progress)
        test = BUILT_IN[job.network].test()
        return Task(network, test, built_in=job.network)
    _check_named(job.network)
    if job.data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of test data, but is missing."
        )
    data = load_data(job.data)
    progress("reading the network", 0.0)
    network = load_network(
        job.network, job.weights, data.calibration, job.digital
    )
    return Task(network, data)


def gather(
    network: str,
    data: str | None,
    training: str | None,
    weights: str | None,
    seed: int,
    progress: Progress,
) -> Task:
    """Read or train a network that shall learn, or take one that is programmed; read all data.

    Args:
        network: Something built in, such as `digits`, a network as for `load_network`, an image
            or a chip.
        data: `.npz` file of test data, with training data or without.
        training: `.npz` file of training data.
        weights: State dict for a factory's module.
        seed: Names the training of what is built in.
        progress: Told what is being done.

    Raises:
        ValueError: Something about the files; one sentence says what.
        OSError: A file that cannot be read.
    """
    packed: CompiledNetwork | ProgrammedChip | None = None
    if network.endswith(".mho"):
        _check_absent(weights, "weights", "a file that holds its own weights")
        packed = _packed(network)
        image = packed.image if isinstance(packed, ProgrammedChip) else packed
        own = image.provenance.data
        if data is None and own in BUILT_IN:
            given = BUILT_IN[own]
            return Task(packed, given.test(), given.training(), own)
    elif network in BUILT_IN:
        left_out = {"data": data, "training": training, "weights": weights}
        for name, value in left_out.items():
            _check_absent(
                value, name, f"the built-in `{network}`, which brings its own"
            )
        trained = _trained(network, seed, (), progress)
        given = BUILT_IN[network]
        return Task(trained, given.test(), given.training(), network)
    if data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of test and training data, but is missing."
        )
    test = load_data(data)
    learn = load_training(data, training, test.inputs)
    if packed is not None:
        return Task(packed, test, learn)
    progress("reading the network", 0.0)
    return Task(load_network(network, weights, test.calibration), test, learn)


def _trained(
    name: str, seed: int, digital: tuple[str, ...], progress: Progress
) -> Network:
    """A built-in network, trained anew."""
    progress("training", 0.0)
    given = BUILT_IN[name]
    trained = given.train(
        Stream(seed).child("training"), lambda done: progress("training", done)
    )
    return read_network(trained, given.test().calibration, digital)


def _packed(name: str) -> CompiledNetwork | ProgrammedChip:
    if not Path(name).is_file():
        raise ValueError(
            f"Argument `network` must name a readable file, but `{name}` is none."
        )
    if read_kind(name) == IMAGE_KIND:
        return load_image(name, "network")
    return load_chip(name, "network")


def _check_named(network: str) -> None:
    """Refuse a word that names no network.

    Raises:
        ValueError: In the house sentence.
    """
    if network.endswith(_FILES) or ":" in network:
        return
    close = get_close_matches(network, list(BUILT_IN))
    near = f" Did you mean `{close[0]}`?" if close else ""
    raise ValueError(
        "Argument `network` must be `digits`, `mnist`, `model.pt2`, `model.onnx`,"
        " `model.tflite`, `weights.safetensors`, `layers.toml` or `module.py:factory`, but is"
        f" `{network}`; other files of weights go into `weights`.{near}"
    )


def _check_absent(value: str | None, name: str, what: str) -> None:
    if value is not None:
        raise ValueError(
            f"Argument `{name}` must be left out for {what}, but is `{value}`."
        )
