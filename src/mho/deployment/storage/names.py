"""The names in files, one table: what a class and its fields are called there, forever.

Code may rename a class or a field; its line here then says what it was called, and files do not
notice. A new field is added at the end of its line and needs a default, for files that lack it.
"""

from mho.bench import BenchInfo, Nominal
from mho.bench.simulated import ChipSpec
from mho.deployment.deployed import Correction
from mho.deployment.ranges import RangeRule, Ranges
from mho.deployment.storage.compiled_network import CompiledNetwork, Provenance
from mho.deployment.storage.digital_settings import Tuning
from mho.deployment.storage.programmed_chip import ProgrammedChip
from mho.deployment.storage.record import Record, Records
from mho.deployment.storage.stored_block import StoredBlock
from mho.deployment.storage.stored_graph import StoredGraph
from mho.ledger import Ledger
from mho.mapping import Placement
from mho.network import (
    Graph,
    GraphInput,
    GraphOutput,
    Network,
    Node,
    OperationRecord,
    Ref,
    State,
)
from mho.network.operations import Convolution, Dense, LinearLayer, Recurrent
from mho.programming import ProgrammingOptions, ProgramResult
from mho.wires import WireModel


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_NETWORK = (
    Record("Network", Network, _names("layers graph calls notes")),
    Record("LinearLayer", LinearLayer, _names("name weight bias convolution")),
    Record(
        "Convolution",
        Convolution,
        _names("kernel_size stride padding dilation extra spread axes"),
    ),
    Record(
        "Graph",
        StoredGraph,
        _names(
            "input sample_shape batch nodes output tensors labels untrained"
        ),
    ),
    Record(
        "NamedGraph",
        Graph,
        _names(
            "inputs nodes outputs tensors labels untrained states single separate"
        ),
    ),
    Record("GraphInput", GraphInput, _names("name sample_shape batch kind")),
    Record("GraphOutput", GraphOutput, _names("name value")),
    Record("State", State, _names("input output")),
    Record("Node", Node, _names("name operator arguments shape")),
    Record("Ref", Ref, _names("name")),
    Record("Dense", Dense, _names("layers")),
    Record("Recurrent", Recurrent, _names("layers cell stacked directions")),
    Record(
        "Note",
        OperationRecord,
        _names("name kind runs why parameters on_tiles"),
        # the work of an operation is counted, not kept
        apart=("analog", "digital", "layers", "count"),
    ),
)
"""A trained network."""

_IMAGE = (
    Record(
        "Image",
        CompiledNetwork,
        _names(
            "network placement ranges info mapping compensated sample_shape provenance rule"
        ),
    ),
    Record(
        "Provenance",
        Provenance,
        _names("version source sha256 preset data numbers"),
        if_said=_names("numbers"),
    ),
    Record(
        "Placement", Placement, _names("blocks cells target partner sign step")
    ),
    Record(
        "Block",
        StoredBlock,
        _names(
            "layer tile first_input first_output plus minus scale reference corrects excess"
        ),
    ),
    Record("Ranges", Ranges, _names("inputs currents")),
    Record(
        "RangeRule",
        RangeRule,
        _names("kind percent per_column dac_bits adc_bits"),
    ),
    Record(
        "BenchInfo",
        BenchInfo,
        _names(
            "name tiles rows cols conductance_low conductance_high array_low array_high"
            " amplitude_max gate_max read_voltage resolution sample_time nominal wires dac_bits"
            " adc_bits"
        ),
        # what cells are like is asked of the bench that programs them
        apart=("method", "telegraph", "levels"),
    ),
    Record(
        "Nominal",
        Nominal,
        _names("set_voltage reset_voltage slope step width floor ceiling span"),
    ),
    Record(
        "WireModel",
        WireModel,
        _names("word_line bit_line driver sense access sides sense_sides"),
    ),
)
"""A network compiled for a kind of chip."""

_CHIP = (
    Record(
        "StoredChip",
        ProgrammedChip,
        _names(
            "specimen effort placement result state records model version tuning"
        ),
        apart=("image",),
    ),
    Record(
        "Specimen",
        ChipSpec,
        _names(
            "preset seed tiles rows cols wires temperature read_noise stuck numbers"
        ),
        if_said=_names("numbers"),
    ),
    Record("Effort", ProgrammingOptions, _names("tolerance denoise repaired")),
    Record(
        "ProgramResult",
        ProgramResult,
        _names(
            "cells target outcome error noise pulses denoise_pulses reads tolerance cycles ledger"
        ),
    ),
    Record(
        "Ledger",
        Ledger,
        _names(
            "pulses reads conversions multiplies seconds pulse_joules read_joules"
            " converter_joules"
        ),
    ),
    Record("Tuning", Tuning, _names("ranges corrections")),
    Record("Correction", Correction, _names("gain offset")),
)
"""A programmed chip; its image stands beside it."""

RECORDS = Records((*_NETWORK, *_IMAGE, *_CHIP))
"""All classes that stand in files."""
