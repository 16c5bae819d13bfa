"""mho: program memristors to thousands of levels.

A *network* is mapped to target conductances; a *protocol* programs them through a *bench*; a
bench is real instruments or a simulated *chip*. Everything inside is SI; see `mho.units`.

This is the front door: what one needs day by day stands here, whatever room of the house it lives
in. The rooms are there, too (`mho.wires`, `mho.spice`), with what is needed now and then. Names
are imported when they are first used: `import mho` alone is quick.
"""

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mho.bench import Bench, BenchInfo, Pulse, Reading
    from mho.bench.simulated import ChipSpec, SimulatedBench
    from mho.characterise.history import TraceHistory, trace_history
    from mho.characterise.levels import LevelExperiment, distinguishable
    from mho.characterise.telegraph import (
        TelegraphAnalysis,
        Trace,
        analyse_noise,
        read_trace,
    )
    from mho.characterise.wires import WireLoss, wire_loss, wire_savings
    from mho.chip import Chip, half_select_margin
    from mho.chip.periphery import (
        Converter,
        InputEncoding,
        Integrator,
        LineLimits,
        Periphery,
        SignedConverter,
        Transimpedance,
        fit_full_scale,
        inl_from_dnl,
        line_currents,
        measure_inl,
        metal_limit,
    )
    from mho.data import digits_data, digits_training, load_data, train_digits
    from mho.deployment import (
        DeployedNetwork,
        RangeRule,
        Ranges,
        Refit,
        Refresh,
        calibrate_ranges,
        deploy,
        lifetime,
        program_image,
        refit,
    )
    from mho.deployment.storage import (
        CompiledNetwork,
        ProgrammedChip,
        compile_image,
        load_chip,
        load_image,
        save_chip,
        save_image,
    )
    from mho.device import CellModel
    from mho.device.published import PRESETS, Preset, preset
    from mho.fitting import fit_files
    from mho.ledger import Ledger
    from mho.mapping import (
        DifferentialPairs,
        Placement,
        WeightMapping,
        lay_out,
        tiles_needed,
    )
    from mho.mapping.tiles import FaultMap, survey
    from mho.measured import read_measured
    from mho.network import Network, read_network
    from mho.network.account import account
    from mho.network.formats import load_network
    from mho.programming import (
        Audit,
        Denoise,
        ErrorTable,
        IdenticalPulses,
        Outcome,
        Predictive,
        ProgramProtocol,
        ProgramResult,
        Trim,
        Verify,
        WriteVerify,
        audit,
        measure_errors,
        neurram_protocol,
        program,
        suited_protocol,
    )
    from mho.references import citation
    from mho.rng import Stream
    from mho.solve import MatrixOnChips
    from mho.statistical import ConvertedModule, convert
    from mho.training import (
        NoiseAwareTraining,
        OnChipPerceptron,
        OnChipTraining,
        Surrogate,
        hybrid_train,
        noise_aware_train,
    )
    from mho.wires import Cubic, Sinh, WireModel, sneak_currents

__version__ = _version("mho")

NAMES = {
    "mho.rng": ("Stream",),
    "mho.ledger": ("Ledger",),
    "mho.references": ("citation",),
    "mho.device": ("CellModel",),
    "mho.device.published": ("PRESETS", "Preset", "preset"),
    "mho.chip": ("Chip", "half_select_margin"),
    "mho.chip.periphery": (
        "Converter",
        "InputEncoding",
        "Integrator",
        "LineLimits",
        "Periphery",
        "SignedConverter",
        "Transimpedance",
        "fit_full_scale",
        "inl_from_dnl",
        "line_currents",
        "measure_inl",
        "metal_limit",
    ),
    "mho.bench": ("Bench", "BenchInfo", "Pulse", "Reading"),
    "mho.bench.simulated": ("ChipSpec", "SimulatedBench"),
    "mho.programming": (
        "Audit",
        "Denoise",
        "ErrorTable",
        "IdenticalPulses",
        "Outcome",
        "Predictive",
        "ProgramProtocol",
        "ProgramResult",
        "Trim",
        "Verify",
        "WriteVerify",
        "audit",
        "measure_errors",
        "neurram_protocol",
        "program",
        "suited_protocol",
    ),
    "mho.network": ("Network", "read_network"),
    "mho.network.account": ("account",),
    "mho.network.formats": ("load_network",),
    "mho.data": ("digits_data", "digits_training", "load_data", "train_digits"),
    "mho.mapping": (
        "DifferentialPairs",
        "Placement",
        "WeightMapping",
        "lay_out",
        "tiles_needed",
    ),
    "mho.mapping.tiles": ("FaultMap", "survey"),
    "mho.measured": ("read_measured",),
    "mho.deployment": (
        "DeployedNetwork",
        "RangeRule",
        "Ranges",
        "Refit",
        "Refresh",
        "calibrate_ranges",
        "deploy",
        "lifetime",
        "program_image",
        "refit",
    ),
    "mho.deployment.storage": (
        "CompiledNetwork",
        "ProgrammedChip",
        "compile_image",
        "load_chip",
        "load_image",
        "save_chip",
        "save_image",
    ),
    "mho.statistical": ("ConvertedModule", "convert"),
    "mho.solve": ("MatrixOnChips",),
    "mho.training": (
        "NoiseAwareTraining",
        "OnChipPerceptron",
        "OnChipTraining",
        "Surrogate",
        "hybrid_train",
        "noise_aware_train",
    ),
    "mho.wires": ("Cubic", "Sinh", "WireModel", "sneak_currents"),
    "mho.fitting": ("fit_files",),
    "mho.characterise.history": ("TraceHistory", "trace_history"),
    "mho.characterise.levels": ("LevelExperiment", "distinguishable"),
    "mho.characterise.telegraph": (
        "TelegraphAnalysis",
        "Trace",
        "analyse_noise",
        "read_trace",
    ),
    "mho.characterise.wires": ("WireLoss", "wire_loss", "wire_savings"),
}
"""Where each public name lives."""

