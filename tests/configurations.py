"""One valid value of every configuration class, for tests that change one field at a time."""

from collections.abc import Callable
from functools import cache
from typing import Any

from mho.bench.interface import BenchInfo
from mho.bench.simulated import SimulatedBench
from mho.characterise.experiment import LevelExperiment
from mho.characterise.result import NoiseOptions
from mho.chip.chip import Chip
from mho.chip.converters import Converter, SignedConverter
from mho.chip.encoding import InputEncoding
from mho.chip.front_end import Integrator, Transimpedance
from mho.chip.limits import LineLimits
from mho.chip.periphery import Periphery
from mho.chip.selector import NoSelector, Selector
from mho.chip.wires import WireModel
from mho.deployment.chip_file import Effort, Specimen
from mho.deployment.four_devices import FourDevices
from mho.deployment.hybrid import HybridTraining
from mho.deployment.job import Job
from mho.deployment.layout import Layout
from mho.deployment.lifetime import Refresh
from mho.deployment.lifetime_run import LifeJob
from mho.deployment.mapping import DifferentialPairs
from mho.deployment.noise_aware import NoiseAwareTraining
from mho.deployment.offset import OffsetColumn
from mho.deployment.on_chip_training import OnChipTraining
from mho.deployment.range_rule import RangeRule
from mho.deployment.training_run import TrainJob
from mho.deployment.tuning_run import TuneJob
from mho.device.published import preset
from mho.papers.claim import Setting
from mho.programming.denoise import Denoise
from mho.programming.predictive import Predictive
from mho.programming.protocol import ProgramProtocol
from mho.programming.verify import Verify
from mho.programming.write_verify import WriteVerify
from mho.rng import Stream
from mho.sweeping.fields import Subject
from mho.sweeping.grid import Axis
from mho.sweeping.run import Measure


def _info() -> BenchInfo:
    return SimulatedBench(Chip("rao2023", rows=4, cols=4), Stream(0)).info


def _of_cell(name: str) -> Callable[[], Any]:
    return lambda: getattr(preset("rao2023").cell(), name)


MAKERS: dict[str, Callable[[], Any]] = {
    "Job": lambda: Job("digits"),
    "TuneJob": TuneJob,
    "Effort": Effort,
    "Specimen": lambda: Specimen("rao2023", 0, 1, 4, 4),
    "DifferentialPairs": lambda: DifferentialPairs(1e-6, 1e-4),
    "OffsetColumn": lambda: OffsetColumn(1e-6, 1e-4),
    "FourDevices": lambda: FourDevices(1e-6, 1e-4),
    "Layout": Layout,
    "RangeRule": RangeRule,
    "LifeJob": lambda: LifeJob((1.0,)),
    "TrainJob": TrainJob,
    "NoiseAwareTraining": NoiseAwareTraining,
    "HybridTraining": HybridTraining,
    "OnChipTraining": OnChipTraining,
    "Refresh": lambda: Refresh(1.0, ProgramProtocol()),
    "Chip": lambda: Chip("rao2023", rows=4, cols=4),
    "Periphery": lambda: Periphery(SignedConverter(4, 0.2), SignedConverter(8, 1.0)),
    "Converter": lambda: Converter(4, 0.0, 1.0),
    "SignedConverter": lambda: SignedConverter(4, 1.0),
    "InputEncoding": lambda: InputEncoding(4, 0.2),
    "Transimpedance": lambda: Transimpedance(1e-6),
    "Integrator": lambda: Integrator(1e-6, 1e-12),
    "LineLimits": LineLimits,
    "WireModel": WireModel,
    "Selector": lambda: Selector(1e-3, 0.5, 2.5, 10.0),
    "NoSelector": lambda: NoSelector(1e-3, 10.0),
    "ProgramProtocol": ProgramProtocol,
    "Verify": Verify,
    "Denoise": Denoise,
    "WriteVerify": WriteVerify,
    "Predictive": Predictive,
    "NoiseOptions": NoiseOptions,
    "LevelExperiment": lambda: LevelExperiment(Chip("rao2023", rows=4, cols=4)),
    "Measure": Measure,
    "Axis": lambda: Axis("telegraph.births", (1.0,)),
    "Subject": lambda: Subject(preset("rao2023"), ProgramProtocol()),
    "Endurance": _of_cell("endurance"),
    "FittedRelaxation": lambda: preset("wan2022").cell().relaxation,
    "Flicker": _of_cell("flicker"),
    "CellParameters": lambda: preset("rao2023").cell(),
    "Relaxation": _of_cell("relaxation"),
    "Retention": _of_cell("retention"),
    "Switching": _of_cell("switching"),
    "TelegraphNoise": _of_cell("telegraph"),
    "Temperature": _of_cell("temperature"),
    "Nominal": lambda: _info().nominal,
    "BenchInfo": _info,
    "Setting": lambda: Setting(preset("rao2023"), quick=True, stream=Stream(0)),
}


@cache
def made(name: str) -> Any:
    """The value of a class, by the name of the class."""
    return MAKERS[name]()
