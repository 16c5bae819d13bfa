"""A network whose layers compute on tiles with drawn cells."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.ledger import Ledger
from mho.mapping import DifferentialPairs
from mho.network import NetworkOnChip, OperationRecord
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.samples import Inputs, batches, each_tensor, joined
from mho.statistical.converter_watch import Gather, Largest
from mho.statistical.programmed_pairs import ConductanceRange
from mho.statistical.tiled_layer import TiledLayer
from mho.units import show

Outputs = Callable[[Inputs], dict[str, Shaped[Tensor, "_ ..."]]]
"""Computes the outputs of a batch by their names."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of every module that computes something.

    Args:
        modules: One record for each, in the order of the network.
        cells: Cells that hold weights (1).
    """

    modules: tuple[OperationRecord, ...]
    cells: int

    def of(self, runs: str) -> tuple[OperationRecord, ...]:
        """The modules that run so."""
        return tuple(entry for entry in self.modules if entry.runs == runs)

    def __str__(self) -> str:
        lines = [
            f"{entry.runs:17} {entry.kind:20} {entry.size:>12,}  {entry.name}"
            + (f": {entry.why}" if entry.why else "")
            for entry in self.modules
        ]
        return "\n".join([*lines, f"{self.cells:,} cells"])


class ConvertedModule(NetworkOnChip):
    """A network whose layers compute on tiles. Program it, calibrate it, call it.

    It is a module of torch like any other: it follows `.to(device)` and `.to(dtype)`, has a state
    dict with everything that was drawn and calibrated, and goes through `torch.compile` and
    `torch.export`.

    Args:
        module: The network, with `TiledLayer` in the place of its layers.
        computed: Lets that module compute all outputs by name.
        software: Computes by name what the network itself does, for inference.
        account: What became of every module or operation.
        info: What the tiles can do.
        mapping: Weights to conductances.
        singly: Whether the network takes one sample at a time.
    """

    def __init__(
        self,
        module: nn.Module,
        computed: Outputs,
        software: Outputs,
        account: Conversion,
        info: BenchInfo,
        mapping: DifferentialPairs,
        *,
        singly: bool = False,
    ) -> None:
        super().__init__()
        self.module = module
        self.account = account
        self._info = info
        self._mapping = mapping
        self._computed = computed
        self._singly = singly
        # in a tuple, as its parameters are none of this module
        self._software = (software,)
        self._cost = Ledger()

    @property
    def operations(self) -> tuple[OperationRecord, ...]:
        """What became of every module or operation that computes something."""
        return self.account.modules

    @property
    def mapping(self) -> DifferentialPairs:
        """Weights to conductances."""
        return self._mapping

    @property
    def info(self) -> BenchInfo:
        """What the tiles can do."""
        return self._info

    @property
    def cells(self) -> int:
        """Cells that hold weights (1)."""
        return self.account.cells

    @property
    def stuck_cells(self) -> int:
        """Cells drawn that do not answer (1)."""
        return sum(layer.stuck_cells for layer in self.layers)

    @property
    def programming_cost(self) -> Ledger:
        """What programming would have cost; nothing before `program`."""
        return self._cost

    def software_outputs(
        self, inputs: Inputs
    ) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """Outputs of the trained network itself by name (1)."""
        with torch.no_grad():
            return self._software[0](inputs)

    @property
    def layers(self) -> tuple[TiledLayer, ...]:
        """The layers on tiles, each once."""
        return tuple(
            part
            for part in self.module.modules()
            if isinstance(part, TiledLayer)
        )

    def program(self, table: ErrorTable, stream: Stream) -> Ledger:
        """Draw the cells of all layers, as programming would have left them.

        What is drawn depends on the network, the table and the stream alone.

        Args:
            table: What programming leaves, from `mho.measure_errors`.
            stream: Names the chip.

        Returns:
            What programming them would have cost, by the same statistics.

        Raises:
            ValueError: The table is of another range of conductances than the mapping.
        """
        self._check_range(table)
        info = self._info
        partners = ConductanceRange(info.conductance_low, info.conductance_high)
        for number, layer in enumerate(self.layers):
            layer.program(table, partners, stream.child("layer", number))
        self._cost = table.expected_cost(self.account.cells)
        return self._cost

    def _check_range(self, table: ErrorTable) -> None:
        low = self._mapping.low
        high = self._mapping.high
        if not (
            math.isclose(table.low, low, rel_tol=1e-6)
            and table.high > high * (1 - 1e-6)
        ):
            raise ValueError(
                f"Argument `table` must reach from {show(low, 'S')} to {show(high, 'S')} like the"
                f" mapping, but is of {show(table.low, 'S')} to {show(table.high, 'S')}; measure"
                " it with this `low` and `high`."
            )

    def calibrate(
        self,
        samples: Inputs,
        gather: Gather = Largest,
        *,
        per_column: bool = False,
        batch: int = 256,
    ) -> None:
        """Set the ranges of all converters to what the network makes of typical inputs.

        They follow from weights and samples, so it may be done once for many chips, before or
        after `program`.

        Args:
            samples: Typical inputs (1). Shape (batch, ...).
            gather: Makes an account of what so many converters see, from which ranges follow; by
                the largest if left out. `mho.deployment.RangeRule.gather` is one.
            per_column: Whether every column has a range of its own.
            batch: Samples that are computed together (1).

        Raises:
            ValueError: The network does not call one of the layers.
        """
        layers = self.layers
        for layer in layers:
            layer.begin_watching(gather, per_column=per_column)
        try:
            for part in batches(samples, batch):
                self.outputs(part)
            self._check_called(layers)
        except BaseException:
            for layer in layers:
                layer.watch = None
            raise
        for layer in layers:
            layer.end_watching()

    def _check_called(self, layers: tuple[TiledLayer, ...]) -> None:
        for layer in layers:
            if layer.watch is None or not layer.watch.called:
                raise ValueError(
                    f"Argument `source` must call its layer `{layer.name}` to have it on tiles,"
                    " but does not; keep it digital, or use `mho.deploy`."
                )

    def outputs(self, inputs: Inputs) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """Outputs of the network by name, computed on tiles (1).

        What a sample meets of noise follows from the chip, how many samples came before it, and
        how often its own pass has called a layer: not from those that it comes with.
        """
        with torch.no_grad():
            if self._singly and _samples(inputs) > 1:
                each = [self._passed(one) for one in batches(inputs, 1)]
                return joined(each)
            return self._passed(inputs)

    def _passed(self, inputs: Inputs) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """Outputs of samples that go through the network together."""
        layers = self.layers
        samples = _samples(inputs)
        for layer in layers:
            layer.begin_pass(samples)
        found = self._computed(inputs)
        for layer in layers:
            layer.end_pass()
        return found


def _samples(inputs: Inputs) -> int:
    """Number of samples (1), of the first input; whether all agree is seen when they are used."""
    first = next(iter(each_tensor(inputs)))
    return first.shape[0] if first.ndim else 0
