"""Reading recordings

slacheck opens the recording (digest, clock, checks of every row) and reads all its channels in pieces, as a check does,
to float64 with NaN where there is no value. The others give arrays or a table in memory, and no digest.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.rounds import Case, Work

ROWS = 200_000
CHANNELS = 8
CSV_ROWS = {True: 28_000_000, False: 2_800_000}
PARQUET_ROWS = {True: 25_000_000, False: 5_000_000}
GROUP = 1 << 20


def _waves(first: int, count: int, channels: int) -> np.ndarray:
    """Sines with noise, shape (channels, count), the same whatever the pieces they are made in are."""
    noise = np.random.default_rng(first).normal(0.0, 1.0, (channels, count))
    turn = np.arange(first, first + count) * (2 * np.pi * 50 / 10_000)
    return np.asarray(325.0 * np.sin(turn + np.arange(channels)[:, np.newaxis]) + noise)


def make_comtrade(path: Path, _full: bool) -> None:
    """Eight analogue channels of 16 bits at 10 kS/s."""
    channels = "".join(f"{n},V{n},,,V,0.02,0,0,-32767,32767,1,1,P\n" for n in range(1, CHANNELS + 1))
    path.write_text(
        f"bench,1,2013\n{CHANNELS},{CHANNELS}A,0D\n{channels}50\n1\n10000,{ROWS}\n"
        "01/01/2026,00:00:00.000000\n01/01/2026,00:00:00.000000\nBINARY\n1\n0,0\n0,0\n"
    )
    rows = np.zeros(ROWS, dtype=[("n", "<u4"), ("t", "<u4"), ("a", "<i2", (CHANNELS,))])
    rows["n"] = np.arange(1, ROWS + 1)
    rows["t"] = np.arange(ROWS) * 100
    rows["a"] = np.round(_waves(0, ROWS, CHANNELS) / 0.02).T
    rows.tofile(path.with_suffix(".dat"))


def make_csv(path: Path, full: bool) -> None:
    """Time and three channels, as instruments export them: 37 bytes a row."""
    with path.open("wb") as file:
        file.write(b"t [s],v1 [V],v2 [V],v3 [V]\n")
        for first in range(0, CSV_ROWS[full], GROUP):
            count = min(GROUP, CSV_ROWS[full] - first)
            values = _waves(first, count, 3)
            rows = zip(np.arange(first, first + count) / 10_000, *values, strict=True)
            file.write(b"".join(b"%.4f,%.4f,%.4f,%.4f\n" % row for row in rows))


def make_parquet(path: Path, full: bool) -> None:
    """Three channels of float32, byte stream split, zstd, in row groups of a million."""
    import pyarrow as arrow
    from pyarrow import parquet

    names = ["v1", "v2", "v3"]
    schema = arrow.schema([(name, arrow.float32()) for name in names])
    options = {"compression": "zstd", "use_dictionary": False, "use_byte_stream_split": True}
    with parquet.ParquetWriter(path, schema, **options) as writer:
        for first in range(0, PARQUET_ROWS[full], GROUP):
            values = _waves(first, min(GROUP, PARQUET_ROWS[full] - first), 3).astype(np.float32)
            writer.write_table(arrow.table(dict(zip(names, values, strict=True)), schema=schema))
    channels = ", ".join(f"{name}: {{unit: V}}" for name in names)
    path.with_name(path.name + ".meta.yaml").write_text(
        f"slacheck: 1\nchannels: {{{channels}}}\ntime: {{sample_rate: 10 kHz}}\n"
    )


def _said(samples: int, highest: float) -> str:
    return f"{samples} samples, highest {highest:.2f}"


def slacheck(path: Path) -> Work:
    """Digest, clock, and every channel in pieces."""
    from slacheck.capture.load import open_capture
    from slacheck.engine.source import PIECE

    def work() -> str:
        highest, samples = -np.inf, 0
        with open_capture(path) as capture:
            for start in range(0, capture.clock.count, PIECE):
                for channel in capture.channels.values():
                    piece = channel.read(start, min(start + PIECE, capture.clock.count))
                    highest, samples = max(highest, float(np.nanmax(piece))), samples + piece.size
        return _said(samples, highest)

    return work


def comtrade(path: Path, **options: bool) -> Work:
    """The package `comtrade`, as it comes or with NumPy's arrays."""
    import comtrade as package

    def work() -> str:
        record = package.load(str(path), **options)
        values = [np.asarray(values) for values in record.analog]
        return _said(sum(map(len, values)), max(float(one.max()) for one in values))

    return work


def pandas(path: Path) -> Work:
    """`read_csv`, as it is called."""
    import pandas as package

    def work() -> str:
        frame = package.read_csv(path).iloc[:, 1:]
        return _said(frame.size, float(frame.max().max()))

    return work


def pandas_exact(path: Path) -> Work:
    """`read_csv` with every number the one that the text says."""
    import pandas as package

    def work() -> str:
        frame = package.read_csv(path, float_precision="round_trip").iloc[:, 1:]
        return _said(frame.size, float(frame.max().max()))

    return work


def arrow_table(path: Path) -> Work:
    """`read_table`, with the threads it takes by itself."""
    import pandas  # noqa: F401  (to_numpy loads it)
    from pyarrow import parquet

    def work() -> str:
        table = parquet.read_table(path)
        values = [column.to_numpy() for column in table.columns]
        return _said(sum(map(len, values)), max(float(one.max()) for one in values))

    return work


def arrow_groups(path: Path) -> Work:
    """Row group by row group, on one thread."""
    import pandas  # noqa: F401  (to_numpy loads it)
    from pyarrow import parquet

    def work() -> str:
        highest, samples = -np.inf, 0
        file = parquet.ParquetFile(path)
        for group in range(file.metadata.num_row_groups):
            for column in file.read_row_group(group, use_threads=False).columns:
                values = column.to_numpy()
                highest, samples = max(highest, float(values.max())), samples + values.size
        return _said(samples, highest)

    return work


CASES = {
    "COMTRADE, BINARY, 200,000 samples of 8 channels": Case(
        "bench.cfg",
        make_comtrade,
        {
            "slacheck": slacheck,
            "comtrade": comtrade,
            "comtrade with NumPy": lambda path: comtrade(path, use_numpy_arrays=True),
        },
        {"comtrade": 50.0},
    ),
    "CSV, time and 3 channels": Case(
        "bench.csv",
        make_csv,
        {"slacheck": slacheck, "pandas.read_csv": pandas, "pandas.read_csv, round_trip": pandas_exact},
        {"pandas.read_csv": 1.5},
    ),
    "Parquet, 3 channels of float32": Case(
        "bench.parquet",
        make_parquet,
        {"slacheck": slacheck, "pyarrow, whole table": arrow_table, "pyarrow, by row group": arrow_groups},
        {"pyarrow, whole table": 1 / 1.3, "pyarrow, by row group": 1 / 1.3},
    ),
}
