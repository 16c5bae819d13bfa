"""The one loop that runs every protocol, on the cells that still need it."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from mho.bench import Bench, Pulse
from mho.checks import check_shape, check_within
from mho.compiled import (
    Table,
    in_threads,
    numbers_record,
    record_type,
    threads_for_kernels,
)
from mho.ledger import Ledger
from mho.programming.by_kind import (
    ComparedBench,
    check_two_levels,
    suited_protocol,
)
from mho.programming.outcome import Outcome
from mho.programming.protocol import ProgramProtocol
from mho.programming.records import (
    DONE,
    SAVED_RESULTS,
    SO_FAR,
    CellResults,
    Decided,
    check_cells,
    check_restorable,
    closed_up,
    copies,
    fill,
    fresh,
    joined,
    saved_columns,
    seen_of,
)
from mho.programming.result import ProgramResult

_DECISION = 0.25
"""Work of deciding what a cell gets, relative to one pulse of a cell (1)."""
_TRAIN = 2
"""The same of making up a train (1)."""
_NOTE = 0.125
"""The same of going to a cell and writing something down (1)."""


class ProgramRun:
    """Programming under way: call `cycle` until `finished`.

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
        self.info = bench.info
        self.target = target
        self.cells = cells
        self.cycles = 0
        self._done = np.zeros(target.numel(), record_type(DONE))
        self._live = fresh(
            target,
            cells,
            protocol.trim.columns,
            owed=protocol.denoise.first if protocol.denoise else 0,
            goal=protocol.trim_window * protocol.tolerance,
        )
        self._saved = saved_columns(protocol.trim.columns)
        # places of cells that get the same, filled anew again and again
        self._places = np.empty((2, target.numel()), np.int64)
        self._spent_before = bench.ledger
        self._kernels = protocol.kernels
        self._p = numbers_record(protocol.numbers(self.info))

    def begin(self) -> None:
        """First reading of all cells. Not for a run that is restored."""
        everyone = np.arange(self.live_cells)
        self._read(everyone, self._live["number"], self.protocol.samples)
        self._kernels["start"](self._live, self._p)

    @property
    def live_cells(self) -> int:
        """Number of cells that are still being programmed (1)."""
        return int(self._live.size)

    @property
    def results(self) -> CellResults:
        """What became of every cell so far."""
        return CellResults.of(self._results())

    @property
    def conductance(self) -> Float[Tensor, " cells"]:
        """Last reading of every cell, live ones included (S); the target of unread ones."""
        found = self.target.numpy() + self._done["error"]
        found[self._live["place"]] = self._live["conductance"]
        return torch.from_numpy(found)

    def conductance_of(
        self, places: Int64[Tensor, " some"]
    ) -> Float[Tensor, " some"]:
        """The same of some cells, in a fraction of the time (S). Shape (some,).

        Args:
            places: Which of the cells asked for, from 0 on. Shape (some,).
        """
        at = places.numpy()
        found = self.target.numpy()[at] + self._done["error"][at]
        # live cells stay in the order in which they were asked for
        live = self._live["place"]
        where = np.searchsorted(live, at).clip(max=max(live.size - 1, 0))
        is_live = live[where] == at if live.size else np.zeros(at.size, bool)
        found[is_live] = self._live["conductance"][where[is_live]]
        return torch.from_numpy(found)

    @property
    def outcome(self) -> Int[Tensor, " cells"]:
        """Number of the `Outcome` of every cell so far. Shape (cells,)."""
        return torch.from_numpy(self._done["outcome"])

    @property
    def finished(self) -> bool:
        """No live cell is left, or the budget is spent."""
        return self.live_cells == 0 or self.cycles >= self.protocol.max_cycles

    def cycle(self) -> None:
        """Pulse or denoise every live cell once, and read it; verify now and then."""
        protocol = self.protocol

        busy = self._pulse_once()
        self.cycles += 1
        # the look is long, so cells wait for each other, but not for nobody
        in_turn = self.cycles % protocol.verify.every == 0
        if in_turn or busy == 0:
            self._verify()

        self._read_pulsed()
        if self.cycles >= protocol.max_cycles:
            self._live["outcome"] = int(Outcome.OUT_OF_CYCLES)
            self._drop()

    def result(self) -> ProgramResult:
        """What was reached so far."""
        results = self.results
        return ProgramResult(
            cells=self.cells,
            target=self.target,
            outcome=results.outcome.contiguous(),
            error=results.error.contiguous(),
            noise=results.noise.contiguous(),
            pulses=results.pulses.contiguous(),
            denoise_pulses=results.denoise_pulses.contiguous(),
            reads=results.reads.contiguous(),
            tolerance=self.protocol.tolerance,
            cycles=self.cycles,
            ledger=self.bench.ledger - self._spent_before,
        )

    def state(self) -> dict[str, Tensor]:
        """Everything that changes, as copies: for `restore`."""
        before = self._spent_before
        spent = [float(getattr(before, field.name)) for field in fields(Ledger)]
        numbers = [float(self.cycles), *spent]

        return {
            **copies(self._results(), SAVED_RESULTS),
            **copies(self._live, self._saved),
            "loop": torch.tensor(numbers, dtype=torch.float64),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state that `state` gave; the bench must be restored by its owner.

        Raises:
            ValueError: It is the state of another run.
        """
        check_restorable(state, self.state(), self.cells.numel())
        fill(self._done, SAVED_RESULTS, state)
        self._live = np.zeros(state["live.place"].numel(), self._live.dtype)
        fill(self._live, self._saved, state)
        where = self._live["place"]
        self._live["number"] = self.cells.numpy()[where]
        for name in SO_FAR:
            self._live[name] = self._done[name][where]

        cycles, *spent = state["loop"].tolist()
        self.cycles = int(cycles)
        # the first four fields of a ledger count, the others measure
        counts = [int(number) for number in spent[:4]]
        self._spent_before = Ledger(*counts, *spent[4:])

    def _results(self) -> Table:
        """What became of every cell, with what live ones have had so far."""
        where = self._live["place"]
        for name in SO_FAR:
            self._done[name][where] = self._live[name]
        return self._done

    def _pulse_once(self) -> int:
        """Trim or denoise each live cell, or declare it ready for the long look.

        Returns:
            Live cells that are not ready (1).
        """
        decided = in_threads(self._decide, self.live_cells, _DECISION)
        cells, amplitude, count, at = joined(decided)
        width = self.protocol.trim.width
        most = int(count.max(initial=0))
        if most > 1:
            number = np.arange(most)[:, None]
            amplitude = np.where(number < count, amplitude, np.float32(0))
        self._give(amplitude, width, cells)
        if at.size:
            self._give_trains(at, max(one.longest for one in decided))
        if any(one.stuck for one in decided):
            self._drop()
        return sum(one.busy for one in decided)

    def _decide(self, some: slice) -> Decided:
        """What some of the live cells get next."""
        live = self._live[some]
        # what the bench is given is made anew: it may keep it
        cells = np.empty(live.size, np.int64)
        amplitude = np.empty(live.size, np.float32)
        at, count = self._places[:, some]
        trims, trains, longest, busy, stuck = self._kernels["decide"](
            live, self._p, cells, amplitude, count, at
        )
        return Decided(
            cells[:trims],
            amplitude[:trims],
            count[:trims],
            at[:trains] + some.start,
            int(longest),
            int(busy),
            int(stuck),
        )

    def _give_trains(self, at: Table, longest: int) -> None:
        """Give some of the live cells the trains that they owe."""
        denoise = self.protocol.denoise
        assert denoise is not None
        cells = np.empty(at.size, np.int64)
        train = np.empty((longest, at.size), np.float32)
        give_trains = self._kernels["give_trains"]
        in_threads(
            lambda some: give_trains(
                self._live, self._p, at, some.start, some.stop, cells, train
            ),
            at.size,
            _TRAIN,
        )
        self._give(train, denoise.width, cells)

    def _give(self, amplitude: Table, width: float, cells: Table) -> None:
        """Give some cells a pulse or a train each."""
        if cells.size == 0:
            return
        volts = torch.from_numpy(amplitude)
        pulse = Pulse(volts, width, self.protocol.trim.gate)
        self.bench.pulse(pulse, torch.from_numpy(cells))

    def _read_pulsed(self) -> None:
        """Read the cells that were pulsed, briefly."""
        protocol = self.protocol
        at = self._places
        cells = np.empty((2, self.live_cells), np.int64)
        to_read = self._kernels["to_read"]
        parts = in_threads(
            lambda some: to_read(self._live, some.start, some.stop, at, cells),
            self.live_cells,
            _NOTE,
        )
        usual, more = closed_up(parts, at, cells)
        self._read(at[0, :usual], cells[0, :usual], protocol.samples)
        self._read(at[1, :more], cells[1, :more], protocol.fine_samples)

    def _read(self, at: Table, cells: Table, samples: int) -> None:
        """Read some of the live cells briefly.

        Args:
            at: Their places among the live ones.
            cells: Their numbers.
            samples: Samples of each (1).
        """
        if at.size == 0:
            return
        reading = self.bench.read(
            torch.from_numpy(cells), samples=samples, window=0.0
        )
        mean = seen_of(reading.mean, at.size)
        take_in = self._kernels["take_in"]
        in_threads(
            lambda some: take_in(self._live, at[some], mean[some], samples),
            at.size,
            _NOTE,
        )

    def _verify(self) -> None:
        """Look long at the cells that are ready; accept them or send them back one stage."""
        verify = self.protocol.verify
        at = np.flatnonzero(self._live["ready"])
        if at.size == 0:
            return
        reading = self.bench.read(
            torch.from_numpy(self._live["number"][at]),
            samples=verify.samples,
            window=verify.window,
        )
        self._kernels["judge"](
            self._live,
            self._p,
            at,
            seen_of(reading.mean, at.size),
            seen_of(reading.spread, at.size),
            seen_of(reading.peak_to_peak, at.size),
            verify.samples,
        )
        self._drop()

    def _drop(self) -> None:
        """Write down how cells ended, and drop them."""
        kept = self._kernels["drop"](self._live, self._done)
        self._live = self._live[:kept]


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
        protocol: What to do with a cell; what suits the bench's cells if `None`, see
            `suited_protocol`.
        cells: Cell number of each target, each once, same shape; 0, 1, 2, … if `None`.
        resume: State of an interrupted `ProgramRun`; the bench must be in the state of that time.
        on_cycle: Called after every cycle, for progress and checkpoints.

    Raises:
        ValueError: A target the bench cannot hold, a cell it does not have, or a tolerance finer
            than it resolves.
    """
    protocol = protocol or suited_protocol(bench.info)
    flat = target.reshape(-1).to(torch.float32)
    numbers = torch.arange(flat.numel()) if cells is None else cells.reshape(-1)
    info = bench.info
    check_shape(numbers, "cells", (flat.numel(),))
    check_cells(numbers, info.cells)
    # single precision may put the ends of the range an ulp outside
    check_within(
        flat,
        "target",
        info.conductance_low * (1 - 1e-6),
        info.conductance_high * (1 + 1e-6),
        unit="S",
        hint="Rescale it, or clamp it on purpose.",
    )
    protocol.check(info)
    if info.levels == 2:
        check_two_levels(flat, info)
        bench = ComparedBench(bench)
    run = ProgramRun(bench, flat, protocol, numbers)
    with threads_for_kernels():
        if resume is None:
            run.begin()
        else:
            run.restore(resume)
        while not run.finished:
            run.cycle()
            if on_cycle is not None:
                on_cycle(run)
    return run.result()
