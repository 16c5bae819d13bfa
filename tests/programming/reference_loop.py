"""The loop by operations on tensors with index selections: the reference of the compiled one.

This is how the loop was written before its decisions were compiled; nothing but tests uses it.
"""

import torch
from jaxtyping import Bool, Float, Int64
from reference_parts import (
    TensorDenoise,
    TensorPredictive,
    TensorVerify,
    TensorWriteVerify,
)
from reference_records import CellResults, LiveCells, take
from torch import Tensor

from mho.bench import Bench, Pulse, Reading
from mho.programming import (
    Denoise,
    Outcome,
    Predictive,
    ProgramProtocol,
    ProgramResult,
    WriteVerify,
)
from mho.programming.trim import Trim


def tensor_trim(trim: Trim) -> TensorPredictive | TensorWriteVerify:
    """The tensor form of a trimming method."""
    if isinstance(trim, Predictive):
        return TensorPredictive(trim)
    assert isinstance(trim, WriteVerify)
    return TensorWriteVerify(trim)


class TensorRun:
    """Programming under way, decided on by operations on tensors: call `cycle` until `finished`.

    Results cover all cells asked for; everything else covers the live ones alone, so stragglers
    do not cost a whole array.

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
        self.trim = tensor_trim(protocol.trim)
        self.denoise = TensorDenoise(protocol.denoise or Denoise())
        self.verify = TensorVerify(protocol.verify)
        self.info = bench.info
        self.target = target
        self.cells = cells
        self.cycles = 0
        self.results = CellResults.none(target)
        self.live = LiveCells.fresh(
            target,
            owed=protocol.denoise.first if protocol.denoise else 0,
            goal=protocol.trim_window * protocol.tolerance,
        )
        self._spent_before = bench.ledger
        self.memory = self.trim.start(self.live.conductance, self.info)

    def begin(self) -> None:
        """First reading of all cells. Not for a run that is restored."""
        self._read(self.live.place, self.protocol.samples)
        self.memory = self.trim.start(self.live.conductance, self.info)

    @property
    def live_cells(self) -> int:
        """Number of cells that are still being programmed (1)."""
        return self.live.place.numel()

    @property
    def finished(self) -> bool:
        """No live cell is left, or the budget is spent."""
        return self.live_cells == 0 or self.cycles >= self.protocol.max_cycles

    def cycle(self) -> None:
        """Pulse or denoise every live cell once, and read it; verify now and then."""
        protocol = self.protocol

        self._pulse_once()
        self._retire(self.trim.stuck(self.memory), Outcome.STUCK)
        self.cycles += 1
        # the look is long, so cells wait for each other, but not for nobody
        in_turn = self.cycles % protocol.verify.every == 0
        if in_turn or bool(self.live.ready.all()):
            self._verify()

        pulsed = ~self.live.ready
        coarse = pulsed & ~self.live.fine
        fine = pulsed & self.live.fine
        self._read(coarse.nonzero()[:, 0], protocol.samples)
        self._read(fine.nonzero()[:, 0], protocol.fine_samples)
        if self.cycles >= protocol.max_cycles:
            everyone = torch.ones_like(self.live.ready)
            self._retire(everyone, Outcome.OUT_OF_CYCLES)

    def result(self) -> ProgramResult:
        """What was reached so far."""
        return ProgramResult(
            cells=self.cells,
            target=self.target,
            outcome=self.results.outcome,
            error=self.results.error,
            noise=self.results.noise,
            pulses=self.results.pulses,
            denoise_pulses=self.results.denoise_pulses,
            reads=self.results.reads,
            tolerance=self.protocol.tolerance,
            cycles=self.cycles,
            ledger=self.bench.ledger - self._spent_before,
        )

    def _read(self, some: Int64[Tensor, " some"], samples: int) -> None:
        """Read some of the live cells briefly."""
        if some.numel() == 0:
            return
        live = self.live

        place = live.place[some]
        reading = self.bench.read(
            self.cells[place], samples=samples, window=0.0
        )
        self.results.reads[place] += samples
        # a new tensor: the trimming method remembers the previous one
        live.conductance = live.conductance.index_copy(0, some, reading.mean)

    def _pulse_once(self) -> None:
        """Trim or denoise each live cell, or declare it ready for the long look."""
        live = self.live
        trim_method = self.trim
        self.memory = trim_method.learn(
            self.memory, live.conductance, self.info
        )
        self._back_off_where_switched()

        error = live.conductance - live.target
        off_target = error.abs() > live.goal
        train = self._train_is_due(error, off_target)
        trim = off_target & ~train & ~live.ready
        # nothing left to do until a long look says so
        live.ready = live.ready | ~(trim | train)

        self._trim(trim, error)
        self._give_train(train, error)

    def _train_is_due(
        self, error: Float[Tensor, " live"], off_target: Bool[Tensor, " live"]
    ) -> Bool[Tensor, " live"]:
        """Cells that get the denoising train they owe before anything else happens to them."""
        live = self.live
        protocol = self.protocol
        if protocol.denoise is None:
            return torch.zeros_like(off_target)

        near = error.abs() <= protocol.near * protocol.tolerance
        # a full train ends the coarse approach: channels it completes move the cell
        approached = near & (live.owed >= protocol.denoise.first)
        due = approached | self._second_chance() | ~off_target
        return (live.owed > 0) & due & ~live.ready

    def _second_chance(self) -> Bool[Tensor, " live"]:
        """Silent cells that were not suspected before: a channel may hide a core that answers."""
        silent = self.trim.stuck(self.memory)
        newly_silent = silent & ~self.live.suspect
        self.live.suspect = self.live.suspect | newly_silent
        self.memory = self.trim.clear_suspicion(self.memory, newly_silent)
        return newly_silent

    def _trim(
        self, chosen: Bool[Tensor, " live"], error: Float[Tensor, " live"]
    ) -> None:
        """Give the chosen cells one programming pulse; they owe a train for it."""
        some = chosen.nonzero()[:, 0]
        if some.numel() == 0:
            return
        live = self.live
        protocol = self.protocol
        amplitude, self.memory = self.trim.propose(
            self.memory, error, live.conductance, chosen, self.info
        )

        place = live.place[some]
        pulse = Pulse(amplitude[some], protocol.trim.width, protocol.trim.gate)
        self.bench.pulse(pulse, self.cells[place])
        self.results.pulses[place] += 1

        if protocol.denoise is None:
            return
        coarse = error.abs() > protocol.near * protocol.tolerance
        train_length = torch.where(
            coarse, protocol.denoise.first, protocol.denoise.after_trim
        )
        owed = torch.maximum(live.owed, train_length.to(torch.int32))
        live.owed = torch.where(chosen, owed, live.owed)

    def _give_train(
        self, chosen: Bool[Tensor, " live"], error: Float[Tensor, " live"]
    ) -> None:
        """Give the chosen cells the denoising train they owe."""
        denoise = self.protocol.denoise
        some = chosen.nonzero()[:, 0]
        if denoise is None or some.numel() == 0:
            return
        live = self.live
        trim_method = self.trim

        voltage = trim_method.switching_voltage(self.memory, self.info)
        length = live.owed[some]
        amplitude = self.denoise.train(
            length,
            error[some],
            switching_voltage=voltage[:, some],
            limit=live.limit[:, some],
        )

        place = live.place[some]
        pulse = Pulse(amplitude, denoise.width, self.protocol.trim.gate)
        self.bench.pulse(pulse, self.cells[place])
        self.results.denoise_pulses[place] += length
        # the next reading tells whether the train switched the cell
        live.trains[some] += 1
        live.trained_at[some] = live.conductance[some]
        live.owed = torch.where(chosen, 0, live.owed)

    def _back_off_where_switched(self) -> None:
        """Lower a cell's denoising amplitudes after a train that switched it."""
        denoise = self.protocol.denoise
        if denoise is None:
            return
        live = self.live
        moved = live.conductance - live.trained_at
        live.limit = self.denoise.taught(moved, live.trains, live.limit)
        live.trained_at = torch.full_like(live.trained_at, torch.nan)

    def _verify(self) -> None:
        """Look long at the cells that are ready; accept them or send them back one stage."""
        live = self.live
        verify = self.protocol.verify
        some = live.ready.nonzero()[:, 0]
        if some.numel() == 0:
            return

        place = live.place[some]
        reading = self.bench.read(
            self.cells[place],
            samples=verify.samples,
            window=verify.window,
        )
        self.results.reads[place] += verify.samples
        self.results.noise[place] = reading.peak_to_peak
        live.conductance = live.conductance.index_copy(0, some, reading.mean)

        passed = self._passed(some, reading)
        live.ready = torch.zeros_like(live.ready)
        # whoever does not pass goes on being pulsed
        accepted = torch.zeros_like(live.ready)
        accepted[some[passed]] = True
        self._retire(accepted, Outcome.CONVERGED)

    def _passed(
        self, some: Int64[Tensor, " some"], reading: Reading
    ) -> Bool[Tensor, " some"]:
        """Which of the cells pass a long look; the others learn what they have to do."""
        live = self.live
        protocol = self.protocol
        verify = protocol.verify
        tolerance = protocol.tolerance
        error = (reading.mean - live.target[some]).abs()
        if protocol.denoise is None:
            return error <= verify.margin * tolerance

        quiet = self.verify.quiet(reading, tolerance, self.info.resolution)
        allowed = self.verify.allowed(reading, tolerance, self.info.resolution)
        passed = quiet & (error <= allowed)
        # noise needs a train, an error needs trimming
        live.owed[some[~quiet]] = protocol.denoise.after_noise
        # quiet but off: trim closer than before, by readings of more samples
        off_target = quiet & ~passed
        goal = protocol.trim_goal * allowed[off_target]
        usual_goal = protocol.trim_window * tolerance
        live.goal[some[off_target]] = goal.clamp(max=usual_goal)
        live.fine[some[off_target]] = True
        return passed

    def _retire(self, chosen: Bool[Tensor, " live"], outcome: Outcome) -> None:
        """Write down how the chosen live cells ended, and drop them."""
        if not bool(chosen.any()):
            return

        live = self.live
        place = live.place[chosen]
        error = live.conductance[chosen] - live.target[chosen]
        self.results.outcome[place] = int(outcome)
        self.results.error[place] = error

        stay = (~chosen).nonzero()[:, 0]
        self.live = take(live, stay)
        self.memory = take(self.memory, stay)


def tensor_program(
    bench: Bench, target: Float[Tensor, " cells"], protocol: ProgramProtocol
) -> ProgramResult:
    """Program the first cells of a bench."""
    cells = torch.arange(target.numel())
    run = TensorRun(bench, target, protocol, cells)
    run.begin()
    while not run.finished:
        run.cycle()
    return run.result()
