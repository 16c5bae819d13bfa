"""Call the command line in this process."""

import pytest

from mho.cli.main import main


def call(*words: str) -> int:
    """Exit code of `mho` with these words."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    code = ended.value.code
    assert isinstance(code, int)
    return code
