"""Open a TFLite file from anywhere: what it says of tensors and operators, no code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.checks import RefusedError, one_line
from mho.files import check_memory
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.flat_buffer import Table, root_table
from mho.network.formats.tflite.sparsity import Sparsity, sparsity_of

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Quantization:
    """How whole numbers stand for real ones: `scale * (number - zero)`.

    Args:
        scale: One for all (1), or one for each place along an axis.
        zero: The whole numbers that stand for zero, as many (1).
        axis: Axis that they lie along.
    """

    scale: Array
    zero: Array
    axis: int


@dataclass(frozen=True, slots=True, eq=False)
class TensorRecord:
    """What a file says of a tensor.

    Args:
        name: A name that no other tensor has, without spaces.
        label: Its name in the file.
        shape: Sizes of all axes, samples first; a free size stands as 1.
        free: Whether each of them is free.
        kind: Number type, a key of `schema.TYPES` if it can be read.
        content: Its bytes, `None` if it is computed.
        quantization: How to read its whole numbers, `None` if they are plain ones.
        lasting: Whether it is kept from one sample to the next.
        sparsity: How zeros were left out, `None` if they were not.
    """

    name: str
    label: str
    shape: tuple[int, ...]
    free: tuple[bool, ...]
    kind: int
    content: Array | None
    quantization: Quantization | None
    lasting: bool
    sparsity: Sparsity | None

    @property
    def real(self) -> bool:
        """Whether it holds real numbers, or whole ones that stand for such."""
        return self.kind in schema.REAL_TYPES or self.quantization is not None


@dataclass(frozen=True, slots=True, eq=False)
class OperatorRecord:
    """What a file says of an operation.

    Args:
        operator: Its name in the schema; that of a custom one begins with `CUSTOM`.
        inputs: Places of its tensors, -1 where one is left out.
        outputs: Places of its results.
        options: Its options, `None` if it has none.
    """

    operator: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A file: the first of its subgraphs, which is the one that is run.

    Args:
        tensors: All tensors.
        operators: All operations, in order of execution.
        inputs: Places of the inputs among the tensors.
        outputs: Places of the outputs.
        names: What inputs and outputs are called for users, by their places.
        beginnings: Subgraphs that are run once, before the first sample.
    """

    tensors: tuple[TensorRecord, ...]
    operators: tuple[OperatorRecord, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    names: Mapping[int, str]
    beginnings: tuple["Model", ...] = ()


def open_model(path: Path) -> Model:
    """Read the description of a network; numbers stay where they are.

    Raises:
        RefusedError: The file is damaged, of another type, or of an unknown version.
        TooLargeError: It is larger than the memory allowed.
    """
    check_memory(path.stat().st_size, "network", f"`{path}`")
    content = path.read_bytes()
    root = root_table(content, schema.IDENTIFIER)
    version = root.whole(schema.Model.VERSION, "I")
    if version != schema.VERSION:
        raise RefusedError(
            f"has schema version {version} where mho reads {schema.VERSION}"
        )
    if root.tables(schema.Model.EXTERNAL_BUFFERS):
        raise RefusedError(
            "keeps its numbers in other files, which mho does not read"
        )
    graphs = root.tables(schema.Model.SUBGRAPHS)
    if not graphs:
        raise RefusedError("holds no network")
    model = _model(root, graphs[0])
    return replace(model, beginnings=_beginnings(model, root, graphs))


def _beginnings(
    model: Model, root: Table, graphs: Sequence[Table]
) -> tuple[Model, ...]:
    """Subgraphs that a network calls once, each of which is read once."""
    field = schema.OPTIONS["CALL_ONCE"].fields["init_subgraph_index"]
    calls = [
        item.options for item in model.operators if item.operator == "CALL_ONCE"
    ]
    numbers = {
        0 if options is None else options.whole(field, "i") for options in calls
    }
    for number in numbers:
        if not 0 < number < len(graphs):
            raise RefusedError(
                f"is damaged: it begins with subgraph {number} of {len(graphs)}"
            )

    return tuple(_model(root, graphs[number]) for number in sorted(numbers))


def _model(root: Table, graph: Table) -> Model:
    buffers = root.tables(schema.Model.BUFFERS)
    tensors = graph.tables(schema.SubGraph.TENSORS)
    # They will stand in sentences and tables, where some would command a terminal.
    labels = [
        one_line(tensor.text(schema.TensorTable.NAME)) for tensor in tensors
    ]
    records = tuple(
        _tensor(tensor, name, label, buffers)
        for tensor, name, label in zip(
            tensors, _unique(labels), labels, strict=True
        )
    )
    codes = [
        _operator_name(code)
        for code in root.tables(schema.Model.OPERATOR_CODES)
    ]
    inputs = _places(graph, schema.SubGraph.INPUTS, len(records))
    outputs = _places(graph, schema.SubGraph.OUTPUTS, len(records))
    operators = tuple(
        _operation(item, codes, len(records))
        for item in graph.tables(schema.SubGraph.OPERATORS)
    )
    names = {place: _public(records[place]) for place in (*inputs, *outputs)}
    names |= _signature_names(root, (*inputs, *outputs))
    return Model(records, operators, inputs, outputs, names)


def _public(tensor: TensorRecord) -> str:
    """What users call an input or output that no signature names."""
    return tensor.label or tensor.name


def _unique(labels: Sequence[str]) -> list[str]:
    """Names that differ, as those in a file need not."""
    taken: dict[str, None] = {}
    for place, label in enumerate(labels):
        name = "_".join(label.split()) or f"tensor_{place}"
        while name in taken:
            name = f"{name}_{place}"
        taken[name] = None
    return list(taken)


def _tensor(
    table: Table, name: str, label: str, buffers: Sequence[Table]
) -> TensorRecord:
    fields = schema.TensorTable
    shape = table.numbers(fields.SHAPE, np.int32)
    signature = table.numbers(fields.SHAPE_SIGNATURE, np.int32)
    sizes = () if shape is None else tuple(int(size) for size in shape)
    free = [False] * len(sizes)
    if signature is not None and len(signature) == len(sizes):
        free = [int(size) == -1 for size in signature]
    place = table.whole(fields.BUFFER, "I")
    if place >= len(buffers) > 0 or table.whole(fields.EXTERNAL_BUFFER, "I"):
        raise RefusedError(
            f"keeps the numbers of `{name}` in buffer {place} of {len(buffers)}"
        )
    content = _content(buffers[place]) if buffers else None
    sparsity = table.table(fields.SPARSITY)
    return TensorRecord(
        name,
        label,
        sizes,
        tuple(free),
        table.whole(fields.TYPE, "b"),
        content,
        _quantization(table.table(fields.QUANTIZATION), name),
        bool(table.whole(fields.IS_VARIABLE, "B")),
        None if sparsity is None else sparsity_of(sparsity),
    )


def _content(buffer: Table) -> Array | None:
    """Bytes of a tensor that is known in advance."""
    data = buffer.numbers(schema.Buffer.DATA, np.uint8)
    offset = buffer.whole(schema.Buffer.OFFSET, "Q")
    size = buffer.whole(schema.Buffer.SIZE, "Q")
    # Writers put 1 into both as long as they do not know them.
    if offset > 1:
        whole = buffer.content
        end = offset + size
        if end > len(whole):
            raise RefusedError(
                f"is damaged: it points to bytes {offset} to {end} of {len(whole)}"
            )
        return np.frombuffer(whole, np.uint8, size, offset)
    is_empty = data is None or not len(data)
    if is_empty:
        return None
    return data


def _quantization(table: Table | None, name: str) -> Quantization | None:
    if table is None:
        return None
    fields = schema.Quantization
    scale = table.numbers(fields.SCALE, np.float32)
    if scale is None or not len(scale):
        return None
    if table.whole(fields.DETAILS_TYPE, "B"):
        raise RefusedError(
            f"quantises `{name}` in a way of its own, which mho does not read"
        )
    zero = table.numbers(fields.ZERO_POINT, np.int64)
    if zero is None or not len(zero):
        zero = np.zeros(1, np.int64)
    if len(zero) not in (1, len(scale)):
        raise RefusedError(
            f"quantises `{name}` with {len(scale)} scales and {len(zero)} zero points"
        )

    return Quantization(scale, zero, table.whole(fields.AXIS, "i"))


def _operator_name(code: Table) -> str:
    """The newer field counts on where the older one, a byte, ends."""
    old = code.whole(schema.OperatorCode.OLD_BUILTIN, "b")
    number = max(old, code.whole(schema.OperatorCode.BUILTIN, "i"))
    if not 0 <= number < len(schema.OPERATORS):
        return f"operator {number}"
    name = schema.OPERATORS[number]
    if name != "CUSTOM":
        return name
    return f"CUSTOM {code.text(schema.OperatorCode.CUSTOM)}".strip()


def _operation(
    table: Table, codes: Sequence[str], count: int
) -> OperatorRecord:
    fields = schema.OperatorTable
    code = table.whole(fields.CODE, "I")
    if code >= len(codes):
        raise RefusedError(
            f"is damaged: it has an operation of kind {code} of {len(codes)}"
        )
    options = table.table(fields.OPTIONS)
    known = schema.OPTIONS.get(codes[code])
    member = table.whole(fields.OPTIONS_TYPE, "B")
    if known is not None and options is not None and member != known.member:
        raise RefusedError(
            f"is damaged: it has a `{codes[code]}` with options of kind {member}"
        )
    return OperatorRecord(
        codes[code],
        _places(table, fields.INPUTS, count),
        _places(table, fields.OUTPUTS, count),
        options,
    )


def _places(table: Table, field: int, count: int) -> tuple[int, ...]:
    """Places of tensors; -1 stands for one that is left out."""
    found = table.numbers(field, np.int32)
    places = () if found is None else tuple(int(place) for place in found)
    for place in places:
        if not -1 <= place < count:
            raise RefusedError(f"is damaged: it uses tensor {place} of {count}")
    return places


def _signature_names(root: Table, used: Sequence[int]) -> dict[int, str]:
    """Names that whoever saved the network gave its inputs and outputs, if there is one set."""
    signatures = root.tables(schema.Model.SIGNATURES)
    if len(signatures) != 1:
        return {}
    fields = schema.Signature
    if signatures[0].whole(fields.SUBGRAPH, "I"):
        return {}
    names: dict[int, str] = {}
    for field in (fields.INPUTS, fields.OUTPUTS):
        for entry in signatures[0].tables(field):
            name = one_line(entry.text(fields.NAME))
            names[entry.whole(fields.TENSOR, "I")] = name
    named = {place: names[place] for place in used if names.get(place)}
    return named if len(set(named.values())) == len(set(used)) else {}
