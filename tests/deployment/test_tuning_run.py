import pytest

from mho.runs import TuneJob


def test_a_method_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean `refit`"):
        TuneJob(methods=("refitt",))


def test_a_fraction_of_stuck_cells_is_a_fraction() -> None:
    with pytest.raises(
        ValueError, match="Argument `stuck` must lie within 0 to 1, but is 5"
    ):
        TuneJob(stuck=5.0)
