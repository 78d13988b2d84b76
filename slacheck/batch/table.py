"""One row for every check of a batch, as plain data; and the Parquet table that holds them all.

Columns are flat and numbers are in SI base units, so that DuckDB, Polars and pandas need no unpacking. Rows stand in
the order of the results' names, then of the findings and checks in each; the bytes of the table depend on nothing else.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from slacheck.errors import CaptureError, Diagnostic
from slacheck.evidence.atomic import write_whole

Row = dict[str, Any]

BAD_INPUT = "bad_input"
"""Outcome of a result whose documents or recordings could not be worked with; it is no verdict."""

_TEXT = (
    *("submission", "outcome", "spec", "spec_version", "requirement", "kind", "clause", "severity", "test", "capture"),
    *("finding", "check", "verdict", "unit", "censored", "reasons", "message", "pack", "pack_sha256"),
)
_NUMBER = (
    *("value", "low", "high", "expanded_uncertainty", "limit_min", "limit_max", "margin", "margin_percent"),
    *("time", "frequency"),
)
COLUMNS = (
    *("submission", "outcome", "spec", "spec_version", "requirement", "kind", "clause", "severity", "test", "capture"),
    *("finding", "check", "event", "verdict", "value", "low", "high", "expanded_uncertainty", "censored", "unit"),
    *("limit_min", "limit_max", "margin", "margin_percent", "time", "frequency", "reasons", "message"),
    *("pack", "pack_sha256"),
)
"""`submission` names the result, `outcome` is its verdict or bad_input, `finding` the verdict of the requirement on the
capture, `verdict` that of the check."""

_ROWS = 1 << 16
_PLAIN: dict[str, Any] = {"compression": "zstd", "use_dictionary": True, "store_schema": False, "version": "2.6"}


def rows_of(name: str, document: dict[str, Any], pack: tuple[str, str]) -> list[Row]:
    """The rows of one results document; a finding without checks has one.

    Parameters
    ----------
    pack : (str, str)
        Name of the evidence pack within the folder of the batch, and its SHA-256.
    """
    common = {
        "submission": name,
        "outcome": document["verdict"],
        "spec": document["spec"]["id"],
        "spec_version": document["spec"]["version"],
        "pack": pack[0],
        "pack_sha256": pack[1],
    }
    rows = [
        _row({**common, **_of_finding(finding), **_of_check(check)})
        for finding in document["findings"]
        for check in finding["checks"] or (None,)
    ]
    return rows or [_row({**common, "verdict": document["verdict"]})]


def lost(name: str, outcome: str, message: str) -> list[Row]:
    """The one row of a result that could not be made: why, in words."""
    return [_row({"submission": name, "outcome": outcome, "verdict": outcome, "message": message})]


def _row(known: Row) -> Row:
    """Every column; text without lone surrogates (file names that are not UTF-8), which Parquet cannot hold."""
    row = {column: known.get(column) for column in COLUMNS}
    return {
        column: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for column, value in row.items()
    }


def _of_finding(finding: dict[str, Any]) -> Row:
    keys = ("requirement", "kind", "clause", "severity", "test", "capture")
    return {key: finding[key] for key in keys} | {
        "finding": finding["verdict"],
        "verdict": finding["verdict"],
        "reasons": _codes(finding["reasons"]),
        "message": finding.get("error"),
    }


def _of_check(check: dict[str, Any] | None) -> Row:
    if check is None:
        return {}
    measured, limit = check["measured"], check["limit"]
    return {
        "check": check["name"],
        "event": check["event"],
        "verdict": check["verdict"],
        "value": measured["value"],
        "low": measured["interval"][0],
        "high": measured["interval"][1],
        "expanded_uncertainty": measured["expanded_uncertainty"],
        "censored": measured["censored"],
        "unit": measured["unit"],
        "limit_min": limit.get("min"),
        "limit_max": limit.get("max"),
        "margin": check["margin"],
        "margin_percent": check["margin_percent"],
        "time": check["at"]["time"],
        "frequency": check["at"]["frequency"],
        "reasons": _codes(check["reasons"]),
    }


def _codes(reasons: list[dict[str, str]]) -> str:
    return " ".join(dict.fromkeys(reason["code"] for reason in reasons))


# ---------------------------------------------------------------- the table


class _Drain(io.RawIOBase):
    """Takes what the writer writes, and gives it out in pieces."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._held.append(bytes(piece))
        self._position += len(self._held[-1])
        return len(self._held[-1])

    def tell(self) -> int:
        return self._position

    def taken(self) -> Iterator[bytes]:
        held, self._held = self._held, []
        return iter(held)


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write the table; it exists whole or not at all, and memory does not grow with it."""
    write_whole(path, _pieces(rows))


def _pieces(rows: Iterable[Row]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = dict.fromkeys(_TEXT, pa.string()) | dict.fromkeys(_NUMBER, pa.float64()) | {"event": pa.int64()}
    schema = pa.schema([pa.field(column, kinds[column]) for column in COLUMNS])
    sink = _Drain()
    with pq.ParquetWriter(sink, schema, **_PLAIN) as writer:
        held: list[Row] = []
        for row in rows:
            held.append(row)
            if len(held) == _ROWS:
                writer.write_table(pa.Table.from_pylist(held, schema))
                held.clear()
                yield from sink.taken()
        if held:
            writer.write_table(pa.Table.from_pylist(held, schema))
    yield from sink.taken()


def read_table(path: Path) -> Iterator[Row]:
    """Rows of a table.

    Raises
    ------
    CaptureError
        If the file is not the table of a batch.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        fix = "a batch that was ended writes it when it is gone on with: batch CAMPAIGN -o DIR --resume"
        raise CaptureError(Diagnostic(str(path), "there is no table of a batch", fix=fix))
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if tuple(file.schema_arrow.names) != COLUMNS:
                raise CaptureError(Diagnostic(str(path), "this is not the table of a batch: it has other columns"))
            for batch in file.iter_batches(_ROWS):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        first = (str(error).splitlines() or ["damaged"])[0]
        raise CaptureError(Diagnostic(str(path), f"not the table of a batch: {first[:200]}")) from None
