"""Parts worked off by an executor, in whatever order they are done, whoever dies on the way.

Any `concurrent.futures.Executor` will do. What is submitted is a function of a module whose result
depends on its arguments alone, so that a part that was lost with its worker is simply done again.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

_Result = TypeVar("_Result")

MOST_TRIES = 25
"""Times that a part may be under way while a worker is lost, before it is to blame (1)."""

_LOST = (BrokenProcessPool, CancelledError)
_LOST_NAMES = (
    "BrokenExecutor",
    "CommClosedError",
    "ExecutorlibSocketError",
    "FutureCancelledError",
    "KilledWorker",
)
"""What executors of others raise for a worker that is gone; their packages may not be there."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some chips of a task, one after the other.

    Args:
        task: Content hash of what is done with them.
        first: Number of the first (1).
        count: How many (1).
    """

    task: str
    first: int
    count: int


class PartFailedError(ValueError):
    """A part was lost with its worker too often; the text is one sentence."""


@dataclass(slots=True, eq=False)
class _Course(Generic[_Result]):
    """Parts that are left, and how often each was lost."""

    submit: Callable[[Executor, Part], Future[_Result]]
    left: deque[Part]
    most_waiting: int
    tries: Counter[Part]
    told: Callable[[int], None]
    is_wanted: Callable[[Part], bool]

    def parts_of(self, executor: Executor) -> Iterator[tuple[Part, _Result]]:
        """Parts as they are done, until all are or a worker is lost."""
        under_way: dict[Future[_Result], Part] = {}
        try:
            while self.left or under_way:
                while self.left and len(under_way) < self.most_waiting:
                    part = self.left.popleft()
                    if self.is_wanted(part):
                        under_way[self.submit(executor, part)] = part
                if not under_way:
                    break
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                # what is done is given before anything is said to have failed
                for future in sorted(done, key=_has_failed):
                    found = future.result()
                    yield under_way.pop(future), found
        except BaseException as error:
            if not _is_loss(error):
                raise
            self._take_back(list(under_way.values()))

    def _take_back(self, lost: list[Part]) -> None:
        """Do again what was under way, as long as no part is to blame."""
        self.told(len(lost))
        self.tries.update(lost)
        for part in sorted(lost, key=lambda p: p.first, reverse=True):
            if self.tries[part] >= MOST_TRIES:
                last = part.first + part.count - 1
                raise PartFailedError(
                    f"Chips {part.first} to {last} must be made by a worker, but every worker"
                    f" that tried was ended by the system, {MOST_TRIES} times; give fewer workers,"
                    " or more memory to each."
                )
            self.left.appendleft(part)


def _untold(lost: int) -> None:
    """Tell nobody of lost parts."""
    del lost


def _always(part: Part) -> bool:
    """Every part is wanted."""
    del part
    return True


def work_off(
    opened: Callable[[], AbstractContextManager[Executor]],
    submit: Callable[[Executor, Part], Future[_Result]],
    parts: Sequence[Part],
    *,
    most_waiting: int,
    told: Callable[[int], None] = _untold,
    is_wanted: Callable[[Part], bool] = _always,
) -> Iterator[tuple[Part, _Result]]:
    """Do parts, and give each as soon as it is done.

    Args:
        opened: Opens an executor; again when one is lost.
        submit: Gives an executor the work on a part.
        parts: What to do, begun in this order.
        most_waiting: Parts given to the executor at a time (1).
        told: Told of how many parts are done again, when workers are lost.
        is_wanted: Whether a part still is, once its turn has come.

    Raises:
        PartFailedError: A part was lost with its worker too often.
        Exception: Whatever the work itself raised.
    """
    course = _Course(
        submit, deque(parts), most_waiting, Counter(), told, is_wanted
    )
    while course.left:
        with opened() as executor:
            yield from course.parts_of(executor)


def _has_failed(future: Future[_Result]) -> bool:
    return future.cancelled() or future.exception() is not None


def _is_loss(error: BaseException) -> bool:
    """Whether an error says that a worker is gone, not that its work failed."""
    if isinstance(error, _LOST):
        return True
    return any(cls.__name__ in _LOST_NAMES for cls in type(error).__mro__)
