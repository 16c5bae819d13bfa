"""A module whose layers stand on tiles, converted in place of being taken apart.

`deploy` records every operation of a network and programs every cell in closed loop. Where a
network has tens of millions of weights, `convert` swaps its layers one for one and draws their
cells from the statistics of cells that were programmed in earnest: a fraction of a second instead
of many minutes, and no pulses.
"""

import copy
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

from mho.bench.simulated import describe_chip
from mho.checks import check_choice, check_finite
from mho.chip import Chip
from mho.mapping import DifferentialPairs, check_range
from mho.network import (
    ANALOG,
    CHOSEN,
    DIGITAL,
    REFUSED,
    Graph,
    GraphInput,
    GraphOutput,
    Node,
    OperationRecord,
    Ref,
)
from mho.network.operations import LayerTable, dense_operation
from mho.statistical.converted_module import Conversion, ConvertedModule
from mho.statistical.tiled_layer import TiledLayer, divided

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
    info = describe_chip(chip)
    mapping = mapping or DifferentialPairs(info.array_low, info.array_high)
    check_range(mapping, info)
    if not chip.around.plain:
        raise ValueError(
            "Argument `chip` must have converters that only round, in one step for each vector,"
            f" but has {chip.around}; use `mho.deploy`, which follows them."
        )
    _check_names(digital, module)
    own = _copied(module)
    entries: list[OperationRecord] = []
    swaps: dict[int, TiledLayer] = {}
    for name, part in _parts(own):
        runs, why = _fate(name, part, digital, chip.rows)
        entries.append(_record(name, part, runs, why))
        if runs == ANALOG:
            swaps[id(part)] = _tiled(name, part, chip, mapping)
    if not swaps:
        listed = "; ".join(f"{entry.name}, {entry.fate}" for entry in entries)
        raise ValueError(
            "Argument `module` must hold at least one layer that can be put on tiles, but has"
            f" {listed or 'no module with parameters'}."
        )
    cells = sum(layer.cells for layer in swaps.values())
    account = Conversion(tuple(entries), cells)
    swapped = _swapped(own, swaps)
    return ConvertedModule(swapped, _copied(module), account, info, mapping)


def _record(name: str, part: nn.Module, runs: str, why: str) -> OperationRecord:
    """What becomes of a module, with the parameters that it reads."""
    prefix = f"{name}." if name else ""
    sizes = {f"{prefix}{key}": p.numel() for key, p in part.named_parameters()}
    on_tiles = sum(
        p.numel() for p in part.parameters() if p.ndim > 1 and runs == ANALOG
    )
    kind = type(part).__name__
    return OperationRecord(
        name or "the module", kind, runs, why, sizes, on_tiles
    )


def _copied(module: nn.Module) -> nn.Module:
    """The same modules anew, with the same parameters and buffers, for inference."""
    shared: dict[int, Any] = {
        id(p): p for p in (*module.parameters(), *module.buffers())
    }
    return copy.deepcopy(module, shared).eval()


def _parts(
    module: nn.Module, prefix: str = ""
) -> Iterator[tuple[str, nn.Module]]:
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
        return CHOSEN, ""
    if isinstance(part, _DIGITAL):
        return DIGITAL, ""
    if isinstance(part, _WHOLE):
        return (
            REFUSED,
            "computes with its weights in one call; `mho.deploy` takes it apart",
        )
    if hasattr(part, "parametrizations"):
        return (
            REFUSED,
            "computes its weights anew; remove the parametrization first",
        )
    if type(part) not in _OPERATORS:
        return (
            REFUSED,
            f"{type(part).__name__} is no linear layer or convolution that is known",
        )
    if getattr(part, "kernel_size", None) and _size(part) > rows:
        return (
            REFUSED,
            f"a kernel of {_size(part)} elements does not fit {rows} word lines",
        )
    return ANALOG, ""


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
            tensor,
            f"{name}.{key}",
            "Train the network again, or repair the file.",
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
    graph = Graph(
        (GraphInput("input", ()),),
        (node,),
        (GraphOutput(name, name),),
        tensors,
        labels,
    )
    dense_operation(node, graph, table)
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
