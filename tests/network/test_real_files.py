"""Networks as they lie in packages are read as they are, and do on drawn cells what they are for.

`python3 run.py test` lays the wheels into the environment's folder `wheels`. Where they are
missing, these tests skip.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator

import mho
from mho.deployment import ready_to_draw
from mho.network import Network
from mho.network.formats import Signature, load_network
from mho.network.formats.onnx.corrections import corrected_operators
from real import REAL_NETWORKS, RealNetwork, Samples, network_file
from real.reference import relative_error
from real.singing import sung_notes
from real.wheels import wheel_of

WHEELS = Path(os.environ.get("MHO_WHEELS", Path(sys.prefix, "wheels")))
NETWORKS = {network.name: network for network in REAL_NETWORKS}


@dataclass(frozen=True)
class Given:
    """A network, its file, and two samples or so."""

    network: RealNetwork
    file: Path
    samples: Samples

    def read(self) -> Network:
        constants = self.network.constants.items()
        words = tuple(f"{name}={value:g}" for name, value in constants)
        meant = Signature(inputs=words)
        return load_network(
            str(self.file),
            None,
            self.inputs(),
            self.network.digital,
            signature=meant,
        )

    def inputs(self) -> dict[str, torch.Tensor]:
        return {
            name: torch.from_numpy(array)
            for name, array in self.samples.inputs.items()
        }


def given(name: str) -> Given:
    network = NETWORKS[name]
    if wheel_of(network.package, WHEELS) is None:
        pytest.skip(
            f"the wheel of {network.package} is not in {WHEELS};"
            " `python3 run.py test` fetches it where there is a network"
        )
    file = network_file(network.package, network.member, WHEELS)
    if name == "swift-f0":
        # half a second is enough, and a third of the time
        return Given(network, file, sung_notes(2, seed=7, seconds=0.5))
    return Given(network, file, network.make(4, 7))


def by_the_standard(one: Given) -> dict[str, np.ndarray]:
    """Outputs of every sample, by the definitions of operators that onnx brings."""
    model = onnx.load(str(one.file))
    evaluator = ReferenceEvaluator(model, new_ops=corrected_operators())
    names = [output.name for output in model.graph.output]
    rows = []
    for index in range(one.samples.number):
        fed = {
            name: array[index : index + 1]
            for name, array in one.samples.inputs.items()
        }
        rows.append(evaluator.run(names, {**fed, **one.network.constants}))
    columns = [np.concatenate(values) for values in zip(*rows, strict=True)]
    return dict(zip(names, columns, strict=True))


@pytest.mark.parametrize("name", ["angle", "magika", "swift-f0"])
def test_a_file_from_a_package_computes_what_the_standard_says(
    name: str,
) -> None:
    """Read as it lies in its wheel, and right about lines, files and notes.

    Both compute in float32, in other orders: a hundred layers lose some 1e-6 of the largest value;
    1e-4 is what the benchmark asks for.
    """
    one = given(name)
    found = {
        output: values.numpy()
        for output, values in one.read().outputs(one.inputs()).items()
    }
    assert relative_error(found, by_the_standard(one)) < 1e-4
    judged = one.network.judge(found, one.samples, one.file)
    shares = [value for what, value in judged.items() if what != "median_cents"]
    assert min(shares) > 0.9


def test_a_file_from_a_package_works_on_drawn_cells() -> None:
    """Pitch of sung notes from a network of which the convolutions are on a chip.

    Cells are those of a small tile that was programmed. Conductances err by some 0.1 % of the
    range, converters have eight bits: a few per cent of an activation. That moves a weighted mean
    over steps of 70 cents by a few cents, and the median over all moments by less than 10.
    """
    one = given("swift-f0")
    inputs = one.inputs()
    deployed = ready_to_draw(one.read(), mho.Chip("rao2023"), inputs)
    chip = mho.Chip("rao2023", rows=32)
    stream = mho.Stream(0)
    bench = mho.SimulatedBench(chip, stream.child("tile"))
    table = mho.measure_errors(bench, stream.child("targets"))
    deployed.program(table, stream.child("chip"))
    outputs = {
        name: values.numpy()
        for name, values in deployed.outputs(inputs).items()
    }
    judged = one.network.judge(outputs, one.samples, one.file)
    assert judged["median_cents"] < 10
    assert judged["pitches"] > 0.8
