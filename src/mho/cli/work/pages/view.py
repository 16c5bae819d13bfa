"""`mho view`: a page while a run goes on."""

import webbrowser
from pathlib import Path

from mho.checks import check_between
from mho.cli.shared import say
from mho.report.live import RunState, watch

_ENDS = {
    RunState.FINISHED: "The run is finished; its results are in the folder.",
    RunState.STOPPED: (
        "The run has stopped before its end; the same command with `--resume` goes on."
    ),
}


def run(folder: str, *, port: int, opens: bool) -> None:
    """Serve the page; see `mho view --help`.

    Raises:
        ValueError: No run goes on there.
        OSError: The port is taken, or the folder cannot be written.
    """
    check_between(port, "port", 0, 65535, "1")

    def ready(address: str) -> None:
        print(address, flush=True)
        say(
            "The page is there until the run ends, or Ctrl-C, which leaves the run alone."
        )
        if opens:
            webbrowser.open(address)

    try:
        state = watch(Path(folder), port=port, ready=ready)
    except KeyboardInterrupt:
        return
    say(_ENDS[state])
