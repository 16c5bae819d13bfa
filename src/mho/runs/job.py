"""What to deploy, on what, and how, in a few plain values."""

import hashlib
from dataclasses import dataclass, field, fields
from pathlib import Path

from mho.bench.simulated import READ_NOISES
from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_not_negative,
    check_positive,
)
from mho.deployment import CELLS, DeployOptions
from mho.device.published import check_preset, label
from mho.files import NOT_IDENTITY
from mho.network.formats import Signature


@dataclass(frozen=True, slots=True)
class Questions(Configuration):
    """What is asked of a deployed network.

    Args:
        metric: What it is judged by; see `metric_for`. Accuracy where there are labels, else the
            error against the digital network, if `None`.
        samples: Test samples to judge it by, a fixed choice of them (1); all if `None`.
        by_layer: Find out where it goes wrong, layer by layer.
    """

    metric: str | None = None
    samples: int | None = None
    by_layer: bool = False

    def __post_init__(self) -> None:
        if self.samples is not None:
            check_between(self.samples, "samples", 1, 10**9, "1")


@dataclass(frozen=True, slots=True)
class Job(Configuration):
    """What to deploy, on what, and how.

    Args:
        network: `"digits"`, `"mnist"`, a `.pt2`, `.onnx` or `.tflite` file, a list of
            layers, or `module.py:factory`.
        chip: Name of a preset.
        tolerance: Half-width of the acceptance window (S).
        seed: Names the chip and everything random about the run.
        denoise: Whether to denoise; a second chip without it is then programmed to compare.
        data: `.npz` file of test data; not for what is built in.
        weights: State dict for a factory; `None` if it brings its own.
        wires: Resistance of a wire segment between two cells (Ω); the preset's if `None`.
        compensated: Make up for the wires in the mapping.
        read_noise: How noise enters a product; see `SimulatedBench`.
        packed: Let layers share tiles; else each has tiles of its own.
        layout: Weights to conductances, and converter ranges.
        fit_columns: Fit gain and offset of every output to the calibration samples on the chip.
        digital: Modules that stay digital, names or patterns; see `read_network`.
        chips: Number of chips, with seeds from `seed` on; the report is of the first (1).
        compare_tolerance: Half-width of the window to which several chips are programmed without
            denoising, to compare (S).
        keep_chips: Keep a file of each of several chips.
        questions: What is asked of the network once it is on the chip.
        cells: How cells come to hold weights: `"physics"`, by simulated pulses, or `"drawn"` from
            a table of programmed ones; by the size of the network if `None`.
        signature: How inputs and outputs of a network file are meant, where that is open.
    """

    network: str
    chip: str = "rao2023"
    tolerance: float = 1e-6
    seed: int = 0
    denoise: bool = True
    data: str | None = None
    weights: str | None = None
    wires: float | None = None
    compensated: bool = True
    read_noise: str = "frozen"
    packed: bool = False
    layout: DeployOptions = field(default_factory=DeployOptions)
    fit_columns: bool = False
    digital: tuple[str, ...] = ()
    chips: int = 1
    compare_tolerance: float = 20e-6
    keep_chips: bool = False
    # names and runs from before there were questions stay what they are
    questions: Questions = field(
        default_factory=Questions, metadata=NOT_IDENTITY
    )
    cells: str | None = field(default=None, metadata=NOT_IDENTITY)
    signature: Signature = field(
        default_factory=Signature, metadata=NOT_IDENTITY
    )

    def __post_init__(self) -> None:
        check_preset(self.chip, "chip")
        check_positive(self.tolerance, "tolerance", "S")
        check_between(self.seed, "seed", 0, 2**62, "1")
        if self.wires is not None:
            check_not_negative(self.wires, "wires", "Ω")
        check_choice(self.read_noise, "read_noise", READ_NOISES)
        check_between(self.chips, "chips", 1, 1000, "1")
        if self.cells is not None:
            check_choice(self.cells, "cells", CELLS)
        check_positive(self.compare_tolerance, "compare_tolerance", "S")

    @property
    def asked(self) -> list[Configuration | str]:
        """Questions, drawn cells and signature if there are any, for what identifies a run."""
        found: list[Configuration | str] = []
        if self.questions != Questions():
            found.append(self.questions)
        if self.cells == "drawn":
            found.append(self.cells)
        if self.signature != Signature():
            found.append(self.signature)
        return found

    @property
    def name(self) -> str:
        """Name of the run's folder: the same job has the same one."""
        short = Path(self.network.rpartition(":")[0] or self.network).stem
        said = [
            str(getattr(self, f.name))
            for f in fields(self)
            if f.name not in ("questions", "cells", "signature")
        ]
        # folders of before have names without what nobody could say then
        said += [
            str(one).replace(", batch_axis=None", "") for one in self.asked
        ]
        given = "|".join(said)
        mark = hashlib.sha256(given.encode()).hexdigest()[:6]
        return f"{short}-{label(self.chip)}-seed{self.seed}-{mark}"
