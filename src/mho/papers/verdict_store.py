"""Verdicts of an unfinished `mho reproduce`, one file for each."""

import base64
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from mho.files import write_whole
from mho.papers.claim import Claim, Measurement, Paper, Setting, Verdict


class Kept:
    """A folder that keeps what is measured until all is.

    Args:
        work: The folder.
        resume: Take up what it has.

    Raises:
        ValueError: There is nothing to take up.
        OSError: The folder cannot be written.
    """

    def __init__(self, work: Path, *, resume: bool) -> None:
        self._work = work
        if resume and not work.is_dir():
            raise ValueError(
                f"Argument `resume` must find an unfinished run in `{work.parent}`, but there is"
                " none; leave it out to start one."
            )
        if not resume:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)

    def get(
        self, paper: Paper, claim: Claim, setting: Setting
    ) -> tuple[Verdict, dict[str, bytes]] | None:
        """A claim's verdict and pictures, if they were kept.

        Raises:
            ValueError: The file is damaged, or of another setting.
        """
        path = self._path(paper, claim)
        if not path.exists():
            return None
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            measurement = Measurement(**kept["measurement"])
            pictures = {n: base64.b64decode(p) for n, p in kept["pictures"].items()}
            same = kept["identity"] == _identity(setting)
            seconds = float(kept["seconds"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"File `{path}` must hold a verdict, but is damaged ({error}); delete it, then"
                " `--resume` measures it again."
            ) from error
        if not same:
            raise ValueError(
                f"Argument `resume` must go on with the same run, but `{self._work}` holds another"
                " one (cells, size, seed or version differ); leave it out to start anew."
            )
        return Verdict(claim, measurement, seconds), pictures

    def put(
        self,
        paper: Paper,
        verdict: Verdict,
        setting: Setting,
        pictures: Mapping[str, bytes],
    ) -> None:
        """Keep a verdict with its pictures."""
        found = asdict(replace(verdict.measurement, shown=None))
        text = json.dumps(
            {
                "identity": _identity(setting),
                "measurement": found,
                "seconds": verdict.seconds,
                "pictures": {
                    n: base64.b64encode(p).decode("ascii") for n, p in pictures.items()
                },
            }
        )
        write_whole(self._path(paper, verdict.claim), text.encode())

    def finish(self) -> None:
        """All is measured: nothing needs to be kept."""
        shutil.rmtree(self._work)

    def _path(self, paper: Paper, claim: Claim) -> Path:
        return self._work / f"{paper.name}-{claim.name}.json"


def _identity(setting: Setting) -> str:
    return f"{version('mho')} {setting!r}"
