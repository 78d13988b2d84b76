"""What `slacheck inspect` is told of a capture."""

import json

import pytest

from slacheck.capture.inspect import describe
from slacheck.capture.load import open_capture
from tests.capture.helpers import write


def test_describe_tells_what_is_there_and_what_it_can_carry(tmp_path):
    rows = "".join(f"{k * 0.001:.3f},{k},,OK\n" for k in range(900)) + "5.000,1,,OK\n5.001,OVER,,OK\n"
    path = write(tmp_path, "a.csv", "t [s],P [kW],empty,state\n" + rows, "anti_alias: true\n")
    with open_capture(path) as capture:
        found = json.loads(json.dumps(describe(capture), allow_nan=False))
    assert (found["id"], found["samples"], found["start"]) == ("a.csv", 902, None)
    assert found["duration"] == pytest.approx(5.002)
    clock = found["clock"]
    assert (clock["sample_rate"], clock["even"], clock["gaps"], clock["fault"]) == (1000.0, True, 1, None)
    assert clock["longest_gap"] == pytest.approx(4.101)
    power, empty, state = (found["channels"][name] for name in ("P", "empty", "state"))
    assert (power["missing"], power["min"], power["max"], power["unit"], power["base"]) == (1, 0.0, 899e3, "kW", "W")
    assert (empty["missing"], empty["min"], empty["max"]) == (902, None, None)
    assert state == {"fault": "column 'state': 'OK' is text, not a number", "line": 2}
    carries = found["carries"]
    assert carries["highest_frequency"] == carries["highest_frequency_with_filter"] == 1000 / 2.56
    assert carries["highest_frequency_without_filter"] == 100.0
    assert carries["shortest_time_limit"] == pytest.approx(0.02)
    assert carries["lowest_frequency"] == pytest.approx(10 / 5.002)
    assert [file["role"] for file in found["files"]] == ["data", "sidecar"]
