"""The figures of a page, drawn beside other work as soon as what they show is known.

Nothing that draws is imported before something is drawn, and then by whoever draws.
"""

from functools import partial

from mho.progress import Progress, silent
from mho.runs import RunData
from mho.workers import Later, Workers

Drawn = dict[str, str]
"""`data:` addresses of figures, by name."""


class Drawing:
    """Draws the figures of a run.

    Args:
        workers: Who draws; this process if `None`.
    """

    def __init__(self, workers: Workers | None = None) -> None:
        self._workers = workers or Workers()
        self._begun: Later[Drawn] | None = None

    def begin(self, data: RunData) -> None:
        """Begin with the figures of cells and wires.

        Args:
            data: A deployment whose cells are read; what is evaluated may still be missing.
        """
        self._begun = self._workers.start(draw_cells, silent, data)

    def of(self, data: RunData) -> Drawn:
        """All figures, by name.

        Args:
            data: The finished deployment.
        """
        if self._begun is None:
            self.begin(data)
        assert self._begun is not None
        # by whoever has imported what draws: that takes longer than to draw these
        answers = self._workers.start(draw_answers, silent, data)
        return self._begun.result() | answers.result()


def draw_cells(progress: Progress, data: RunData) -> Drawn:
    """Figures of what cells hold, what that took, and what wires do."""
    from mho.report import figures

    del progress
    wanted = {"errors": partial(figures.error_histogram, data)}
    if data.drawn is None:
        wanted["readback"] = partial(figures.readback_scatter, data)
        wanted["effort"] = partial(figures.effort_histograms, data)
    if data.wires is not None:
        wanted["wires"] = partial(figures.wire_weights, data.wires)
    return {name: figures.draw_data_url(one) for name, one in wanted.items()}


def draw_answers(progress: Progress, data: RunData) -> Drawn:
    """Figures of what the network answers, and of many chips."""
    from mho.report import figures

    del progress
    wanted = {}
    confusion = data.confusion
    if confusion is not None:
        wanted["confusion"] = partial(figures.confusion_matrix, confusion)
    layers = data.result.get("layers")
    if isinstance(layers, list) and layers:
        wanted["layers"] = partial(figures.layer_error_figure, layers)
    if data.population is not None:
        wanted["population"] = partial(
            figures.population_figure, data.population
        )
    return {name: figures.draw_data_url(one) for name, one in wanted.items()}
