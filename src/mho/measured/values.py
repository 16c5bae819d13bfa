"""What a lab has measured, as values: arrays in SI, with what was odd about their file.

All arrays are float64 unless they count something. NaN stands for what a file does not say.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Int64

UNKNOWN = -1
"""A level that the file does not name."""


@dataclass(frozen=True, slots=True, eq=False)
class PulseResponses:
    """Conductance before and after pulses, in order of time within each ramp.

    A pulse that stands alone is a ramp of one.

    Args:
        ramp: Number of the ramp that each pulse belongs to (1). Shape (pulses,).
        cell: Number of the cell (1). Shape (pulses,).
        amplitude: Signed voltage, positive for SET (V); NaN where unknown. Shape (pulses,).
        gate: Voltage of the word line (V); NaN where unknown. Shape (pulses,).
        width: Duration (s); NaN where unknown. Shape (pulses,).
        direction: +1 for SET, −1 for RESET (1). Shape (pulses,).
        before: Conductance before the pulse (S). Shape (pulses,).
        after: Conductance after it (S). Shape (pulses,).
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "pulses"

    ramp: Int64[np.ndarray, " pulses"]
    cell: Int64[np.ndarray, " pulses"]
    amplitude: Float64[np.ndarray, " pulses"]
    gate: Float64[np.ndarray, " pulses"]
    width: Float64[np.ndarray, " pulses"]
    direction: Int64[np.ndarray, " pulses"]
    before: Float64[np.ndarray, " pulses"]
    after: Float64[np.ndarray, " pulses"]
    source: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Conductance some time after writing: relaxation and retention, in order of cell and time.

    Args:
        cell: Number of the cell (1). Shape (reads,).
        level: Number of the level it was written to (1); `UNKNOWN` if the file does not say.
            Shape (reads,).
        time: Time since it was written (s). Shape (reads,).
        conductance: What was read (S). Shape (reads,).
        written: Conductance at once after writing (S): from its own column, else the first
            reading of the cell. Shape (reads,).
        temperature: Temperature of the wait (K); NaN where unknown. Shape (reads,).
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "waits"

    cell: Int64[np.ndarray, " reads"]
    level: Int64[np.ndarray, " reads"]
    time: Float64[np.ndarray, " reads"]
    conductance: Float64[np.ndarray, " reads"]
    written: Float64[np.ndarray, " reads"]
    temperature: Float64[np.ndarray, " reads"]
    source: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Endurance:
    """Low and high conductance after many cycles of SET and RESET, in order of cell and cycle.

    Args:
        cell: Number of the cell (1). Shape (reads,).
        cycle: Cycles before the readings (1). Shape (reads,).
        low: Conductance after RESET (S); NaN where missing. Shape (reads,).
        high: Conductance after SET (S); NaN where missing. Shape (reads,).
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "endurance"

    cell: Int64[np.ndarray, " reads"]
    cycle: Float64[np.ndarray, " reads"]
    low: Float64[np.ndarray, " reads"]
    high: Float64[np.ndarray, " reads"]
    source: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sweeps:
    """Current against voltage, in order of time within each sweep.

    Args:
        sweep: Number of the sweep (1). Shape (points,).
        cell: Number of the cell (1). Shape (points,).
        voltage: Voltage on the cell (V). Shape (points,).
        current: Current through it, of the voltage's sign (A). Shape (points,).
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "sweeps"

    sweep: Int64[np.ndarray, " points"]
    cell: Int64[np.ndarray, " points"]
    voltage: Float64[np.ndarray, " points"]
    current: Float64[np.ndarray, " points"]
    source: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ArrayMap:
    """Conductance of every cell of an array, once.

    Args:
        conductance: Conductance (S); NaN where missing. Shape (rows, cols).
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "map"

    conductance: Float64[np.ndarray, "rows cols"]
    source: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NormalisedResponses:
    """What identical pulses make of a cell whose scale is not told, as other tools keep it.

    Args:
        up: Conductance after each SET pulse, in units of the file (1). Shape (ups, curves).
        down: Conductance after each RESET pulse (1). Shape (downs, curves).
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "responses"

    up: Float64[np.ndarray, "ups curves"]
    down: Float64[np.ndarray, "downs curves"]
    source: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StepTable:
    """How far a pulse moves a cell, by where the cell is: a distribution at each conductance.

    Quantiles are those of the step, at the same probabilities for every conductance.

    Args:
        conductance: Conductance before the pulse, increasing (S). Shape (levels,).
        probability: Probabilities, increasing (1). Shape (ranks,).
        step: Step that is not exceeded with each probability (S). Shape (levels, ranks).
        direction: +1 for SET, −1 for RESET (1).
        amplitude: Signed voltage of the pulse (V); NaN where unknown.
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "steps"

    conductance: Float64[np.ndarray, " levels"]
    probability: Float64[np.ndarray, " ranks"]
    step: Float64[np.ndarray, "levels ranks"]
    direction: int
    amplitude: float
    source: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LevelTable:
    """Mean and spread of each level, as inference simulators take them.

    Args:
        mean: Mean conductance of each level (S). Shape (levels,).
        deviation: Standard deviation (S); NaN where unknown. Shape (levels,).
        source: Name of the file.
        remarks: What was odd, a sentence each.
    """

    kind: ClassVar[str] = "levels"

    mean: Float64[np.ndarray, " levels"]
    deviation: Float64[np.ndarray, " levels"]
    source: str
    remarks: tuple[str, ...] = ()
