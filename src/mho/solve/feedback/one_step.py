"""One step from a right-hand side to the unknowns: a matrix on cells, converters, and the circuit.

Numbers become conductances of two arrays, and the sources are turned down until every output stays
below the swing of its amplifier.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_finite, check_shape
from mho.ledger import Ledger
from mho.rng import Stream
from mho.solve.feedback.amplifier import Amplifier
from mho.solve.feedback.circuit import FeedbackCircuit
from mho.solve.feedback.conductances import (
    FeedbackCells,
    FeedbackOptions,
    named_stream,
)
from mho.solve.feedback.settling import bandwidth, settling_time
from mho.wires import WireModel

_MOST_HALVINGS = 60
"""Times the sources are halved before one gives up (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class FeedbackAnswer:
    """What one step gave.

    Args:
        x: The unknowns, as read (1); NaN if the circuit does not come to rest. Shape (n,).
        stable: Whether it comes to rest.
        outputs: Outputs at rest, before they are read (V). Shape (n,).
        settling: Time until they are near it (s).
        bandwidth: Frequency at which they are down by 3 dB (Hz).
        gain_error: What finite gain and offsets change in the outputs, relative (1).
        wire_error: What wires change in the outputs of ideal amplifiers, relative (1).
        tries: Times the sources were tried, each half as large as before (1).
        ledger: What it cost; the amplifiers' energy is among that of converters.
        note: What went wrong and what to do, one sentence; empty if nothing did.
    """

    x: Float[Tensor, " n"]
    stable: bool
    outputs: Float[Tensor, " n"]
    settling: float
    bandwidth: float
    gain_error: float
    wire_error: float
    tries: int
    ledger: Ledger
    note: str = ""


class FeedbackSolver:
    """Solves A x = b in one step, for one matrix and any number of right-hand sides.

    Args:
        cells: Cells as programmed: `feedback_cells` for ideal ones, or what was read back.
        options: What lies around them.
        wires: Lines of every array.
        amplifier: What all amplifiers are like.
        stream: Draws their offsets; only needed if they have any.

    Raises:
        ValueError: Cells that are none; offsets without a stream.
    """

    def __init__(
        self,
        cells: FeedbackCells,
        options: FeedbackOptions | None = None,
        *,
        wires: WireModel | None = None,
        amplifier: Amplifier | None = None,
        stream: Stream | None = None,
    ) -> None:
        self.options = options or FeedbackOptions()
        self.cells = cells
        chosen = amplifier or Amplifier()
        self.circuit = FeedbackCircuit(
            cells.positive,
            cells.negative,
            input_conductance=self.options.input_conductance,
            wires=wires,
            amplifier=chosen,
            layout=self.options.layout,
            offset=_offsets(cells, chosen, stream),
        )

    def solve(
        self, right: Float[Tensor, " n"], *, timed: bool = True
    ) -> FeedbackAnswer:
        """The unknowns for a right-hand side.

        A matrix whose feedback does not come to rest is an answer with `stable` false.

        Args:
            right: Right-hand side b (1). Shape (n,).
            timed: Whether to follow the outputs on their way. Otherwise the slowest pole alone
                says when they are at rest, and there is no bandwidth: quick, for many of them.

        Raises:
            ValueError: Another length, no numbers, a singular matrix.
        """
        check_shape(right, "right", (self.circuit.size,))
        check_finite(right, "right", "Give every equation a number.")
        stability = self.circuit.stability
        if not stability.stable:
            return self._unstable()
        largest = float(right.abs().max())
        if largest == 0:
            return self._nothing()
        shape = -right.double() / largest
        for halvings in range(_MOST_HALVINGS):
            height = self.options.largest_source / 2**halvings
            source = self._converted(height * shape, height)
            outputs = self.circuit.at_rest(source)
            if float(outputs.abs().max()) <= self.circuit.amplifier.swing:
                unit = height / largest
                return self._read(
                    source, outputs, unit, halvings + 1, timed=timed
                )
        raise ValueError(
            "Argument `right` must have an answer that the amplifiers can hold, but outputs exceed"
            " their swing however small the sources; the matrix is singular to within rounding:"
            " add to its diagonal."
        )

    def _read(
        self,
        source: Tensor,
        outputs: Tensor,
        per_unit: float,
        tries: int,
        *,
        timed: bool,
    ) -> FeedbackAnswer:
        """Outputs as numbers, and what they cost.

        Args:
            source: Voltages of the sources (V).
            outputs: Outputs at rest (V).
            per_unit: Source voltage of a right-hand side of 1 (V).
            tries: Times the sources were tried.
            timed: Whether to follow the outputs on their way.
        """
        circuit = self.circuit
        swing = circuit.amplifier.swing
        # The converter's own gain: the largest power of two that leaves every output in range.
        peak = float(outputs.abs().max())
        reach = swing * 2.0 ** math.ceil(math.log2(max(peak, 1e-300) / swing))
        found = self._converted(outputs, reach)
        volts = circuit.input_conductance * per_unit / self.cells.scale
        tolerance = self.options.tolerance
        settling = -math.log(tolerance) / circuit.stability.margin
        if timed:
            settling = settling_time(circuit, source, tolerance=tolerance)
        ideal = _ideal(circuit.matrix, circuit.input_conductance, source)
        bare = self.cells.positive
        if self.cells.negative is not None:
            bare = bare - self.cells.negative
        without = _ideal(bare.double().T, circuit.input_conductance, source)
        return FeedbackAnswer(
            x=found / volts,
            stable=True,
            outputs=outputs,
            settling=settling,
            bandwidth=bandwidth(circuit, source) if timed else math.nan,
            gain_error=_relative(outputs, ideal),
            wire_error=_relative(ideal, without),
            tries=tries,
            ledger=self._cost(source, settling, tries),
        )

    def _cost(self, source: Tensor, settling: float, tries: int) -> Ledger:
        """What the tries cost; the first ones are counted as the last."""
        circuit = self.circuit
        time = settling * tries
        cells = self.cells.positive.numel()
        if self.cells.negative is not None:
            cells *= 2
        amplifiers = circuit.amplifiers * circuit.amplifier.power
        return Ledger(
            conversions=2 * circuit.size * tries,
            multiplies=cells * tries,
            seconds=time,
            read_joules=circuit.power(source) * time,
            converter_joules=amplifiers * time,
        )

    def _converted(self, values: Tensor, reach: float) -> Tensor:
        """Values as a converter of either sign gives them."""
        if not self.options.bits:
            return values
        steps = 2.0 ** (self.options.bits - 1) - 1
        if steps < 1:
            return reach * values.sign()
        return (values / reach * steps).round().clamp(-steps, steps) * (
            reach / steps
        )

    def _nothing(self) -> FeedbackAnswer:
        """The answer to a right-hand side of zeros."""
        zero = torch.zeros(self.circuit.size, dtype=torch.float64)
        return FeedbackAnswer(
            zero, True, zero, 0.0, math.nan, 0.0, 0.0, 0, Ledger()
        )

    def _unstable(self) -> FeedbackAnswer:
        """No answer, and why."""
        stability = self.circuit.stability
        lowest = float(stability.loop.real.min())
        nothing = torch.full((self.circuit.size,), math.nan).double()
        if lowest <= stability.limit:
            why = (
                f"an eigenvalue of its feedback has the real part {lowest:.3g}, which must be"
                f" above {stability.limit:.3g}; solve AᵀA x = Aᵀb, or use a method that needs"
                " products alone"
            )
        else:
            why = (
                "its amplifiers are too fast for the capacitance of their inputs and for the"
                " inverters; lower `gain_bandwidth` or raise `input_conductance`"
            )
        return FeedbackAnswer(
            x=nothing,
            stable=False,
            outputs=nothing,
            settling=math.inf,
            bandwidth=math.nan,
            gain_error=math.nan,
            wire_error=math.nan,
            tries=1,
            ledger=Ledger(),
            note=f"The circuit does not come to rest: {why}.",
        )


def _offsets(
    cells: FeedbackCells, amplifier: Amplifier, stream: Stream | None
) -> Float[Tensor, " amplifiers"] | None:
    """Input offsets of all amplifiers (V)."""
    if amplifier.offset == 0:
        return None
    count = len(cells.positive) * (1 if cells.negative is None else 2)
    generator = named_stream(stream).child("offset").generator()
    drawn = torch.randn(count, generator=generator, dtype=torch.float64)
    return amplifier.offset * drawn


def _ideal(matrix: Tensor, conductance: float, source: Tensor) -> Tensor:
    """Outputs of amplifiers of infinite gain (V)."""
    found: Tensor = torch.linalg.solve(matrix, source)
    return -conductance * found


def _relative(found: Tensor, wanted: Tensor) -> float:
    """Distance relative to what is wanted (1)."""
    return float((found - wanted).norm() / wanted.norm())
