"""The table of a batch, as other tools read it."""

import pytest

from slacheck.batch.table import COLUMNS, lost, read_table, write_table
from slacheck.errors import CaptureError

CHECK = dict.fromkeys(COLUMNS) | {
    **{"submission": "a", "outcome": "FAIL", "verdict": "FAIL", "value": -1.5, "limit_max": 0.0, "event": 2},
    **{"reasons": "", "margin": -1.5},
}


@pytest.fixture
def table(tmp_path):
    write_table(tmp_path / "checks.parquet", [CHECK, *lost("b\udcff", "bad_input", "line 1\nline 2")])
    return tmp_path / "checks.parquet"


def test_table_read_back_is_what_was_written_and_surrogates_are_escaped(table):
    first, second = read_table(table)
    assert first == CHECK
    assert (second["submission"], second["message"], second["value"]) == ("b\\udcff", "line 1\nline 2", None)


def test_table_read_by_pandas_has_numbers_and_text(table):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(table)
    assert list(frame.columns) == list(COLUMNS)
    assert frame["value"].dtype == "float64"
    assert frame.loc[frame.verdict == "FAIL", ["submission", "margin"]].values.tolist() == [["a", -1.5]]


def test_table_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(tmp_path, table):
    def broken():
        yield CHECK
        raise OSError("no recording")

    before = table.read_bytes()
    with pytest.raises(OSError, match="no recording"):
        write_table(table, broken())
    assert table.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["checks.parquet"]


@pytest.mark.parametrize("raw", [b"", b"PAR1 nothing PAR1", b"x" * 100])
def test_table_that_is_damaged_is_refused(tmp_path, raw):
    (tmp_path / "checks.parquet").write_bytes(raw)
    with pytest.raises(CaptureError, match="not the table of a batch"):
        list(read_table(tmp_path / "checks.parquet"))
