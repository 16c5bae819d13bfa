"""A trained module, program or file's graph, read and compared with its source."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor, nn
from torch.export import ExportedProgram

from mho.network.agreement import check_agreement, rehearse
from mho.network.batch_axis import trace_on, widened
from mho.network.conversion import network_of_graph
from mho.network.exported_program import graph_of_program
from mho.network.graph import Graph
from mho.network.network import FailedOperationError, Network
from mho.network.outlets import with_outputs
from mho.network.sequences import (
    handing_on,
    one_step,
    states_of_graph,
    step_of_graph,
)
from mho.network.tracing import Trace, first_line, trace
from mho.samples import Inputs, number_of


def read_network(
    source: nn.Module | ExportedProgram | Graph,
    example: Inputs,
    digital: Sequence[str] = (),
    *,
    outputs: Sequence[str] = (),
    states: Mapping[str, str] | None = None,
    single: bool = False,
    batch_axis: int | None = None,
) -> Network:
    """Take a trained network apart into layers of weights and digital operations.

    The result is compared on the example with the source, with its own im2col path, and with
    itself one sample at a time, before anybody programs a chip from it.

    Args:
        source: Module, program of `torch.export`, or graph read from a file.
        example: Typical inputs (1). Shape (batch, ...), at least one sample; by name for a network
            with several inputs, which a module is given as its arguments of those names.
            Sequences (batch, steps, ...) for a network with states, whose first values may be
            among them.
        digital: Modules that stay digital: names, or patterns such as `"encoder.*"`. The name of
            a module stands for everything inside it.
        outputs: Outputs wanted, or values within the network; all its outputs if there are none.
        states: For a network that is one step of a sequence, the output that each input of states
            takes in the next step. Inputs of a program or graph that the example lacks are
            guessed to be states where it is clear which output is theirs.
        single: The first axis of the network is none of samples, but belongs to one sample, such
            as time; the example has an axis more, and samples run one after the other.
        batch_axis: Axis of the network's own inputs on which it wants samples, where that is not
            the first, or where it mixes them on purpose: each runs alone, with an axis of one.

    Raises:
        TypeError: `digital` is a single text.
        ValueError: The network cannot be traced, uses an unsupported operation, leaves no layer
            to put on a chip, has no module of a name in `digital`, or holds weights that are NaN
            or infinite; or an output or a state is not there.
    """
    if batch_axis is not None:
        _check_alone(states, single=single)
        wide = trace(source, widened(example, batch_axis), single=True)
        return _network_of(
            source, trace_on(_cut(wide, outputs, {}), batch_axis), digital
        )
    handed_on = dict(states or {}) or _guessed(source, example)
    step = _step_of(source, example, handed_on) if handed_on else example
    traced = _cut(trace(source, step, single=single), outputs, handed_on)
    network = _network_of(source, traced, digital, number_of(example))
    if not handed_on:
        return network
    return replace(network, graph=handing_on(network.graph, handed_on))


def _check_alone(states: Mapping[str, str] | None, *, single: bool) -> None:
    """Refuse what an axis of samples does not go together with.

    Raises:
        ValueError: In the house sentence.
    """
    for name, given in (("state", bool(states)), ("time_axis", single)):
        if given:
            raise ValueError(
                f"Argument `{name}` must be left out beside `batch_axis`, which lets every sample"
                " run alone, but is given."
            )


def _network_of(
    source: nn.Module | ExportedProgram | Graph,
    traced: Trace,
    digital: Sequence[str],
    samples: int | None = None,
) -> Network:
    """A recording as layers and digital operations, compared with its source.

    Args:
        source: What was recorded.
        traced: The recording.
        digital: Modules that stay digital.
        samples: Samples of the example (1), if that is not what the recording has.

    Raises:
        ValueError: As `read_network`.
    """
    network = network_of_graph(traced.graph, digital)
    try:
        if isinstance(source, Graph):
            count = samples or number_of(traced.samples)
            rehearse(network, traced.samples, count)
        return _agreeing(network, traced)
    except (RuntimeError, FailedOperationError) as error:
        # What torch itself said.
        reason = error.__cause__ or error
        if isinstance(reason, IndexError):
            raise
        raise ValueError(
            "Argument `source` must run on batches of any size, but it fails with"
            f" {first_line(reason)}; export it with a dynamic batch dimension."
        ) from error


def _agreeing(network: Network, traced: Trace) -> Network:
    """The network, or the same one sample at a time where its source insists on single samples.

    A program that was recorded for a batch of one may do with its first axis what it likes.
    """
    alone = replace(network, graph=replace(network.graph, separate=True))
    if network.graph.batch != 1:
        check_agreement(network, traced)
        return network
    try:
        check_agreement(network, traced)
    except (ValueError, RuntimeError) as error:
        try:
            check_agreement(alone, traced)
        except (ValueError, RuntimeError):
            raise error from None
        return alone
    return network


def _cut(
    traced: Trace, outputs: Sequence[str], states: Mapping[str, str]
) -> Trace:
    """The recording with the outputs wanted, and those that are states."""
    wanted = (*outputs, *states.values()) if outputs else ()
    graph = with_outputs(traced.graph, wanted)
    if states:
        # Says at once which name is none of the network's.
        handing_on(graph, states)
    names = {output.name for output in graph.outputs}
    known = traced.outputs
    if known is not None:
        known = {name: x for name, x in known.items() if name in names}
    return replace(traced, graph=graph, outputs=known)


def _recorded(source: nn.Module | ExportedProgram | Graph) -> Graph | None:
    """The graph of a source that has one already."""
    if isinstance(source, ExportedProgram):
        return graph_of_program(source)
    return source if isinstance(source, Graph) else None


def _guessed(
    source: nn.Module | ExportedProgram | Graph, example: Inputs
) -> dict[str, str]:
    """States among the inputs that the example lacks; none if that is not clear."""
    graph = _recorded(source)
    if graph is None:
        return {}
    given = {graph.input} if isinstance(example, Tensor) else {*example}
    return states_of_graph(graph, given)


def _step_of(
    source: nn.Module | ExportedProgram | Graph,
    example: Inputs,
    states: Mapping[str, str],
) -> Inputs:
    """One step of an example of sequences, with states."""
    graph = _recorded(source)
    if graph is None:
        return _all_given(one_step(example, states), states)
    return step_of_graph(graph, example, states)


def _all_given(step: Inputs, states: Mapping[str, str]) -> Inputs:
    """A step for a module, whose states have no shape but that of their first values."""
    given = () if isinstance(step, Tensor) else step
    missing = [name for name in states if name not in given]
    if missing:
        raise ValueError(
            "Argument `example` must hold the first value of every state of a module by its name,"
            f" but lacks `{missing[0]}`; zeros of its shape, (samples, ...), will do."
        )
    return step
