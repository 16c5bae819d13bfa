"""The one table of options: a name, a type and a help text for each.

Commands annotate their arguments with these types, so that an option means the same wherever it
is found. What an option is if left out stands in the signature, for the reader of the command; a
test walks all commands and fails for a difference that nobody has given a reason for.
"""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options.help_groups import (
    CHIP,
    LINES,
    MANY,
    MAPPING,
)
from mho.cli.options.texts import number, place, plain_digits, whole

PRESET = "rao2023"
"""Preset of most commands if none is named."""

FLAG = Parameter(negative=())
"""What holds or does not; there is no `--no-…`."""
WHOLE = Parameter(converter=whole)
"""A whole number."""
NUMBER = Parameter(converter=number)
"""A number."""
WORDS = Parameter(converter=plain_digits, allow_leading_hyphen=True)
"""Numbers with units, or several numbers."""
PLACE = Parameter(converter=place)
"""The name of a file or folder."""

Data = Annotated[
    str | None,
    PLACE,
    Parameter(
        help=(
            "Samples, a `.npz` file: `inputs`, or each input by its name, and, where wanted, "
            "`labels`, `calibration`, `training_inputs`, `training_labels`; those of the "
            "network if left out."
        )
    ),
]
MetricName = Annotated[
    str | None,
    Parameter(
        name="--metric",
        group=MANY,
        help=(
            "What outputs are judged by: `accuracy`; against the digital network `error`, "
            "`sqnr`, `agreement` or `cosine`; or `module.py:function(outputs, data)`, whose file "
            "is run. Accuracy where there are labels, else the error, if left out."
        ),
    ),
]
Samples = Annotated[
    int | None,
    WHOLE,
    Parameter(
        group=MANY,
        help="Number of test samples to judge by, always the same choice; all if left out.",
    ),
]
ByLayer = Annotated[
    bool,
    FLAG,
    Parameter(
        group=MANY,
        help=(
            "Say where the network goes wrong: the error after each analog layer, with exact "
            "inputs and accumulated."
        ),
    ),
]
Weights = Annotated[
    str | None,
    PLACE,
    Parameter(
        help="State dict for a factory's module, `.safetensors`, `.pt` or `.pth`."
    ),
]
_CHIP = (
    "Preset of the chip, see `mho presets`; or a file: one of a preset, `mycell.toml`, or "
    "`my_cells.py:Kind`, which is run."
)
ChipPreset = Annotated[str, Parameter(help=_CHIP)]
OwnPreset = Annotated[str | None, Parameter(help=_CHIP)]
OutFolder = Annotated[
    str | None,
    PLACE,
    Parameter(
        name="--out",
        help=(
            "Folder for `result.json`, figures and pages; one in `mho-out`, named after the "
            "run, if left out."
        ),
    ),
]
SaveFile = Annotated[
    str | None,
    PLACE,
    Parameter(
        name=("--save", "-o"),
        help="File to write; named after what was read if left out.",
    ),
]
KeptChip = Annotated[
    str | None,
    PLACE,
    Parameter(
        name=("--save", "-o"),
        help="File to keep the chip in, as it is at the end; none if left out.",
    ),
]
Json = Annotated[
    str | None,
    PLACE,
    Parameter(
        allow_leading_hyphen=True,
        help="File for the results as JSON; `-` for standard output, and nothing else there.",
    ),
]
Resume = Annotated[
    bool,
    FLAG,
    Parameter(help="Go on with an interrupted run; what is finished is kept."),
]
Threads = Annotated[
    int,
    WHOLE,
    Parameter(help="Threads to compute with; more than one rarely pays."),
]
ManyWorkers = Annotated[
    int | None,
    WHOLE,
    Parameter(
        name="--workers",
        group=MANY,
        help=(
            "Processes that share the work, about 0.5 GB each; as many as there are cores, and "
            "memory for, if left out. The results are the same for any number."
        ),
    ),
]
Seed = Annotated[
    int,
    WHOLE,
    Parameter(
        help="Names everything random: the chip, its faults and noise, and what is drawn."
    ),
]
Tolerance = Annotated[
    str | None,
    WORDS,
    Parameter(
        help="Half-width of the acceptance window, with its unit; as suits the cells if left out."
    ),
]
Denoise = Annotated[
    bool, Parameter(help="Denoise cells when they are programmed.")
]
ReadNoise = Annotated[
    str,
    Parameter(
        group=CHIP,
        help=(
            "How noise enters a product: `frozen`, traps stand still for a batch of vectors; "
            "`moments`, all of it fresh for every vector; `sampled`, every cell followed, "
            "slow."
        ),
    ),
]
Electronics = Annotated[
    str,
    Parameter(
        help="`off_chip`, high resolution, or `on_chip`, the integrated 6-bit electronics."
    ),
]
Stuck = Annotated[
    float | None,
    NUMBER,
    Parameter(
        help="Share of cells that never switch, 0 to 1; the preset's if left out."
    ),
]
Chips = Annotated[
    int, WHOLE, Parameter(help="Number of chips, with seeds from `--seed` on.")
]
Cell = Annotated[
    int,
    WHOLE,
    Parameter(
        help="Number of the cell, tile by tile and row by row; of the first of several."
    ),
]
Cells = Annotated[int, WHOLE, Parameter(help="Number of cells.")]
DrawnOrPhysics = Annotated[
    str | None,
    Parameter(
        name="--cells",
        group=CHIP,
        help=(
            "How cells come to hold weights: `physics`, programmed by simulated pulses, or "
            "`drawn` from a table of programmed ones, for millions; by the size of the network "
            "if left out."
        ),
    ),
]
Compare = Annotated[
    bool,
    Parameter(
        help=(
            "Do it once more to compare: levels without denoising, training without stuck "
            "cells."
        )
    ),
]
Keep = Annotated[
    bool,
    FLAG,
    Parameter(
        help="Let the chip's clock and noise go on in its file; it stays as it was otherwise."
    ),
]
Wait = Annotated[
    str, WORDS, Parameter(help="Time to let pass before, with its unit.")
]
Pack = Annotated[
    bool | None,
    Parameter(
        group=MAPPING,
        help="Let layers share tiles; where it pays if left out.",
    ),
]
Compensate = Annotated[
    bool, Parameter(group=MAPPING, help="Make up for the wires in the mapping.")
]
Digital = Annotated[
    str | None,
    Parameter(
        group=MAPPING,
        help="Modules that stay digital, such as `head,encoder.*`.",
    ),
]
Size = Annotated[
    str | None,
    WORDS,
    Parameter(help="Rows and columns of an array, such as `256` or `256x64`."),
]
Wires = Annotated[
    str | None,
    WORDS,
    Parameter(
        help=(
            "Resistance of a wire segment between two cells, such as `0.5Ohm`, `0` for ideal "
            "wires; that of what is read, else of the preset, if left out."
        )
    ),
]
Driver = Annotated[
    str | None,
    WORDS,
    Parameter(
        group=LINES,
        help="Resistance between a driver and its line; as `--wires` if left out.",
    ),
]
Sense = Annotated[
    str | None,
    WORDS,
    Parameter(
        group=LINES,
        help="Resistance between a line and its virtual ground; as `--wires` if left out.",
    ),
]
Access = Annotated[
    str | None,
    WORDS,
    Parameter(
        group=LINES,
        help="Resistance in series with every cell; as `--wires` if left out.",
    ),
]
Sides = Annotated[
    str | None,
    Parameter(
        group=LINES,
        help="`both` if rows are driven from both ends, else `one`.",
    ),
]
SenseSides = Annotated[
    str | None,
    Parameter(
        group=LINES,
        help="`both` if columns end in a virtual ground at both ends, else `one`.",
    ),
]
Tile = Annotated[int, WHOLE, Parameter(help="Number of the run's tile.")]
Plain = Annotated[
    bool,
    FLAG,
    Parameter(
        help="Take the chip that was programmed without denoising, which a run has as well."
    ),
]
CubicCells = Annotated[
    bool,
    FLAG,
    Parameter(
        help="Cells with the cubic term of the preset, or of `cubic` in the array's `.npz`."
    ),
]
StartConductance = Annotated[
    str | None,
    WORDS,
    Parameter(
        name="--start",
        help="Conductance at the start, with its unit; that of a formed cell if left out.",
    ),
]
_READ_VOLTAGE = Parameter(
    name="--voltage",
    help="Voltage at which currents are, or were, measured, with its sign and unit.",
)
ReadVoltage = Annotated[str, WORDS, _READ_VOLTAGE]
OwnReadVoltage = Annotated[str | None, WORDS, _READ_VOLTAGE]
CompareTolerance = Annotated[
    str,
    WORDS,
    Parameter(
        group=MANY,
        help=(
            "Half-width of the window to which several chips are programmed once more, "
            "coarsely and without denoising, to compare."
        ),
    ),
]
KeepChips = Annotated[
    bool,
    FLAG,
    Parameter(
        group=MANY,
        help="Leave a file of each of several chips for `mho run` and `mho evaluate`.",
    ),
]
FitColumns = Annotated[
    bool,
    FLAG,
    Parameter(
        group=CHIP,
        help="Fit gain and offset of every output on the chip, to the calibration samples.",
    ),
]
OwnDenoise = Annotated[
    bool | None, Parameter(help="Denoise cells when they are programmed.")
]
SavedTable = Annotated[
    str | None,
    PLACE,
    Parameter(
        name=("--save", "-o"),
        help="File for the currents, `.csv` or `.npz`; none if left out.",
    ),
]
