"""Commands for equations: matrices on chips, and what solves with them."""

from mho.cli.commands.equations.solve import solve

__all__ = ["solve"]
