"""What decides the last digits of a computation, and with them which chip a seed gives."""

import platform
from collections.abc import Mapping
from pathlib import Path

import torch

from mho.checks import one_line

_CPUINFO = Path("/proc/cpuinfo")


def processor() -> dict[str, str]:
    """The kind of processor and of libraries; two of the same kind give the same bits.

    The number of threads does not belong to it: results do not depend on it.
    """
    return {
        "machine": platform.machine(),
        "vendor": _vendor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }


def differences(wrote: Mapping[str, str], here: Mapping[str, str]) -> str:
    """What is different there, in words."""
    names = [
        name for name in {**wrote, **here} if wrote.get(name) != here.get(name)
    ]
    said = [
        f"{n} {wrote.get(n, 'none')}, here {here.get(n, 'none')}" for n in names
    ]
    return one_line("; ".join(said)[:300])


def _vendor() -> str:
    """Who made the processor: linear algebra chooses its way by that as well."""
    try:
        lines = _CPUINFO.read_text(
            encoding="utf-8", errors="replace"
        ).splitlines()
    except OSError:
        return platform.processor()
    named = [
        line.partition(":")[2].strip() for line in lines if "vendor_id" in line
    ]
    return named[0] if named else platform.processor()
