"""Parquet: what it says is used, its parser runs apart, and a damaged file is an error in words."""

import random
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from slacheck.capture.load import open_capture
from slacheck.errors import CaptureError
from tests.capture.helpers import refusal, times, values, write

RATE = "time: {sample_rate: 2 Hz}\n"


def save(folder, table, sidecar=None, name="a.parquet", **options):
    parquet.write_table(table, folder / name, **options)
    return write(folder, name, (folder / name).read_bytes(), sidecar)


def test_parquet_numbers_of_every_type_and_missing_ones(tmp_path):
    table = pa.table(
        {
            "t [s]": [0.0, 0.5, 1.0],
            "f [kW]": pa.array([1.5, None, float("inf")]),
            "h": pa.array(np.array([1, 2, 3], dtype=np.float16)),
            "i": pa.array([1, None, -3], pa.int64()),
            "u": pa.array([1, 2, None], pa.uint8()),
            "b": pa.array([True, None, False]),
            "d": pa.array([Decimal("1.25"), None, Decimal("2.50")]),
            "text": ["a", "b", "c"],
            "list": [[1], [2], [3]],
        }
    )
    with open_capture(save(tmp_path, table)) as capture:
        assert times(capture) == [0.0, 0.5, 1.0]
        assert values(capture, "f") == [1500.0, None, None]
        assert values(capture, "h") == [1.0, 2.0, 3.0]
        assert values(capture, "i") == [1.0, None, -3.0]
        assert values(capture, "u") == [1.0, 2.0, None]
        assert values(capture, "b") == [1.0, None, 0.0]
        assert values(capture, "d") == [1.25, None, 2.5]
        assert "columns that do not hold numbers, left out: text, list" in capture.notes
        with pytest.raises(CaptureError, match="column 'text' holds string, not numbers"):
            capture.channels["text"].read(0, 1)


def test_parquet_units_of_its_metadata_are_used_and_disagreement_is_an_error(tmp_path):
    field = pa.field("P", pa.float64(), metadata={"unit": "MW"})
    odd = pa.field("Q", pa.float64(), metadata={"unit": "furlong"})
    table = pa.table([pa.array([1.0, 2.0]), pa.array([1.0, 2.0])], schema=pa.schema([field, odd]))
    with open_capture(save(tmp_path, table, RATE)) as capture:
        assert values(capture, "P") == [1e6, 2e6]
        assert "columns with a unit that is not known: Q" in capture.notes
    path = save(tmp_path, table, RATE + "channels: {P: {unit: kW}}\n")
    assert refusal(path).startswith(
        "a.parquet.meta.yaml:3:22: error: 'P' is in 'MW' by the file, not in 'kW'; correct it, or say `override: true`"
    )
    path = save(tmp_path, table, RATE + "channels: {P: {unit: kW}}\noverride: true\n")
    with open_capture(path) as capture:
        assert values(capture, "P") == [1e3, 2e3]


@pytest.mark.parametrize(("unit", "zone"), [("ms", "UTC"), ("us", None), ("ns", "Europe/Berlin"), ("s", None)])
def test_parquet_time_stamps_with_and_without_a_zone(tmp_path, unit, zone):
    ticks = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}[unit]
    stamps = pa.array([(1_735_554_592 + k) * ticks for k in range(3)], pa.timestamp(unit, zone))
    with open_capture(save(tmp_path, pa.table({"time": stamps, "P": [1.0, 2.0, 3.0]}))) as capture:
        assert times(capture) == [0.0, 1.0, 2.0]
        assert (capture.start is None) == (zone is None)
        if zone:
            assert capture.start.isoformat() == "2024-12-30T10:29:52+00:00"


def test_parquet_many_row_groups_read_in_pieces_equal_the_whole(tmp_path):
    x = np.random.default_rng(1).normal(size=150_000)
    path = save(tmp_path, pa.table({"x": x}), RATE, row_group_size=7_000)
    with open_capture(path) as capture:
        channel = capture.channels["x"]
        assert channel.read(0, x.size).tobytes() == x.tobytes()
        pieces = [channel.read(k, min(k + 11_111, x.size)) for k in range(0, x.size, 11_111)]
        assert np.concatenate(pieces).tobytes() == x.tobytes()


