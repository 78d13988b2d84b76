"""What one capture gives to a check, made apart: the whole is the same to the byte."""

import pickle  # noqa: TID251 - as Dask does with what its own workers send
from functools import partial

import pytest

import slacheck
from slacheck.capture.load import open_capture
from slacheck.engine.binding import Binding
from slacheck.errors import UsageError
from slacheck.portion import joined, measure_portion, shares_of

FACILITIES = ["noncompliant", "slow"]


def apart(spec, requests, shares=1):
    """Each capture opened and measured by itself, share after share, and sent over a wire."""
    for request in requests:
        with open_capture(request.path, id=request.id) as capture:
            binding = Binding(capture, request.test, request.signals)
            portions = [measure_portion(spec, binding, share) for share in shares_of(spec, shares)]
        yield joined(pickle.loads(pickle.dumps(portions)))


def members(results):
    return results.run.members


@pytest.mark.parametrize("name", FACILITIES)
@pytest.mark.parametrize("shares", [1, 3, 99])
def test_portions_of_a_facility_make_the_same_pack(name, shares):
    path = f"fixtures/{name}/facility.sla.yaml"
    assert members(slacheck.check(path, elsewhere=partial(apart, shares=shares))) == members(slacheck.check(path))


def test_shares_hold_every_clause_once_and_what_looks_at_the_same_signals_together():
    spec = slacheck.load_spec("benchmarks/speed.yaml")
    shares = shares_of(spec, 3)
    assert sorted(name for share in shares for name in share) == sorted(one.id for one in spec.requirements)
    assert {"RAMP-FAST", "RAMP-SLOW"} in shares
    assert [len(share) for share in shares_of(spec, 99)] == [1] * 7


@pytest.mark.parametrize("count", [1, 3])
def test_portions_with_repeats_missing_make_the_same_pack(facility, count):
    spec = facility.spec(limit="0.5 kW/s" if count == 1 else "5 kW/s")
    spec.write_text(spec.read_text().replace("count: 1", f"count: {count}"))
    captures = [facility.capture(f"run-{number}.csv", seconds=5 + number) for number in range(2)]
    together = slacheck.check(spec, captures, test="run")
    assert members(slacheck.check(spec, captures, test="run", elsewhere=apart)) == members(together)
    assert ("repeats_missing" in together.to_json()) == (count == 3)


def test_portions_hold_no_samples(facility):
    facility.spec()
    facility.capture(seconds=100)
    spec = slacheck.load_spec(facility.folder / "tiny.yaml")
    with open_capture(facility.folder / "run-1.csv") as capture:
        portion = measure_portion(spec, Binding(capture), shares_of(spec, 1)[0])
    assert all(channel.values is None for channel in portion.capture.channels.values())
    assert portion.capture.clock.times is None


def test_captures_in_memory_cannot_be_measured_elsewhere(facility):
    capture = slacheck.Capture.from_arrays({"P": [1.0, 2.0, 3.0]}, sample_rate=1.0, units={"P": "kW"})
    with pytest.raises(UsageError, match="captures in memory cannot be measured elsewhere; give files"):
        slacheck.check(facility.spec(), capture, elsewhere=apart)
