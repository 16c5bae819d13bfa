"""Pages and figures of reproduced claims."""

from mho.report.papers.page import draw_figures, number, render_paper

__all__ = [
    "draw_figures",
    "number",
    "render_paper",
]
