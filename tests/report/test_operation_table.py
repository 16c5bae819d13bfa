"""The section of the report about operations."""

import dataclasses

import pytest
from synthetic_run import run

from mho.network import OperationRecord
from mho.report.operation_table import OPERATION_COLUMNS, operation_table
from mho.report.page import render

OPERATIONS = [
    OperationRecord(
        "body",
        "conv2d",
        "analog",
        "",
        {"body.weight": 90},
        90,
        analog=900,
        layers=1,
    ),
    OperationRecord("norm", "batch_norm", "folded", "body", {"norm.weight": 7}),
    OperationRecord(
        "<b>pair</b>",
        "bilinear",
        "refused",
        "x < y",
        {"pair.w": 50},
        digital=55,
    ),
    OperationRecord("relu", "relu", "digital"),
]


def test_the_table_says_what_became_of_every_operation_and_adds_up() -> None:
    """Sums are of all rows: 900 + 55 multiply-adds, 90 + 7 + 50 parameters."""
    rows = operation_table({"operations": [one.plain() for one in OPERATIONS]})
    assert [row[2] for row in rows] == [
        "analog",
        "folded into body",
        "refused: x < y",
        "digital",
        "",
    ]
    assert rows[-1] == ("total", "", "", "955", "147", "90")
    assert {len(row) for row in rows} == {len(OPERATION_COLUMNS)}


def test_the_page_shows_the_table_and_escapes_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names come from the user's files; results from before the account say so."""
    monkeypatch.setattr(
        "mho.report.figures.draw_data_url", lambda _: "data:,"
    )  # figures take seconds
    data = run()
    assert "This run did not count them." in render(data)
    result = {**data.result, "operations": [one.plain() for one in OPERATIONS]}
    page = render(dataclasses.replace(data, result=result))
    assert "<td>refused: x &lt; y</td>" in page
    assert "&lt;b&gt;pair&lt;/b&gt;" in page
    assert "<b>pair" not in page
    assert '<td class="number">955</td>' in page
