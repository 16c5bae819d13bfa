"""What a network computes, as one short text: operations, weights, biases and constants."""

import hashlib
import json

from mho.deployment.storage.plain_values import Writer
from mho.network import Network


def network_digest(network: Network) -> str:
    """SHA-256 of all that a network's outputs depend on, in hexadecimal digits.

    Notes of its conversion do not count. Two networks of one digest give the same outputs.

    Args:
        network: The network.
    """
    writer = Writer()
    plain = {
        "graph": writer.write(network.graph, "graph"),
        "layers": writer.write(network.layers, "layers"),
    }
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for name, tensor in sorted(writer.tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()
