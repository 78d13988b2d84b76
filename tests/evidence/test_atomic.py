import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from slacheck.evidence.atomic import write_whole

LIMITED = """
import resource, signal, sys
from pathlib import Path
from slacheck.errors import PackError
from slacheck.evidence.pack import write_pack
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_pack(Path(sys.argv[1]), {"a": b"x" * 100_000}, ())
except PackError as error:
    print(error)
"""


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.endswith("-partial")]


def test_write_whole_replaces_and_leaves_nothing_beside(tmp_path):
    target = tmp_path / "pack.zip"
    write_whole(target, [b"old"])
    write_whole(target, [b"ne", b"w"])
    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["pack.zip"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_write_whole_exception_keeps_the_old_file_and_leaves_no_temporary(tmp_path, error):
    def pieces():
        yield b"half"
        raise error

    target = tmp_path / "pack.zip"
    target.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_whole(target, pieces())
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["pack.zip"]


def test_write_whole_failing_sync_is_an_error_and_leaves_no_file(tmp_path, monkeypatch):
    def broken(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        write_whole(tmp_path / "pack.zip", [b"x"])
    assert list(tmp_path.iterdir()) == []


def test_write_pack_disk_full_leaves_no_file_and_says_why(tmp_path):
    target = tmp_path / "pack.zip"
    done = subprocess.run([sys.executable, "-c", LIMITED, str(target)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{target}: error: cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


def write_forever(target):
    number = 0
    while True:
        number += 1
        write_whole(target, [bytes([number % 251]) * 65536] * 64)


def test_write_whole_killed_at_random_leaves_whole_files_and_the_next_writer_cleans(tmp_path):
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    target, chance = tmp_path / "pack.zip", random.Random(7)
    for _ in range(12):
        writer = context.Process(target=write_forever, args=(target,))
        writer.start()
        time.sleep(0.03 + 0.08 * chance.random())
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        if target.exists():
            content = target.read_bytes()
            assert len(content) == 64 * 65536
            assert content == content[:1] * len(content)
        assert len(leftovers(tmp_path)) <= 1
    write_whole(target, [b"last"])
    assert [path.name for path in tmp_path.iterdir()] == ["pack.zip"]


def test_write_whole_temporary_of_a_living_writer_is_left_alone(tmp_path):
    def pieces():
        write_whole(tmp_path / "other.zip", [b"inner"])
        yield b"outer"

    write_whole(tmp_path / "pack.zip", pieces())
    assert (tmp_path / "pack.zip").read_bytes() == b"outer"
    assert (tmp_path / "other.zip").read_bytes() == b"inner"
