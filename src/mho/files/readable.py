"""Files that shall be read: there, and of a kind that is known."""

from pathlib import Path


def readable_file(name: str, argument: str) -> Path:
    """The path of a file that can be opened and holds something."""
    path = Path(name)
    demand = f"Argument `{argument}` must name a readable file, but `{name}`"
    try:
        if not path.exists():
            raise ValueError(f"{demand} does not exist.")
        if path.is_dir():
            raise ValueError(f"{demand} is a directory.")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ValueError(
            f"{demand} cannot be opened: {error.strerror}."
        ) from error
    if empty:
        raise ValueError(f"{demand} is empty.")
    return path
