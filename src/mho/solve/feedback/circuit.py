"""An array in the feedback of amplifiers: what it computes, and whether it comes to rest.

Word line i is driven by amplifier i, bit line j ends in the inverting input of amplifier j, and
an input conductance joins that input to a source. At rest no current is left at any input, so
that the outputs solve a linear system in one step; wires are in it exactly, and inputs are not at
ground.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mho.checks import (
    check_choice,
    check_finite,
    check_positive,
    check_shape,
    check_within,
)
from mho.solve.feedback.amplifier import Amplifier
from mho.wires import WireModel

LAYOUTS = ("arrays", "lines")
"""Where cells of negative weight lie."""
LARGEST_CELL = 1.0
"""Conductance beyond which no cell of such a circuit lies (S)."""


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """Whether a circuit comes to rest, and how fast.

    Args:
        poles: Natural frequencies of the whole circuit (1/s). Shape (states,).
        loop: Eigenvalues of the feedback, amplifiers left out (1). Shape (n,).
        limit: What the real part of every one of `loop` must exceed (1): minus one over the gain.
            With inverters or input capacitances it is necessary, and `poles` decide.
    """

    poles: Complex[Tensor, " states"]
    loop: Complex[Tensor, " n"]
    limit: float

    @property
    def stable(self) -> bool:
        """Whether every disturbance dies away."""
        return bool((self.poles.real < 0).all())

    @property
    def margin(self) -> float:
        """Rate at which the slowest disturbance dies away (1/s); negative if it grows."""
        return -float(self.poles.real.max())


@dataclass(frozen=True, slots=True, eq=False)
class Dynamics:
    """A linear circuit: d state/dt = matrix @ state + drive @ voltage + offsets.

    States are the outputs, then those of inverters, then voltages of inputs with a capacitance.

    Args:
        matrix: How states move states (1/s). Shape (states, states).
        drive: How sources move states (1/s). Shape (states, n).
        offsets: How offsets of amplifiers move states (V/s). Shape (states,).
    """

    matrix: Float[Tensor, "states states"]
    drive: Float[Tensor, "states n"]
    offsets: Float[Tensor, " states"]


class FeedbackCircuit:
    """Cells with exact wires between amplifiers, as a linear circuit.

    Args:
        positive: Conductance of cells that act with their sign (S). Row i is driven by output i,
            column j ends at input j: the transposed matrix. Shape (n, n).
        negative: The same for cells driven by inverted outputs (S); without it there are no
            inverters. Shape (n, n).
        input_conductance: Between each source and its input (S).
        wires: Lines of every array, connected at one end each.
        amplifier: What all amplifiers are like.
        layout: `"arrays"`: two arrays whose bit lines meet at the inputs; `"lines"`: one array in
            which every word line has an inverted one below it.
        offset: Input offset of each amplifier, then of each inverter (V); none if `None`.
            Shape (n,) or (2 n,).

    Raises:
        ValueError: Cells that are negative or no numbers, another shape, another layout.
    """

    references: ClassVar = ("sun2019inmemory", "zuo2025")

    def __init__(
        self,
        positive: Float[Tensor, "rows cols"],
        negative: Float[Tensor, "..."] | None = None,
        *,
        input_conductance: float,
        wires: WireModel | None = None,
        amplifier: Amplifier | None = None,
        layout: str = "arrays",
        offset: Float[Tensor, " amplifiers"] | None = None,
    ) -> None:
        self.positive = _cells(positive, "positive")
        self.negative = None
        size = len(self.positive)
        if negative is not None:
            self.negative = _cells(negative, "negative")
            check_shape(self.negative, "negative", (size, size))
        check_positive(input_conductance, "input_conductance", "S")
        check_choice(layout, "layout", LAYOUTS)
        self.input_conductance = input_conductance
        self.wires = wires or WireModel()
        self.amplifier = amplifier or Amplifier()
        self.layout = layout
        amplifiers = size if negative is None else 2 * size
        offset = torch.zeros(amplifiers) if offset is None else offset
        check_shape(offset, "offset", (amplifiers,))
        check_finite(offset, "offset", "An amplifier without one has 0 V.")
        self.offset = offset.double()

    @property
    def size(self) -> int:
        """Unknowns (1)."""
        return len(self.positive)

    @property
    def amplifiers(self) -> int:
        """Amplifiers, inverters among them (1)."""
        return len(self.offset)

    @cached_property
    def _ports(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Admittance of the inputs, what outputs and inverted ones send there, and all ports (S).

        Shapes (n, n), (n, n), (n, n) and (ports, ports): outputs, inverted ones, inputs.
        """
        n = self.size
        if self.negative is None:
            whole = self.wires.port_matrix(self.positive)
            none = whole.new_zeros(n, n)
            return whole[n:, n:], -whole[n:, :n], none, whole
        if self.layout == "lines":
            woven = torch.stack([self.positive, self.negative], 1)
            found = self.wires.port_matrix(woven.flatten(0, 1))
            order = [*range(0, 2 * n, 2), *range(1, 2 * n, 2)]
            order += range(2 * n, 3 * n)
            whole = found[order][:, order]
        else:
            whole = self.positive.new_zeros(3 * n, 3 * n)
            above = torch.cat([torch.arange(n), torch.arange(2 * n, 3 * n)])
            below = torch.arange(n, 3 * n)
            whole[above[:, None], above] += self.wires.port_matrix(
                self.positive
            )
            whole[below[:, None], below] += self.wires.port_matrix(
                self.negative
            )
        inputs = whole[2 * n :]
        return inputs[:, 2 * n :], -inputs[:, :n], -inputs[:, n : 2 * n], whole

    @property
    def matrix(self) -> Float[Tensor, "n n"]:
        """What ideal amplifiers solve: matrix @ outputs = −input_conductance · sources (S)."""
        _, positive, negative, _ = self._ports
        return positive - negative

    @property
    def _load(self) -> Float[Tensor, "n n"]:
        """Admittance of the inputs with their sources (S)."""
        inputs = self._ports[0]
        return inputs + self.input_conductance * torch.eye(
            self.size, dtype=inputs.dtype
        )

    def at_rest(
        self, source: Float[Tensor, "*batch n"]
    ) -> Float[Tensor, "*batch n"]:
        """Outputs at which the circuit comes to rest, if it does (V).

        Args:
            source: Voltages of the sources (V). Shape (..., n).

        Raises:
            ValueError: Other lengths, no numbers; a circuit without one place of rest.
        """
        free = (None,) * (source.ndim - 1)
        check_shape(source, "source", (*free, self.size))
        check_finite(source, "source", "Give every source a voltage.")
        _, positive, negative, _ = self._ports
        load = self._load
        gain = self.amplifier.gain
        inverting = gain / (gain + 2)
        system = load / gain + positive - inverting * negative
        constant = load @ self.offset[: self.size]
        if self.negative is not None:
            constant = constant - negative @ (
                2 * inverting * self.offset[self.size :]
            )
        wanted = constant - self.input_conductance * source.double()
        found, info = torch.linalg.solve_ex(
            system, wanted.reshape(-1, self.size).T
        )
        if int(info) or not torch.isfinite(found).all():
            raise ValueError(
                "Argument `positive` must leave the circuit a place of rest, but the cells make a"
                " singular matrix; add to its diagonal."
            )
        rest: Tensor = found.T.reshape(source.shape)
        return rest

    def inverted(
        self, outputs: Float[Tensor, "*batch n"]
    ) -> Float[Tensor, "*batch n"]:
        """Outputs of the inverters at rest (V)."""
        gain = self.amplifier.gain
        own = (
            2 * self.offset[-self.size :] if self.negative is not None else 0.0
        )
        return gain / (gain + 2) * (own - outputs)

    def power(self, source: Float[Tensor, " n"]) -> float:
        """Power that cells and input conductances turn into heat at rest (W)."""
        outputs = self.at_rest(source)
        inputs = self.offset[: self.size] - outputs / self.amplifier.gain
        parts = [outputs, inputs]
        if self.negative is not None:
            parts.insert(1, self.inverted(outputs))
        voltage = torch.cat(parts)
        across = source.double() - inputs
        in_cells = float(voltage @ self._ports[3] @ voltage)
        return in_cells + self.input_conductance * float(across @ across)

    @cached_property
    def dynamics(self) -> Dynamics:
        """How outputs, inverters and inputs move."""
        n = self.size
        inverters = 0 if self.negative is None else n
        amplifier = self.amplifier
        pole = amplifier.pole
        fast = pole * amplifier.gain
        _, positive, negative, _ = self._ports
        sent = torch.cat([positive, negative], 1)[:, : n + inverters]
        states = n + inverters
        one = torch.eye(n, dtype=torch.float64)
        matrix = -pole * torch.eye(states, dtype=torch.float64)
        drive = torch.zeros(states, n, dtype=torch.float64)
        offsets = fast * self.offset
        if inverters:
            matrix[n:, :n] -= fast / 2 * one
            matrix[n:, n:] -= fast / 2 * one
        load = self._load
        if amplifier.input_capacitance == 0:
            passed = torch.linalg.solve(
                load, torch.cat([sent, self.input_conductance * one], 1)
            )
            matrix[:n] -= fast * passed[:, :states]
            drive[:n] = -fast * passed[:, states:]
            return Dynamics(matrix, drive, offsets)
        capacitance = amplifier.input_capacitance
        whole = torch.zeros(states + n, states + n, dtype=torch.float64)
        whole[:states, :states] = matrix
        whole[:n, states:] = -fast * one
        whole[states:, :states] = sent / capacitance
        whole[states:, states:] = -load / capacitance
        into = self.input_conductance / capacitance * one
        return Dynamics(
            whole,
            torch.cat([drive, into]),
            torch.cat([offsets, offsets.new_zeros(n)]),
        )

    @cached_property
    def stability(self) -> Stability:
        """Poles, and the feedback that amplifiers see."""
        _, positive, negative, _ = self._ports
        gain = self.amplifier.gain
        inverting = gain / (gain + 2)
        feedback = torch.linalg.solve(
            self._load, positive - inverting * negative
        )
        return Stability(
            poles=torch.linalg.eigvals(self.dynamics.matrix),
            loop=torch.linalg.eigvals(feedback),
            limit=-1 / gain,
        )


def _cells(conductance: Tensor, name: str) -> Float[Tensor, "n n"]:
    """Cells of a square array, in double precision."""
    if conductance.ndim != 2 or conductance.shape[0] != conductance.shape[1]:
        raise ValueError(
            f"Argument `{name}` must be a square array of cells, but has shape"
            f" {tuple(conductance.shape)}; only as many equations as unknowns have one solution."
        )
    if not conductance.numel():
        raise ValueError(f"Argument `{name}` must have cells, but is empty.")
    hint = "Write 0 for an open cell."
    check_within(conductance, name, 0.0, LARGEST_CELL, unit="S", hint=hint)

    return conductance.detach().double()
