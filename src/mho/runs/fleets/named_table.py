"""One table in a file that somebody named, for all fleets of a run."""

from collections.abc import Sequence
from dataclasses import replace

from mho.files import identity
from mho.progress import Progress
from mho.runs.fleets.making import FleetTask, with_table
from mho.runs.task import Task
from mho.statistical import Surrogate


def with_named_table(
    tasks: Sequence[FleetTask], read: Task, file: str, progress: Progress
) -> list[FleetTask]:
    """The tasks with the table of a file, which is measured where there is none.

    A file can hold other cells than those measured here, so that its content names the parts too.

    Args:
        tasks: Fleets of a surrogate.
        read: Network, data and metric.
        file: The file.
        progress: Told what is being done.

    Raises:
        ValueError: The tasks need several tables, or the file is of something else, or damaged.
        OSError: It cannot be written.
    """
    needed = len({one.surrogate for one in tasks})
    if needed > 1:
        raise ValueError(
            f"Argument `table` must be left out where what varies needs {needed} tables of cells,"
            " as one file holds one; without it each is kept by itself."
        )
    table = with_table(replace(tasks[0], file=file), read, progress).table
    assert isinstance(table, Surrogate)
    content = table.checksum
    return [
        replace(one, key=identity([one.key, content]), table=table)
        for one in tasks
    ]
