"""Page and figures of a fitted preset: data against fit for every law, residuals, correlations."""

from mho.report.fits.figures import draw_fit
from mho.report.fits.page import render_fit

__all__ = ["draw_fit", "render_fit"]
