"""What one capture gives to a check, made apart: the whole is the same to the byte."""

import pickle  # noqa: TID251 - as Dask does with what its own workers send

import pytest

import slacheck
from slacheck.capture.load import open_capture
from slacheck.engine.binding import Binding
from slacheck.errors import UsageError
from slacheck.portion import measure_portion

FACILITIES = ["noncompliant", "slow"]


def apart(spec, requests):
    """Each capture opened and measured by itself, and sent over a wire."""
    for request in requests:
        with open_capture(request.path, id=request.id) as capture:
            portion = measure_portion(spec, Binding(capture, request.test, request.signals))
        yield pickle.loads(pickle.dumps(portion))


def members(results):
    return results.run.members


@pytest.mark.parametrize("name", FACILITIES)
def test_portions_of_a_facility_make_the_same_pack(name):
    path = f"fixtures/{name}/facility.sla.yaml"
    assert members(slacheck.check(path, elsewhere=apart)) == members(slacheck.check(path))


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
    with open_capture(facility.folder / "run-1.csv") as capture:
        portion = measure_portion(slacheck.load_spec(facility.folder / "tiny.yaml"), Binding(capture))
    assert all(channel.values is None for channel in portion.capture.channels.values())
    assert portion.capture.clock.times is None


def test_captures_in_memory_cannot_be_measured_elsewhere(facility):
    capture = slacheck.Capture.from_arrays({"P": [1.0, 2.0, 3.0]}, sample_rate=1.0, units={"P": "kW"})
    with pytest.raises(UsageError, match="captures in memory cannot be measured elsewhere; give files"):
        slacheck.check(facility.spec(), capture, elsewhere=apart)
