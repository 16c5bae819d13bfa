"""Processes that work beside this one, on parts of a run that do not wait for each other.

Each computes with as many threads as it is given. Arguments and results are copied from one
process to the other, and what is computed does not depend on how many there are. They end with
the process that began them, however that ends: two never work in the same folder.
"""

import contextlib
import ctypes
import gc
import math
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cached_property
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from mho.progress import Progress

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_Told = SimpleQueue[tuple[int, str, float]]

_NAME = "MHO_WORKERS"
_SIZE = 1 << 29
"""Memory that a process takes for the digits (bytes)."""
_MEMORY = Path("/proc/meminfo")
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Time on all cores in each period, and that period (µs)."""
_PAUSE = 0.02
"""Time between two looks for what workers tell (s)."""
_PATIENCE = 2.0
"""Time that the end of a listener is waited for (s): half a message never comes to its end."""


def usual_workers() -> int:
    """Processes that compute if nobody says otherwise.

    `MHO_WORKERS`, or one for each core, as far as there is memory for them.

    Raises:
        ValueError: The variable is no number of processes.
    """
    asked = os.environ.get(_NAME, "")
    if not asked:
        return max(1, min(_cores(), _bearable()))
    if not asked.isdecimal() or int(asked) < 1:
        raise ValueError(
            f"Variable `{_NAME}` must be a number of processes, 1 at least, but is `{asked}`;"
            " unset it to take as many as there are cores."
        )
    return int(asked)


def _cores() -> int:
    """Cores that this process may use (1)."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    # a container may have all cores, but little time on them
    quota = re.match(r"(\d+) (\d+)", _read(_CPU_QUOTA))
    if quota is None:
        return cores
    return min(cores, math.ceil(int(quota[1]) / int(quota[2])))


def _bearable() -> int:
    """Processes that there is memory for (1)."""
    memory = _read(_MEMORY)
    available = re.search(r"MemAvailable:\s+(\d+) kB", memory)
    allowed = _read(_MEMORY_LIMIT)
    limit = re.match(r"\d+", allowed)
    sizes = []
    if available is not None:
        sizes.append(1024 * int(available[1]))
    if limit is not None:
        sizes.append(int(limit[0]))
    if not sizes:
        return _cores()
    return min(sizes) // _SIZE


def _read(path: Path) -> str:
    """What the system says in a file; nothing where it has no such file."""
    try:
        return path.read_text()
    except OSError:
        return ""


class Later(Generic[_Result]):
    """What a worker is at work on; without workers, what is done once it is asked for.

    Args:
        find: Waits for the result, or makes it.
    """

    def __init__(self, find: Callable[[], _Result]) -> None:
        self._find = find

    @cached_property
    def _found(self) -> _Result:
        return self._find()

    def result(self) -> _Result:
        """What came of it.

        Raises:
            ValueError: The system ended the process that was at work on it.
            Exception: Whatever the work itself raised, or a worker as it began, or a `progress`.
        """
        return self._found


