"""What each operation of a network costs, and whether it runs on tiles, digitally or nowhere."""

from mho.network.account.operation_account import account
from mho.network.account.table import (
    OTHERS,
    TOTAL,
    full_rows,
    operation_rows,
    operations_of,
    refusals,
    total_row,
)

__all__ = [
    "OTHERS",
    "TOTAL",
    "account",
    "full_rows",
    "operation_rows",
    "operations_of",
    "refusals",
    "total_row",
]
