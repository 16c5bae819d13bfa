"""One valid value of every configuration class, for tests that change one field at a time."""

from collections.abc import Callable
from functools import cache
from typing import Any

from mho.bench import BenchInfo
from mho.bench.simulated import ChipSpec, SimulatedBench
from mho.characterise.levels import LevelExperiment
from mho.characterise.telegraph.result import NoiseOptions
from mho.chip import Chip, NoSelector, Selector
from mho.chip.periphery import Converter, Periphery, SignedConverter
from mho.chip.periphery.encoding import InputEncoding
from mho.chip.periphery.front_end import Integrator, Transimpedance
from mho.chip.periphery.limits import LineLimits
from mho.deployment import DeployOptions, RangeRule, Refresh
from mho.device.kinds import PRESETS as OF_FURTHER_KINDS
from mho.device.kinds import MeasuredSteps, RampSteps, SecondOrder
from mho.device.kinds.tables import StepTable
from mho.device.laws import BarrierRelaxation, Fit
from mho.device.published import preset
from mho.mapping import (
    DifferentialPairs,
    ReferenceColumn,
    ResidualPairs,
    TwoPairs,
)
from mho.network.formats import Signature
from mho.papers import Setting
from mho.programming import (
    Denoise,
    IdenticalPulses,
    Predictive,
    ProgrammingOptions,
    ProgramProtocol,
    Verify,
    WriteVerify,
)
from mho.rng import Stream
from mho.runs import Job, LifeJob, Questions, TrainJob, TuneJob
from mho.runs.equations import SolveJob
from mho.runs.fleets import Condition
from mho.solve import BoundedErrors, Converters, GaussianErrors
from mho.solve.feedback import Amplifier, FeedbackOptions
from mho.solve.methods import Solving
from mho.sweeping import Axis, PointMeasure, Subject
from mho.training import NoiseAwareTraining, OnChipTraining
from mho.training.hybrid import HybridTraining
from mho.wires import WireModel


def _info() -> BenchInfo:
    return SimulatedBench(Chip("rao2023", rows=4, cols=4), Stream(0)).info


def _of_cell(name: str) -> Callable[[], Any]:
    return lambda: getattr(preset("rao2023").cell(), name)


def _ramp_steps() -> RampSteps:
    """Cells whose steps grow from node to node."""
    words = [f"up_{n}" for n in range(RampSteps.nodes)]
    words += [f"down_{n}" for n in range(RampSteps.nodes)]
    return RampSteps(
        low=1e-6,
        high=1e-4,
        spread_up=1e-8,
        spread_down=1e-8,
        reversal=0.5,
        pulses_up=200.0,
        pulses_down=200.0,
        width=1e-7,
        voltage=1.0,
        scale=0.1,
        threshold=0.75,
        gain_spread=0.1,
        bias_spread=0.1,
        ramp_spread=0.1,
        voltage_spread=0.1,
        stuck_fraction=0.01,
        stuck_high=0.5,
        **{word: (n + 1) * 1e-7 for n, word in enumerate(words)},
    )


def barrier_relaxation() -> BarrierRelaxation:
    """Cells of 100 µS of which half the filament is lost after 10¹⁶ s at the reference."""
    return BarrierRelaxation(
        scale=1.0,
        full=100e-6,
        onset=1e-6,
        stated=1e8,
        renewal_step=1e-6,
        median_0=3e-6,
        median_1=-5e-6,
        median_2=1e-6,
        median_3=-1e-6,
        up_0=1.2,
        up_1=0.5,
        up_2=-1.0,
        up_3=-0.2,
        down_0=1.0,
        down_1=0.4,
        down_2=-0.6,
        down_3=0.1,
        up_tail=0.9,
        down_tail=0.7,
        lifetime=1e13,
        lifetime_slope=1.5,
        lifetime_spread=2.0,
        loss_width=2.2,
    )


