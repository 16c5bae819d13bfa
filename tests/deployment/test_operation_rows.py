"""The short table of the account: nothing is lost in it, and repeated blocks are one row."""

import torch
from exported import build
from torch import nn

from mho.network import OperationRecord, read_network
from mho.network.account import (
    OTHERS,
    account,
    full_rows,
    operation_rows,
    operations_of,
    refusals,
    total_row,
)


def test_folding_rows_keeps_every_sum() -> None:
    """Multiply-adds, parameters and operations of the short table are those of the account."""
    module, samples = build("residual")
    found = account(read_network(module, samples))
    short = operation_rows(found.operations)
    full = full_rows(found.operations)
    assert len(short) < len(full) == len(found.operations)
    total = total_row(short)
    assert (total.count, total) == (len(full), total_row(full))
    assert total.multiply_adds == found.analog + found.digital
    assert total.size == sum(found.parameters.values())
    assert total.on_tiles == found.parameters["tiles"]


def test_blocks_that_repeat_are_one_row_and_others_are_not() -> None:
    """Three of four blocks are alike; the one that is kept digital has rows of its own."""
    block = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
    module = nn.TransformerEncoder(block, 4, enable_nested_tensor=False).eval()
    network = read_network(module, torch.randn(3, 5, 8), ("layers.1",))
    rows = {
        (row.name, row.runs): row
        for row in operation_rows(account(network).operations)
    }
    assert rows["layers.0…3.linear1", "analog"].count == 3
    assert rows["layers.0…3.linear1", "analog"].multiply_adds == 3 * 5 * 96
    assert rows["layers.1.linear1", "digital by choice"].count == 1
    ((names, why),) = refusals(rows.values())
    assert names == "scaled_dot_product_attention"
    assert why.startswith("all its factors depend on the input")


def test_a_result_holds_all_that_a_table_tells() -> None:
    """Rows of what a result holds are those of the account itself."""
    module, samples = build("residual")
    found = account(read_network(module, samples))
    written = operations_of({"operations": found.plain()})
    assert [row.plain() for row in operation_rows(written)] == [
        row.plain() for row in operation_rows(found.operations)
    ]
    assert [one.fate for one in written] == [
        one.fate for one in found.operations
    ]
    assert operations_of({}) == []


def test_the_row_of_others_names_the_most_frequent_kinds() -> None:
    """Bookkeeping is counted and told in one row, whatever there is of it."""
    kinds = ["view"] * 3 + ["relu"] * 2 + ["add", "sub", "cat", "pad"]
    (row,) = operation_rows(
        [
            OperationRecord(f"{kind}_{n}", kind, "digital")
            for n, kind in enumerate(kinds)
        ]
    )
    assert (row.name, row.count) == (OTHERS, 9)
    assert row.kind == "view ×3, relu ×2, add, sub and 2 kinds more"


def test_names_from_files_cannot_command_a_terminal() -> None:
    """An image may come from a stranger, and with it the names of its modules."""
    hostile = OperationRecord(
        "layer\x1b[2J", "linear\x1b]0;", "digital", "\x1b[31m", {"w": 1}
    )
    (row,) = operation_rows([hostile])
    assert (row.name, row.kind, row.why) == ("layer?[2J", "linear?]0;", "?[31m")
