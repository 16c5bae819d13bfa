"""Drawing of figures."""

import io

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from mho.report.figures import draw_png, new_figure
from mho.report.figures.style import _LOOK, DPI


def figure() -> Figure:
    """Panels, a legend outside and a colour bar: all that a layout moves."""
    drawn = new_figure(3.0)
    left, right = drawn.subplots(1, 2)
    left.plot([1, 20, 300], [1e-3, 1, 1e3], label="a line")
    left.set_yscale("log")
    left.set_ylabel("As tall\nas two lines")
    shown = right.imshow(np.arange(6.0).reshape(2, 3), aspect="auto")
    drawn.colorbar(shown, ax=right, location="bottom")
    drawn.legend(loc="outside lower right")
    drawn.suptitle("Title")
    return drawn


def test_drawn_once_a_figure_is_as_savefig_draws_it() -> None:
    """The way of matplotlib itself, which draws twice, gives the same file. Exact."""
    file = io.BytesIO()
    with mpl.style.context(["default", _LOOK]):
        figure().savefig(
            file, format="png", dpi=DPI, metadata={"Software": None}
        )
    assert draw_png(figure) == file.getvalue()
