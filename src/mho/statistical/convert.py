"""A module whose layers stand on tiles, converted in place of being taken apart.

`deploy` records every operation of a network and programs every cell in closed loop. Where a
network has tens of millions of weights, `convert` swaps its layers one for one and draws their
cells from the statistics of cells that were programmed in earnest: a fraction of a second instead
of many minutes, and no pulses.
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.bench.simulated import describe
from mho.checks import check_choice, check_finite
from mho.chip import Chip
from mho.ledger import Ledger
from mho.mapping import DifferentialPairs, check_range
from mho.network import Graph, Node, Ref
from mho.network.operations import LayerTable, dense_operation
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.statistical.programmed_pairs import Reach
from mho.statistical.tiled_layer import TiledLayer, divided
from mho.units import show

_OPERATORS: dict[type[nn.Module], str] = {
    nn.Linear: "aten.linear.default",
    nn.Conv1d: "aten.conv1d.default",
    nn.Conv2d: "aten.conv2d.default",
    nn.ConvTranspose1d: "aten.conv_transpose1d.default",
    nn.ConvTranspose2d: "aten.conv_transpose2d.input",
}
_MOVES = ("stride", "padding", "output_padding", "groups", "dilation")
_WHOLE: tuple[type[nn.Module], ...] = (
    nn.MultiheadAttention,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
    nn.RNNBase,
    nn.RNNCellBase,
)
"""Modules that read their children's weights, or weights of their own, in one call."""
_DIGITAL: tuple[type[nn.Module], ...] = (
    nn.modules.batchnorm._NormBase,  # noqa: SLF001 - the common base of all such norms
    nn.LayerNorm,
    nn.GroupNorm,
    nn.PReLU,
)
"""Modules with parameters that multiply no vectors by matrices."""


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """What became of one module.

    Args:
        name: Its name in the network.
        kind: Its class, such as `"Conv2d"`.
        runs: `"analog"`, `"digital"`, `"digital by choice"` or `"refused"`.
        parameters: Numbers in its parameters (1).
        why: Why it was refused; empty otherwise.
    """

    name: str
    kind: str
    runs: str
    parameters: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of every module that computes something.

    Args:
        modules: One entry for each, in the order of the network.
        cells: Cells that hold weights (1).
    """

    modules: tuple[ModuleEntry, ...]
    cells: int

    def of(self, runs: str) -> tuple[ModuleEntry, ...]:
        """The modules that run so."""
        return tuple(entry for entry in self.modules if entry.runs == runs)

    def __str__(self) -> str:
        lines = [
            f"{entry.runs:17} {entry.kind:20} {entry.parameters:>12,}  {entry.name}"
            + (f": {entry.why}" if entry.why else "")
            for entry in self.modules
        ]
        return "\n".join([*lines, f"{self.cells:,} cells"])


class ConvertedModule(nn.Module):
    """A network whose layers compute on tiles. Program it, calibrate it, call it.

    Args:
        module: The network, with `TiledLayer` in the place of its layers.
        account: What became of every module.
        info: What the tiles can do.
        mapping: Weights to conductances.
    """

    def __init__(
        self,
        module: nn.Module,
        account: Conversion,
        info: BenchInfo,
        mapping: DifferentialPairs,
    ) -> None:
        super().__init__()
        self.module = module
        self.account = account
        self._info = info
        self._mapping = mapping

    @property
    def layers(self) -> tuple[TiledLayer, ...]:
        """The layers on tiles."""
        return tuple(
            part for part in self.module.modules() if isinstance(part, TiledLayer)
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
        reach = Reach(self._info.conductance_low, self._info.conductance_high)
        for layer in self.layers:
            layer.program(table, reach, stream.child(layer.name))
        return table.expected_cost(self.account.cells)

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

        with torch.no_grad(), _calling({layer: watch(layer) for layer in self.layers}):
            self.module(samples)
        for layer in self.layers:
            if id(layer) not in called:
                raise ValueError(
                    f"Argument `module` must call its layer `{layer.name}` to have it on tiles,"
                    " but does not; keep it digital, or use `mho.deploy`."
                )
            layer.set_ranges()

    def forward(
        self, inputs: Shaped[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch ..."]:
        """Outputs of the network, computed on tiles (1)."""
        with torch.no_grad():
            outputs: Tensor = self.module(inputs)
        return outputs


def convert(
    module: nn.Module,
    chip: Chip | None = None,
    *,
    mapping: DifferentialPairs | None = None,
    digital: Sequence[str] = (),
) -> ConvertedModule:
    """Put the layers of a module on tiles; the module itself stays as it is.

    Parameters are shared with the original, not copied, until cells are drawn for them. Wires are
    taken as made up for by the mapping; converters only round.

    Args:
        module: A trained network.
        chip: What the tiles are like; `rao2023` if `None`.
        mapping: Conductance range of the pairs; the chip's recommendation if `None`.
        digital: Names of modules that stay digital, or patterns such as `"head.*"`.

    Raises:
        ValueError: No layer can be put on tiles, a name is no module's, a weight is not finite,
            or the converters of the chip do more than round.
    """
    chip = chip or Chip()
    info = describe(chip)
    mapping = mapping or DifferentialPairs(info.array_low, info.array_high)
    check_range(mapping, info)
    if not chip.around.plain:
        raise ValueError(
            "Argument `chip` must have converters that only round, in one step for each vector,"
            f" but has {chip.around}; use `mho.deploy`, which follows them."
        )
    _check_names(digital, module)
    own = _copied(module)
    entries: list[ModuleEntry] = []
    swaps: dict[int, TiledLayer] = {}
    for name, part in _parts(own):
        kind = type(part).__name__
        size = sum(p.numel() for p in part.parameters())
        runs, why = _fate(name, part, digital, chip.rows)
        entries.append(ModuleEntry(name or "the module", kind, runs, size, why))
        if runs == "analog":
            swaps[id(part)] = _tiled(name, part, chip, mapping)
    if not swaps:
        listed = "; ".join(
            f"{e.name}, {e.runs}{': ' if e.why else ''}{e.why}" for e in entries
        )
        raise ValueError(
            "Argument `module` must hold at least one layer that can be put on tiles, but has"
            f" {listed or 'no module with parameters'}."
        )
    cells = sum(layer.cells for layer in swaps.values())
    account = Conversion(tuple(entries), cells)
    return ConvertedModule(_swapped(own, swaps), account, info, mapping)


def _copied(module: nn.Module) -> nn.Module:
    """The same modules anew, with the same parameters and buffers, for inference."""
    shared: dict[int, Any] = {
        id(p): p for p in (*module.parameters(), *module.buffers())
    }
    return copy.deepcopy(module, shared).eval()


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules that have parameters of their own, or read those of their children; each once."""
    seen: set[int] = set()

    def walk(part: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
        if id(part) in seen:
            return
        seen.add(id(part))
        whole = isinstance(part, _WHOLE) or hasattr(part, "parametrizations")
        if whole or next(part.parameters(recurse=False), None) is not None:
            yield name, part
        if not whole:
            for child, inner in part.named_children():
                yield from walk(inner, f"{name}.{child}" if name else child)

    yield from walk(module, prefix)


def _fate(
    name: str, part: nn.Module, digital: Sequence[str], rows: int
) -> tuple[str, str]:
    """Where a module runs, and why not on tiles if one could expect it there."""
    if any(fnmatchcase(name, pattern) for pattern in digital):
        return "digital by choice", ""
    if isinstance(part, _DIGITAL):
        return "digital", ""
    if isinstance(part, _WHOLE):
        return (
            "refused",
            "computes with its weights in one call; `mho.deploy` takes it apart",
        )
    if hasattr(part, "parametrizations"):
        return "refused", "computes its weights anew; remove the parametrization first"
    if type(part) not in _OPERATORS:
        return (
            "refused",
            f"{type(part).__name__} is no linear layer or convolution that is known",
        )
    if getattr(part, "kernel_size", None) and _size(part) > rows:
        return (
            "refused",
            f"a kernel of {_size(part)} elements does not fit {rows} word lines",
        )
    return "analog", ""


def _size(part: nn.Module) -> int:
    weight = part.weight
    assert isinstance(weight, Tensor)
    return weight[0, 0].numel()


def _tiled(
    name: str, part: nn.Module, chip: Chip, mapping: DifferentialPairs
) -> TiledLayer:
    """A layer on tiles in the place of a module."""
    tensors = {k: p.detach() for k, p in part.named_parameters()}
    for key, tensor in tensors.items():
        check_finite(
            tensor, f"{name}.{key}", "Train the network again, or repair the file."
        )
    moves = {key: getattr(part, key) for key in _MOVES if hasattr(part, key)}
    padding = None
    if getattr(part, "padding_mode", "zeros") != "zeros":
        sizes: Sequence[int] = part._reversed_padding_repeated_twice  # type: ignore[assignment]  # noqa: SLF001
        padding = (sizes, str(part.padding_mode))
        moves["padding"] = 0
    operator = _OPERATORS[type(part)]
    if isinstance(moves.get("padding"), str):
        operator = operator.replace("default", "padding")
    arguments = {key: Ref(key) for key in tensors} | moves
    node = Node(name, operator, arguments)
    labels = {key: f"{name}.{key}" for key in tensors}
    table = LayerTable()
    dense_operation(
        node, Graph("input", (), None, (node,), name, tensors, labels), table
    )
    shape = divided(table.layers, chip.rows)
    return TiledLayer(table.layers, shape, mapping, chip.around, padding)


def _swapped(module: nn.Module, swaps: dict[int, TiledLayer]) -> nn.Module:
    """The module with layers on tiles wherever one of theirs stood."""
    if id(module) in swaps:
        return swaps[id(module)]
    for part in list(module.modules()):
        for name, child in list(part._modules.items()):  # noqa: SLF001 - shared ones count twice
            if id(child) in swaps:
                part._modules[name] = swaps[id(child)]  # noqa: SLF001
    return module


def _check_names(digital: Sequence[str], module: nn.Module) -> None:
    names = [name for name, _ in module.named_modules() if name]
    for pattern in digital:
        if not any(fnmatchcase(name, pattern) for name in names):
            check_choice(pattern, "digital", names)


@contextmanager
def _calling(instead: dict[TiledLayer, Callable[[Tensor], Tensor]]) -> Iterator[None]:
    """Let layers compute by other functions for a while."""
    for layer, function in instead.items():
        layer.forward = function  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        for layer in instead:
            del layer.forward
