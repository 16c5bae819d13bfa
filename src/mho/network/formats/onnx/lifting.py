"""Old ONNX files, brought to newer words by the converter of the `onnx` package.

The converter is native code that was not made for hostile files. It runs in a process of its own,
with a limit on time and memory: whatever happens to it, the answer is a file or a sentence.
"""

import subprocess
import sys

from mho.checks import RefusedError

LIFTED = 13
"""Version of the standard that old files are brought to."""
_SECONDS = 60
_PROGRAM = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
except Exception:
    pass
from onnx import ModelProto, version_converter
model = ModelProto.FromString(sys.stdin.buffer.read())
lifted = version_converter.convert_version(model, int(sys.argv[1]))
sys.stdout.buffer.write(lifted.SerializeToString())
"""


def lifted(content: bytes, opset: int) -> bytes:
    """A file of an old version of the standard, in newer words.

    Args:
        content: The file.
        opset: Its version, for the sentence.

    Raises:
        RefusedError: The converter cannot do it.
    """
    command = [sys.executable, "-I", "-c", _PROGRAM, str(LIFTED)]
    try:
        done = subprocess.run(
            command,
            input=content,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(opset, f"takes more than {_SECONDS} seconds") from error
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        reason = told[-1][:200] if told else f"ended with {done.returncode}"
        raise _failed(opset, f"fails ({reason})")
    return done.stdout


def _failed(opset: int, reason: str) -> RefusedError:
    return RefusedError(
        f"has opset {opset}, which `onnx.version_converter` shall bring to {LIFTED}, but that"
        f" {reason}; export it with `opset_version=18`"
    )
