"""Executors by a word: processes of this machine, a Dask cluster, or jobs of a SLURM cluster.

Others keep them: the standard library, Dask distributed, executorlib. They are imported when they
are asked for.
"""

import contextlib
import importlib
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from mho.workers import attend_parent

EXECUTORS = {
    "pool": "processes of this machine",
    "dask://HOST:PORT": "a Dask cluster, by the address of its scheduler",
    "dask": "a Dask cluster on this machine, begun for the run",
    "slurm:PROFILE.toml": "jobs of a SLURM cluster, as a profile says",
}
"""Words for executors, and what each means."""

_BACKENDS = {
    "cluster": "SlurmClusterExecutor",
    "job": "SlurmJobExecutor",
    "local": "SingleNodeExecutor",
}
"""By the profile's word: jobs that are queued, steps of the job that runs this, processes here."""
_PROFILE = ("backend", "max_cores", "cache_directory", "resources")
_LARGEST_PROFILE = 1 << 20

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

Opened = Callable[[], AbstractContextManager[Executor]]


def opened_executor(
    word: str, workers: int, begin: Callable[[], object]
) -> Opened:
    """How to open the executor that a word names, as often as one is lost.

    Args:
        word: One of `EXECUTORS`.
        workers: Processes, where the word does not bring its own (1).
        begin: Called in each process of this machine before its first work.

    Raises:
        ValueError: No such executor, its package is not there, or its profile is wrong.
    """
    kind, _, rest = word.partition(":")
    if word == "pool":
        return lambda: _pool(workers, begin)
    if word == "dask":
        _needed("distributed", "dask")
        return lambda: _local_dask(workers)
    is_address = rest.startswith("//") and len(rest) > 2
    if kind == "dask" and is_address:
        _needed("distributed", "dask")
        return lambda: _dask(f"tcp:{rest}")
    if kind == "slurm" and rest:
        _needed("executorlib", "slurm")
        profile = _profile(Path(rest))
        return lambda: _executorlib(profile, workers)
    known = ", ".join(f"`{name}`" for name in EXECUTORS)
    raise ValueError(
        f"Argument `executor` must be one of {known}, but is `{word}`."
    )


class _Here(Executor):
    """Does what it is given at once, in this process."""

    def submit(
        self,
        fn: Callable[_Arguments, _Result],
        /,
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> Future[_Result]:
        """Do it; an interruption is not held back."""
        future: Future[_Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def here() -> Iterator[Executor]:
    """This process alone: of little work it has done all before another has begun."""
    yield _Here()


@contextmanager
def _pool(workers: int, begin: Callable[[], object]) -> Iterator[Executor]:
    """Processes that end with this one, and that are ended when it is interrupted."""
    # a copy of a process with threads may hang: they begin from nothing
    context = get_context("spawn")
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, context, _begin, (begin,))
    try:
        yield pool
    finally:
        for child in set(active_children()) - others:
            child.terminate()
        pool.shutdown(cancel_futures=True)


def _begin(begin: Callable[[], object]) -> None:
    attend_parent()
    begin()


@contextmanager
def _local_dask(workers: int) -> Iterator[Executor]:
    """A cluster of this machine, of single-threaded processes."""
    distributed = importlib.import_module("distributed")
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor(retries=3)


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    """A cluster of others, which goes on without us."""
    distributed = importlib.import_module("distributed")
    try:
        client = distributed.Client(address, timeout=30)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Argument `executor` must name a Dask scheduler that answers, but none does at"
            f" `{address.removeprefix('tcp://')}`; what is done is kept, and `--resume` goes on."
        ) from error
    with client:
        yield client.get_executor(retries=3)


@contextmanager
def _executorlib(profile: dict[str, Any], workers: int) -> Iterator[Executor]:
    """Jobs of a cluster, or the processes that stand for them on one machine."""
    library = importlib.import_module("executorlib")
    backend = profile.get("backend", "cluster")
    given: dict[str, Any] = {
        "max_workers": profile.get("max_cores", workers),
        "resource_dict": profile.get("resources", {}),
        "block_allocation": True,
    }
    if "cache_directory" in profile:
        given["cache_directory"] = profile["cache_directory"]
    if backend == "local":
        given |= {"hostname_localhost": True, "restart_limit": 3}
    executor = getattr(library, _BACKENDS[backend])(**given)
    try:
        yield executor
    finally:
        with contextlib.suppress(TypeError):
            executor.shutdown(wait=False, cancel_futures=True)


def _profile(path: Path) -> dict[str, Any]:
    """A profile of a SLURM cluster.

    Raises:
        ValueError: It is none.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_PROFILE)
        held = tomllib.loads(text.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Argument `executor` must name a readable TOML profile, but `{path}` is none:"
            f" {error}."
        ) from None
    for name in held:
        if name not in _PROFILE:
            known = ", ".join(f"`{one}`" for one in _PROFILE)
            raise ValueError(
                f"Profile `{path}` must have only {known}, but has `{name}`; leave it out."
            )
    backend = held.get("backend", "cluster")
    if backend not in _BACKENDS:
        known = ", ".join(f"`{one}`" for one in _BACKENDS)
        raise ValueError(
            f"Profile `{path}` must have a `backend` of {known}, but it is `{backend}`."
        )
    return held


def _needed(module: str, extra: str) -> None:
    """Refuse in a sentence what needs a package that is not there.

    Raises:
        ValueError: It is not.
    """
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"Argument `executor` must be something that is installed, but `{module}` is not;"
            f" install `mho[{extra}]`."
        ) from error