class Workers:
    """Takes on work; without other processes, this one does it when it is asked for.

    Use `Workers.open`.
    """

    def __init__(
        self, pool: ProcessPoolExecutor | None = None, told: _Told | None = None
    ) -> None:
        self._pool = pool
        self._told = told
        self._progress: list[Progress] = []
        self._over = threading.Event()
        self._failure: Exception | None = None
        self._failure_known = False

    @classmethod
    @contextmanager
    def open(
        cls,
        count: int,
        begin: Callable[[], object] | None = None,
    ) -> Iterator["Workers"]:
        """Workers for as long as the context lasts; work under way then is given up.

        Args:
            count: Processes besides this one (1); with none, this one does all of it.
            begin: Called in each process before its first work; the first begins at once.

        Raises:
            Exception: Whatever was raised by a `progress` that a worker told.
        """
        if count == 0:
            yield cls()
            return
        # a copy of a process with threads may hang: they begin from nothing
        context = get_context("spawn")
        told: _Told = context.SimpleQueue()
        pool = ProcessPoolExecutor(count, context, _begin, (told, begin))
        others = active_children()
        workers = cls(pool, told)
        listener = threading.Thread(target=workers._listen, daemon=True)
        listener.start()
        try:
            workers.start(_nothing, _silent)
            yield workers
        finally:
            for child in active_children():
                if child not in others:
                    child.terminate()
            pool.shutdown(cancel_futures=True)
            # not by the queue: a worker may have ended with its lock
            workers._over.set()
            listener.join(_PATIENCE)
        workers._raise_failure()

    @property
    def is_alone(self) -> bool:
        """Whether all work is done by this process."""
        return self._pool is None

    def start(
        self,
        work: Callable[Concatenate[Progress, _Arguments], _Result],
        progress: Progress,
        *arguments: _Arguments.args,
        **named: _Arguments.kwargs,
    ) -> Later[_Result]:
        """Let a worker do something, as soon as one is free.

        Args:
            work: A function of a module. Its first argument is told how far it is.
            progress: Told what the worker tells, by another thread.
            *arguments: The function's further arguments.
            **named: The same, by name.

        Raises:
            ValueError: The system ended a worker.
        """
        if self._pool is None:
            return Later(lambda: work(progress, *arguments, **named))
        number = len(self._progress)
        self._progress.append(progress)
        with _ended_workers_told(), _interruptions_later():
            future = self._pool.submit(_do, number, work, arguments, named)
        return Later(lambda: self._awaited(future))

    def _awaited(self, future: "Future[_Result]") -> _Result:
        with _ended_workers_told():
            found = future.result()
        self._raise_failure()
        return found

    def _listen(self) -> None:
        """Pass on what workers tell, and all that they have told when it is over."""
        while not self._over.wait(_PAUSE):
            self._pass_on()
        self._pass_on()

    def _pass_on(self) -> None:
        assert self._told is not None
        while not self._told.empty():
            number, stage, done = self._told.get()
            try:
                self._progress[number](stage, done)
            except Exception as error:
                # workers wait for ever for one that no longer listens
                self._failure = self._failure or error

    def _raise_failure(self) -> None:
        """Raise, once, what a `progress` raised first."""
        if self._failure is not None and not self._failure_known:
            self._failure_known = True
            raise self._failure


@contextmanager
def _ended_workers_told() -> Iterator[None]:
    """Say in a sentence that the system ended a worker."""
    try:
        yield
    except BrokenProcessPool as error:
        raise ValueError(
            "Argument `workers` must leave memory to every process, but the system ended one of"
            " them; give a smaller number."
        ) from error


@contextmanager
def _interruptions_later() -> Iterator[None]:
    """A process that begins within is deaf to interruptions from its first moment on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _silent(stage: str, done: float) -> None:
    """Tell nobody."""


def _nothing(progress: Progress) -> None:
    """Work that begins a worker."""


_TO_PARENT: list[_Told] = []
"""Of a worker: where what it tells goes."""

_FAILED: list[Exception] = []
"""Of a worker that could not begin: why."""


def attend_parent() -> None:
    """Of a worker: end with its parent, whose affair interruptions are."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _begin(told: _Told, begin: Callable[[], object] | None) -> None:
    """Begin a worker."""
    attend_parent()
    _TO_PARENT.append(told)
    if begin is None:
        return
    try:
        begin()
    except Exception as error:
        _FAILED.append(error)


def give_memory_back() -> None:
    """Let the system have memory that this process holds but does not use.

    After a hundred chips a process would hold twice of what it needs, in pieces between others and
    in objects that know each other; where the C library cannot give pieces back, they stay.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _end_with_parent() -> None:
    """Leave at once when the process that began this one is gone."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _do(
    number: int,
    work: Callable[..., _Result],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> _Result:
    """Work within a worker."""

    def tell(stage: str, done: float) -> None:
        _TO_PARENT[0].put((number, stage, done))

    if _FAILED:
        raise _FAILED[0]
    return work(tell, *arguments, **named)
