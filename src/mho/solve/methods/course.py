"""How far a solution has come: everything that an interrupted one needs to go on."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mho.files import KeptState
from mho.solve.methods.digital import DigitalWork
from mho.solve.methods.equations import Relative

Array = npt.NDArray[np.float64]


@dataclass(slots=True)
class Course:
    """The course of a solution, step by step.

    Args:
        x: The solution so far (1). Shape (n,).
        best_x: The solution with the least scaled residual so far (1). Shape (n,).
        best: True relative residual of that (1).
        residuals: True relative residual at the start and after every step: of the equations as
            scaled or as given, whichever is larger (1).
        scaled: The same of the equations as scaled, which is what steps lower (1).
        products: Analog products until then (1).
        combined: Steps that were combined with earlier ones (1).
        poor: Steps in a row until now that did not halve the residual (1).
        work: Digital work.
        directions: Corrections of late steps (1). Shape (kept, n).
        images: The exact matrix times each (1). Shape (kept, n).
        began: Entry of `residuals` at which the analog solver of now began (1).
        indefinite: Whether the exact matrix was found not to be positive definite along a step.
        path: Root of the summed squares of all corrections' own steps (1).
    """

    x: Array
    best_x: Array
    best: float = math.inf
    residuals: list[float] = field(default_factory=list)
    scaled: list[float] = field(default_factory=list)
    products: list[int] = field(default_factory=list)
    combined: int = 0
    began: int = 0
    poor: int = 0
    indefinite: bool = False
    work: DigitalWork = field(default_factory=DigitalWork)
    directions: list[Array] = field(default_factory=list)
    images: list[Array] = field(default_factory=list)
    path: float = 0.0

    @property
    def steps(self) -> int:
        """Steps so far (1)."""
        return len(self.residuals) - 1

    @classmethod
    def begun(cls, unknowns: int) -> "Course":
        """The zero solution, nothing done.

        Args:
            unknowns: How many (1).
        """
        return cls(np.zeros(unknowns), np.zeros(unknowns))

    def note(self, residual: Relative, products: int) -> None:
        """Note the residual of `x`, and the analog products that it took since the last."""
        before = self.products[-1] if self.products else 0
        if not self.scaled or residual.scaled < min(self.scaled):
            self.prefer(residual.larger)
        self.residuals.append(residual.larger)
        self.scaled.append(residual.scaled)
        self.products.append(before + products)

    def prefer(self, residual: float) -> None:
        """Take `x`, with this true relative residual, as the best solution (1)."""
        self.best_x = self.x
        self.best = residual

    def turn(self, *, shared: bool) -> None:
        """Go on from the best solution with another analog solver.

        Args:
            shared: Whether it combines steps to the same end, so that earlier ones are of use.
        """
        self.x = self.best_x
        if not shared:
            self.directions = []
            self.images = []
            self.poor = 0
        self.residuals.append(self.best)
        self.scaled.append(min(self.scaled))
        self.products.append(self.products[-1])
        self.began = len(self.residuals) - 1

    def keep(self, state: KeptState, beside: dict[str, Any]) -> None:
        """Save it.

        Args:
            state: Where.
            beside: Plain facts to be kept as well; tensors by name under `tensors`.

        Raises:
            OSError: The file cannot be written.
        """
        arrays = {
            "x": self.x,
            "best_x": self.best_x,
            "directions": _stacked(self.directions, self.x.size),
            "images": _stacked(self.images, self.x.size),
            # as bits: JSON has no NaN
            "best": np.array([self.best]),
            "residuals": np.array(self.residuals),
            "scaled": np.array(self.scaled),
        }
        plain = dict(beside)
        more = plain.pop("tensors", {})
        facts = {
            "products": self.products,
            "combined": self.combined,
            "began": self.began,
            "poor": self.poor,
            "indefinite": self.indefinite,
            "path": self.path,
            "work": [
                self.work.operations,
                self.work.bytes,
                self.work.products,
            ],
            "beside": plain,
        }
        tensors = {
            name: torch.from_numpy(np.ascontiguousarray(array))
            for name, array in arrays.items()
        }
        groups = {"course": tensors}
        if more:
            groups["beside"] = more
        state.save(groups, facts)

    @classmethod
    def taken_up(
        cls, state: KeptState
    ) -> "tuple[Course, dict[str, Any]] | None":
        """What was saved, and the facts beside it; `None` if nothing was.

        Raises:
            ValueError: The file is damaged, or of another run.
        """
        held = state.load()
        if held is None:
            return None
        groups, facts = held
        arrays = {
            name: tensor.numpy().copy()
            for name, tensor in groups["course"].items()
        }
        course = cls(
            x=arrays["x"],
            best_x=arrays["best_x"],
            best=float(arrays["best"][0]),
            residuals=[float(value) for value in arrays["residuals"]],
            scaled=[float(value) for value in arrays["scaled"]],
            products=[int(count) for count in facts["products"]],
            combined=int(facts["combined"]),
            began=int(facts["began"]),
            poor=int(facts["poor"]),
            indefinite=bool(facts["indefinite"]),
            work=DigitalWork(*facts["work"]),
            directions=list(arrays["directions"]),
            images=list(arrays["images"]),
            path=float(facts["path"]),
        )
        return course, {**facts["beside"], "tensors": groups.get("beside", {})}


def _stacked(vectors: list[Array], length: int) -> Array:
    """Vectors as rows; none is an array without rows."""
    return np.stack(vectors) if vectors else np.zeros((0, length))
