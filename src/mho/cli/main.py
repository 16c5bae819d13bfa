"""The command line: which commands there are, and how errors end.

An error is one sentence and exit code 2, never a traceback.
"""

import errno
import gc
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import NoReturn

from cyclopts import App, CycloptsError, Group, UnknownOptionError

from mho.cli.commands import (
    cells,
    circuits,
    claims,
    equations,
    networks,
    pages,
)
from mho.cli.options import HELP_ALL, OptionError, answer, show_all
from mho.cli.shared import (
    COLLECT_AFTER,
    disk_full,
    interrupted,
    max_memory,
    say,
    speak_plainly,
    split_max_memory,
)
from mho.cli.shared import HELP as MEMORY_HELP

_OK = 0
_BAD_INPUT = 2
_INTERRUPTED = 130

_NETWORKS = Group("Networks on chips", sort_key=1)
_CELLS = Group("Cells", sort_key=2)
_CIRCUITS = Group("Circuits", sort_key=3)
_EQUATIONS = Group("Equations", sort_key=4)
_PAGES = Group("Pages of runs", sort_key=6)
_CLAIMS = Group("Claims and what they depend on", sort_key=5)

_COMMANDS: dict[Group, dict[str, App | Callable[..., None]]] = {
    _NETWORKS: {
        "deploy": networks.deploy,
        "compile": networks.compile_,
        "program": networks.program,
        "run": networks.run,
        "evaluate": networks.evaluate,
        "lifetime": networks.lifetime,
        "fleet": networks.fleet,
        "yield": networks.yield_,
        "tune": networks.tune,
        "train": networks.train,
        "inspect": networks.inspect,
    },
    _CELLS: {
        "presets": cells.presets,
        "levels": cells.levels,
        "characterise": cells.characterise,
        "fit": cells.fit,
    },
    _CIRCUITS: {
        "wires": circuits.wires,
        "export": circuits.export,
        "import": circuits.import_,
    },
    _EQUATIONS: {
        "solve": equations.solve,
    },
    _CLAIMS: {
        "reproduce": claims.reproduce,
        "sweep": claims.sweep,
    },
    _PAGES: {
        "view": pages.view,
        "report": pages.report,
    },
}
"""What people come for, and the commands for it."""


def _assembled() -> App:
    """The application with all commands, grouped."""
    app = App(
        name="mho",
        help=f"Program memristors to thousands of levels. {MEMORY_HELP}",
        version=version("mho"),
        help_flags=["--help", "-h", HELP_ALL],
        version_flags=["--version"],
        suppress_keyboard_interrupt=False,
    )
    for group, commands in _COMMANDS.items():
        for name, command in commands.items():
            if isinstance(command, App):
                command.group = (group,)
                app.command(command)
            else:
                app.command(command, name=name, group=group)
    return app


app = _assembled()


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Args:
        arguments: Words after `mho`; those of the process if `None`.
    """
    speak_plainly()
    gc.set_threshold(COLLECT_AFTER)
    words = sys.argv[1:] if arguments is None else arguments
    show_all.set(HELP_ALL in words)
    try:
        words, limit = split_max_memory(words)
        with max_memory(limit):
            app(
                words,
                exit_on_error=False,
                print_error=False,
                help_on_error=False,
            )
    except KeyboardInterrupt as error:
        say(interrupted(error))
        sys.exit(_INTERRUPTED)
    except OptionError as error:
        say(str(error))
        sys.exit(_BAD_INPUT)
    except UnknownOptionError as error:
        say(_about_option(error))
        sys.exit(_BAD_INPUT)
    except CycloptsError as error:
        say(f"{' '.join(str(error).split())} See `mho --help`.")
        sys.exit(_BAD_INPUT)
    except ValueError as error:
        say(str(error))
        sys.exit(_BAD_INPUT)
    except OSError as error:
        say(_about_files(error))
        sys.exit(_BAD_INPUT)
    sys.exit(_OK)


def _about_option(error: UnknownOptionError) -> str:
    """One sentence for an option that there is not: its new name, or the nearest."""
    option = error.token.keyword or error.token.value
    return (
        answer(error.command_chain or (), option)
        or f"{' '.join(str(error).split())} See `mho --help`."
    )


def _about_files(error: OSError) -> str:
    """One sentence for a file that cannot be read or written."""
    place = f" `{error.filename}`" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return disk_full(error)
    reason = (error.strerror or str(error)).lower()
    return (
        f"File or folder{place} must be usable, but the system says: {reason}."
    )
