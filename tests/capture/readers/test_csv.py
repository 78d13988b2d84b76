"""Dialects of text tables: the exact numbers, or the exact message."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.capture.load import open_capture
from slacheck.errors import CaptureError
from tests.capture.helpers import refusal, times, values, write

RATE = "time: {sample_rate: 2 Hz}\n"
PLAIN = [1.5, 2.5, -3.0]
ROWS = "0,1.5\n0.5,2.5\n1,-3\n"

READ = {
    "comma": ("t [s],P\n" + ROWS, PLAIN),
    "semicolon and decimal point": ("t [s];P\n0;1.5\n0.5;2.5\n1;-3\n", PLAIN),
    "semicolon and decimal comma": ("t [s];P\n0;1,5\n0,5;2,5\n1;-3\n", PLAIN),
    "tab": ("t [s]\tP\n0\t1.5\n0.5\t2.5\n1\t-3\n", PLAIN),
    "tab and decimal comma": ("t [s]\tP\n0\t1,5\n0,5\t2,5\n1\t-3,0\n", PLAIN),
    "bar": ("t [s]|P\n0|1.5\n0.5|2.5\n1|-3\n", PLAIN),
    "quoted decimal comma": ('t [s],P\n"0","1,5"\n"0,5","2,5"\n"1","-3,0"\n', PLAIN),
    "carriage return and line feed": ("t [s],P\r\n0,1.5\r\n0.5,2.5\r\n1,-3\r\n", PLAIN),
    "carriage return alone": ("t [s],P\r0,1.5\r0.5,2.5\r1,-3\r", PLAIN),
    "UTF-8 with byte order mark": ("\ufefft [s],P\n" + ROWS, PLAIN),
    "UTF-16 little endian": (("\ufefft [s],P\n" + ROWS).encode("utf-16-le"), PLAIN),
    "UTF-16 big endian": (("\ufefft [s],P\n" + ROWS).encode("utf-16-be"), PLAIN),
    "Windows-1252 in a preamble": (("Prüfstand\nt [s],P\n" + ROWS).encode("cp1252"), PLAIN),
    "Latin-1 byte that Windows-1252 lacks": (b"a\x81\nt [s],P\n" + ROWS.encode(), PLAIN),
    "vendor preamble": ("Recorder 9\nModel,XY,2\n\nt [s],P\n" + ROWS, PLAIN),
    "preamble as wide as the table": ("Serial,A77\nRate,two\nt [s],P\n" + ROWS, PLAIN),
    "row of units": ("t,P\ns,W\n" + ROWS, PLAIN),
    "row of units in brackets": ("t,P\n[s],[W]\n" + ROWS, PLAIN),
    "row of units with a blank": ("t,P\ns,\n" + ROWS, PLAIN),
    "unit in round brackets": ("t (s),P (W)\n" + ROWS, PLAIN),
    "leading blanks": (" t [s],  P\n 0,  1.5\n 0.5,  2.5\n 1, -3\n", PLAIN),
    "blank before a quote": ('t [s], "P"\n0, "1.5"\n0.5, "2.5"\n1, "-3"\n', PLAIN),
    "quoted delimiter in a name": ('t [s],P,"a, b"\n0,1.5,1\n0.5,2.5,1\n1,-3,1\n', PLAIN),
    "line end in a quoted name": ('t [s],"P\n[W]"\n' + ROWS, PLAIN),
    "exponents and signs": ("t [s],P\n0,+1.5E+00\n5e-1,25e-1\n1,-.3e1\n", PLAIN),
    "time of any case": ("TimeStamp [s],P\n" + ROWS, PLAIN),
    "time column last": ("P,t [s]\n1.5,0\n2.5,0.5\n-3,1\n", PLAIN),
    "time in milliseconds": ("t [ms],P\n0,1.5\n500,2.5\n1000,-3\n", PLAIN),
    "ISO 8601 with a zone": (
        "time,P\n2026-11-20T08:00:00Z,1.5\n2026-11-20T08:00:00.5Z,2.5\n2026-11-20T09:00:01+01:00,-3\n",
        PLAIN,
    ),
    "ISO 8601 with a blank": (
        "time,P\n2026-11-20 08:00:00,1.5\n2026-11-20 08:00:00.5,2.5\n2026-11-20 08:00:01,-3\n",
        PLAIN,
    ),
    "time with a decimal comma": (
        "time;P\n20.11.2026 08:00:00,0;1,5\n20.11.2026 08:00:00,5;2,5\n20.11.2026 08:00:01,0;-3\n",
        PLAIN,
    ),
    "year first with slashes": (
        "time,P\n2026/11/20 08:00:00,1.5\n2026/11/20 08:00:00.5,2.5\n2026/11/20 8:00:01,-3\n",
        PLAIN,
    ),
    "name of the month": (
        "time,P\n20-Nov-2026 08:00:00,1.5\n20-Nov-2026 08:00:00.500,2.5\n20-Nov-2026 08:00:01,-3\n",
        PLAIN,
    ),
    "day first, settled": (
        "time,P\n20/11/2026 08:00:00,1.5\n20/11/2026 08:00:00.5,2.5\n20/11/2026 08:00:01,-3\n",
        PLAIN,
    ),
    "month first, settled": (
        "time,P\n11/20/2026 08:00:00,1.5\n11/20/2026 08:00:00.5,2.5\n11/20/2026 08:00:01,-3\n",
        PLAIN,
    ),
    "stamps of sixteen digits": (
        "t [s],P\n1735554592.000001,1.5\n1735554592.500001,2.5\n1735554593.000001,-3\n",
        PLAIN,
    ),
    "status column": ("t [s],P,state\n0,1.5,OK\n0.5,2.5,OVER\n1,-3,OK\n", PLAIN),
    "hexadecimal status column": ("t [s],P,flags\n0,1.5,0x1\n0.5,2.5,0x2\n1,-3,0x0\n", PLAIN),
    "column without a name": ("t [s],P,\n0,1.5,\n0.5,2.5,\n1,-3,\n", PLAIN),
    "blank lines at the end": ("t [s],P\n" + ROWS + "\n \n\n", PLAIN),
    "no line end at the last row": ("t [s],P\n" + ROWS + "1.5,123", PLAIN),
    "units that are not: kept in the name": ("t [s],P,P_kW (avg)\n0,1.5,1\n0.5,2.5,1\n1,-3,1\n", PLAIN),
    "codes for no value": ("t [s],P\n0,OVER\n0.5,----\n1,1\n", [None, None, 1.0]),
    "more codes for no value": (
        "t [s],P\n0,NaN\n0.5,-nan\n1,1\n1.5,inf\n2,\n2.5,N/A\n",
        [None, None, 1.0, None, None, None],
    ),
    "no value at all": ("t [s],P,Q\n0,,1\n0.5,,1\n1,,1\n", [None, None, None]),
}


@pytest.mark.parametrize(("content", "expected"), READ.values(), ids=READ.keys())
def test_csv_dialect_gives_the_numbers_as_written(tmp_path, content, expected):
    with open_capture(write(tmp_path, "a.csv", content)) as capture:
        assert values(capture, "P") == expected
        assert times(capture) == pytest.approx([0.5 * k for k in range(len(expected))], abs=1e-12)
        assert capture.notes[0].startswith("read as CSV: ")


REFUSED = {
    "empty": ("", "a.csv: error: the file is empty"),
    "blank": ("\n\n", "a.csv: error: the file is empty"),
    "one word": ("hello\n", "no table with a row of names above rows of numbers was found"),
    "no names": ("0,1\n1,2\n", "no table with a row of names above rows of numbers was found"),
    "names only": ("t [s],P\n", "no table with a row of names above rows of numbers was found"),
    "names and a cut row only": ("t [s],P\n0,1", "a.csv:2: error: there is no complete row of numbers"),
    "text in the first row": (
        "t [s],P\n0,ERR\n1,2\n2,3\n",
        "a.csv:2: error: '0' stands where the name of a column should be, above the first row of numbers",
    ),
    "blank delimited": ("t P\n0 1\n1 2\n", "no table with a row of names above rows of numbers was found"),
    "too few cells": ("t [s],P,Q\n0,1,1\n1,2\n2,3,3\n", "a.csv:3: error: this row has 2 cells, the 3 columns need 3"),
    "too many cells": ("t [s],P\n0,1\n1,2,3\n2,3\n", "a.csv:3: error: this row has 3 cells, the 2 columns need 2"),
    "cut within a row": (
        "t [s],P,Q\n0,1,1\n1,2,2\n2,3",
        "a.csv:4: error: this row has 2 cells, the 3 columns need 3\n"
        "  fix: the file ends within this line: it is cut off",
    ),
    "blank line inside": ("t [s],P\n0,1\n\n1,2\n", "a.csv:3: error: a blank line stands between the rows"),
    "two columns of one name": (
        "t [s],P,P\n0,1,1\n1,2,2\n",
        "a.csv:1: error: columns 2 and 3 have the same name 'P'\n  fix: give each column its own name",
    ),
    "one name with two units": ("t [s],P [kW],P [W]\n0,1,1\n1,2,2\n", "columns 2 and 3 have the same name 'P'"),
    "units that disagree": (
        "t,P [kW]\ns,W\n0,1\n1,2\n",
        "a.csv:1: error: column 'P' is in 'kW' by its name and in 'W' by the row of units",
    ),
    "comma that may group thousands": (
        "t [s];P\n0;1,234\n1;5,678\n",
        "a.csv:2: error: '1,234' can be 1.234 or 1234: every number with a comma has three digits after it\n"
        "  fix: export with a decimal point, or without thousands separators",
    ),
    "time without a unit": (
        "time,P\n0,1\n1,2\n",
        "a.csv: error: the time column 'time' has no unit\n"
        "  fix: write it in the name, 'time [s]', or in a.csv.meta.yaml: `time: {channel: time, unit: s}`",
    ),
    "no time": (
        "time_s,P\n0,1\n1,2\n",
        "a.csv: error: there is no time column (t, time or timestamp) among its columns (time_s, P)\n"
        "  fix: name it in a.csv.meta.yaml: `time: {channel: time_s, unit: s}`, or state "
        "`time: {sample_rate: 10 kHz}`",
    ),
    "day and month": (
        "time,P\n11/10/2026 08:00:00,1\n11/10/2026 08:00:01,2\n",
        "a.csv:2: error: column 'time': '11/10/2026 08:00:00': day and month cannot be told apart, no value is above "
        "12; write ISO 8601 such as 2026-11-20T08:00:00",
    ),
    "time of day only": ("time,P\n08:00:00,1\n08:00:01,2\n", "'08:00:00' is not a time stamp that is understood"),
    "stamps of two forms": (
        "time,P\n2026-11-20T08:00:00Z,1\n2026/11/20 08:00:01,2\n",
        "a.csv:3:1: error: the time column: '2026/11/20 08:00:01' is not written like the first time stamp (ISO 8601)",
    ),
    "some stamps with a zone": (
        "time,P\n2026-11-20T08:00:00Z,1\n2026-11-20T08:00:01,2\n",
        "a.csv:3:1: error: the time column: '2026-11-20T08:00:01': some time stamps have a zone and some have none",
    ),
    "no such day": ("time,P\n2026-02-30T08:00:00,1\n2026-02-30T08:00:01,2\n", "'2026-02-30T08:00:00' is not a date"),
    "no such hour": ("time,P\n2026-02-03T24:00:00,1\n2026-02-03T08:00:01,2\n", "is not a time of day"),
    "text among the stamps": (
        "t [s],P\n0,1\nx,2\n1,3\n",
        "a.csv:3:1: error: the time column 't': 'x' is text, not a number\n  3 | x,2\n      ^",
    ),
    "unbalanced quotes": ('t [s],P\n0,"1\n1,2\n', "no table with a row of names above rows of numbers was found"),
    "UTF-16 without a mark": ("t [s],P\n0,1\n".encode("utf-16-le"), "it holds NUL bytes, so it is not a text table"),
    "UTF-16 cut in a character": (
        "\ufefft [s],P\n0,1\n1,2\n".encode("utf-16-le")[:-1],
        "a.csv: error: it begins as UTF-16 and is not: it is damaged or cut off",
    ),
    "one row": ("t [s],P\n0,1\n", "a.csv: error: the record has one sample; an interval needs two"),
    "stamps that stand still": (
        "t [s],P\n5,1\n5,2\n5,3\n",
        "a.csv: error: the time stamps do not advance: 2 duplicate",
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_csv_that_is_not_a_table_is_refused_in_words(tmp_path, content, message):
    assert message in refusal(write(tmp_path, "a.csv", content))


FAULTY = {
    "hexadecimal": ("0x10", "'0x10' is hexadecimal, which is not read as a number"),
    "thousands": ('"1,234.5"', "'1,234.5' is not a number with a decimal point; thousands separators are not read"),
    "thousands by apostrophe": (
        "1'234",
        '"1\'234" is not a number with a decimal point; thousands separators are not read',
    ),
    "text": ("ERR", "'ERR' is text, not a number"),
    "underscore": ("1_0", "'1_0' is text, not a number"),
    "another script": ("\u0661", "'\u0661' is not a number with a decimal point; thousands separators are not read"),
    "too large": ("1e999", "'1e999' is too large for a number"),
    "letter d for the exponent": ("1d5", "'1d5' is text, not a number"),
    "unit in the cell": ("5 kW", "'5 kW' is text, not a number"),
}


@pytest.mark.parametrize(("cell", "why"), FAULTY.values(), ids=FAULTY.keys())
def test_csv_cell_that_is_no_number_makes_its_column_an_error_with_line_and_column(tmp_path, cell, why):
    path = write(tmp_path, "a.csv", f"t [s],P [W],Q\n0,1,1\n1,2,2\n2,{cell},3\n3,4,4\n")
    with open_capture(path) as capture:
        assert values(capture, "Q") == [1.0, 2.0, 3.0, 4.0]
        for use in (lambda: capture.channels["P"].read(0, 1), lambda: capture.channels["P"].base):
            with pytest.raises(CaptureError) as caught:
                use()
            first = str(caught.value).splitlines()[0]
            assert first.startswith(f"{path}:4:")
            assert first.endswith(f"error: column 'P': {why}")
            assert caught.value.problems[0].column == (4 if cell[0] == '"' else 3)
        assert "columns that do not hold numbers only, left out: P (line 4)" in capture.notes


def test_csv_decimal_comma_with_a_point_later_is_a_fault_of_that_cell(tmp_path):
    path = write(tmp_path, "a.csv", "t [s];P\n" + "".join(f"{k},0;{k},25\n" for k in range(60)) + "60,0;1.234\n")
    with (
        open_capture(path) as capture,
        pytest.raises(CaptureError, match=r"a\.csv:62:6: error: column 'P': '1\.234' is"),
    ):
        capture.channels["P"].read(0, 1)


def test_csv_units_stand_in_names_and_only_there(tmp_path):
    text = "t [s],P [kW],Q (MW),v1_V,T [degC],x [KW],rms (avg)\n0,1,1,1,1,1,1\n1,2,2,2,2,2,2\n"
    with open_capture(write(tmp_path, "a.csv", text)) as capture:
        units = {name: channel.unit for name, channel in capture.channels.items()}
        assert units == {"P": "kW", "Q": "MW", "v1_V": None, "T": "degC", "x [KW]": None, "rms (avg)": None}
        assert values(capture, "P") == [1000.0, 2000.0]


def test_csv_missing_codes_are_counted_in_the_notes(tmp_path):
    with open_capture(write(tmp_path, "a.csv", "t [s],P\n0,1\n1,OVER\n2,\n3,OVER\n")) as capture:
        assert "P: 3 without a value (OVER 2, blank 1)" in capture.notes


@pytest.mark.parametrize("last", ["2,3", "2,3.", "2,3.7", "2,"])
def test_csv_last_row_that_looks_cut_off_is_left_out_and_noted(tmp_path, last):
    with open_capture(write(tmp_path, "a.csv", "t [s],P\n0,1.25\n1,2.50\n" + last)) as capture:
        assert values(capture, "P") == [1.25, 2.5]
        assert "line 4, the last, has no line end and may be cut off: left out" in capture.notes


@pytest.mark.parametrize(
    ("rows", "last"),
    [("0,1.25\n1,2.50\n", "2,3.75"), ("0,1\n1,2\n", "2,345"), ("0,1.5e-03\n1,2.5e-03\n", "2,3.5e-03")],
)
def test_csv_last_row_that_only_lacks_its_line_end_is_read(tmp_path, rows, last):
    with open_capture(write(tmp_path, "a.csv", "t [s],P\n" + rows + last)) as capture:
        assert len(values(capture, "P")) == 3
        assert values(capture, "P")[-1] == float(last.split(",")[1])


def test_csv_with_a_zone_has_a_start_and_without_one_says_so(tmp_path):
    zoned = write(tmp_path, "a.csv", "time,P\n2026-11-20T09:00:00+01:00,1\n2026-11-20T09:00:01+01:00,2\n")
    with open_capture(zoned) as capture:
        assert capture.start.isoformat() == "2026-11-20T08:00:00+00:00"
    zoneless = write(tmp_path, "b.csv", "time,P\n2026-11-20T09:00:00,1\n2026-11-20T09:00:01,2\n")
    with open_capture(zoneless) as capture:
        assert capture.start is None
        assert "time stamps are text (ISO 8601) without a zone: the start is not known" in capture.notes


def test_csv_missing_stamp_is_a_fault_of_the_clock_not_a_number(tmp_path):
    with open_capture(write(tmp_path, "a.csv", "t [s],P\n0,1\n,2\n2,3\n3,4\n")) as capture:
        assert capture.clock.fault == "1 missing time stamp, at sample 2"


def test_csv_longer_than_one_piece_keeps_lines_and_numbers(tmp_path):
    rows = "".join(f"{k * 0.25},{k}\n" for k in range(10_000))
    with open_capture(write(tmp_path, "a.csv", "t [s],P\n" + rows)) as capture:
        assert capture.channels["P"].read(0, 10_000).tolist() == list(range(10_000))
        assert (capture.clock.interval, capture.clock.times) == (0.25, None)
    ragged = write(tmp_path, "b.csv", "t [s],P\n" + rows + "9,9,9\n1,1\n")
    assert "b.csv:10002: error: this row has 3 cells" in refusal(ragged)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    rows=st.lists(st.tuples(finite, finite), min_size=2, max_size=30),
    style=st.sampled_from([",.", ";.", ";,", "\t,", "|."]),
)
@settings(max_examples=50, deadline=None)
def test_csv_written_by_repr_comes_back_to_the_bit(tmp_path_factory, rows, style):
    delimiter, decimal = style
    # A first row that settles the decimal sign, as any real file does somewhere.
    rows = [(0.5, 0.25), *rows]
    text = f"t{delimiter}a{delimiter}b\n"
    for index, row in enumerate(rows):
        text += delimiter.join(repr(x).replace(".", decimal) for x in (float(index), *row)) + "\n"
    path = write(tmp_path_factory.mktemp("csv"), "a.csv", text, "time: {unit: s}\n")
    with open_capture(path) as capture:
        for index, name in enumerate("ab"):
            expected = np.array([row[index] for row in rows])
            assert capture.channels[name].read(0, len(rows)).tobytes() == expected.tobytes()
