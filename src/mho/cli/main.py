"""The commands, and how errors end: one sentence and exit code 2, never a traceback."""

import errno
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

from mho.checks import one_line
from mho.cli.commands.compile_ import compile_
from mho.cli.commands.export_import import export, import_
from mho.cli.commands.inspect_ import inspect
from mho.cli.commands.lifetime import register as register_lifetime
from mho.cli.commands.program import program
from mho.cli.commands.run_evaluate import evaluate, run
from mho.cli.commands.train import register as register_train
from mho.cli.commands.tune import register as register_tune
from mho.cli.commands.yield_ import yield_
from mho.cli.shared.layout_options import LayoutOptions

app = App(
    name="mho",
    help="Program memristors to thousands of levels.",
    version=version("mho"),
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
characterise = App(
    name="characterise", help="Ask measured data about the cells behind them."
)


app.command(characterise)


app.command(export)


app.command(import_)


def register(app: App) -> None:
    """Add the commands."""
    app.command(compile_, name="compile")
    for command in (program, run, evaluate, inspect):
        app.command(command)


register(app)


app.command(yield_, name="yield")


register_tune(app)


register_lifetime(app)


register_train(app)


_OK = 0
_CLAIM_FAILED = 1
_BAD_INPUT = 2
_INTERRUPTED = 130


@app.command
def deploy(
    network: str,
    /,
    *,
    data: str | None = None,
    weights: str | None = None,
    chip: str = "rao2023",
    tolerance: str = "1uS",
    wires: str | None = None,
    compensate: bool = True,
    read_noise: str = "frozen",
    pack: Annotated[bool, Parameter(negative=())] = False,
    layout: LayoutOptions | None = None,
    fit_columns: Annotated[bool, Parameter(negative=())] = False,
    digital: str | None = None,
    seed: int = 0,
    denoise: bool = True,
    chips: int = 1,
    compare_tolerance: str = "20uS",
    keep_chips: Annotated[bool, Parameter(negative=())] = False,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    threads: int = 1,
) -> None:
    """Write a trained network into simulated memristor chips and see what survives.

    Args:
        network: `digits` for the built-in example, `model.pt2` for a network saved with
            `torch.export.save`, `model.onnx`, `weights.safetensors:relu` for matrices alone, or
            `module.py:factory` for a function that returns a module.
        data: Test data, a `.npz` file with `inputs`, `labels` and, if wanted, `calibration`.
        weights: State dict for a factory's module, `.safetensors`, `.pt` or `.pth`.
        chip: Preset of the chip; `mho presets` lists them.
        tolerance: Half-width of the acceptance window, with its unit.
        wires: Resistance of a wire segment between two cells, such as `0.5Ohm`; the preset's if
            left out, `0` for ideal wires.
        compensate: Make up for the wires in the mapping.
        read_noise: How noise enters a product: `frozen`, traps stand still for a batch of vectors;
            `moments`, all of it fresh for every vector; `sampled`, every cell followed, slow.
        pack: Let layers share tiles.
        layout: How weights become conductances, and how converter ranges follow from samples.
        fit_columns: Fit gain and offset of every output on the chip, to the calibration samples.
        digital: Modules that stay digital, such as `head,encoder.*`.
        seed: Names the chip and everything random about the run.
        denoise: Denoise, and program a second chip without it to compare.
        chips: Number of chips, with seeds from `--seed` on, to see how far apart they lie.
        compare_tolerance: With several chips: half-width of the window to which all of them are
            programmed once more, coarsely and without denoising, to compare.
        keep_chips: With several chips: leave a file of each for `mho run` and `mho evaluate`.
        resume: Go on with an interrupted run.
        out: Folder for the results; `mho-out/<run>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
        threads: Threads to compute with; more than one rarely pays.
    """
    from mho.cli.commands.deploy import run

    run(
        network,
        data=data,
        weights=weights,
        chip=chip,
        tolerance=tolerance,
        wires=wires,
        compensate=compensate,
        read_noise=read_noise,
        packed=pack,
        digital=digital,
        seed=seed,
        denoise=denoise,
        layout=(layout or LayoutOptions()).layout(),
        fit_columns=fit_columns,
        chips=chips,
        compare_tolerance=compare_tolerance,
        keep_chips=keep_chips,
        resume=resume,
        out=out,
        json=json,
        threads=threads,
    )


@app.command
def levels(
    *,
    chip: str = "rao2023",
    driver: str = "off_chip",
    levels: int = 2048,
    tolerance: str | None = None,
    cell: int = 0,
    cells: int = 1,
    in_turn: Annotated[bool, Parameter(negative=())] = False,
    compare: bool = True,
    bits: Annotated[bool, Parameter(negative=())] = False,
    error_rate: float = 1e-3,
    window: str = "1000s",
    bandwidth: str = "25Hz",
    seed: int = 0,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Write many levels into one cell, or into many, and read each by a sweep.

    Args:
        chip: Preset of the chip; `mho presets` lists them.
        driver: `off_chip`, high resolution, or `on_chip`, the integrated 6-bit electronics.
        levels: Number of levels, evenly spaced over the chip's range.
        tolerance: Half-width of the acceptance window, with its unit; half a spacing if left out.
        cell: Number of the cell, or of the first of several.
        cells: Number of cells.
        in_turn: Write the levels one after the other into the one cell; a minute for 2,048.
            Otherwise each is written into a copy of the cell, side by side.
        compare: Write the levels without denoising as well.
        bits: Measure how many levels can be told apart, what limits them, and the largest number
            that 99 % of an array's cells hold.
        error_rate: Accepted share of looks nearer to another level, for `--bits`.
        window: Time over which levels shall hold, for `--bits`.
        bandwidth: Bandwidth of a look, for `--bits`.
        seed: Names the chip and everything random about it.
        resume: Go on with an interrupted experiment.
        out: Folder for the results; `mho-out/<experiment>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.commands.levels import run

    run(
        chip=chip,
        driver=driver,
        levels=levels,
        tolerance=tolerance,
        cell=cell,
        cells=cells,
        in_turn=in_turn,
        compare=compare,
        bits=bits,
        error_rate=error_rate,
        window=window,
        bandwidth=bandwidth,
        seed=seed,
        resume=resume,
        out=out,
        json=json,
    )


@app.command
def wires(
    *,
    size: str = "256",
    resistance: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    driver: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    sense: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    range_: Annotated[
        str | None, Parameter(name="--range", allow_leading_hyphen=True)
    ] = None,
    sides: str = "one",
    sense_sides: str = "one",
    chip: str = "rao2023",
    wanted: str = "95%",
    seed: int = 0,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """See how much current the wires of an array leave, where it is lost, and what would help.

    Args:
        size: Rows and columns, such as `256` or `256x64`.
        resistance: Resistance of a wire segment between two cells, such as `0.5Ohm` or `0.5`; the
            preset's if left out.
        driver: Resistance between a driver and its row; the preset's if left out.
        sense: Resistance between a column and its virtual ground; the preset's if left out.
        range_: Range of the cells' conductances, such as `50uS:500uS`; the preset's range for
            multiplying in parallel if left out.
        sides: `one`, or `both` if rows are driven from both ends.
        sense_sides: `one`, or `both` if columns are sensed at both ends.
        chip: Preset whose wires and range are taken; `mho presets` lists them.
        wanted: Share of the current that the proposed combinations shall keep.
        seed: Names the random conductances and inputs.
        out: Folder for the results; `mho-out/wires-<array>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.commands.wires import run

    run(
        size=size,
        resistance_=resistance,
        driver=driver,
        sense=sense,
        range_=range_,
        sides=sides,
        sense_sides=sense_sides,
        chip=chip,
        wanted=wanted,
        seed=seed,
        out=out,
        json=json,
    )


@app.command
def sweep(
    *sweeps: str,
    unknown: list[str] | None = None,
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
    chip: str = "rao2023",
    driver: str = "off_chip",
    tolerance: str = "1uS",
    denoise: bool = True,
    cells: int = 4096,
    looks: int = 25,
    span: str = "1000s",
    seed: int = 0,
    parquet: Annotated[bool, Parameter(negative=())] = False,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """See what the number of levels depends on: any field of a preset or a protocol.

    Args:
        sweeps: Fields and values, such as `telegraph.births=0.3,1,3`,
            `protocol.denoise.highest=0.6:0.75:4` or `telegraph.amplitude=0.5uS:20uS:5:log`;
            several make a grid. `mho presets rao2023` lists a preset's fields.
        unknown: A ready sweep of something that nobody states; `--list` shows them.
        list_: List the ready sweeps, their ranges and reasons.
        chip: Preset to start from.
        driver: `off_chip` or `on_chip`.
        tolerance: Half-width of the acceptance window, with its unit.
        denoise: Denoise.
        cells: Cells of the chip that every point is measured on, in columns of 256.
        looks: Looks of the audit.
        span: Time over which they are spread, with its unit.
        seed: Names the chip, the same for all points.
        parquet: Write the table as Parquet, too.
        resume: Go on with an interrupted sweep, or with a larger grid; measured points are kept.
        out: Folder for the results; `mho-out/sweep-<fields>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.commands.sweep import run, show_unknowns

    if list_:
        show_unknowns()
        return
    run(
        list(sweeps),
        unknown=unknown or [],
        chip=chip,
        driver=driver,
        tolerance=tolerance,
        denoise=denoise,
        cells=cells,
        looks=looks,
        span=span,
        seed=seed,
        parquet=parquet,
        resume=resume,
        out=out,
        json=json,
    )


@app.command
def reproduce(
    *papers: str,
    only: list[str] | None = None,
    change: Annotated[list[str] | None, Parameter(name="--set")] = None,
    quick: Annotated[bool, Parameter(negative=())] = False,
    seed: int = 0,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Measure published claims again; the exit code is 1 if one of them fails.

    Args:
        papers: `rao2023`, `wan2022`; all of them if left out.
        only: Names of the claims to measure, such as `F1`.
        change: A number of the paper's cells to change, such as `telegraph.births=0`, to see
            which claims depend on it; may be given several times.
        quick: Reduced size, less than a minute.
        seed: Names the chips and everything random about them.
        resume: Go on with an interrupted run.
        out: Folder for figures and pages; `mho-out/reproduce` if left out.
        json: File for the verdicts as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.commands.reproduce import run

    if not run(
        list(papers),
        only=only or [],
        change=change or [],
        quick=quick,
        seed=seed,
        resume=resume,
        out=out,
        json=json,
    ):
        sys.exit(_CLAIM_FAILED)


@app.command
def presets(name: str | None = None, /) -> None:
    """List the published chips, or every number of one with its unit, source and confidence.

    Args:
        name: Preset to show in full.
    """
    from mho.cli.commands.presets import show_all, show_one

    if name is None:
        show_all()
    else:
        show_one(name)


@characterise.command
def noise(
    trace: str,
    /,
    *,
    voltage: Annotated[str, Parameter(allow_leading_hyphen=True)] = "0.2V",
    traps: int | None = None,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Find the traps behind a trace of telegraph noise: how many, how large, how fast.

    Args:
        trace: CSV file of two columns, `time_s,current_A` or `time_s,conductance_uS` and the
            like; without a header they are seconds and amperes.
        voltage: Voltage at which the current was measured, with its sign and unit.
        traps: Number of traps, 0 to 3, if it is known.
        out: Folder for the figure; `mho-out/noise-<trace>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.commands.characterise import run

    run(trace, voltage=voltage, traps=traps, out=out, json=json)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Args:
        arguments: Words after `mho`; those of the process if `None`.
    """
    try:
        app(arguments, exit_on_error=False, print_error=False, help_on_error=False)
    except KeyboardInterrupt:
        _say("Interrupted. The same command with `--resume` goes on where it stopped.")
        sys.exit(_INTERRUPTED)
    except CycloptsError as error:
        _say(f"{' '.join(str(error).split())} See `mho --help`.")
        sys.exit(_BAD_INPUT)
    except ValueError as error:
        _say(str(error))
        sys.exit(_BAD_INPUT)
    except OSError as error:
        _say(_about_files(error))
        sys.exit(_BAD_INPUT)
    sys.exit(_OK)


def _say(sentence: str) -> None:
    print(one_line(sentence), file=sys.stderr)


def _about_files(error: OSError) -> str:
    """One sentence for a file that cannot be read or written."""
    place = f" `{error.filename}`" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"The disk must have room for the results, but is full{place and f' at{place}'}; free"
            " some, then the same command with `--resume` goes on. Earlier results are untouched."
        )
    reason = (error.strerror or str(error)).lower()
    return f"File or folder{place} must be usable, but the system says: {reason}."
