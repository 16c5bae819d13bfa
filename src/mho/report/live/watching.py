"""From a folder with a run to a page that shows it, until the run ends."""

import threading
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from mho.report.explorable import page_parts
from mho.report.live.channels import Channels, RunState
from mho.report.live.server import LiveServer

_SCRIPTS = ("theme.js", "colours.js", "axes.js", "live_chip.js", "live.js")
_RESULT = "result.json"
_LOOK = 0.2
"""Time between two looks into the folder (s)."""
_BETWEEN_ENDS = 3
"""Looks that have to agree that the run does not go on (1)."""
_LAST = 3.0
"""Time that pages have to take the last news (s)."""


def watch(
    folder: Path,
    *,
    port: int = 0,
    ready: Callable[[str], object] = lambda _: None,
    waits: Callable[[], object] = lambda: None,
) -> RunState:
    """Serve a page that shows the run in a folder, until the run ends.

    A run that is not there yet is waited for: some train a network before they begin their folder.

    Nothing is written for it unless a page is open: then the run tells in ``.live`` how it goes,
    and the folder is as it was before once this returns.

    Args:
        folder: Folder of the run.
        port: Port on the loopback address; any free one if 0.
        ready: Told the address of the page.
        waits: Told, once, that there is no run yet.

    Returns:
        How the run ended.

    Raises:
        ValueError: The run in the folder has ended already, or somebody watches it.
        OSError: The port is taken, or the folder cannot be written.
    """
    channels = Channels(folder)
    if _is_empty(folder, channels):
        waits()
        while _is_empty(folder, channels):
            time.sleep(_LOOK)
        # it may have been a short one
        if channels.state() is RunState.FINISHED:
            return RunState.FINISHED
    _check(folder, channels)
    page, policy = _page(folder)
    with LiveServer(channels, page, policy, port) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        channels.open()
        serving.start()
        try:
            channels.say("state", {"state": RunState.RUNNING})
            ready(server.address)
            return _followed(channels, server)
        finally:
            server.shutdown()
            channels.close()


def _is_empty(folder: Path, channels: Channels) -> bool:
    """Whether no run goes on in a folder, and none has left anything there."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(
            f"Argument `folder` must be the folder of a run, but `{folder}` is a file."
        )
    is_over = (folder / _RESULT).is_file()
    return channels.state() is RunState.FINISHED and not is_over


def _check(folder: Path, channels: Channels) -> None:
    if channels.state() is RunState.RUNNING:
        return
    why = (
        "the one there is finished; its figures are in the folder, and `mho report` makes a page"
        " of it"
    )
    if channels.state() is RunState.STOPPED:
        why = "the one there has stopped; the same command with `--resume` goes on"
    raise ValueError(
        f"Argument `folder` must have a run that goes on, but in `{folder}` {why}."
    )


def _page(folder: Path) -> tuple[str, str]:
    """The page, and its policy."""
    parts = page_parts(_SCRIPTS, connect="'self'")
    source = files("mho.report").joinpath("live.html.j2")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        source.read_text(encoding="utf-8")
    )
    return page.render(parts=parts, folder=str(folder)), str(parts.policy)


def _followed(channels: Channels, server: LiveServer) -> RunState:
    """Pass on what the run tells until it ends."""
    agreed = 0
    while agreed < _BETWEEN_ENDS:
        if server.streams:
            channels.touch()
        server.end_idle()
        channels.look()
        state = channels.state()
        # results take their places for a moment in which it looks as if nobody were here
        agreed = 0 if state is RunState.RUNNING else agreed + 1
        time.sleep(_LOOK)
    channels.look()
    channels.say("state", {"state": state})
    server.ending.set()
    until = time.monotonic() + _LAST
    while server.streams and time.monotonic() < until:
        time.sleep(0.05)
    return state
