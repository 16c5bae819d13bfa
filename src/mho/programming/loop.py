"""The one loop that runs every protocol, on the cells that still need it."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench import Bench, Pulse
from mho.checks import check_shape, check_within
from mho.ledger import Ledger
from mho.programming.outcome import Outcome
from mho.programming.protocol import ProgramProtocol
from mho.programming.result import ProgramResult


class ProgramRun:
    """Programming under way: call `cycle` until `finished`.

    Per-cell results cover all cells asked for; everything else covers the live ones alone, so
    stragglers do not cost a whole array.

    Args:
        bench: What is programmed.
        target: Conductance wanted (S). Shape (cells,).
        protocol: What to do with a cell.
        cells: Cell numbers on the bench, each once. Shape (cells,).
    """

    def __init__(
        self,
        bench: Bench,
        target: Float[Tensor, " cells"],
        protocol: ProgramProtocol,
        cells: Int64[Tensor, " cells"],
    ) -> None:
        self.bench = bench
        self.protocol = protocol
        self.info = bench.info
        self.target = target
        self.cells = cells
        self.cycles = 0
        self._before = bench.ledger
        count = cells.numel()
        zero = torch.zeros_like(target)
        self.done: dict[str, Tensor] = {
            "outcome": torch.full((count,), int(Outcome.LIVE), dtype=torch.int8),
            "error": zero,
            "noise": zero.clone(),
            "pulses": torch.zeros(count, dtype=torch.int32),
            "denoise_pulses": torch.zeros(count, dtype=torch.int32),
            "reads": torch.zeros(count, dtype=torch.int32),
        }
        first = protocol.denoise.first if protocol.denoise else 0
        unknown = torch.zeros_like(target)
        self.live: dict[str, Tensor] = {
            "place": torch.arange(count),
            "target": target,
            "conductance": unknown,
            "owed": torch.full((count,), first, dtype=torch.int32),
            "trained_at": torch.full_like(target, torch.nan),
            "suspect": torch.zeros(count, dtype=torch.bool),
            "trains": torch.zeros(count, dtype=torch.int32),
            "limit": torch.ones(2, count),
            "ready": torch.zeros(count, dtype=torch.bool),
            "goal": torch.full_like(target, protocol.trim_window * protocol.tolerance),
            "fine": torch.zeros(count, dtype=torch.bool),
        }
        self._memory = protocol.trim.start(unknown, self.info)

    def begin(self) -> None:
        """First reading of all cells. Not for a run that is restored."""
        self._look(self.live["place"], self.protocol.samples)
        self._memory = self.protocol.trim.start(self.live["conductance"], self.info)

    @property
    def finished(self) -> bool:
        """No live cell is left, or the budget is spent."""
        return (
            self.live["place"].numel() == 0 or self.cycles >= self.protocol.max_cycles
        )

    def cycle(self) -> None:
        """Pulse or denoise every live cell once, and read it; verify now and then."""
        self._trim_and_train()
        self._retire(self.protocol.trim.stuck(self._memory), Outcome.STUCK)
        self.cycles += 1
        if self.cycles % self.protocol.verify.every == 0 or bool(
            self.live["ready"].all()
        ):
            self._verify()
        fine = self.live["fine"]
        looking = ~self.live["ready"]
        self._look((looking & ~fine).nonzero()[:, 0], self.protocol.samples)
        self._look((looking & fine).nonzero()[:, 0], self.protocol.fine_samples)
        if self.cycles >= self.protocol.max_cycles:
            everyone = torch.ones_like(self.live["ready"])
            self._retire(everyone, Outcome.OUT_OF_CYCLES)

    def result(self) -> ProgramResult:
        """What was reached so far."""
        return ProgramResult(
            cells=self.cells,
            target=self.target,
            tolerance=self.protocol.tolerance,
            cycles=self.cycles,
            ledger=self.bench.ledger - self._before,
            **self.done,
        )

    def state(self) -> dict[str, Tensor]:
        """Everything that changes, as copies: for `restore`."""
        groups = {"done": self.done, "live": self.live, "memory": self._memory}
        flat = {
            f"{g}.{k}": t.clone() for g, part in groups.items() for k, t in part.items()
        }
        before = [float(getattr(self._before, f.name)) for f in fields(Ledger)]
        flat["loop"] = torch.tensor([float(self.cycles), *before], dtype=torch.float64)
        return flat

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state that `state` gave; the bench must be restored by its owner."""
        for name, part in (
            ("done", self.done),
            ("live", self.live),
            ("memory", self._memory),
        ):
            for key in part:
                part[key] = state[f"{name}.{key}"].clone()
        cycles, *before = state["loop"].tolist()
        self.cycles = int(cycles)
        self._before = Ledger(*(int(x) for x in before[:4]), *before[4:])

    def _look(self, some: Int64[Tensor, " some"], samples: int) -> None:
        """Read some of the live cells briefly."""
        if some.numel() == 0:
            return
        place = self.live["place"][some]
        reading = self.bench.read(self.cells[place], samples=samples, window=0.0)
        self.done["reads"][place] += samples
        # a new tensor: the trimming method remembers the previous one
        self.live["conductance"] = self.live["conductance"].index_copy(
            0, some, reading.mean
        )

    def _trim_and_train(self) -> None:
        live = self.live
        protocol = self.protocol
        conductance = live["conductance"]
        self._memory = protocol.trim.learn(self._memory, conductance, self.info)
        self._notice_switching()
        error = conductance - live["target"]
        off = error.abs() > live["goal"]
        train = torch.zeros_like(off)
        if protocol.denoise is not None:
            close = error.abs() <= protocol.near * protocol.tolerance
            fresh = (
                close & (live["owed"] >= protocol.denoise.first)
            ) | self._second_chance()
            train = (live["owed"] > 0) & (fresh | ~off) & ~live["ready"]
        trim = off & ~train & ~live["ready"]
        live["ready"] = live["ready"] | ~(trim | train)
        self._pulse(trim, error)
        self._denoise(train, error)

    def _second_chance(self) -> Tensor:
        """Silent cells that were not suspected before: a channel may hide a core that answers."""
        mute = self.protocol.trim.stuck(self._memory) & ~self.live["suspect"]
        self.live["suspect"] = self.live["suspect"] | mute
        self._memory = self.protocol.trim.pardon(self._memory, mute)
        return mute

    def _pulse(self, chosen: Tensor, error: Tensor) -> None:
        """Give the chosen cells one programming pulse; they owe a train for it."""
        some = chosen.nonzero()[:, 0]
        if some.numel() == 0:
            return
        live = self.live
        protocol = self.protocol
        amplitude, self._memory = protocol.trim.propose(
            self._memory, error, live["conductance"], chosen, self.info
        )
        place = live["place"][some]
        pulse = Pulse(amplitude[some], protocol.trim.width, protocol.trim.gate)
        self.bench.pulse(pulse, self.cells[place])
        self.done["pulses"][place] += 1
        if protocol.denoise is not None:
            coarse = error.abs() > protocol.near * protocol.tolerance
            debt = torch.where(
                coarse, protocol.denoise.first, protocol.denoise.after_trim
            )
            owed = torch.maximum(live["owed"], debt.to(torch.int32))
            live["owed"] = torch.where(chosen, owed, live["owed"])

    def _denoise(self, chosen: Tensor, error: Tensor) -> None:
        """Give the chosen cells the train they owe."""
        denoise = self.protocol.denoise
        live = self.live
        some = chosen.nonzero()[:, 0]
        if denoise is None or some.numel() == 0:
            return
        voltage = self.protocol.trim.switching_voltage(self._memory, self.info)[:, some]
        length = live["owed"][some]
        place = live["place"][some]
        train = denoise.train(length, error[some], voltage, live["limit"][:, some])
        pulse = Pulse(train, denoise.width, self.protocol.trim.gate)
        self.bench.pulse(pulse, self.cells[place])
        self.done["denoise_pulses"][place] += length
        live["trains"][some] += 1
        live["trained_at"][some] = live["conductance"][some]
        live["owed"] = torch.where(chosen, 0, live["owed"])

    def _notice_switching(self) -> None:
        """Lower a cell's denoising amplitudes after a train that switched it."""
        denoise = self.protocol.denoise
        live = self.live
        if denoise is None:
            return
        moved = live["conductance"] - live["trained_at"]
        live["limit"] = denoise.taught(moved, live["trains"], live["limit"])
        live["trained_at"] = torch.full_like(live["trained_at"], torch.nan)

    def _verify(self) -> None:
        """Look long at the cells that are ready; accept them or send them back one stage."""
        live = self.live
        protocol = self.protocol
        some = live["ready"].nonzero()[:, 0]
        if some.numel() == 0:
            return
        verify = protocol.verify
        place = live["place"][some]
        reading = self.bench.read(
            self.cells[place], samples=verify.samples, window=verify.window
        )
        self.done["reads"][place] += verify.samples
        self.done["noise"][place] = reading.peak_to_peak
        live["conductance"] = live["conductance"].index_copy(0, some, reading.mean)
        error = (reading.mean - live["target"][some]).abs()
        if protocol.denoise is None:
            good = error <= verify.margin * protocol.tolerance
        else:
            window = (protocol.tolerance, self.info.resolution)
            quiet = verify.quiet(reading, *window)
            allowed = verify.allowed(reading, *window)
            good = quiet & (error <= allowed)
            live["owed"][some[~quiet]] = protocol.denoise.after_noise
            off = quiet & ~good
            live["goal"][some[off]] = (protocol.trim_goal * allowed[off]).clamp(
                max=protocol.trim_window * protocol.tolerance
            )
            live["fine"][some[off]] = True
        live["ready"] = torch.zeros_like(live["ready"])
        accepted = torch.zeros_like(live["ready"])
        accepted[some[good]] = True
        self._retire(accepted, Outcome.CONVERGED)

    def _retire(self, chosen: Tensor, outcome: Outcome) -> None:
        """Write down how the chosen live cells ended, and drop them."""
        if not bool(chosen.any()):
            return
        gone = self.live["place"][chosen]
        error = self.live["conductance"][chosen] - self.live["target"][chosen]
        self.done["outcome"][gone] = int(outcome)
        self.done["error"][gone] = error
        stay = (~chosen).nonzero()[:, 0]
        self.live = {k: t.index_select(-1, stay) for k, t in self.live.items()}
        self._memory = {k: t.index_select(-1, stay) for k, t in self._memory.items()}


