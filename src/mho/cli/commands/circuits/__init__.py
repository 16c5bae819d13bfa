"""Commands for circuits: wires of an array, and the way to circuit simulators and back."""

from mho.cli.commands.circuits.export import export
from mho.cli.commands.circuits.import_ import import_
from mho.cli.commands.circuits.wires import wires

__all__ = ["export", "import_", "wires"]
