import io

import numpy as np
import pyarrow.parquet as pq
import pytest

from slacheck.evidence.trace import Series, Trace, from_parquet, to_parquet


def test_trace_comes_back_as_it_was(synthetic):
    trace = synthetic.step_trace()
    again = from_parquet(to_parquet(trace))
    assert (again.axis, again.marks) == (trace.axis, trace.marks)
    np.testing.assert_array_equal(again.x, trace.x)
    for before, after in zip(trace.series, again.series, strict=True):
        assert (after.name, after.unit, after.display_unit) == (before.name, before.unit, before.display_unit)
        np.testing.assert_array_equal(after.low, before.low)
        np.testing.assert_array_equal(after.high, before.high)


def test_trace_columns_have_the_documented_names(synthetic):
    table = pq.read_table(io.BytesIO(to_parquet(synthetic.step_trace())))
    assert table.column_names == ["x", "bus_voltage.min", "bus_voltage.max", "rack_power.min", "rack_power.max"]


def test_trace_bytes_depend_on_values_alone(synthetic):
    trace = synthetic.step_trace()
    arrays = Trace(
        trace.axis,
        np.array(trace.x),
        tuple(Series(s.name, s.unit, s.display_unit, np.array(s.low), np.array(s.high)) for s in trace.series),
        trace.marks,
    )
    assert to_parquet(arrays) == to_parquet(trace)


@pytest.mark.parametrize("raw", [b"", b"PAR1", b"PAR1" + b"\x00" * 40 + b"PAR1"])
def test_from_parquet_what_is_no_trace_is_refused(raw):
    with pytest.raises(ValueError, match="not a trace"):
        from_parquet(raw)


def test_from_parquet_table_without_description_is_refused():
    import pyarrow as pa

    sink = io.BytesIO()
    pq.write_table(pa.table({"x": [1.0]}), sink)
    with pytest.raises(ValueError, match="not a trace"):
        from_parquet(sink.getvalue())
