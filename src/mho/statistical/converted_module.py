"""A network whose layers compute on tiles with drawn cells."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.deployment import NetworkOnChip
from mho.ledger import Ledger
from mho.mapping import DifferentialPairs
from mho.network import OperationRecord
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.samples import Inputs
from mho.statistical.programmed_pairs import ConductanceRange
from mho.statistical.tiled_layer import TiledLayer
from mho.units import show


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

    Args:
        module: The network, with `TiledLayer` in the place of its layers.
        software: The network itself, for inference.
        account: What became of every module.
        info: What the tiles can do.
        mapping: Weights to conductances.
    """

    def __init__(
        self,
        module: nn.Module,
        software: nn.Module,
        account: Conversion,
        info: BenchInfo,
        mapping: DifferentialPairs,
    ) -> None:
        super().__init__()
        self.module = module
        self.account = account
        self._info = info
        self._mapping = mapping
        # in a tuple, as its parameters are none of this module
        self._software = (software,)
        self._cost = Ledger()

    @property
    def operations(self) -> tuple[OperationRecord, ...]:
        """What became of every module that computes something."""
        return self.account.modules

    @property
    def cells(self) -> int:
        """Cells that hold weights (1)."""
        return self.account.cells

    @property
    def programming_cost(self) -> Ledger:
        """What programming would have cost; nothing before `program`."""
        return self._cost

    def software_outputs(
        self, inputs: Inputs
    ) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """Outputs of the trained network itself by name (1)."""
        return _outputs(self._software[0], inputs)

    @property
    def layers(self) -> tuple[TiledLayer, ...]:
        """The layers on tiles."""
        return tuple(
            part
            for part in self.module.modules()
            if isinstance(part, TiledLayer)
        )

    def program(self, table: ErrorTable, stream: Stream) -> Ledger:
        """Draw the cells of all layers, as programming would have left them.

        Args:
            table: What programming leaves, from `mho.programming.measure_errors`.
            stream: Names the chip.

        Returns:
            What programming them would have cost, by the same statistics.

        Raises:
            ValueError: The table is of another range of conductances than the mapping.
        """
        self._check_range(table)
        info = self._info
        partners = ConductanceRange(info.conductance_low, info.conductance_high)
        for layer in self.layers:
            layer.program(table, partners, stream.child(layer.name))
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

    def calibrate(self, samples: Shaped[Tensor, "batch ..."]) -> None:
        """Set the ranges of all converters to what typical inputs make of them.

        Args:
            samples: Typical inputs (1). Shape (batch, ...).

        Raises:
            ValueError: The layers are not programmed, or the network does not call one of them.
        """
        called: set[int] = set()

        def watch(layer: TiledLayer) -> Callable[[Tensor], Tensor]:
            def forward(activation: Tensor) -> Tensor:
                called.add(id(layer))
                return layer.watched(activation)

            return forward

        with (
            torch.no_grad(),
            _calling({layer: watch(layer) for layer in self.layers}),
        ):
            self.module(samples)
        for layer in self.layers:
            if id(layer) not in called:
                raise ValueError(
                    f"Argument `module` must call its layer `{layer.name}` to have it on tiles,"
                    " but does not; keep it digital, or use `mho.deploy`."
                )
            layer.set_ranges()

    def outputs(self, inputs: Inputs) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """Outputs of the network by name, computed on tiles (1)."""
        return _outputs(self.module, inputs)


def _outputs(
    module: nn.Module, inputs: Inputs
) -> dict[str, Shaped[Tensor, "_ ..."]]:
    """What a module returns, by name: `output`, or the keys of the dictionary that it returns."""
    with torch.no_grad():
        found = (
            module(inputs) if isinstance(inputs, Tensor) else module(**inputs)
        )
    if isinstance(found, Tensor):
        return {"output": found}
    if isinstance(found, Mapping):
        return dict(found)
    return {f"output{number}": value for number, value in enumerate(found)}


@contextmanager
def _calling(
    instead: dict[TiledLayer, Callable[[Tensor], Tensor]],
) -> Iterator[None]:
    """Let layers compute by other functions for a while."""
    for layer, function in instead.items():
        layer.forward = function  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        for layer in instead:
            del layer.forward
