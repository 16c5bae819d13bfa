"""What an image remembers of the files that it was compiled from."""

import hashlib
from pathlib import Path

from mho.data import BUILT_IN
from mho.deployment.storage.compiled_network import Provenance
from mho.device.published import numbers_of


def provenance_of(
    network: str,
    preset: str,
    *,
    weights: str | None = None,
    data: str | None = None,
) -> Provenance:
    """Names without folders, and checksums.

    Args:
        network: Something built in, such as `"digits"`, a file, or `module.py:factory`.
        preset: Name of the chips' preset.
        weights: File of a state dict.
        data: File of samples.

    Raises:
        OSError: A file cannot be read.
    """
    numbers = numbers_of(preset)
    if network in BUILT_IN:
        return Provenance(
            source=network, preset=preset, data=network, numbers=numbers
        )
    named = network.rpartition(":")[0]
    files = {
        "network": named
        if named.endswith((".py", ".safetensors"))
        else network,
        "weights": weights,
        "data": data,
    }
    sums = {
        what: hashlib.sha256(Path(name).read_bytes()).hexdigest()
        for what, name in files.items()
        if name is not None
    }
    return Provenance(
        source=Path(network).name, sha256=sums, preset=preset, numbers=numbers
    )
