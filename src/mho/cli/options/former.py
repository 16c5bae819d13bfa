"""Options that were renamed, and the sentence that answers the old name."""

from collections.abc import Sequence

_SAVES = (
    "compile",
    "program",
    "run",
    "export spice",
    "export pwl",
    "export subckt",
    "export verilog-a",
    "import spice-op",
)
_OF_RUNS = ("export spice", "export pwl", "import spice-op")
_WITH_ELECTRONICS = ("levels", "sweep", "export subckt")

RENAMED: dict[tuple[str, str], str] = {
    **{(command, "--out"): "-o/--save" for command in _SAVES},
    **{(command, "--driver"): "--electronics" for command in _WITH_ELECTRONICS},
    **{(command, "--no-denoise"): "--plain" for command in _OF_RUNS},
    ("lifetime", "--aged"): "-o/--save",
    ("wires", "--resistance"): "--wires",
    ("yield", "--stuck"): "--shares",
    ("yield", "--seeds"): "--chips",
    ("export subckt", "--conductance"): "--start",
    ("export verilog-a", "--conductance"): "--start",
    ("export subckt", "--read-noise"): "--noise",
    ("import spice-op", "--compare"): "--against",
}
"""New name by command and old name."""

_GONE: dict[tuple[str, str], str] = {
    (command, "--denoise"): "what happens without `--plain`"
    for command in _OF_RUNS
}


def answer(command: Sequence[str], option: str) -> str | None:
    """What to say to an option by its old name.

    Args:
        command: Words of the command, such as `("export", "spice")`.
        option: The option as it was written, with or without a value behind `=`.

    Returns:
        One sentence; `None` for a name that never was one.

    >>> answer(["wires"], "--resistance=1")
    '`--resistance` is now `--wires`; write `mho wires --wires` and the value as before.'
    """
    name = option.partition("=")[0]
    place = (" ".join(command), name)
    if place in _GONE:
        return f"`{name}` is now {_GONE[place]}; leave it out."
    new = RENAMED.get(place)
    if new is None:
        return None
    short = new.rpartition("/")[2]
    value = "" if new == "--plain" else " and the value as before"
    return f"`{name}` is now `{new}`; write `mho {place[0]} {short}`{value}."
