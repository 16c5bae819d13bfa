"""The code on pages runs, and shows what it says it shows."""

import ast
import doctest
import re
from pathlib import Path

import pytest
import torch

import mho

HOME = Path(__file__).parents[1]
DOCS = HOME / "docs"
PAGES = [
    page
    for page in sorted(
        [*DOCS.glob("*/*.md"), *DOCS.glob("explanation/kinds/*.md")]
    )
    if page.parent.name != "decisions"
]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
SLOW = {
    "how-to/large-networks.md",
    "how-to/lifetime.md",
    "how-to/noise.md",
    "how-to/onnx.md",
    "how-to/passive.md",
    "how-to/tune.md",
}
"""Pages that train or program for longer than a test should take; their names are looked at."""
NETWORK = """
import torch
import mho
module = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
trained = module.eval()
calibration = samples = inputs = torch.rand(16, 6)
bench = mho.SimulatedBench(mho.Chip("rao2023", tiles=2, rows=48, cols=48), mho.Stream(0))
"""
PROTOCOL = """
import torch
import mho
bench = mho.SimulatedBench(mho.Chip("rao2023", rows=2, cols=2), mho.Stream(0))
target = torch.full((4,), 100e-6)
"""
GIVEN = {
    "how-to/faults.md": NETWORK,
    "how-to/own-network.md": NETWORK,
    "how-to/protocol.md": PROTOCOL,
}
"""What a page takes for granted, by its path."""


def blocks(page: Path) -> list[str]:
    """Python on a page, from top to bottom."""
    return BLOCK.findall(page.read_text())


def path(page: Path) -> str:
    """A page by its path below `docs`."""
    return str(page.relative_to(DOCS))


SESSIONS = [
    page for page in PAGES if any(">>>" in block for block in blocks(page))
]
SCRIPTS = [page for page in PAGES if blocks(page) and page not in SESSIONS]


@pytest.mark.parametrize("page", SESSIONS, ids=path)
def test_every_example_of_a_page_gives_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All examples of a page run, in order, in one session, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    text = "\n\n".join(blocks(page))
    session = doctest.DocTestParser().get_doctest(
        text, {}, path(page), str(page), 0
    )
    result = doctest.DocTestRunner().run(session)
    assert result.attempted >= 3
    assert result.failed == 0


@pytest.mark.parametrize(
    "page", [page for page in SCRIPTS if path(page) not in SLOW], ids=path
)
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands, after what the page takes for granted; in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names: dict[str, object] = {"torch": torch}
    for code in [GIVEN.get(path(page), ""), *blocks(page)]:
        exec(compile(code, path(page), "exec"), names)


def test_code_that_takes_long_is_python_and_pages_that_are_listed_exist() -> (
    None
):
    assert {path(page) for page in SCRIPTS} >= SLOW | set(GIVEN)
    for name in SLOW:
        for block in blocks(DOCS / name):
            ast.parse(block)


def test_every_room_has_its_place_in_the_reference() -> None:
    """Each concept has a page with an example, and includes what is made of the rooms' faces."""
    pages = {page.stem: page for page in (DOCS / "reference").glob("*.md")}
    listed = re.search(
        r"```\{toctree\}\n(.*?)```", pages["index"].read_text(), re.DOTALL
    )
    assert listed is not None
    assert {*listed[1].split()} - {":hidden:"} == set(pages) - {"index"}
    include = re.compile(r"```\{include\} _rooms/(\w+)\.md\n```")
    included = [
        room
        for page in pages.values()
        for room in include.findall(page.read_text())
    ]
    package = Path(mho.__file__).parent
    rooms = {
        one.stem
        for one in package.iterdir()
        if one.stem[0] != "_"
        and (one.suffix == ".py" or (one / "__init__.py").exists())
    }
    assert sorted(included) == sorted(rooms - {"cli"})
    concepts = [
        page for page in pages.values() if include.search(page.read_text())
    ]
    assert set(concepts) <= set(SESSIONS)


def test_the_reference_lists_the_names_of_the_front_door() -> None:
    """Once each, in the row of their concept."""
    text = (DOCS / "reference" / "index.md").read_text()
    rows = [
        line.split("|")[2]
        for line in text.splitlines()
        if line.startswith("| [")
    ]
    names = re.findall(r"`(\w+)`", "".join(rows))
    assert sorted(names) == sorted(mho.__all__)
