"""One limit for what files may need: stated, raised, and named in the sentence that refuses."""

import pytest

from mho.cli.shared import max_memory, split_max_memory
from mho.files import TooLargeError, allow_memory, allowed_memory, check_memory
from mho.files.memory import DEFAULT_MEMORY, VARIABLE, parse_memory


def test_the_limit_is_the_default_the_environment_or_what_a_caller_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The nearest one holds, and only as long as it is asked for. Exact."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert allowed_memory() == DEFAULT_MEMORY
    monkeypatch.setenv(VARIABLE, "2GiB")
    assert allowed_memory() == 2 * 2**30
    with allow_memory("3GB"):
        assert allowed_memory() == 3 * 10**9
        with allow_memory(5):
            assert allowed_memory() == 5
        assert allowed_memory() == 3 * 10**9
    assert allowed_memory() == 2 * 2**30


def test_a_refusal_names_size_limit_and_an_option_that_is_enough() -> None:
    """What it proposes lets the same thing through; nothing is refused at the limit itself."""
    size = 13 * 2**30 + 1
    with pytest.raises(
        TooLargeError, match=r"must fit into 4 GiB .* `x` needs 13 GiB"
    ) as caught:
        check_memory(size, "data", "`x`")
    assert "--max-memory 14GiB`" in str(caught.value)
    with allow_memory("14GiB"):
        check_memory(size, "data", "`x`")
    check_memory(DEFAULT_MEMORY, "data", "`x`")
    with pytest.raises(TooLargeError):
        check_memory(DEFAULT_MEMORY + 1, "data", "`x`")


@pytest.mark.parametrize(
    "text", ["", "4", "GiB", "-1GiB", "4 parsec", "0GB", "1e9999GB", "٣GiB"]
)
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    """A bare number is ambiguous, and nothing is no limit."""
    with pytest.raises(
        ValueError, match="`max_memory` must be an amount of memory"
    ):
        parse_memory(text, "max_memory")


def test_the_option_may_stand_anywhere_before_a_double_dash() -> None:
    """Every command has it, so it is taken out before the words go to a command. Exact."""
    for words in (
        ["--max-memory", "9GiB", "deploy", "x"],
        ["deploy", "x", "--max-memory=9GiB"],
        ["deploy", "--max-memory", "9GiB", "x"],
    ):
        assert split_max_memory(words) == (["deploy", "x"], "9GiB")
    behind = ["deploy", "--", "--max-memory", "9GiB"]
    assert split_max_memory(behind) == (behind, None)
    with max_memory("9GiB"):
        assert allowed_memory() == 9 * 2**30
    with pytest.raises(
        ValueError, match="`max_memory` must be an amount of memory"
    ):
        max_memory("")
