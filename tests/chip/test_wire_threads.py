"""The effective matrix of a tile takes one thread, however many there are, and gives them back."""

from collections.abc import Iterator

import pytest
import torch

from mho.rng import Stream
from mho.wires import WireModel
from mho.wires.port_merge import few_threads
from mho.wires.port_merge.few_threads import threads_for

WIRES = WireModel(word_line=1.0, bit_line=1.0, driver=2.0, sense=2.0)


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_threads_are_given_back_after_work_and_after_errors() -> None:
    with threads_for(4096):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with pytest.raises(ValueError, match="conductance"):
        WIRES.effective_matrix(torch.full((3, 4), -1.0))
    assert torch.get_num_threads() == 2


def test_large_tiles_have_the_threads_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(few_threads, "ENOUGH", 100)
    with threads_for(99):
        assert torch.get_num_threads() == 1
    with threads_for(100):
        assert torch.get_num_threads() == 2


def test_matrix_and_gradient_do_not_depend_on_threads() -> None:
    """A tile whose products torch would share out, 256 x 256. Exact."""
    cells = (
        1e-4
        * torch.rand(
            256, 256, dtype=torch.float64, generator=Stream(7).generator()
        )
        + 1e-5
    )
    found = []
    for threads in (2, 1):
        torch.set_num_threads(threads)
        asked = cells.clone().requires_grad_()
        matrix = WIRES.effective_matrix(asked)
        matrix.square().sum().backward()
        found += [matrix.detach(), asked.grad]
    assert torch.equal(found[0], found[2])
    assert found[1] is not None
    assert found[3] is not None
    assert torch.equal(found[1], found[3])
