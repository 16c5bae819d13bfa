"""How inputs and outputs of a network are meant, where its file leaves that open."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mho.checks import Configuration, check_between
from mho.files import NOT_IDENTITY


@dataclass(frozen=True, slots=True)
class Signature(Configuration):
    """Which data feed which input, which outputs are wanted, and what is handed on.

    Args:
        inputs: `NAME=ARRAY`, the array of the data that feeds an input of another name, or
            `NAME=NUMBER`, an input that is the same for all samples.
        outputs: Outputs wanted, or values within the network; all its outputs if there are none.
        states: `INPUT=OUTPUT`, an input that takes an output of the step before.
        single: The first axis of the network belongs to the sample, such as time; the data have
            an axis of samples in front of it.
        batch_axis: Axis of the network's inputs that samples lie on (1), where it is another than
            the first or samples are mixed on it; `None` if the first one is theirs alone.

    Raises:
        ValueError: A word has no `=`, or names an input twice.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    single: bool = False
    # what it changes is the network itself, which identifies a run on its own
    batch_axis: int | None = field(default=None, metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        for words, name in ((self.inputs, "input"), (self.states, "state")):
            _check_pairs(words, name)
        if self.batch_axis is None:
            return
        check_between(self.batch_axis, "batch_axis", 0, 7, "1")
        beside = (("state", bool(self.states)), ("time_axis", self.single))
        for name, given in beside:
            if given:
                raise ValueError(
                    f"Argument `{name}` must be left out beside `batch_axis`, which lets every"
                    " sample run alone, but is given."
                )

    def check_arrays_alone(self, what: str) -> None:
        """Refuse all that only a network file leaves open: of others it is known.

        Args:
            what: What the network comes from, for the sentence.

        Raises:
            ValueError: Something else is given than arrays that feed inputs.
        """
        given = {
            "input": bool(self.constants),
            "output": bool(self.outputs),
            "state": bool(self.states),
            "time_axis": self.single,
            "batch_axis": self.batch_axis is not None,
        }
        for name, is_given in given.items():
            if is_given:
                raise ValueError(
                    f"Argument `{name}` must be left out for {what}, whose inputs and outputs are"
                    " what they are, but is given."
                )

    @property
    def constants(self) -> dict[str, float]:
        """Inputs that are the same number for all samples, by name."""
        found = {}
        for name, value in _pairs(self.inputs):
            number = _number(value)
            if number is not None:
                found[name] = number
        return found

    @property
    def arrays(self) -> dict[str, str]:
        """Array of the data that feeds an input, by the input's name."""
        return {
            name: value
            for name, value in _pairs(self.inputs)
            if _number(value) is None
        }

    @property
    def handed_on(self) -> dict[str, str]:
        """Output that each input of states takes in the next step."""
        return dict(_pairs(self.states))


def _pairs(words: Iterable[str]) -> list[tuple[str, str]]:
    halves = [word.partition("=") for word in words]
    return [(name.strip(), value.strip()) for name, _, value in halves]


def _check_pairs(words: tuple[str, ...], argument: str) -> None:
    seen = set[str]()
    wanted = "OUTPUT" if argument == "state" else "ARRAY` or `NAME=NUMBER"
    for word, (name, value) in zip(words, _pairs(words), strict=True):
        if not name or not value:
            raise ValueError(
                f"Argument `{argument}` must be `NAME={wanted}`, but is `{word}`."
            )
        if name in seen:
            raise ValueError(
                f"Argument `{argument}` must name each input once, but names `{name}` twice."
            )
        seen.add(name)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