ROOMS = (
    "bench",
    "characterise",
    "chip",
    "data",
    "deployment",
    "device",
    "fitting",
    "fleet",
    "mapping",
    "measured",
    "network",
    "papers",
    "programming",
    "report",
    "runs",
    "solve",
    "spice",
    "statistical",
    "sweeping",
    "training",
    "units",
    "wires",
)
"""What else is an attribute of `mho` without an import of its own."""

_HOME = {name: room for room, names in NAMES.items() for name in names}

__all__ = [
    "PRESETS",
    "Audit",
    "Bench",
    "BenchInfo",
    "CellModel",
    "Chip",
    "ChipSpec",
    "CompiledNetwork",
    "ConvertedModule",
    "Converter",
    "Cubic",
    "Denoise",
    "DeployedNetwork",
    "DifferentialPairs",
    "ErrorTable",
    "FaultMap",
    "IdenticalPulses",
    "InputEncoding",
    "Integrator",
    "Ledger",
    "LevelExperiment",
    "LineLimits",
    "MatrixOnChips",
    "Network",
    "NoiseAwareTraining",
    "OnChipPerceptron",
    "OnChipTraining",
    "Outcome",
    "Periphery",
    "Placement",
    "Predictive",
    "Preset",
    "ProgramProtocol",
    "ProgramResult",
    "ProgrammedChip",
    "Pulse",
    "RangeRule",
    "Ranges",
    "Reading",
    "Refit",
    "Refresh",
    "SignedConverter",
    "SimulatedBench",
    "Sinh",
    "Stream",
    "Surrogate",
    "TelegraphAnalysis",
    "Trace",
    "TraceHistory",
    "Transimpedance",
    "Trim",
    "Verify",
    "WeightMapping",
    "WireLoss",
    "WireModel",
    "WriteVerify",
    "account",
    "analyse_noise",
    "audit",
    "calibrate_ranges",
    "citation",
    "compile_image",
    "convert",
    "deploy",
    "digits_data",
    "digits_training",
    "distinguishable",
    "fit_files",
    "fit_full_scale",
    "half_select_margin",
    "hybrid_train",
    "inl_from_dnl",
    "lay_out",
    "lifetime",
    "line_currents",
    "load_chip",
    "load_data",
    "load_image",
    "load_network",
    "measure_errors",
    "measure_inl",
    "metal_limit",
    "neurram_protocol",
    "noise_aware_train",
    "preset",
    "program",
    "program_image",
    "read_measured",
    "read_network",
    "read_trace",
    "refit",
    "save_chip",
    "save_image",
    "sneak_currents",
    "suited_protocol",
    "survey",
    "tiles_needed",
    "trace_history",
    "train_digits",
    "wire_loss",
    "wire_savings",
]


def __getattr__(name: str) -> Any:
    """A public name or a room, imported on first use."""
    if name in ROOMS:
        return _import_module(f"mho.{name}")
    if name not in _HOME:
        raise AttributeError(f"module `mho` has no attribute `{name}`")
    value = getattr(_import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *ROOMS, *__all__})
