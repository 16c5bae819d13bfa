"""A network whose layers stand on tiles: a module with layers swapped, or one taken apart.

`deploy` records every operation of a network and programs every cell in closed loop. Where a
network has tens of millions of weights, `convert` swaps its layers one for one and draws their
cells from the statistics of cells that were programmed in earnest: a fraction of a second instead
of many minutes, and no pulses.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from jaxtyping import Shaped
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.bench.simulated import describe_chip
from mho.checks import check_choice, check_finite
from mho.chip import Chip
from mho.mapping import DifferentialPairs, check_range, suited_pairs
from mho.network import (
    ANALOG,
    CHOSEN,
    DIGITAL,
    REFUSED,
    Graph,
    GraphInput,
    GraphOutput,
    Network,
    Node,
    OperationRecord,
    Ref,
)
from mho.network.operations import LayerTable, LinearLayer, dense_operation
from mho.samples import Inputs
from mho.statistical.converted_module import Conversion, ConvertedModule
from mho.statistical.division import divided
from mho.statistical.named_normals import NamedNormals
from mho.statistical.network_module import module_of, outputs_of_steps
from mho.statistical.tiled_layer import TiledLayer

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
    source: nn.Module | Network,
    chip: Chip | BenchInfo | None = None,
    *,
    mapping: DifferentialPairs | None = None,
    digital: Sequence[str] = (),
) -> ConvertedModule:
    """Put the layers of a network on tiles; the source itself stays as it is.

    Weights on tiles are shared with the original, not copied, until cells are drawn for them; what
    stays digital is a copy, so whatever is done to the result leaves the original alone. Wires are
    taken as made up for by the mapping; converters only round.

    Args:
        source: A trained module, whose layers are swapped one for one; or a network from
            `mho.read_network`, which has attention and recurrent layers taken apart.
        chip: What the tiles are like, or a bench's own description; `rao2023` if `None`.
        mapping: Conductance range of the pairs; the chip's recommendation if `None`.
        digital: Names of modules that stay digital, or patterns such as `"head.*"`. Not for a
            network, which has been told when it was read.

    Raises:
        ValueError: No layer can be put on tiles, a name is no module's, a weight is not finite,
            or the converters of the chip do more than round.
    """
    info = chip if isinstance(chip, BenchInfo) else _described(chip or Chip())
    if mapping is None:
        known = source.layers if isinstance(source, Network) else ()
        mapping = suited_pairs([layer.weight for layer in known], info)
    check_range(mapping, info)
    tiling = Tiling(info, mapping)
    if not isinstance(source, Network):
        return _swapped_module(source, tiling, digital)
    if digital:
        raise ValueError(
            "Argument `digital` must be left out for a network that was read already, but is"
            f" {list(digital)}; give it to `mho.read_network`."
        )
    return _network_on_tiles(source, tiling)


def _described(chip: Chip) -> BenchInfo:
    """What tiles of a chip can do.

    Raises:
        ValueError: Its converters do more than round.
    """
    if not chip.around.plain:
        raise ValueError(
            "Argument `chip` must have converters that only round, in one step for each vector,"
            f' but has {chip.around}; leave `cells` at "physics", which follows them.'
        )
    return describe_chip(chip)


@dataclass(frozen=True, slots=True, eq=False)
class Tiling:
    """What all layers on tiles have in common.

    Args:
        info: What the tiles can do.
        mapping: Weights to conductances.
        normals: Normal numbers for their noise.
    """

    info: BenchInfo
    mapping: DifferentialPairs
    normals: NamedNormals = field(default_factory=NamedNormals)

    def layer(
        self,
        layers: Sequence[LinearLayer],
        padding: tuple[Sequence[int], str] | None = None,
    ) -> TiledLayer:
        """A layer on tiles.

        Args:
            layers: Its layer, or one for each group of channels.
            padding: Padding that the convolution itself does not do.
        """
        division = divided(layers, self.info.rows, self.info.cols)
        return TiledLayer(
            layers,
            division,
            self.mapping,
            self.info,
            self.normals,
            padding,
        )


def _network_on_tiles(network: Network, tiling: Tiling) -> ConvertedModule:
    """A network that was taken apart, with its layers on tiles."""
    tiled: dict[tuple[int, ...], TiledLayer] = {}
    for call in network.calls.values():
        for numbers in call.together():
            if numbers not in tiled:
                own = [network.layers[number] for number in numbers]
                tiled[numbers] = tiling.layer(own)
    cells = sum(layer.cells for layer in tiled.values())
    records = tuple(network.notes.values())
    account = Conversion(records, cells)
    steps = module_of(network, tiled)
    graph = network.graph
    outputs = partial(outputs_of_steps, graph, steps)
    return ConvertedModule(
        steps,
        outputs,
        network.outputs,
        account,
        tiling.info,
        tiling.mapping,
        singly=bool(graph.single or graph.separate),
    )


def _swapped_module(
    module: nn.Module,
    tiling: Tiling,
    digital: Sequence[str],
) -> ConvertedModule:
    """A module with layers on tiles in the place of its own."""
    _check_names(digital, module)
    own = _copied(module)
    entries: list[OperationRecord] = []
    swaps: dict[int, TiledLayer] = {}
    for name, part in _parts(own):
        runs, why = _fate(name, part, digital)
        entries.append(_record(name, part, runs, why))
        if runs == ANALOG:
            swaps[id(part)] = _tiled(name, part, tiling)
    if not swaps:
        listed = "; ".join(f"{entry.name}, {entry.fate}" for entry in entries)
        raise ValueError(
            "Argument `source` must hold at least one layer that can be put on tiles, but has"
            f" {listed or 'no module with parameters'}."
        )
    cells = sum(layer.cells for layer in swaps.values())
    account = Conversion(tuple(entries), cells)
    on_tiles: dict[int, Any] = {id(layer): layer for layer in swaps.values()}
    # what stays digital is moved and loaded with the result, so it must be its own
    swapped = copy.deepcopy(_swapped(own, swaps), on_tiles)
    return ConvertedModule(
        swapped,
        partial(_outputs, swapped),
        partial(_outputs, _copied(module)),
        account,
        tiling.info,
        tiling.mapping,
    )


def _outputs(
    module: nn.Module, inputs: Inputs
) -> dict[str, Shaped[Tensor, "_ ..."]]:
    """What a module returns, by name: `output`, or the keys of the dictionary that it returns."""
    found = module(inputs) if isinstance(inputs, Tensor) else module(**inputs)
    if isinstance(found, Tensor):
        return {"output": found}
    if isinstance(found, Mapping):
        return dict(found)
    return {f"output{number}": value for number, value in enumerate(found)}


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
    name: str, part: nn.Module, digital: Sequence[str]
) -> tuple[str, str]:
    """Where a module runs, and why not on tiles if one could expect it there."""
    if any(fnmatchcase(name, pattern) for pattern in digital):
        return CHOSEN, ""
    if isinstance(part, _DIGITAL):
        return DIGITAL, ""
    if isinstance(part, _WHOLE):
        return (
            REFUSED,
            "computes with its weights in one call; `mho.read_network` takes it apart",
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
    return ANALOG, ""


def _tiled(name: str, part: nn.Module, tiling: Tiling) -> TiledLayer:
    """A layer on tiles in the place of a module."""
    # targets are single precision, whatever the module computes in
    tensors = {k: p.detach().float() for k, p in part.named_parameters()}
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
    layer = tiling.layer(table.layers, padding)
    return layer.to(part.get_parameter("weight").dtype)


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
