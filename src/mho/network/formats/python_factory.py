"""A module built by the user's own Python file, and weights loaded into it."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor, nn

from mho.checks import RefusedError
from mho.network.formats.pt2 import unpickle_tensors
from mho.network.tracing import first_line

_AIMS = {"network": "build a network", "metric": "name a file that runs"}
"""What a file is run for, by the argument that names it."""
_NESTED = ("state_dict", "model_state_dict")


def build_network(path: Path, name: str) -> nn.Module:
    """Run a Python file and call one of its functions, which returns the module.

    Args:
        path: The user's file. It is run as any script of theirs; its folder can be imported from.
        name: Name of a function that needs no arguments.

    Raises:
        ValueError: The file fails, has no such function, or the function returns no module.
    """
    with _folder_of(path):
        whole = _guarded(path, "network", lambda: _executed(path))
        factory = getattr(whole, name, None)
        if not callable(factory):
            raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
                f"Argument `network` must name a function in `{path}`, but `{name}` is none."
            )
        module = _guarded(path, "network", factory)
    if not isinstance(module, nn.Module):
        raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
            f"Argument `network` must name a function that returns a torch.nn.Module, but `{name}`"
            f" in `{path}` returns a {type(module).__name__}."
        )
    return module


def run_python_file(path: Path, argument: str, name: str) -> object:
    """Run a Python file of the user's, and take what has a name in it.

    Args:
        path: The file. It is run as any script of theirs; its folder can be imported from.
        argument: Name of the argument that named it, for sentences.
        name: What is wanted of it.

    Raises:
        ValueError: The file fails, or has nothing of that name.
    """
    with _folder_of(path):
        whole = _guarded(path, argument, lambda: _executed(path))
    if not hasattr(whole, name):
        raise ValueError(
            f"Argument `{argument}` must name something in `{path}`, but there is no `{name}`."
        )
    return getattr(whole, name)


def load_weights(module: nn.Module, path: Path) -> None:
    """Load a state dict into a module, without running anything in the file.

    Args:
        module: Changed in place.
        path: `.safetensors`, `.pt` or `.pth`.

    Raises:
        ValueError: The file is damaged, holds Python objects, or belongs to another module.
    """
    try:
        state = read_state(path)
    except RefusedError as error:
        raise ValueError(
            f"Argument `weights` must name a state dict, but `{path}` {error}; save"
            " `module.state_dict()`."
        ) from error
    own = module.state_dict()
    for problem, names in (
        ("lacks", own.keys() - state.keys()),
        ("has an unknown", state.keys() - own.keys()),
        (
            "has another shape for",
            {n for n in own if n in state and own[n].shape != state[n].shape},
        ),
    ):
        if names:
            raise ValueError(
                f"Argument `weights` must fit the module, but `{path}` {problem}"
                f" `{min(names)}` ({len(names)} of {len(own)} tensors in all)."
            )
    module.load_state_dict(state)


@contextmanager
def _folder_of(path: Path) -> Iterator[None]:
    """Within, the folder of a file can be imported from."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _executed(path: Path) -> object:
    # Registered, as dataclasses and pickles look their module up by name.
    name = f"mho_user_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


def _guarded(path: Path, argument: str, call: Callable[[], object]) -> object:
    try:
        return call()
    # A script that exits is a mistake in the script, not the end of this program.
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"Argument `{argument}` must {_AIMS[argument]}, but `{path}` raised"
            f" {first_line(error)}"
        ) from error


def read_state(path: Path) -> Mapping[str, Tensor]:
    """Tensors of a file by their names, without running anything in it.

    Args:
        path: `.safetensors`, `.pt` or `.pth`.

    Raises:
        RefusedError: The file is damaged, or holds something else.
    """
    if path.suffix == ".safetensors":
        # Imported here, as few users need it.
        import safetensors.torch

        try:
            return safetensors.torch.load_file(path)
        except Exception as error:
            raise RefusedError("is damaged or of another type") from error
    if path.suffix not in (".pt", ".pth"):
        raise RefusedError("ends neither in .safetensors nor in .pt or .pth")
    loaded = unpickle_tensors(path.read_bytes())
    if isinstance(loaded, dict):
        loaded = next((loaded[key] for key in _NESTED if key in loaded), loaded)
    if not isinstance(loaded, dict):
        raise RefusedError(f"holds a {type(loaded).__name__}")
    strangers = [
        key for key, value in loaded.items() if not isinstance(value, Tensor)
    ]
    if strangers:
        raise RefusedError(
            f"holds something other than a tensor as `{strangers[0]}`"
        )
    return loaded
