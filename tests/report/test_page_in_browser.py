"""The page in a browser: where there is one, and Playwright to drive it."""

import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from synthetic_run import many, run

from mho.files import RunFolder
from mho.report.comparing import read_runs, render_comparison
from mho.report.page import render

playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed"
)
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
HOSTILE = "<img src=x onerror=document.title='taken'>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A report with a layer of a hostile name, open; what it complains of in `page.said`."""
    file: Path = tmp_path_factory.mktemp("page") / "report.html"
    data = many(run())
    first = dataclasses.replace(data.layers[0], name=HOSTILE)
    layers = (first, *data.layers[1:])
    file.write_text(render(dataclasses.replace(data, layers=layers)))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=BROWSER,
            args=["--no-sandbox", "--disable-gpu"],
        )
        opened = browser.new_page(viewport={"width": 390, "height": 800})
        opened.said = []
        opened.on("console", lambda told: opened.said.append(told.text))
        opened.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.on("request", lambda asked: opened.said.append(asked.url))
        opened.goto(file.as_uri())
        opened.wait_for_selector("html[data-ready=yes]", state="attached")
        yield opened
        browser.close()


def test_page_complains_of_nothing_and_asks_for_nothing(page: Any) -> None:
    """Only for itself and its inline pictures; a name is a name and no element."""
    said = [
        one
        for one in page.said
        if not one.startswith(("file:", "data:", "blob:"))
    ]
    assert said == []
    assert "taken" not in page.title()
    assert page.locator("option", has_text="<img").count() == 1


@pytest.mark.parametrize("part", ["maps", "traces", "chips"])
def test_keys_move_a_cursor_that_says_where_it_is(page: Any, part: str) -> None:
    holder = page.locator(f"[data-part={part}]")
    told = holder.locator("[role=status]")
    holder.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    first = told.inner_text()
    for key in ("ArrowRight", "ArrowDown", "+", "Shift+ArrowRight", "0"):
        page.keyboard.press(key)
    assert told.inner_text() != first
    assert ("µS" in told.inner_text()) or ("Seed" in told.inner_text())


def test_map_says_the_numbers_of_the_cell_under_the_cursor(page: Any) -> None:
    """From the first cell one to the right and one down: row 1, column 1, as in the run."""
    layer = run().layers[1]
    page.locator("[name=layer]").select_option(label="conv2")
    page.locator("[data-part=maps] canvas").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    words = page.locator("[data-part=maps] [role=status]").inner_text()
    assert words.startswith("conv2, row 1, column 1, target ")
    told = float(words.split("target ")[1].split(" ")[0])
    assert told == pytest.approx(float(layer.target[1, 1]) * 1e6, abs=0.011)


def test_points_of_a_sweep_are_gone_along_by_keys(
    page: Any, tmp_path: Path
) -> None:
    """To the second of three, then down to the next curve, which has its own numbers there."""
    points = [
        {"births": b, "tolerance": t, "levels": 100 * b + t}
        for t in (1.0, 2.0)
        for b in (1.0, 2.0, 3.0)
    ]
    result = {"columns": {"levels": ""}, "points": points}
    with RunFolder.open(tmp_path, "sweep", "a", makes=("result.json",)) as run:
        run.write_result(result)
        run.finish()
    file = tmp_path / "sweep.html"
    file.write_text(render_comparison(read_runs([str(tmp_path)])))
    other = page.context.browser.new_page(
        viewport={"width": 390, "height": 800}
    )
    other.goto(file.as_uri())
    other.wait_for_selector("html[data-ready=yes]", state="attached")
    other.locator("[data-part=plot] canvas").focus()
    told = other.locator("[data-part=plot] [role=status]")
    for key, wanted in (
        ("ArrowRight", "births 1, tolerance 1, levels 101"),
        ("ArrowRight", "births 2, tolerance 1, levels 201"),
        ("ArrowDown", "births 2, tolerance 2, levels 202"),
    ):
        other.keyboard.press(key)
        assert told.inner_text() == wanted
    assert other.evaluate("document.documentElement.scrollWidth") == 390
    other.close()


def test_theme_is_chosen_by_a_button(page: Any) -> None:
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    after = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert before != after


def test_axe_finds_nothing_serious(page: Any) -> None:
    """`AXE_CORE` names `axe.min.js` of the npm package axe-core."""
    script = os.environ.get("AXE_CORE", "")
    if not Path(script).is_file():
        pytest.skip("AXE_CORE names no axe.min.js")
    page.evaluate(Path(script).read_text())
    found = page.evaluate("axe.run().then(found => found.violations)")
    assert [
        one["id"] for one in found if one["impact"] in ("serious", "critical")
    ] == []