def test_parquet_without_rows_or_numbers(tmp_path):
    assert (
        refusal(save(tmp_path, pa.table({"x": pa.array([], pa.float64())}), RATE))
        == "a.parquet: error: the file has no rows"
    )
    with open_capture(save(tmp_path, pa.table({"s": ["a", "b"]}), RATE)) as capture, pytest.raises(CaptureError):
        capture.channels["s"].read(0, 1)


def test_parquet_bomb_is_refused_before_it_grows(tmp_path):
    zeros = pa.array(np.zeros(20_000_000))
    path = save(tmp_path, pa.table({"x": zeros}), RATE, compression="zstd")
    assert path.stat().st_size < 100_000
    assert "claims to hold 160000000 bytes of samples, more than 200 times its size" in refusal(path)


def test_parquet_cut_or_changed_anywhere_is_read_whole_or_refused(tmp_path):
    rng = random.Random(5)
    table = pa.table({"t [s]": np.arange(500) * 0.1, "x": np.arange(500.0)})
    content = save(tmp_path, table).read_bytes()
    for cut in range(0, 30, 5):
        message = refusal(write(tmp_path, "a.parquet", content[: len(content) * cut // 30]))
        assert "Parquet file" in message
        assert "Traceback" not in message
    for _ in range(8):
        damaged = bytearray(content)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path = write(tmp_path, "a.parquet", bytes(damaged))
        try:
            with open_capture(path) as capture:
                assert capture.clock.count == 500
        except CaptureError as error:
            said = str(error)
            assert said.count("\n") <= 1, said


def test_parquet_parser_is_not_loaded_into_this_process(tmp_path):
    path = save(tmp_path, pa.table({"x": [1.0, 2.0]}), RATE)
    code = (
        f"import sys; from slacheck.capture.load import open_capture; c = open_capture({str(path)!r}); "
        "print(c.channels['x'].read(0, 2).tolist(), sorted({'pyarrow', 'click', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1.0, 2.0] []"


def test_parquet_checksums_of_pages_are_compared(tmp_path):
    x = np.arange(500.0)
    path = save(tmp_path, pa.table({"x": x}), RATE, use_dictionary=False, compression="none", write_page_checksum=True)
    content = bytearray(path.read_bytes())
    content[bytes(content).index(x[100:110].tobytes())] ^= 1
    assert "CRC checksum verification failed" in refusal(write(tmp_path, "a.parquet", bytes(content)))


def test_parquet_columns_that_nobody_wants_are_not_read(tmp_path):
    table = pa.table({"t [s]": [0.0, 0.5, 1.0], "a [kW]": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], "text": ["x"] * 3})
    path = save(tmp_path, table)
    with open_capture(path) as whole, open_capture(path, channels=["b", "of another file"]) as capture:
        assert times(capture) == [0.0, 0.5, 1.0]
        assert values(capture, "b") == [4.0, 5.0, 6.0]
        assert (list(capture.channels), capture.clock, capture.notes) == (
            list(whole.channels),
            whole.clock,
            whole.notes,
        )
        assert capture.channels["a"].unit == "kW"
        with pytest.raises(CaptureError, match=r"column 'a \[kW\]' was not among those wanted, and was not read"):
            capture.channels["a"].read(0, 1)


def test_parquet_damage_in_a_column_that_nobody_wants_is_not_seen(tmp_path):
    table = pa.table({"a": np.arange(4000.0), "b": np.arange(4000.0)})
    path = save(tmp_path, table, RATE, use_dictionary=False, compression="NONE", write_page_checksum=True)
    raw = bytearray(path.read_bytes())
    raw[2000] ^= 1
    path.write_bytes(raw)
    assert "the Parquet file is damaged" in refusal(path)
    with open_capture(path, channels=["b"]) as capture:
        assert values(capture, "b")[-1] == 3999.0
