"""Variables of TFLite files: what a network keeps from one step of a sequence to the next.

A file for streams names its variables, reads each where a step needs it and writes it for the next
one. Here each is an input and an output of one step, which a sequence hands on.
"""

from dataclasses import dataclass, field

import numpy as np

from mho.checks import RefusedError, one_line
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.file import (
    Model,
    OperatorRecord,
    TensorRecord,
)
from mho.network.formats.tflite.stored_numbers import read_numbers
from mho.network.formats.tflite.translator import Activation, Translator, Value
from mho.network.graph import FLOAT, GraphInput, GraphOutput, Ref

VARIABLE_OPERATORS = frozenset(
    ("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")
)
"""Operators that name, read and write variables, and the one that fills them at first."""


@dataclass(slots=True, eq=False)
class Variables:
    """The variables of a file, followed through a step.

    Args:
        handles: Variable that each handle stands for, by the handle's place.
        entries: Input that brings each variable from the step before.
        latest: What was written in this step.
    """

    handles: dict[int, str] = field(default_factory=dict)
    entries: dict[str, GraphInput] = field(default_factory=dict)
    latest: dict[str, Activation] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """Inputs of a step that are variables."""
        return tuple(self.entries.values())

    @property
    def states(self) -> dict[str, str]:
        """Output that each of these inputs takes in the next step."""
        return {
            entry.name: _next(entry.name) for entry in self.entries.values()
        }

    def follow(
        self,
        item: OperatorRecord,
        values: dict[int, Value],
    ) -> None:
        """Read or write a variable; what names or fills one is known already.

        Args:
            item: An operation of `VARIABLE_OPERATORS`.
            values: What is computed so far, by place.

        Raises:
            RefusedError: The operation is not what the schema says.
        """
        if item.operator in ("CALL_ONCE", "VAR_HANDLE"):
            return
        name = self.handles.get(item.inputs[0]) if item.inputs else None
        if name is None:
            raise RefusedError(f"has a `{item.operator}` of no variable")
        if item.operator == "READ_VARIABLE":
            value = self.latest.get(name)
            if value is None:
                value = Activation(Ref(self.entries[name].name))
            values[item.outputs[0]] = value
            return
        written = values.get(item.inputs[1]) if len(item.inputs) > 1 else None
        if not isinstance(written, Activation):
            raise RefusedError(
                f"writes into the variable `{name}` what it does not compute from its inputs"
            )
        self.latest[name] = written

    def outputs(self, translator: Translator) -> list[GraphOutput]:
        """Outputs of a step that are variables for the next one.

        Raises:
            RefusedError: A variable is read that no step writes.
        """
        found = []
        for name, entry in self.entries.items():
            value = self.latest.get(name)
            if value is None:
                raise RefusedError(
                    f"reads the variable `{name}`, which it never writes"
                )
            translator.builder.current = f"{entry.name} for the next step"
            ref = translator.in_file_order(value)
            found.append(GraphOutput(_next(entry.name), ref.name))
        return found


def _next(name: str) -> str:
    return f"{name}_next"


def variables_of(model: Model) -> Variables:
    """The variables of a file, which begin with zeros.

    Raises:
        RefusedError: One has no name or no shape, is read into no tensor, or begins with other
            numbers.
    """
    handles = _handles(model)
    found = Variables(handles)
    taken = {*model.names.values()}
    for item in model.operators:
        if item.operator != "READ_VARIABLE":
            continue
        if min(item.outputs, default=-1) < 0:
            raise RefusedError("reads a variable into no tensor")
        name = handles.get(item.inputs[0], "") if item.inputs else ""
        if not name or name in found.entries:
            continue
        tensor = model.tensors[item.outputs[0]]
        entry = name
        while entry in taken or _next(entry) in taken:
            entry += "_"
        taken |= {entry, _next(entry)}
        found.entries[name] = _entry(tensor, entry, model)
    for beginning in model.beginnings:
        _check_zeros(beginning)
    return found


def _handles(model: Model) -> dict[int, str]:
    """A name for the variable of each handle, by the handle's place.

    Variables are one where container and name are. Names that differ in the file differ here, too,
    although spaces and what would command a terminal are taken out of them.
    """
    found = {}
    names: dict[tuple[str, str], str] = {}
    for item in model.operators:
        if item.operator != "VAR_HANDLE":
            continue
        if min(item.outputs, default=-1) < 0:
            raise RefusedError("names a variable in no tensor")
        container, given = _named(item)
        name = "_".join(one_line(given).split())
        if not name:
            raise RefusedError("keeps a variable without a name")
        while name in names.values() and (container, given) not in names:
            name += "_"
        found[item.outputs[0]] = names.setdefault((container, given), name)
    return found


def _named(item: OperatorRecord) -> tuple[str, str]:
    """Container and name of a variable as the file has them."""
    if item.options is None:
        return "", ""
    places = schema.OPTIONS["VAR_HANDLE"].fields
    container = item.options.text(places["container"])
    return container, item.options.text(places["shared_name"])


def _entry(tensor: TensorRecord, name: str, model: Model) -> GraphInput:
    """A variable as an input of samples, as many as the file's other inputs have."""
    samples = {model.tensors[place].shape[:1] for place in model.inputs}
    fits = tensor.real and min(tensor.shape, default=0) > 0
    if not fits or tensor.shape[:1] not in samples:
        raise RefusedError(
            f"keeps a variable `{name}` of shape {tensor.shape}, whose first axis is none of"
            " samples, or that holds no real numbers"
        )
    return GraphInput(name, tensor.shape[1:], None, FLOAT)


def _check_zeros(beginning: Model) -> None:
    """Refuse variables that begin with anything but zeros, which is what sequences begin with."""
    handles = _handles(beginning)
    for item in beginning.operators:
        if item.operator == "VAR_HANDLE":
            continue
        writes = item.operator == "ASSIGN_VARIABLE" and len(item.inputs) == 2
        writes = writes and item.inputs[1] >= 0
        tensor = beginning.tensors[item.inputs[1]] if writes else None
        known = tensor is not None and tensor.content is not None
        if tensor is None or not known or np.any(read_numbers(tensor)):
            name = handles.get(item.inputs[0], "") if item.inputs else ""
            raise RefusedError(
                f"begins with other numbers than zeros in its variable `{name}`, where mho begins"
                " sequences with zeros"
            )
