"""`mho view`: a page while a run goes on."""

import contextlib
import signal
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from mho.checks import check_between
from mho.cli.shared import say
from mho.files import WORK, command_in
from mho.report.live import RunState, watch

TELLING = ("deploy", "fleet", "levels", "sweep", "yield")
"""Commands that tell how they go."""
_ENDS = {
    RunState.FINISHED: "The run is finished; its results are in the folder.",
    RunState.STOPPED: (
        "The run has stopped before its end; the same command with `--resume` goes on."
    ),
}


def run(folder: str, *, port: int, opens: bool) -> None:
    """Serve the page; see `mho view --help`.

    Raises:
        ValueError: The run there has ended already, or somebody watches it.
        OSError: The port is taken, or the folder cannot be written.
    """
    check_between(port, "port", 0, 65535, "1")

    def waits() -> None:
        say(
            f"No run is in `{folder}` yet; the page comes when one begins there, and Ctrl-C ends"
            " the wait."
        )

    def ready(address: str) -> None:
        print(address, flush=True)
        say(
            "The page is there until the run ends, or Ctrl-C, which leaves the run alone."
        )
        command = command_in(Path(folder) / WORK)
        if command is not None and command not in TELLING:
            say(
                f"`mho {command}` tells nothing on the way: the page only says when it has ended."
            )
        if opens:
            webbrowser.open(address)

    try:
        with _ended_by_signals():
            state = watch(Path(folder), port=port, ready=ready, waits=waits)
    except KeyboardInterrupt:
        return
    say(_ENDS[state])


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Whoever ends the page, or closes its terminal, ends it as Ctrl-C does: nothing is left."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    numbers = [
        getattr(signal, name)
        for name in ("SIGTERM", "SIGHUP")
        if hasattr(signal, name)
    ]
    before = [signal.signal(number, end) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
