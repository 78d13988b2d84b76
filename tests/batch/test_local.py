"""Captures measured in processes of this machine: the same bytes, the same messages."""

import os
import shutil
import signal

import pytest

from slacheck import api
from slacheck.batch import dissection
from slacheck.batch.local import processes_measure
from slacheck.errors import CaptureError
from tests.batch.conftest import long_recording

SPEC = "benchmarks/speed.yaml"


@pytest.fixture
def short_is_long(monkeypatch):
    """Every recording is worth processes, and pieces."""
    monkeypatch.setattr(dissection, "LONG", 0)
    monkeypatch.setattr(dissection, "LEAST", 1 << 17)


@pytest.mark.parametrize("gap", [slice(0), slice(500_000, 500_001)], ids=["whole", "a sample is missing"])
def test_long_capture_in_pieces_gives_the_same_bytes(short_is_long, tmp_path, gap):
    capture = long_recording(tmp_path, gap)
    assert api.check(SPEC, capture, elsewhere=processes_measure(2)).run.members == api.check(SPEC, capture).run.members


def test_captures_side_by_side_give_the_same_bytes(short_is_long, tmp_path):
    captures = [long_recording(tmp_path, slice(0)), tmp_path / "y.npy"]
    shutil.copy(captures[0], captures[1])
    shutil.copy(f"{captures[0]}.meta.yaml", f"{captures[1]}.meta.yaml")
    there = api.check(SPEC, captures, elsewhere=processes_measure(2))
    assert there.run.members == api.check(SPEC, captures).run.members


def test_short_captures_are_measured_here(tmp_path):
    asked = []

    def measure(spec, requests):
        asked.append(processes_measure(2)(spec, requests))
        return asked[-1]

    capture = long_recording(tmp_path, slice(0))
    assert api.check(SPEC, capture, elsewhere=measure).run.members == api.check(SPEC, capture).run.members
    assert asked == [None]


def test_fault_is_the_one_that_is_found_here(short_is_long, tmp_path):
    capture = long_recording(tmp_path, slice(0))
    (tmp_path / "x.npy.meta.yaml").write_text("slacheck: 1\ntime: {sample_rate: 10 kHz}\n")
    said = []
    for elsewhere in (None, processes_measure(2)):
        with pytest.raises(CaptureError) as error:
            api.check(SPEC, capture, elsewhere=elsewhere)
        said.append(str(error.value))
    assert said[0] == said[1]


def end_this_process(*told):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_process_that_ends_is_an_error_of_one_paragraph(short_is_long, tmp_path, monkeypatch):
    monkeypatch.setattr(dissection, "piece_apart", end_this_process)
    with pytest.raises(CaptureError, match="the processes that measured it ended\n  fix: look whether they had memory"):
        api.check(SPEC, long_recording(tmp_path, slice(0)), elsewhere=processes_measure(2))
