"""Large text tables: the quick way gives the bits, notes and messages of the slow one."""

from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.capture.load import open_capture
from slacheck.capture.readers import csv, csv_blocks
from slacheck.capture.readers.csv_blocks import LONGEST_LINE, Block, blocks
from slacheck.capture.readers.source import open_source
from slacheck.errors import CaptureError
from tests.capture.helpers import refusal, write
from tests.capture.readers.test_csv import READ

PARSED = csv_blocks._parsed
FEW = 3


@pytest.fixture(autouse=True)
def few_rows_compared(monkeypatch):
    """So that small blocks can be last."""
    monkeypatch.setattr(csv, "ROWS_COMPARED", FEW)


@contextmanager
def quick(size):
    """Every block of about `size` bytes is offered to pyarrow; gives how many it read."""
    read = []

    def parsed(*given):
        found = PARSED(*given)
        read.append(found is not None)
        return found

    with (
        patch.object(csv, "WORTH_IT", 0),
        patch.multiple(csv_blocks, _BYTES=size, _FIRST=size, ROWS_COMPARED=FEW, _parsed=parsed),
    ):
        yield read


def found(path):
    """Everything that a capture says, bit for bit, or how it is refused."""
    try:
        with open_capture(path) as capture:
            columns = {
                name: channel.fault or channel.read(0, capture.clock.count).tobytes()
                for name, channel in capture.channels.items()
            }
            return columns, capture.clock, capture.notes, capture.files
    except CaptureError as error:
        return str(error)


@pytest.mark.parametrize("case", READ)
@pytest.mark.parametrize("size", [16, 40])
def test_dialect_in_small_blocks_reads_as_in_one(tmp_path, case, size):
    text = READ[case][0]
    path = write(tmp_path, "x.csv", text)
    slow = found(path)
    with quick(size):
        assert found(path) == slow


CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-1000, 1000, places=4).map(str),
    st.sampled_from(
        ["0.1", "123456789012345678901234567890", "2.2250738585072011e-308", "4.9e-324", "1e-400", "+7", ".5"]
    ),
)
ODD = st.sampled_from(["", "nan", "--", "1e999", "text", "1_0", "0x10", "1,5", '"2"', "inf", "١", "1 2", "- 1", "NULL"])


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL), min_size=30, max_size=60),
    odd=st.lists(st.tuples(st.integers(0, 29), ODD), max_size=2),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    whole=st.booleans(),
)
def test_numbers_in_blocks_are_those_of_cells_one_by_one(tmp_path_factory, rows, odd, end, whole):
    lines = [f"{index},{a},{b}" for index, (a, b) in enumerate(rows)]
    for row, cell in odd:
        lines[row] = f"{row},{cell},1"
    text = end.join(["t [s],P,Q", *lines]) + (end if whole else "")
    path = write(tmp_path_factory.mktemp("rows"), "x.csv", text)
    slow = found(path)
    with quick(200):
        assert found(path) == slow


def test_plain_table_in_blocks_is_read_by_pyarrow(tmp_path):
    rows = "".join(f"{index / 10},{index},{-index}\r\n" for index in range(1000))
    path = write(tmp_path, "x.csv", "t [s],P,Q\r\n" + rows)
    slow = found(path)
    with quick(500) as read:
        assert found(path) == slow
    assert read.count(True) >= 8
    assert False in read  # the block of the names; threads end in any order


def test_text_column_leaves_the_others_to_pyarrow(tmp_path):
    rows = "".join(f"{index},{index * 2},ok\n" for index in range(2000))
    path = write(tmp_path, "x.csv", "t [s],P,status\n" + rows)
    slow = found(path)
    with quick(500) as read:
        assert found(path) == slow
    assert read.count(True) > 10


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2\n" * 50 + "1\n" + "2,3\n" * 50, "x.csv:52: error: this row has 1 cells, the 2 columns need 2"),
        ("1,2\n" * 50 + "\n" + "2,3\n" * 50, "x.csv:52: error: a blank line stands between the rows"),
        ("1,2\n" * 50 + "1,2,3\n" + "2,3\n" * 50, "x.csv:52: error: this row has 3 cells, the 2 columns need 2"),
    ],
)
def test_ragged_row_in_a_later_block_is_refused_at_its_line(tmp_path, rows, message):
    with quick(64):
        assert refusal(write(tmp_path, "x.csv", "t [s],P\n" + rows)).startswith(message)


def test_line_without_end_is_refused(tmp_path):
    path = write(tmp_path, "x.csv", "t [s],P\n" + "0,1\n" * 40000 + "1" * (5 * LONGEST_LINE) + "\n")
    assert f"a line is longer than {LONGEST_LINE} characters; this is not a table" in refusal(path)


def test_blocks_hold_every_byte_once_and_end_with_lines(tmp_path):
    raw = b"".join(b"%d,%d\n" % (index, index * index) for index in range(300_000)) + b"1,2"
    path = tmp_path / "x.csv"
    path.write_bytes(raw)
    source = open_source(path, "data")
    found = list(blocks(source, "utf-8"))
    source.close()
    assert b"".join(block.raw for block in found) == raw
    assert all(block.raw.endswith(b"\n") for block in found[:-1])
    assert len(found) > 3
    assert len(found[-1].raw) > 1000


@pytest.mark.parametrize(
    "raw", [b'1,"2"\n', b"1,2", b"1,2\r3,4\n", "1,\u0661\n".encode(), b"1,nan\n", b"1\n", b"1,2,3\n", b"\n"]
)
def test_block_that_needs_care_is_not_read_quickly(raw):
    dialect = csv.sniff(["a,b\n", "1,2\n"], "x.csv")
    assert Block(raw, "utf-8", None).numbers(dialect, [0, 1]) is None
    assert np.array_equal(Block(b"1,2\n3, 4\r\n", "utf-8", None).numbers(dialect, [1]), [[2.0, 4.0]])
