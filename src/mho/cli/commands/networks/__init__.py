"""Commands for networks: onto chips, through time, back to the accuracy of software."""

from mho.cli.commands.networks.compile_ import compile_
from mho.cli.commands.networks.deploy import deploy
from mho.cli.commands.networks.evaluate import evaluate
from mho.cli.commands.networks.fleet import fleet
from mho.cli.commands.networks.inspect import inspect
from mho.cli.commands.networks.lifetime import lifetime
from mho.cli.commands.networks.program import program
from mho.cli.commands.networks.run import run
from mho.cli.commands.networks.train import train
from mho.cli.commands.networks.tune import tune
from mho.cli.commands.networks.yield_ import yield_

__all__ = [
    "compile_",
    "deploy",
    "evaluate",
    "fleet",
    "inspect",
    "lifetime",
    "program",
    "run",
    "train",
    "tune",
    "yield_",
]
