"""`mho evaluate`: the options."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.shared.option_types import _Flag, _Json


def evaluate(
    chip: str,
    /,
    *,
    data: str | None = None,
    wait: Annotated[str, Parameter(allow_leading_hyphen=True)] = "0s",
    keep: _Flag = False,
    json: _Json = None,
) -> None:
    """Measure how many labels a programmed chip gets right, and what that costs.

    Args:
        chip: File of `mho program`.
        data: Test data, a `.npz` file with `inputs` and `labels`; the image's own if left out.
        wait: Time to let pass before, with its unit.
        keep: Let the chip's clock and noise go on in its file, with the accuracy; it stays as it
            was otherwise.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.networks.run_evaluate import run_evaluate

    run_evaluate(chip, data=data, wait=wait, keep=keep, json=json)
