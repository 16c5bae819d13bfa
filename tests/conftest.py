"""What every test shares: its own randomness, one thread and one process."""

import gc
import os
from collections.abc import Iterator

import pytest
import torch

from mho.rng import Stream

# Files of fixtures are no modules with examples: two of one name could not be imported beside
# each other.
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

# Tests run beside each other already; those of workers say how many they want.
os.environ["MHO_WORKERS"] = "1"
# So do the commands that tests start: two threads of each would wait for each other.
os.environ["OMP_NUM_THREADS"] = "1"
# Workers share the cores; fixtures of a module are made before the one below is asked.
torch.set_num_threads(1)
# Looking for garbage among all that torch and compilers keep took a third of the time.
gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True, scope="module")
def _what_stays() -> None:
    """What was imported and compiled so far is not looked through for garbage again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def stream(request: pytest.FixtureRequest) -> Stream:
    """Randomness named after the test, so that no test shifts the numbers of another."""
    return Stream(0).child(request.node.name)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tests run on one thread whatever the machine; a test may change it, for itself."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
