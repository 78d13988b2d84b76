"""What a plot shows, as a Parquet member: an axis, envelopes over it, and what is drawn on top.

Columns are `x` and, of each series, `<name>.min` and `<name>.max`, float64, NaN where the record
has a gap. The table's metadata key `slacheck` holds the rest as canonical JSON: the axis, units
and marks. Written without compression, statistics and dictionaries, so that the bytes depend on
the values and the version of the library alone.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from slacheck.contract import Mark
from slacheck.evidence.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Values: TypeAlias = "Sequence[float] | NDArray[np.float64]"

_KEY = b"slacheck"
_PLAIN: dict[str, Any] = {
    "version": "2.6",
    "compression": "NONE",
    "use_dictionary": False,
    "write_statistics": False,
    "store_schema": False,
}
SCHEMA = "slacheck/trace/1"


@dataclass(frozen=True, slots=True)
class Series:
    """Smallest and largest sample in each column of the plot.

    Parameters
    ----------
    name : str
        The signal.
    unit, display_unit : str
        Of `low` and `high`; and for the plot's axis.
    low, high : sequence of float, shape (n,)
        NaN where there is no sample. Equal for a spectrum. [unit]
    """

    name: str
    unit: str
    display_unit: str
    low: Values
    high: Values


@dataclass(frozen=True, slots=True)
class Trace:
    """Envelopes of one or more signals over one axis.

    Parameters
    ----------
    axis : {"time", "frequency"}
        What `x` is. [s] from the capture's first sample, or [Hz]
    x : sequence of float, shape (n,)
        Centres of the columns.
    series : tuple of Series
    marks : tuple of Mark
        Limits, levels and moments to draw.
    """

    axis: Literal["time", "frequency"]
    x: Values
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()


def to_parquet(trace: Trace) -> bytes:
    """The trace as a Parquet file, equal bytes for equal traces."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, columns = ["x"], [trace.x]
    for series in trace.series:
        names += [f"{series.name}.min", f"{series.name}.max"]
        columns += [series.low, series.high]
    plot = {
        "schema": SCHEMA,
        "axis": trace.axis,
        "series": [{"name": s.name, "unit": s.unit, "display_unit": s.display_unit} for s in trace.series],
        "marks": [asdict(mark) for mark in trace.marks],
    }
    table = pa.table(
        [_column(values) for values in columns],
        schema=pa.schema([pa.field(name, pa.float64(), nullable=False) for name in names]),
    )
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, **_PLAIN) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_KEY: canonical_json(plot)})
    return sink.getvalue()


def _column(values: Values) -> pa.Array:
    """Float64 column without nulls. `pa.array` of an ndarray would import pandas where it is installed, for 0.5 s."""
    import pyarrow as pa

    plain = np.ascontiguousarray(values, dtype=np.float64)
    return pa.Array.from_buffers(pa.float64(), plain.size, [None, pa.py_buffer(plain)])


def from_parquet(raw: bytes) -> Trace:
    """The trace of a Parquet member.

    Raises
    ------
    ValueError
        If it is not a trace.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(io.BytesIO(raw)) as file:
            table = file.read()
            plot: dict[str, Any] = json.loads((file.metadata.metadata or {})[_KEY])
        series = tuple(
            Series(
                s["name"],
                s["unit"],
                s["display_unit"],
                table[f"{s['name']}.min"].to_numpy(),
                table[f"{s['name']}.max"].to_numpy(),
            )
            for s in plot["series"]
        )
        marks = tuple(Mark(**{**mark, "values": tuple(mark["values"])}) for mark in plot["marks"])
        return Trace(plot["axis"], table["x"].to_numpy(), series, marks)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a trace: {error}") from error
