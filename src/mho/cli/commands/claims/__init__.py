"""Commands for claims: those of papers, and what they depend on."""

from mho.cli.commands.claims.reproduce import reproduce
from mho.cli.commands.claims.sweep import sweep

__all__ = ["reproduce", "sweep"]