def program(
    bench: Bench,
    target: Float[Tensor, "*shape"],
    protocol: ProgramProtocol | None = None,
    *,
    cells: Int64[Tensor, "*shape"] | None = None,
    resume: Mapping[str, Tensor] | None = None,
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> ProgramResult:
    """Program cells to target conductances in closed loop.

    Args:
        bench: What is programmed.
        target: Conductance wanted (S). Any shape.
        protocol: What to do with a cell; predictive trimming with denoising if `None`.
        cells: Cell number of each target, each once, same shape; 0, 1, 2, … if `None`.
        resume: State of an interrupted `ProgramRun`; the bench must be in the state of that time.
        on_cycle: Called after every cycle, for progress and checkpoints.

    Raises:
        ValueError: A target the bench cannot hold, a cell it does not have, or a tolerance finer
            than it resolves.
    """
    protocol = protocol or ProgramProtocol()
    flat = target.reshape(-1).to(torch.float32)
    numbers = torch.arange(flat.numel()) if cells is None else cells.reshape(-1)
    info = bench.info
    check_shape(numbers, "cells", (flat.numel(),))
    _check_cells(numbers, info.cells)
    check_within(
        flat,
        "target",
        info.conductance_low * (1 - 1e-6),
        info.conductance_high * (1 + 1e-6),
        unit="S",
        hint="Rescale it, or clamp it on purpose.",
    )
    protocol.check(info)
    run = ProgramRun(bench, flat, protocol, numbers)
    if resume is None:
        run.begin()
    else:
        run.restore(resume)
    while not run.finished:
        run.cycle()
        if on_cycle is not None:
            on_cycle(run)
    return run.result()


def _check_cells(cells: Int64[Tensor, " cells"], count: int) -> None:
    """Refuse a cell the bench does not have, or one listed twice."""
    check_within(
        cells, "cells", 0, count - 1, unit="", hint="The bench has no such cell."
    )
    if torch.unique(cells).numel() != cells.numel():
        raise ValueError(
            "Argument `cells` must name each cell once, but some are named twice."
        )
