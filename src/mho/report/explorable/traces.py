"""Telegraph traces of a few cells, without and with denoising, for a page."""

from typing import Any

from mho.report.explorable.packing import Packer, Values
from mho.runs import RunData
from mho.units import uS


def traces_shown(data: RunData, packer: Packer) -> dict[str, Any] | None:
    """The cells that were watched on both chips.

    Args:
        data: A deployment.
        packer: Takes the arrays.

    Returns:
        What scripts draw, plain values; `None` if no cell was watched.
    """
    traces = data.traces
    if traces is None or not traces.before.numel():
        return None
    target = traces.target[:, None]
    both = ((traces.before - target) / uS, (traces.after - target) / uS)
    before, after = (_array(away) for away in both)
    return {
        # single precision makes 0.01 s a long number
        "time": [float(f"{t:.6g}") for t in traces.time.tolist()],
        "targets": [float(f"{g / uS:.5g}") for g in traces.target.tolist()],
        "tolerance": data.tolerance / uS,
        "panels": [
            {
                "name": "programmed without denoising",
                **packer.relative(before),
            },
            {"name": "denoised", **packer.relative(after)},
        ],
    }


def _array(values: Any) -> Values:
    array: Values = values.detach().cpu().double().numpy()
    return array
