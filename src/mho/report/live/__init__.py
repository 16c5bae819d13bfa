"""A page that shows a run while it goes on, served on this machine alone."""

from mho.report.live.channels import Channels, RunState
from mho.report.live.server import LiveServer
from mho.report.live.watching import watch

__all__ = ["Channels", "LiveServer", "RunState", "watch"]
