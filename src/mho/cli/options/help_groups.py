"""Groups of options, and a help that fits a screen: all of them only when asked for."""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from cyclopts import Group

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions

HELP_ALL = "--help-all"
"""The flag that explains every option."""

show_all: ContextVar[bool] = ContextVar("show_all", default=False)
"""Whether the help explains every option."""


class _Brief:
    """Prints the names of a group's options; with `--help-all`, all about them."""

    def __call__(
        self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel"
    ) -> None:
        """Print one panel."""
        from cyclopts.help.formatters import DefaultFormatter
        from rich.padding import Padding
        from rich.text import Text

        if show_all.get():
            DefaultFormatter()(console, options, panel)
            return
        names = "  ".join(_flag(entry) for entry in panel.entries)
        console.print(
            Text(f"{panel.title}, explained by {HELP_ALL}:", style="bold")
        )
        console.print(Padding(names, (0, 0, 0, 2)))


def _flag(entry: Any) -> str:
    """The name by which an option is known: the one that changes what happens if left out."""
    names: tuple[str, ...] = entry.negative_names or entry.positive_names
    # what is decided by itself if left out is known by its plain name
    if entry.default is None:
        names = entry.positive_names
    return names[0]


MAPPING = Group(
    "Inputs and outputs, weights on tiles", sort_key=1, help_formatter=_Brief()
)
CHIP = Group("What the chip does", sort_key=2, help_formatter=_Brief())
MANY = Group(
    "What is asked, and of many chips", sort_key=3, help_formatter=_Brief()
)
LINES = Group("Lines of the array", sort_key=4, help_formatter=_Brief())
