"""What each operation of a network costs, and whether it runs on tiles, digitally or nowhere."""

from mho.network.account.operation_account import account
from mho.network.account.table import (
    OTHERS,
    TOTAL,
    OperationRow,
    full_rows,
    operation_rows,
    refusals,
    total_row,
)

__all__ = [
    "OTHERS",
    "TOTAL",
    "OperationRow",
    "account",
    "full_rows",
    "operation_rows",
    "refusals",
    "total_row",
]