MAKERS: dict[str, Callable[[], Any]] = {
    "Job": lambda: Job("digits"),
    "TuneJob": TuneJob,
    "SolveJob": SolveJob,
    "Solving": Solving,
    "Questions": Questions,
    "Signature": Signature,
    "ProgrammingOptions": ProgrammingOptions,
    "ChipSpec": lambda: ChipSpec("rao2023", 0, 1, 4, 4),
    "DifferentialPairs": lambda: DifferentialPairs(1e-6, 1e-4),
    "ReferenceColumn": lambda: ReferenceColumn(1e-6, 1e-4),
    "ResidualPairs": lambda: ResidualPairs(1e-6, 1e-4),
    "TwoPairs": lambda: TwoPairs(1e-6, 1e-4),
    "DeployOptions": DeployOptions,
    "RangeRule": RangeRule,
    "LifeJob": lambda: LifeJob((1.0,)),
    "TrainJob": TrainJob,
    "NoiseAwareTraining": NoiseAwareTraining,
    "HybridTraining": HybridTraining,
    "OnChipTraining": OnChipTraining,
    "Refresh": lambda: Refresh(1.0, ProgramProtocol()),
    "Chip": lambda: Chip("rao2023", rows=4, cols=4),
    "Periphery": lambda: Periphery(
        SignedConverter(4, 0.2), SignedConverter(8, 1.0)
    ),
    "Converter": lambda: Converter(4, 0.0, 1.0),
    "SignedConverter": lambda: SignedConverter(4, 1.0),
    "InputEncoding": lambda: InputEncoding(4, 0.2),
    "Transimpedance": lambda: Transimpedance(1e-6),
    "Integrator": lambda: Integrator(1e-6, 1e-12),
    "LineLimits": LineLimits,
    "WireModel": WireModel,
    "Amplifier": Amplifier,
    "FeedbackOptions": FeedbackOptions,
    "Selector": lambda: Selector(1e-3, 0.5, 2.5, 10.0),
    "NoSelector": lambda: NoSelector(1e-3, 10.0),
    "ProgramProtocol": ProgramProtocol,
    "Verify": Verify,
    "Denoise": Denoise,
    "WriteVerify": WriteVerify,
    "IdenticalPulses": IdenticalPulses,
    "Predictive": Predictive,
    "NoiseOptions": NoiseOptions,
    "LevelExperiment": lambda: LevelExperiment(Chip("rao2023", rows=4, cols=4)),
    "PointMeasure": PointMeasure,
    "Axis": lambda: Axis("telegraph.births", (1.0,)),
    "Subject": lambda: Subject(preset("rao2023"), ProgramProtocol()),
    "Endurance": _of_cell("endurance"),
    "FittedRelaxation": lambda: preset("wan2022_polynomials").cell().relaxation,
    "BarrierRelaxation": barrier_relaxation,
    "QuantileRelaxation": lambda: preset("wan2022").cell().relaxation,
    "Flicker": _of_cell("flicker"),
    "Fit": Fit,
    "CellParameters": lambda: preset("rao2023").cell(),
    "Relaxation": _of_cell("relaxation"),
    "Retention": _of_cell("retention"),
    "Switching": _of_cell("switching"),
    "TelegraphNoise": _of_cell("telegraph"),
    "Temperature": _of_cell("temperature"),
    "GaussianErrors": GaussianErrors,
    "BoundedErrors": BoundedErrors,
    "Converters": Converters,
    "Nominal": lambda: _info().nominal,
    "BenchInfo": _info,
    "Setting": lambda: Setting(preset("rao2023"), quick=True, stream=Stream(0)),
    **{kind.kind.__name__: kind.cell for kind in OF_FURTHER_KINDS},
    "SecondOrder": lambda: SecondOrder(preset("rao2023").cell()),
    "Condition": lambda: Condition(Job("digits")),
    "RampSteps": _ramp_steps,
    "MeasuredSteps": lambda: MeasuredSteps(
        StepTable((-1.0, 1.0), (), (), 0.0, 0.0, False), 1e-6, 2e-6, 0.1
    ),
}


@cache
def made(name: str) -> Any:
    """The value of a class, by the name of the class."""
    return MAKERS[name]()
