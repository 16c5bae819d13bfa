"""The command line: commands, the table of their options, and what they print."""

from mho.cli.main import app

__all__ = ["app"]
