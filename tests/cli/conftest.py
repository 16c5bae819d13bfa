"""What tests of commands share: figures are put together, and rendered where a test looks."""

import base64

import pytest

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAA"
    "AABJRU5ErkJggg=="
)
"""The smallest PNG image."""


@pytest.fixture
def rendered_figures() -> None:
    """A test asks for this to have its figures rendered."""


@pytest.fixture(autouse=True)
def _quick_figures(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One point instead of a figure's pixels, which take longer than most small runs.

    The figure is put together all the same. What stands on it is looked at in tests of reports.
    """
    if "rendered_figures" not in request.fixturenames:
        monkeypatch.setattr(
            "mho.report.figures.style.rendered", lambda _: _PIXEL
        )
