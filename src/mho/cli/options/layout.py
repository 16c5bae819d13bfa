"""Options of every command that maps a network: weights to conductances, and converter ranges."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mho.cli.options.help_groups import MAPPING
from mho.cli.options.table import FLAG, NUMBER, WHOLE

if TYPE_CHECKING:
    from mho.deployment import DeployOptions


@Parameter(name="*", group=MAPPING)
@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """How weights become conductances, and how converter ranges follow from samples.

    Args:
        mapping: Cells of a weight: `pairs`, two; `offset`, one, and a reference column; `four`,
            two pairs, of which the second takes up the errors of the first; `residual:N`, N pairs,
            each with what was measured that those before it miss.
        ranges: Full scale of the converters: `largest`, of the largest sample; `percentile`, of
            99.9 % of them; `least-error`, of least mean square error, rounding and clipping.
        per_column: Give every column a converter range of its own; else a block shares one.
        scale: What uses the whole range of conductances: `layer`, all weights of a layer together;
            `column`, those of every output for themselves; if left out, `column` where half of
            a layer's outputs would use less than an eighth of the range, else `layer`.
        clip: Percentile of the weights' magnitudes that takes a cell to the top; larger ones are
            cut off.
        levels: Levels of a cell; any conductance if left out.
    """

    mapping: str = "pairs"
    ranges: str = "largest"
    per_column: Annotated[bool, FLAG] = False
    scale: str | None = None
    clip: Annotated[float, NUMBER] = 100.0
    levels: Annotated[int | None, WHOLE] = None

    def layout(self) -> "DeployOptions":
        """The layout meant.

        Raises:
            ValueError: An option is out of its range.
        """
        from mho.deployment import DeployOptions

        # until the network is known
        scale = self.scale or "layer"
        return DeployOptions(**(asdict(self) | {"scale": scale}))
