"""Kernels: plain functions over many cells, compiled on first use and kept on disk.

The compiler (numba) is imported when the first kernel is called, not before. What it makes is
kept in a folder that is named by a fingerprint of the kernel and all that it calls, by the
compiler and by Python: a changed law is another folder, and is compiled anew. Where no folder can
be written, compiling takes its time in every process, and nothing else changes.
"""

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from mho.compiled.sentences import law_error
from mho.compiled.translate import Copies, Laws, Translation, fingerprint

_ONE_AT_A_TIME = Lock()
"""The compiler's place for its cache is a global of its own."""

_COPIES: Copies = {}
"""What kernels call, compiled: kinds of cells share all but their own laws."""


def cache_folder() -> Path:
    """Where compiled kernels are kept: `MHO_CACHE`, or the user's folder for such things."""
    named = os.environ.get("MHO_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        usual = Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = None
        usual = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME")
        usual = Path.home() / ".cache"
    folder = Path(base) if base else usual
    return folder / "mho" / "kernels"


class Kernels:
    """Kernels that share laws; each is compiled when it is first called.

    Args:
        functions: The kernels: plain functions over arrays.
        laws: Functions that take the place of globals of these names in all that they call.

    >>> Kernels({"twice": lambda x: 2 * x}, {})["twice"](4)
    8
    """

    def __init__(
        self, functions: Mapping[str, Callable[..., Any]], laws: Laws
    ) -> None:
        self._functions = dict(functions)
        self._laws = dict(laws)
        self._made: dict[str, Callable[..., Any]] = {}

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The kernel of this name, ready to be called.

        Raises:
            ValueError: A law cannot be compiled; when it is called.
        """
        if name not in self._made:
            self._made[name] = self._guarded(self._compiled(name))
        return self._made[name]

    @cached_property
    def fingerprint(self) -> str:
        """One word for everything that these kernels are made of."""
        return fingerprint(self._functions, self._laws)

    @cached_property
    def _translation(self) -> Translation:
        from numba import njit

        def decorate(function: Any) -> Any:
            return njit(
                function,
                nogil=True,
                error_model="numpy",
                forceinline=True,
                # only kernels call it: the doors for others take a fifth of the time to make
                no_cpython_wrapper=True,
                no_cfunc_wrapper=True,
            )

        return Translation(decorate, self._laws, _COPIES)

    def _compiled(self, name: str) -> Callable[..., Any]:
        """A kernel as the compiler gives it, with a place on disk if there is one."""
        import numba
        from numba import njit
        from numba.core import config

        folder = writable(self._folder(numba.__version__))

        def decorate(function: Any) -> Any:
            # what was typed at a prompt is in no file, and is not kept
            from_file = Path(function.__code__.co_filename).exists()
            keep = folder is not None and from_file
            return njit(
                function,
                nogil=True,
                error_model="numpy",
                cache=keep,
                no_cfunc_wrapper=True,
            )

        with _ONE_AT_A_TIME:
            before = config.CACHE_DIR
            config.CACHE_DIR = str(folder or "")
            try:
                made: Callable[..., Any] = self._translation(
                    self._functions[name], decorate
                )
                return made
            finally:
                config.CACHE_DIR = before

    def _folder(self, compiler: str) -> Path:
        python = ".".join(map(str, sys.version_info[:3]))
        return cache_folder() / f"{self.fingerprint}-{compiler}-{python}"

    def _guarded(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """The kernel, whose compiler speaks in one sentence where a law cannot be compiled."""

        def call(*arguments: Any) -> Any:
            try:
                return kernel(*arguments)
            except Exception as error:
                if _is_compilers(error):
                    raise law_error(error, self._laws) from error
                raise

        return call


def _is_compilers(error: Exception) -> bool:
    """Whether an error says that a law cannot be compiled."""
    from numba.core.errors import NumbaError, UnsupportedBytecodeError

    # a name that no record has is a `KeyError` of the compiler
    return isinstance(error, NumbaError | UnsupportedBytecodeError | KeyError)


def writable(folder: Path) -> Path | None:
    """A folder that files can be written to, made if it is not there; `None` if it cannot be."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError:
        return None
    return folder
