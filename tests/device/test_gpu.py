"""Laws are plain functions of numbers: the compiler for GPUs takes them, and its simulator agrees.

In processes of their own, for the simulator is chosen as numba is imported.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("gpu_kernels.py")
KIND = "fefet"


def run(what: str, *, simulator: bool) -> Any:
    """What the script says; skips where numba has no CUDA target."""
    chosen = {"NUMBA_ENABLE_CUDASIM": "1" if simulator else "0"}
    source = str(Path(__file__).parents[2] / "src")
    environment = {**os.environ, **chosen, "PYTHONPATH": source}
    command = [sys.executable, str(SCRIPT), what, KIND]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    if "absent" in found:
        pytest.skip(f"numba's CUDA target is not here: {found['absent']}")
    return found


def test_the_simulator_agrees_with_the_processor_bit_for_bit() -> None:
    """Births, a train and a look: additions and products in one order, so nothing is left over.

    A square root of the simulator is rounded from double precision, which is the same number.
    """
    found = run("simulate", simulator=True)
    assert len(set(found["polarisation"][0])) > 1
    for column, (simulated, processor) in found.items():
        assert simulated == processor, column


def test_the_compiler_for_gpus_takes_every_law() -> None:
    """Types are inferred, and code for a device is written, without one: no object is left."""
    code = run("compile", simulator=False)["code"]
    assert 'target triple = "nvptx64-nvidia-cuda"' in code
    assert "_ZN08NumbaEnv" in code
    # what needs the interpreter would call it
    assert "@Py" not in code
