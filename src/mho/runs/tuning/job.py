"""What to tune and how, in a few plain values."""

from dataclasses import dataclass, field

from mho.bench.simulated import ChipSpec
from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_positive,
)
from mho.deployment import (
    fitting_chip,
)
from mho.deployment.storage import ProgrammedChip
from mho.device.published import check_preset, code_of
from mho.files import NOT_IDENTITY, run_identity
from mho.network import Network
from mho.network.formats import Signature
from mho.programming import ProgrammingOptions
from mho.progress import Progress, silent
from mho.runs.job import Questions
from mho.runs.task import Task, gather

NOISE_AWARE = "noise-aware"
METHODS = (NOISE_AWARE, "refit", "hybrid")
PROGRAMMING = "programming"
START = "start"
"""Before the methods: a network is programmed, or a programmed chip is as it is."""


@dataclass(frozen=True, slots=True)
class TuneJob(Configuration):
    """What to tune, and how.

    Args:
        network: `"digits"`, `"mnist"`, a `.pt2`, `.onnx` or `.tflite` file, `module.py:factory`,
            or a file of `mho compile` or `mho program`.
        data: `.npz` file of test data, with training data or without; not for what is built in.
        training: `.npz` file of training data, if they are not in `data`.
        weights: State dict for a factory; `None` if it brings its own.
        chip: Name of a preset. A programmed chip is what it is: for it, this and the following
            five do not count, but for `methods`.
        stuck: Fraction of cells that never switch (1); the preset's if `None`.
        methods: Steps in this order, each one of `METHODS`.
        tolerance: Half-width of the acceptance window (S).
        denoise: Whether cells are denoised.
        repaired: Make up for stuck cells when the network is first programmed.
        seed: Names the chip and everything random about the run.
        signature: How inputs and outputs of a network file are meant, where that is open.
        metric: What the network is judged by and tuned for; see `metric_for`.

    Raises:
        ValueError: A method, a preset or a fraction that does not exist.
    """

    network: str = "digits"
    data: str | None = None
    training: str | None = None
    weights: str | None = None
    chip: str = "rao2023"
    stuck: float | None = None
    methods: tuple[str, ...] = ("refit", "hybrid")
    tolerance: float = 20e-6
    denoise: bool = False
    repaired: bool = True
    seed: int = 0
    # which the task's fingerprint has: runs from before there was one stay what they are
    metric: str | None = field(default=None, metadata=NOT_IDENTITY)
    # which the network and the data that the fingerprints are of have
    signature: Signature = field(
        default_factory=Signature, metadata=NOT_IDENTITY
    )

    def __post_init__(self) -> None:
        check_preset(self.chip, "chip")
        for method in self.methods:
            check_choice(method, "method", METHODS)
        if NOISE_AWARE in self.methods[1:]:
            raise ValueError(
                f"Argument `method` must have `{NOISE_AWARE}` first and once, as it comes before"
                f" the chip is programmed, but is `{','.join(self.methods)}`."
            )
        if self.stuck is not None:
            check_between(self.stuck, "stuck", 0.0, 1.0, "1")
        check_positive(self.tolerance, "tolerance", "S")
        check_between(self.seed, "seed", 0, 2**62, "1")

    @property
    def effort(self) -> ProgrammingOptions:
        """How cells are programmed."""
        return ProgrammingOptions(self.tolerance, self.denoise, self.repaired)

    def gather(self, progress: Progress = silent) -> Task:
        """Read or train the network, and read the data.

        Raises:
            ValueError: Something about the files or the methods; one sentence says what.
            OSError: A file that cannot be read.
        """
        start = gather(
            self.network,
            self.data,
            self.training,
            self.weights,
            self.seed,
            progress,
            self.signature,
        )
        planned(self, start)
        return start.asked(Questions(self.metric))

    def identity(self, start: Task) -> str:
        """Everything that the result depends on; see `RunFolder`."""
        return run_identity(start.fingerprint, self, *code_of(self.chip))

    def specimen(self, network: Network) -> ChipSpec:
        """The chip, with as many tiles as the network needs."""
        return fitting_chip(
            network.shapes, self.chip, self.seed, stuck=self.stuck
        )


def planned(job: TuneJob, start: Task) -> list[str]:
    """Names of all steps in order."""
    first = list(job.methods[:1])
    rest = list(job.methods[1:])
    if first != [NOISE_AWARE]:
        first = []
        rest = list(job.methods)
    if first and not isinstance(start.source, Network):
        raise ValueError(
            f"Argument `method` must not have `{NOISE_AWARE}` for an image or a chip, whose"
            " targets are set; tune the network that it was compiled from."
        )
    learning = set(job.methods) - {"refit"}
    if start.training is None and learning:
        # before anything is programmed: there is nothing to learn from
        _ = start.learning
    ready = isinstance(start.source, ProgrammedChip)
    return [*first, START if ready else PROGRAMMING, *rest]
