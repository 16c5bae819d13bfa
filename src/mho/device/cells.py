"""Many cells of one kind: their state in columns, and what pulses, looks and time do to them.

Time is lazy: a cell is brought up to date when it is looked at, exactly. Cells know nothing of
each other, so that they may be handled in any order, in any pieces and by any number of threads.
"""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.checks import check_not_negative, check_positive
from mho.compiled import (
    Kernels,
    Table,
    child_purposes,
    in_threads,
    normal_purpose,
    numbers_record,
    record_type,
)
from mho.device import kernels
from mho.device.checked import check_kind, check_pulsed, check_seen, is_trusted
from mho.device.first_touch import FirstTouch, few_at_a_time, untouched_zeros
from mho.device.looks import Looks
from mho.device.model import SHARED, CellModel
from mho.rng import Stream


class Cells:
    """A set of cells with their own constants, state and randomness.

    Args:
        model: The kind of cell.
        count: Number of cells (1).
        stream: Randomness; cell number i always gets the same constants from it.
        temperature: Temperature of all of them (K).
        origin: Cell that each one is a copy of at first, with its constants and its past; copies
            live on independently. Every cell is its own origin if `None`. Shape (cells,).
    """

    def __init__(
        self,
        model: CellModel,
        count: int,
        stream: Stream,
        temperature: float,
        origin: Int64[Tensor, " cells"] | None = None,
    ) -> None:
        self.model = model
        self.temperature = temperature
        self.count = count
        self.kernels = compiled_for(model)
        self._numbers: dict[float, Any] = {}
        self._looks = Looks(model)

        self._life = stream.child("life")
        self._birth = stream.child("birth")
        self._born_at = temperature
        self._origin = origin
        self._first_touch = FirstTouch(count)
        changing = model.state_columns()
        self._records = untouched_zeros(
            count, record_type({**SHARED, **model.constants, **changing})
        )
        if origin is not None:
            # copies are counted among all of them, so that none comes alone
            self.records_with(None)

    @property
    def records(self) -> Table:
        """State and constants of all cells; whoever has not been touched yet is born now."""
        return self.records_with(None)

    def records_with(self, cells: Table | None) -> Table:
        """The records of all cells, of which some are valid: those listed, and any used before.

        A cell is born when it is first touched: when is of no consequence, as it draws from a
        stream of its own.

        Args:
            cells: Numbers of the cells that are going to be used; all of them if `None`.
        """
        new = self._first_touch.untouched(cells)
        if new is not None:
            self._give_birth(new)
            # not before: whoever was interrupted at their birth is born the next time
            self._first_touch.touch(new)
        return self._records

    def _give_birth(self, new: Table) -> None:
        """Make cells as they come from the factory."""
        # copies are born alike and then live with randomness of their own
        chosen = torch.from_numpy(new)
        if self._origin is None:
            life = self._life.cells(chosen)
            birth = self._birth.cells(chosen)
        else:
            life = self._life.copies(self._origin).take(chosen)
            birth = self._birth.cells(self._origin[chosen])
        numbers = self._numbers_at(self._born_at)
        keys = birth.key.numpy().view(np.uint64)
        own = life.key.numpy().view(np.uint64)

        def bear(some: slice) -> None:
            for few in few_at_a_time(some):
                records = np.zeros(own[few].size, self._records.dtype)
                records["key"] = own[few]
                self.kernels["give_birth"](records, numbers, keys[few])
                self._records[new[few]] = records

        in_threads(bear, new.size)

    @property
    def numbers(self) -> Table:
        """The kind's numbers at the present temperature, as kernels want them."""
        return self._numbers_at(self.temperature)

    def _numbers_at(self, temperature: float) -> Table:
        """The kind's numbers at a temperature (K)."""
        if temperature not in self._numbers:
            own = self.model.numbers(temperature)
            self._numbers[temperature] = numbers_record(own)
        made: Table = self._numbers[temperature]
        return made

    def column(self, name: str) -> Tensor:
        """A column of all cells, the same memory. Shape (cells,) or (parts, cells)."""
        return _as_tensor(self.records, name)

    def tensors(
        self, cells: Int64[Tensor, " cells"] | None = None
    ) -> dict[str, Tensor]:
        """What changes about cells, by the names that files give it: the same memory.

        Args:
            cells: Cells whose numbers matter; all of them if `None`.
        """
        records = self.records_with(None if cells is None else cells.numpy())
        named = {}
        for name, column in self.model.stored().items():
            tensor = _as_tensor(records, column)
            is_flag = records.dtype[column].base == np.uint8
            named[name] = tensor.view(torch.bool) if is_flag else tensor
        return named

    def pulse(
        self,
        cells: Int64[Tensor, " cells"],
        amplitude: Float[Tensor, "train cells"],
        width: float,
        compliance: Float[Tensor, " cells"],
        now: float,
        gap: float = 0.0,
    ) -> None:
        """Give each cell a train of pulses, as it sees them.

        Args:
            cells: Cells addressed, each once.
            amplitude: Voltage at each cell (V); 0 does nothing. Shape (train, cells).
            width: Duration of each pulse (s).
            compliance: Conductance at which the selector stops a SET (S). Shape (cells,).
            now: Time at the end of the train (s).
            gap: Time between its pulses (s).
        """
        chosen = cells.numpy()
        train = amplitude.contiguous().numpy()
        limit = compliance.contiguous().numpy()
        words = self.words(train.shape[0])
        numbers = self.numbers
        records = self.records_with(chosen)

        def give(some: slice) -> None:
            self.kernels["pulse"](
                records,
                numbers,
                chosen[some],
                np.ascontiguousarray(train[:, some]),
                np.float32(width),
                limit[some],
                now,
                np.float32(gap),
                words,
            )

        in_threads(give, cells.numel(), train.shape[0])
        check_pulsed(self.model, records, chosen, train, width)

    def sample(
        self,
        cells: Int64[Tensor, " cells"],
        now: float,
        integration: float,
        spacing: float,
        samples: int,
    ) -> Float[Tensor, "samples cells"]:
        """Conductance at zero bias, averaged over each of several integration times (S).

        Args:
            cells: Cells addressed, each once.
            now: Time at which the first integration starts (s).
            integration: Integration time of a sample (s).
            spacing: Time from the start of one sample to the start of the next (s).
            samples: Number of samples (1).
        """
        chosen = cells.numpy()
        look = self.look(now, integration, spacing, samples)
        words, singles = self.normal_words
        records = self.records_with(chosen)

        def watch(some: slice) -> Tensor:
            part = chosen[some]
            out = np.empty((samples, part.size), np.float32)
            self.kernels["watch"](
                records,
                self.numbers,
                look.copy(),
                part,
                words,
                singles,
                out,
            )
            return torch.from_numpy(out)

        seen = torch.cat(in_threads(watch, cells.numel(), samples), 1)
        check_seen(self.model, chosen, seen.numpy())
        return seen

    def moments(
        self, cells: Int64[Tensor, " cells"], now: float, integration: float
    ) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
        """Mean (S) and variance (S²) of one sample's conductance at zero bias, in the long run.

        Whoever looks often enough sees all states of traps and slow processes. Nothing is drawn
        that changes a cell.

        Args:
            cells: Cells addressed.
            now: Time of the sample (s).
            integration: Integration time of the sample (s).
        """
        look = self.look(now, integration, integration, 1)
        mean = np.empty(cells.numel(), np.float32)
        variance = np.empty_like(mean)
        chosen = cells.numpy()
        records = self.records_with(chosen)
        in_threads(
            lambda some: self.kernels["moments"](
                records,
                self.numbers,
                look.copy(),
                chosen[some],
                mean[some],
                variance[some],
            ),
            mean.size,
        )
        return torch.from_numpy(mean), torch.from_numpy(variance)

    def loads(self, cells: Int64[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """Conductance of some cells as those who drive pulses see it (S)."""
        found = np.empty(cells.numel(), np.float32)
        chosen = cells.numpy()
        self.kernels["loads"](self.records_with(chosen), chosen, found)
        return torch.from_numpy(found)

    def pulse_energy(
        self,
        volts: Float[Tensor, "train cells"],
        load: Float[Tensor, " cells"],
        width: float,
    ) -> Float[Tensor, " cells"]:
        """Energy of a train at cells (J).

        Args:
            volts: Voltage at each cell (V). Shape (train, cells).
            load: Its conductance before the train (S). Shape (cells,).
            width: Duration of each pulse (s).
        """
        found = np.zeros(load.numel(), np.float32)
        self.kernels["pulse_energy"](
            self.numbers,
            volts.contiguous().numpy(),
            load.contiguous().numpy(),
            np.float32(width),
            found,
        )
        return torch.from_numpy(found)

    def held(self, cells: Int64[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """Conductance of some cells, without what fluctuates or creeps (S)."""
        found = np.empty(cells.numel(), np.float32)
        chosen = cells.numpy()
        self.kernels["held"](self.records_with(chosen), chosen, found)
        return torch.from_numpy(found)

    def white_variance(
        self, conductance: Float[Tensor, "*cells"], integration: float
    ) -> Float[Tensor, "*cells"]:
        """Variance of what is fresh in every sample of cells that conduct so much (S²).

        Args:
            conductance: Conductance (S). Any shape.
            integration: Integration time of a sample (s).
        """
        look = self.look(0.0, integration, integration, 1)
        flat = conductance.contiguous().view(-1).numpy()
        found = np.empty_like(flat)
        self.kernels["white_variance"](self.numbers, look, flat, found)
        return torch.from_numpy(found).view(conductance.shape)

    def age(
        self, cells: Int64[Tensor, " cells"], cycles: float, now: float
    ) -> None:
        """Let cells have been switched many times over their whole range, without simulating it.

        Args:
            cells: Cells addressed, each once.
            cycles: Cycles of SET and RESET (1).
            now: Time at their end (s).
        """
        check_not_negative(cycles, "cycles", "1")
        chosen = cells.numpy()
        records = self.records_with(chosen)
        self.kernels["age"](records, self.numbers, chosen, float(cycles), now)

    def heat(self, temperature: float, now: float) -> None:
        """Change the temperature of all cells.

        Args:
            temperature: New temperature (K).
            now: Time of the change (s).
        """
        check_positive(temperature, "temperature", "K")
        look = self.look(now, 0.0, 0.0, 1)
        before = self.numbers
        self.temperature = temperature
        self.kernels["heat"](self.records, before, look, self.numbers)

    def look(
        self, now: float, integration: float, spacing: float, samples: int
    ) -> Table:
        """What all cells have in common in one look, as kernels want it."""
        return self._looks.at(
            self.temperature, now, integration, spacing, samples
        )

    def words(self, length: int) -> Table:
        """Names of the streams that the pulses of a train have. Shape (kinds, length)."""
        return _words(self.model.trains, length)

    @cached_property
    def normal_words(self) -> tuple[Table, int]:
        """A word for each normal number that a sample takes, and how many take one alone."""
        singles = self.model.singles
        words = [int(normal_purpose(name)) for name in singles]
        for name, count in self.model.pairs():
            one = int(normal_purpose(name))
            words += [(k + 1) * one % 2**64 for k in range(count)]
        return np.array(words, dtype=np.uint64), len(singles)


def _as_tensor(records: Table, name: str) -> Tensor:
    """A column of records, the same memory. Shape (cells,) or (parts, cells)."""
    return torch.from_numpy(records[name]).movedim(0, -1)


@cache
def _words(names: tuple[str, ...], length: int) -> Table:
    return np.stack([child_purposes(name, length) for name in names])


Functions = Mapping[str, Callable[..., Any]]


def compiled_for(
    model: CellModel, functions: Functions | None = None
) -> Kernels:
    """Kernels of a kind; kinds with the same laws share them.

    Args:
        model: The kind.
        functions: Plain functions over cells; those that `Cells` calls if `None`.
    """
    if not is_trusted(model):
        check_kind(model)
    some: Functions = kernels.ALL if functions is None else functions
    laws = model.laws()
    key = (tuple(some.items()), tuple(laws.items()))
    if key not in _MADE:
        _MADE[key] = Kernels(some, laws)
    return _MADE[key]


_MADE: dict[Any, Kernels] = {}
