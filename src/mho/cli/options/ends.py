"""Options of every command that reads a network file: its inputs, outputs and states by name."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mho.cli.options.help_groups import MAPPING
from mho.cli.options.table import FLAG, WHOLE

if TYPE_CHECKING:
    from mho.network.formats import Signature


@Parameter(name="*", group=MAPPING)
@dataclass(frozen=True, slots=True)
class FeedOptions:
    """Which arrays feed a network whose inputs and outputs are known.

    Args:
        input: `NAME=ARRAY`, the array of the data that feeds an input of another name; may be
            given several times.
    """

    input: Annotated[list[str] | None, FLAG] = None

    def arrays(self) -> dict[str, str]:
        """Array that feeds an input, by the input's name.

        Raises:
            ValueError: A word is no `NAME=ARRAY`, or names an input twice.
        """
        from mho.network.formats import Signature

        meant = Signature(tuple(self.input or ()))
        meant.check_arrays_alone("a chip")
        return meant.arrays


@Parameter(name="*", group=MAPPING)
@dataclass(frozen=True, slots=True)
class EndsOptions:
    """How inputs and outputs of a network are meant, where its file leaves that open.

    Args:
        input: `NAME=ARRAY`, the array of the data that feeds an input of another name, or
            `NAME=NUMBER`, such as `sr=16000`; may be given several times.
        output: Output, or value within the network, to end with; may be given several times.
        state: `INPUT=OUTPUT`: an input that takes this output of the step before, so that
            samples are sequences, (samples, steps, ...); found out where it is clear.
        time_axis: The first axis of the network belongs to the sample, such as time; samples run
            one after the other.
        batch_axis: Axis on which the network wants samples, counted from 0, where that is not the
            first, or where it mixes samples on purpose: each runs alone, with an axis of one.
    """

    input: Annotated[list[str] | None, FLAG] = None
    output: Annotated[list[str] | None, FLAG] = None
    state: Annotated[list[str] | None, FLAG] = None
    time_axis: Annotated[bool, FLAG] = False
    batch_axis: Annotated[int | None, WHOLE] = None

    def signature(self) -> "Signature":
        """What is meant.

        Raises:
            ValueError: A word is no `NAME=…`, or names an input twice.
        """
        from mho.network.formats import Signature

        return Signature(
            tuple(self.input or ()),
            tuple(self.output or ()),
            tuple(self.state or ()),
            self.time_axis,
            self.batch_axis,
        )
