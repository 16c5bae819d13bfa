"""Networks from a list of layers in a text file, with weights in another file.

A file of weights does not say what is computed with them; a few lines beside it do.
"""

from mho.network.formats.architecture.reader import read_architecture

__all__ = ["read_architecture"]
