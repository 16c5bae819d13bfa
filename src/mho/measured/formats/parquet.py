"""Parquet tables; reading them needs pyarrow, an extra."""

from pathlib import Path
from typing import Any

import numpy as np

from mho.checks import one_line
from mho.measured.formats.arrays import check_cells
from mho.measured.sheets import Column, Sheet, split_name

_LONGEST_WORD = 200
"""Letters of a word at most (1)."""


def read_parquet(path: Path) -> Sheet:
    """The table of a Parquet file: columns of numbers, and of words.

    Args:
        path: The file.

    Raises:
        ValueError: It is damaged or too large, or pyarrow is missing.
        OSError: It cannot be read.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ValueError(
            f"File `{path}` must be read with pyarrow, but that is not there; install"
            " `mho[lab]`, or save the table as CSV."
        ) from None
    try:
        with parquet.ParquetFile(
            path, memory_map=False, pre_buffer=False
        ) as file:
            rows = file.metadata.num_rows
            check_cells(path, rows * max(1, len(file.schema_arrow.names)))
            _check_flat(path, file.schema_arrow, pyarrow)
            parts = []
            read = 0
            for batch in file.iter_batches(batch_size=65_536):
                parts.append(batch)
                read += batch.num_rows
                check_cells(path, read * max(1, batch.num_columns))
        table = pyarrow.Table.from_batches(parts) if parts else None
    except ValueError as error:
        if str(error).startswith("File `"):
            raise
        raise _damaged(path) from None
    # a damaged file breaks the reader in any way
    except Exception as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise _damaged(path) from None
    if table is None or table.num_rows == 0 or table.num_columns == 0:
        raise ValueError(f"File `{path}` must hold a table, but is empty.")
    columns = [
        _column(name, table.column(place), pyarrow)
        for place, name in enumerate(table.column_names)
    ]
    return Sheet(
        path.name,
        tuple(column for column in columns if column is not None),
        np.arange(1, table.num_rows + 1),
        True,
    )


def _damaged(path: Path) -> ValueError:
    return ValueError(
        f"File `{path}` must be a whole Parquet file, but is damaged or cut off; save it again."
    )


def _check_flat(path: Path, schema: Any, pyarrow: Any) -> None:
    """Refuse columns of columns: they are no table."""
    for field in schema:
        if pyarrow.types.is_nested(field.type):
            raise ValueError(
                f"File `{path}` must have columns of numbers or words, but"
                f" `{one_line(field.name)[:40]}` holds lists; write a line for each number."
            )


def _column(name: str, chunks: Any, pyarrow: Any) -> Column | None:
    """One column as numbers or words; `None` for anything else."""
    types = pyarrow.types
    if types.is_dictionary(chunks.type):
        chunks = chunks.cast(chunks.type.value_type)
    short, unit = split_name(one_line(name)[:200])
    if _is_number(chunks.type, types):
        values = np.array(chunks.cast(pyarrow.float64()).to_numpy(), np.float64)
        values[np.abs(values) > 9e36] = np.nan
        return Column(short, unit, values)
    if types.is_string(chunks.type) or types.is_large_string(chunks.type):
        words = tuple(
            str(word or "")[:_LONGEST_WORD] for word in chunks.to_pylist()
        )
        return Column(short, unit, np.full(len(words), np.nan), words)
    if types.is_timestamp(chunks.type):
        stamps = chunks.cast(pyarrow.timestamp("us")).cast(pyarrow.int64())
        micro = np.array(stamps.to_numpy(), dtype=np.float64)
        return Column(short, "s", (micro - np.nanmin(micro)) * 1e-6)
    return None


def _is_number(kind: Any, types: Any) -> bool:
    plain = types.is_integer(kind) or types.is_floating(kind)
    return bool(plain or types.is_boolean(kind) or types.is_decimal(kind))
