"""`mho run`: the options."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.shared.option_types import _Flag, _Out


def run(
    chip: str,
    /,
    *,
    data: str,
    wait: Annotated[str, Parameter(allow_leading_hyphen=True)] = "0s",
    keep: _Flag = False,
    out: _Out = None,
) -> None:
    """Compute the outputs of a programmed chip for samples.

    Args:
        chip: File of `mho program`.
        data: Samples, a `.npz` file with `inputs`.
        wait: Time to let pass before, with its unit.
        keep: Let the chip's clock and noise go on in its file; it stays as it was otherwise.
        out: File for the outputs, `.npz` with `outputs`; `<chip>-outputs.npz` if left out.
    """
    from mho.cli.work.networks.run_evaluate import run_chip

    run_chip(chip, data=data, wait=wait, keep=keep, out=out)
