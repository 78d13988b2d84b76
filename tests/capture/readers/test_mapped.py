"""Mapped files: the same numbers after their pages were given back, and nobody else's mapping is touched."""

from __future__ import annotations

import mmap
import subprocess
import sys

import numpy as np
import pytest

from slacheck.capture.capture import Capture
from slacheck.capture.readers.mapped import let_go, mapped

LARGE = 3_000_000


def test_mapped_array_is_that_of_the_file_also_after_its_pages_were_given_back(tmp_path):
    table = np.random.default_rng(1).normal(0, 1, (LARGE, 2))
    for order in ("C", "F"):
        path = tmp_path / f"{order}.bin"
        path.write_bytes(b"x" * 64 + table.tobytes(order))
        with path.open("rb") as file:
            array = mapped(file, np.float64, table.shape, offset=64, fortran=order == "F")
        before = array[1000:2000, 1].copy()
        let_go(array[:, 1])
        assert np.array_equal(array[1000:2000, 1], before)
        assert np.array_equal(array, table)
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0


def test_private_mapping_of_somebody_else_keeps_what_was_written_into_it(tmp_path):
    path = tmp_path / "own.bin"
    np.zeros(LARGE).tofile(path)
    own = np.memmap(path, dtype=np.float64, mode="c")
    own[:] = 7.0
    anonymous = np.frombuffer(mmap.mmap(-1, 8 * LARGE), dtype=np.float64)
    anonymous[:] = 8.0
    capture = Capture.from_arrays({"a": own, "b": anonymous}, sample_rate=1.0, units={"a": "V", "b": "V"})
    for channel, value in (("a", 7.0), ("b", 8.0)):
        for _ in range(2):
            assert set(capture.channels[channel].read(0, LARGE).tolist()) == {value}


PEAK = """
import resource, sys
from slacheck.capture.load import open_capture
capture = open_capture(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for channel in capture.channels.values():
    for first in range(0, capture.clock.count, 1 << 17):
        channel.read(first, first + (1 << 17))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_npy_larger_than_the_memory_that_it_takes_is_read_through(tmp_path):
    path = tmp_path / "long.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(20_000_000, 2))
    array[:] = 1.0
    array.flush()
    path.with_name("long.npy.meta.yaml").write_text("slacheck: 1\ntime: {sample_rate: 1 kHz}\n")
    done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 40  # of 160 MB
