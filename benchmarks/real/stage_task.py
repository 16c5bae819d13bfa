"""What a process that works on a network is to do."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

PRESET = "rao2023"
"""The chip."""


@dataclass(frozen=True, slots=True)
class StageTask:
    """A network, its samples, and where things are left.

    Args:
        network: File of the network.
        inputs: Inputs that are the same for all samples, `NAME=NUMBER`.
        states: Outputs that are fed back, `INPUT=OUTPUT`.
        digital: Layers that stay digital.
        seed: Names the chip.
        together: Samples that are computed together (1).
        folder: Where samples are, and files on the way.
    """

    network: str
    inputs: tuple[str, ...]
    states: tuple[str, ...]
    digital: tuple[str, ...]
    seed: int
    together: int
    folder: str

    def path(self, name: str) -> Path:
        """A file on the way."""
        return Path(self.folder, name)

    def save(self) -> Path:
        """Leave it for other processes; returns the file."""
        path = self.path("task.json")
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @staticmethod
    def load(path: Path) -> "StageTask":
        """What `save` has left."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        lists = ("inputs", "states", "digital")
        words = {name: tuple(stored[name]) for name in lists}
        return StageTask(**(stored | words))
