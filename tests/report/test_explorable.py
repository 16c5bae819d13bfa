import base64
import dataclasses
import hashlib
import json
import re
import zlib
from typing import Any

import numpy as np
import pytest
import torch
from synthetic_run import layer, many, run

from mho.report.explorable import Packer, page_parts, step_for
from mho.report.page import render
from mho.runs import LayerMap, RunData
from mho.units import uS

LARGEST = {"first": (128, 256), "second": (128, 192), "head": (128, 64)}
"""Layers of 65,536 cells."""


def counted(one: LayerMap, draws: torch.Generator) -> LayerMap:
    """The same layer with what its cells took: 11 pulses, 54 of denoising, 61 reads."""
    shape = one.target.shape
    spent = [
        torch.poisson(torch.full(shape, mean), generator=draws)
        for mean in (10.7, 54.2, 61.0)
    ]
    return dataclasses.replace(one, spent=torch.stack(spent).to(torch.int32))


@pytest.fixture(scope="module")
def largest() -> RunData:
    draws = torch.Generator().manual_seed(2)
    layers = tuple(
        counted(layer(name, shape, draws), draws)
        for name, shape in LARGEST.items()
    )
    assert sum(one.target.numel() for one in layers) == 65_536
    return dataclasses.replace(many(run()), layers=layers)


@pytest.fixture(scope="module")
def html(largest: RunData) -> str:
    return render(largest)


def payload(html: str) -> dict[str, Any]:
    """What scripts are given."""
    found = re.search(
        r'<script type="application/json" id="numbers">(.*?)</script>',
        html,
        re.DOTALL,
    )
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def numbers(packed: bytes, array: dict[str, Any]) -> np.ndarray:
    """An array as the page unpacks it, written here once more from its description."""
    at, count = array["at"], array["count"]
    low = np.frombuffer(packed, np.uint8, count, at).astype(np.uint16)
    high = np.frombuffer(packed, np.uint8, count, at + count).astype(np.uint16)
    code = low + 256 * high
    if array.get("half"):
        return code.view(np.float16).astype(float)
    known = array["low"] + code * float(array["step"])
    return np.where(code == 65535, np.nan, known)


def test_page_of_a_whole_tile_is_smaller_than_a_megabyte_and_a_half(
    html: str,
) -> None:
    assert len(html.encode()) <= 1_500_000


def test_every_cell_of_the_page_is_that_of_the_run(
    largest: RunData, html: str
) -> None:
    """Targets to half a step, errors to half precision's eleven bits, counts exactly."""
    content = payload(html)
    packed = zlib.decompress(base64.b64decode(content["packed"]))
    for shown, cells in zip(
        content["maps"]["layers"], largest.layers, strict=True
    ):
        arrays = shown["arrays"]
        target = cells.target.flatten().numpy() / uS
        error = (cells.readback - cells.target).flatten().numpy() / uS
        step = arrays["target"]["step"]
        assert step <= 0.02
        found = numbers(packed, arrays["target"])
        assert np.abs(found - target).max() <= 0.5001 * step
        found = numbers(packed, arrays["error"])
        assert np.abs(found - error).max() <= 2**-11 * np.abs(error).max()
        assert cells.spent is not None
        for name, wanted in zip(
            ("pulses", "denoise_pulses", "reads"), cells.spent, strict=True
        ):
            found = numbers(packed, arrays[name])
            assert np.array_equal(found, wanted.flatten().numpy())


def test_what_is_no_number_stays_none() -> None:
    packer = Packer()
    given = np.array([np.nan, 12.5, np.inf, 50.0])
    places = [packer.steps(given, 0.1), packer.relative(given[:2])]
    packed = zlib.decompress(base64.b64decode(packer.text()))
    steps, half = (numbers(packed, place) for place in places)
    assert np.isnan(steps[[0, 2]]).all()
    assert steps[[1, 3]] == pytest.approx([12.5, 50.0])
    assert np.isnan(half[0])
    assert half[1] == 12.5


def test_step_always_leaves_room_for_the_range() -> None:
    """A range of any size in 65,534 steps; the step is as fine as asked where that fits."""
    for span in (0.0, 1e-3, 1.0, 65.0, 700.0, 1e5):
        step = step_for(np.array([3.0, 3.0 + span]), 0.01)
        assert span / step <= 65_534
        assert step == 0.01 or step >= 0.01
    assert step_for(np.array([0.0, 655.0]), 0.01) == 0.01


def test_policy_lets_nothing_run_but_what_the_page_brings(html: str) -> None:
    """The hashes are those of what stands between the tags, to the byte."""
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    # quotes of an attribute are escaped
    rules = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in rules
    assert "unsafe" not in rules
    assert "http" not in rules
    for tag in ("style", "script"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert text is not None
        digest = hashlib.sha256(text[1].encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in rules
    assert not re.search(r"\sstyle=|\son[a-z]+=", html.split("<script")[0])


def test_scripts_write_words_never_markup() -> None:
    script = str(page_parts().script)
    for door in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "fetch("):
        assert door not in script
    assert "document.write" not in script
