"""Pages and figures of reproduced claims: what was claimed, what was found, and the verdict."""

from mho.report.papers.page import draw_figures, render_paper, short_number

__all__ = [
    "draw_figures",
    "render_paper",
    "short_number",
]
