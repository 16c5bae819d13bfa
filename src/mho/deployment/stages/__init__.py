"""Programming in stages: cells that correct others come after them."""

from mho.deployment.stages.finished import FinishedStages
from mho.deployment.stages.parts import joined, joint_result, part, stages

__all__ = ["FinishedStages", "joined", "joint_result", "part", "stages"]
