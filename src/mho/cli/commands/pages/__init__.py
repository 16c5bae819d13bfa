"""Commands for pages of runs: while they go on, and beside each other."""

from mho.cli.commands.pages.report import report
from mho.cli.commands.pages.view import view

__all__ = ["report", "view"]
