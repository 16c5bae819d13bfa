"""The commands, and how errors end: one sentence and exit code 2, never a traceback."""

import errno
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

app = App(
    name="mho",
    help="Program memristors to thousands of levels.",
    version=version("mho"),
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)

characterise = App(name="characterise", help="Ask measured data about the cells behind them.")
app.command(characterise)

_OK, _BAD_INPUT, _INTERRUPTED = 0, 2, 130


@app.command
def deploy(
    network: str,
    /,
    *,
    data: str | None = None,
    weights: str | None = None,
    chip: str = "rao2023",
    tolerance: str = "1uS",
    seed: int = 0,
    denoise: bool = True,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    threads: int = 1,
) -> None:
    """Write a trained network into simulated memristor chips and see what survives.

    Args:
        network: `digits` for the built-in example, `model.pt2` for a network saved with
            `torch.export.save`, or `module.py:factory` for a function that returns a module.
        data: Test data, a `.npz` file with `inputs`, `labels` and, if wanted, `calibration`.
        weights: State dict for a factory's module, `.safetensors`, `.pt` or `.pth`.
        chip: Preset of the chip; `mho presets` lists them.
        tolerance: Half-width of the acceptance window, with its unit.
        seed: Names the chip and everything random about the run.
        denoise: Denoise, and program a second chip without it to compare.
        resume: Go on with an interrupted run.
        out: Folder for the results; `mho-out/<run>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
        threads: Threads to compute with; more than one rarely pays.
    """
    from mho.cli.deploy import run

    run(
        network, data=data, weights=weights, chip=chip, tolerance=tolerance, seed=seed,
        denoise=denoise, resume=resume, out=out, json=json, threads=threads,
    )  # fmt: skip


@app.command
def presets(name: str | None = None, /) -> None:
    """List the published chips, or every number of one with its unit, source and confidence.

    Args:
        name: Preset to show in full.
    """
    from mho.cli.presets import show_all, show_one

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
    from mho.cli.characterise import run

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
    print(sentence, file=sys.stderr)


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
