"""A network and the data to judge it by, from files or built in."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from torch import Tensor

from mho.data import (
    ACCURACY,
    BUILT_IN,
    Data,
    Metric,
    Outputs,
    Training,
    fixed_choice,
    load_data,
    load_training,
)
from mho.deployment import DeployedNetwork
from mho.deployment.storage import (
    IMAGE_KIND,
    CompiledNetwork,
    ProgrammedChip,
    load_chip,
    load_image,
    network_digest,
    read_kind,
)
from mho.network import Network, read_network
from mho.network.formats import (
    Signature,
    check_network_file,
    load_network,
)
from mho.progress import Progress
from mho.rng import Stream
from mho.runs.job import Job, Questions
from mho.runs.judging import digital_outputs, input_names, metric_for
from mho.samples import each_tensor

_FILES = (".pt2", ".onnx", ".tflite", ".safetensors", ".toml")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A network, the data to judge it by, and the metric.

    Args:
        source: The trained network, its image, or a chip with it.
        data: Test and calibration data.
        training: Training data, none of them for testing; `None` where nothing learns.
        built_in: Name of the built-in data set; empty if the data are the user's.
        metric: What outputs are judged by: the share of right answers, or what was asked for.
        held: Outputs of the network in software once they were asked for, by name.
    """

    source: Network | CompiledNetwork | ProgrammedChip
    data: Data
    training: Training | None = None
    built_in: str = ""
    metric: Metric = ACCURACY
    # every copy with other values begins with nothing
    held: dict[str, Tensor] = field(
        default_factory=dict, init=False, repr=False
    )

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
    def software_outputs(self) -> Outputs:
        """All outputs of the network in software for the test data, computed only once."""
        if not self.held:
            self.held.update(digital_outputs(self.network, self.data.inputs))
        return self.held

    @property
    def software_score(self) -> float:
        """What the metric says of the network in software (its unit)."""
        # a metric of the user's might write into what it is given
        outputs = {
            name: tensor.clone()
            for name, tensor in self.software_outputs.items()
        }
        return self.metric.score(outputs, self.data)

    def score_of(self, network: Network) -> float:
        """What the metric says of a network in software, on the test data (its unit)."""
        outputs = digital_outputs(network, self.data.inputs)
        return self.metric.score(outputs, self.data)

    def score_on(self, deployed: DeployedNetwork) -> float:
        """What the metric says of a network on its chip now, on the test data (its unit)."""
        return self.metric.score(deployed.outputs(self.data.inputs), self.data)

    def asked(self, questions: Questions) -> "Task":
        """The same with the samples and the metric that are asked for.

        The network in software is judged at once, before anything is programmed.

        Raises:
            ValueError: There is no such metric, the user's file of it fails, or it gives no number
                for these outputs and data.
            OSError: The user's file cannot be read.
        """
        data = self.data
        if questions.samples is not None:
            data = fixed_choice(data, questions.samples)
        sampled = replace(self, data=data)
        metric = metric_for(
            questions.metric, data, lambda: sampled.software_outputs
        )
        judged = replace(sampled, metric=metric)
        judged.held.update(sampled.held)
        _ = judged.software_score
        return judged

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the network and of all data: a run is only resumed with the same ones."""
        digest = hashlib.sha256()
        if isinstance(self.source, Network):
            for layer in self.source.layers:
                digest.update(layer.weight.contiguous().numpy().tobytes())
        else:
            digest.update(self.source.sha256.encode())
        for tensor in self._tensors():
            digest.update(tensor.contiguous().numpy().tobytes())
        if self.metric != ACCURACY:
            digest.update(f"{self.metric.name} {self.metric.source}".encode())
        return digest.hexdigest()

    @property
    def details(self) -> str:
        """SHA-256 of all that the network computes, biases and operations included.

        The fingerprint has its weights alone, and stays so: unfinished runs of before go on.
        """
        return network_digest(self.network)

    def _tensors(self) -> Iterator[Tensor]:
        """All numbers of the data, in a fixed order."""
        yield from each_tensor(self.data.inputs)
        if self.data.labels is not None:
            yield self.data.labels
        yield from each_tensor(self.data.calibration)
        yield from self.data.others.values()
        if self.training is not None:
            yield from each_tensor(self.training.inputs)
            yield self.training.labels


def prepare(job: Job, progress: Progress) -> Task:
    """Read or train the network of a deployment, and read the data.

    Raises:
        ValueError: Something about the files; one sentence says what.
    """
    return unasked(job, progress).asked(job.questions)


def unasked(job: Job, progress: Progress) -> Task:
    """Network and data of a deployment, before anything is asked of them.

    Raises:
        ValueError: Something about the files; one sentence says what.
    """
    if job.network in BUILT_IN:
        if job.data or job.weights:
            raise ValueError(
                "Argument `data` or `weights` must be left out for the built-in"
                f" `{job.network}`, which brings its own."
            )
        _check_known(job.network, job.signature)
        network = _trained(job.network, job.seed, job.digital, progress)
        test = BUILT_IN[job.network].test()
        return Task(network, test, built_in=job.network)
    _check_named(job.network)
    check_network_file(job.network)
    if job.data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of test data, but is missing."
        )
    data = load_data(job.data).fed(job.signature.arrays)
    progress("reading the network", 0.0)
    network = load_network(
        job.network,
        job.weights,
        data.calibration,
        job.digital,
        job.signature,
    )
    return Task(network, data.for_inputs(input_names(network)))


def gather(
    network: str,
    data: str | None,
    training: str | None,
    weights: str | None,
    seed: int,
    progress: Progress,
    signature: Signature | None = None,
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
        signature: How inputs and outputs of a network file are meant, where that is open.

    Raises:
        ValueError: Something about the files; one sentence says what.
        OSError: A file that cannot be read.
    """
    meant = signature or Signature()
    packed: CompiledNetwork | ProgrammedChip | None = None
    if network.endswith(".mho"):
        _check_absent(weights, "weights", "a file that holds its own weights")
        meant.check_arrays_alone("an image or a chip")
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
        _check_known(network, meant)
        trained = _trained(network, seed, (), progress)
        given = BUILT_IN[network]
        return Task(trained, given.test(), given.training(), network)
    if packed is None:
        _check_named(network)
        check_network_file(network)
    if data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of test and training data, but is missing."
        )
    test = load_data(data).fed(meant.arrays)
    learn = _learning(data, training, test)
    if packed is not None:
        task = Task(packed, test, learn)
    else:
        progress("reading the network", 0.0)
        read = load_network(network, weights, test.calibration, signature=meant)
        task = Task(read, test, learn)
    return replace(task, data=test.for_inputs(input_names(task.network)))


def _check_known(network: str, meant: Signature) -> None:
    """Refuse to be told of a built-in network what is known.

    Raises:
        ValueError: In the house sentence.
    """
    if meant != Signature():
        raise ValueError(
            "Argument `input`, `output`, `state`, `time_axis` or `batch_axis` must be left out"
            f" for the built-in `{network}`, of which it is known, but is given."
        )


def _learning(data: str, training: str | None, test: Data) -> Training | None:
    """Training data, where there are labels or a file of them."""
    if test.labels is None and training is None:
        return None
    return load_training(data, training, test.inputs)


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


def names_network(word: str) -> bool:
    """Whether a word can name a network's file: by its ending, or `module.py:factory`."""
    return word.endswith(_FILES) or ":" in word


def _check_named(network: str) -> None:
    """Refuse a word that names no network.

    Raises:
        ValueError: In the house sentence.
    """
    if names_network(network):
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
