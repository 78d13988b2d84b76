"""Runs apart, as a script: a Parquet file on standard input, bare columns on standard output.

It imports nothing of slacheck and opens no file. Each message is a letter, a length of eight bytes
and a payload: H the columns as JSON, B a block of bare numbers column by column, each of the type that
H gives it, Z the end, E what is wrong. After H it reads, from the pipe that it is given, one line of JSON: the numbers
of the columns that are wanted.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO

_MEMORY = 4 << 30
_ROWS = 1 << 17
_TICKS = {"s": "1", "ms": "1e-3", "us": "1e-6", "ns": "1e-9"}


def limit(seconds: int) -> None:
    """Keep memory, time and files within bounds, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def send(output: BinaryIO, kind: bytes, *payload: Any) -> None:
    """One message."""
    parts = [memoryview(part).cast("B") for part in payload]
    output.write(kind + sum(part.nbytes for part in parts).to_bytes(8, "little"))
    for part in parts:
        output.write(part)


def about(field: Any, types: Any) -> dict[str, Any] | None:
    """How a column is handed over: as integers with their tick, or as floats; None if it holds no numbers."""
    kind = field.type
    metadata = field.metadata or {}
    unit = metadata.get(b"unit", b"").decode("utf-8", "replace")
    known = {"name": field.name, "unit": unit, "type": "float64", "tick": None, "zoned": False}
    if types.is_timestamp(kind) or types.is_duration(kind):
        zoned = types.is_timestamp(kind) and kind.tz is not None
        return {**known, "type": "int64", "tick": _TICKS[kind.unit], "zoned": zoned}
    if types.is_int64(kind):
        return {**known, "type": "int64"}
    if types.is_float32(kind):
        return {**known, "type": "float32"}
    plain = types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    return known if plain else None


def words(column: Any, described: dict[str, Any], arrow: Any) -> Any:
    """Bare numbers of a column: NaN, or the smallest integer, where there is no value."""
    kind = getattr(arrow, described["type"])()
    if arrow.types.is_boolean(column.type):
        column = column.cast(arrow.int8())
    column = column.cast(kind, safe=False).fill_null(-(1 << 63) if described["type"] == "int64" else float("nan"))
    size = kind.bit_width // 8
    return memoryview(column.buffers()[1])[size * column.offset : size * (column.offset + len(column))]


def convert(output: BinaryIO, asking: int) -> None:
    """The file on standard input, row group by row group; only the columns that are wanted are decoded."""
    import pyarrow as arrow
    from pyarrow import parquet

    arrow.set_cpu_count(1)
    file = parquet.ParquetFile(sys.stdin.buffer, page_checksum_verification=True)
    described = [(field, about(field, arrow.types)) for field in file.schema_arrow]
    columns = [found for _, found in described if found is not None]
    left_out = {field.name: str(field.type)[:40] for field, found in described if found is None}
    rows = file.metadata.num_rows
    send(output, b"H", json.dumps({"columns": columns, "left_out": left_out, "rows": rows}).encode())
    output.flush()
    if asking >= 0:
        with os.fdopen(asking, "rb") as told:
            columns = [columns[index] for index in json.loads(told.readline() or b"[]")]
    names = [column["name"] for column in columns]
    for group in range(file.metadata.num_row_groups if names else 0):
        for batch in file.iter_batches(_ROWS, row_groups=[group], columns=names, use_threads=False):
            pieces = [words(batch.column(i), column, arrow) for i, column in enumerate(columns)]
            send(output, b"B", *pieces)
    send(output, b"Z")


def main() -> None:
    """Convert, or say in one line what is wrong."""
    output = sys.stdout.buffer
    limit(int(sys.argv[1]))
    try:
        convert(output, int(sys.argv[2]))
    except ImportError:
        send(output, b"E", b"reading Parquet needs pyarrow: pip install pyarrow")
    except BrokenPipeError:
        return
    except Exception as error:  # a damaged file may raise anything
        first = (str(error).splitlines() or [type(error).__name__])[0]
        send(output, b"E", f"the Parquet file is damaged: {first[:200]}".encode())
    output.flush()


if __name__ == "__main__":
    main()
