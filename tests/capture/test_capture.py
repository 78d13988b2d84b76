"""Captures of arrays, and what a channel gives when it is read."""

from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.capture.capture import Capture
from slacheck.contract import Accuracy
from slacheck.errors import CaptureError
from tests.capture.helpers import times, values


def test_from_arrays_lists_with_a_rate_and_units_in_names():
    capture = Capture.from_arrays({"P [kW]": [1, 2, None], "V": [1.0, float("nan"), float("inf")]}, sample_rate=4)
    assert values(capture, "P") == [1000.0, 2000.0, None]
    assert values(capture, "V") == [1.0, None, None]
    assert times(capture) == [0.0, 0.25, 0.5]
    assert (capture.id, capture.files, capture.start) == ("arrays", (), None)
    assert (capture.channels["P"].unit, capture.channels["P"].base, capture.channels["V"].base) == ("kW", "W", None)


def test_from_arrays_knows_what_it_is_told():
    accuracy = Accuracy(reading=0.002)
    capture = Capture.from_arrays(
        {"V": [1.0, 2.0], "P": [1.0, 2.0]},
        t=[0.0, 0.1],
        units={"V": "kV"},
        quantities={"V": "voltage"},
        accuracy={"V": accuracy},
        bandwidth={"V": 1e3},
        averaging={"P": 0.02},
        clip={"V": (-5e3, 5e3)},
        start=datetime(2026, 11, 20, tzinfo=UTC),
        anti_alias=True,
        calibration_due=date(2027, 3, 1),
        instrument={"model": "9"},
        time_uncertainty=1e-6,
        id="run",
    )
    v, p = capture.channels["V"], capture.channels["P"]
    assert (v.quantity, v.accuracy, v.bandwidth, v.clip, p.averaging) == ("voltage", accuracy, 1e3, (-5e3, 5e3), 0.02)
    assert (capture.anti_alias, capture.clock.uncertainty, capture.clock.interval) == (True, 1e-6, 0.1)


def test_from_arrays_data_frame_with_a_time_column_and_datetime64():
    frame = pandas.DataFrame({"time": pandas.date_range("2026-11-20", periods=4, freq="250ms"), "P [W]": [1, 2, 3, 4]})
    capture = Capture.from_arrays(frame)
    assert list(capture.channels) == ["P"]
    assert times(capture) == [0.0, 0.25, 0.5, 0.75]
    assert capture.start == datetime(2026, 11, 20, tzinfo=UTC)
    zoned = pandas.DataFrame({"time": frame["time"].dt.tz_localize("Europe/Berlin"), "P": [1, 2, 3, 4]})
    assert Capture.from_arrays(zoned).start == datetime(2026, 11, 19, 23, tzinfo=UTC)
    named = Capture.from_arrays({"when [ms]": [0, 250], "P": pandas.Series([1.0, 2.0])}, t="when")
    assert times(named) == [0.0, 0.25]


@pytest.mark.parametrize(
    ("channels", "more", "message"),
    [
        ({"P": [1, 2]}, {}, "arrays: error: there are no time stamps; give t or sample_rate"),
        ({"P": []}, {"sample_rate": 1}, "arrays: error: there are no samples"),
        ({}, {"sample_rate": 1}, "arrays: error: there are no samples"),
        (
            {"P": [1, 2], "Q": [1]},
            {"sample_rate": 1},
            "arrays: error: the channels have different lengths: {'P': 2, 'Q': 1}",
        ),
        ({"P": [1, 2]}, {"t": [0, 1, 2]}, "arrays: error: t has 3 values, the channels have 2"),
        ({"P": [1, 2]}, {"t": [0, 1], "sample_rate": 1}, "arrays: error: give t or sample_rate, not both"),
        ({"P": [1, 2]}, {"sample_rate": 0}, "arrays: error: sample_rate must be more than zero, got 0"),
        ({"P": [1, 2]}, {"sample_rate": float("nan")}, "arrays: error: sample_rate must be more than zero, got nan"),
        ({"P": [1]}, {"t": [0]}, "arrays: error: the record has one sample; an interval needs two"),
        ({"P": [[1], [2]]}, {"sample_rate": 1}, "arrays: error: 'P' must be one-dimensional, got the shape (2, 1)"),
        ({"P": ["a", "b"]}, {"sample_rate": 1}, "arrays: error: 'P' does not hold real numbers, but <U1"),
        ({"P": [1j, 2]}, {"sample_rate": 1}, "arrays: error: 'P' does not hold real numbers, but complex128"),
        ({"P": [1, {}]}, {"sample_rate": 1}, "arrays: error: 'P' does not hold numbers only"),
        ({"P [W]": [1], "P [kW]": [1]}, {"sample_rate": 1}, "arrays: error: the channel 'P' is given twice"),
        ({"P": [1, 2]}, {"t": "x"}, "arrays: error: there is no channel 'x' for the time (there is: P)"),
        (
            {"P": [1, 2]},
            {"sample_rate": 1, "units": {"Q": "W"}},
            "arrays: error: unit is given for 'Q', which is not a channel",
        ),
        (
            {"P": [1, 2]},
            {"sample_rate": 1, "units": {"P": "w"}},
            "arrays: error: channel 'P': unknown unit 'w'; did you mean 'W'?",
        ),
        (
            {"P": [1, 2]},
            {"sample_rate": 1, "units": {"P": "V"}, "quantities": {"P": "active_power"}},
            "arrays: error: channel 'P' is active_power in 'V'; expected W",
        ),
        ({"P": [1, 2]}, {"sample_rate": 1, "start": datetime(2026, 1, 1)}, "arrays: error: start needs a time zone"),
    ],
)
def test_from_arrays_that_do_not_fit_are_refused(channels, more, message):
    with pytest.raises(CaptureError) as caught:
        Capture.from_arrays(channels, **more)
    assert str(caught.value).splitlines()[0] == message


def test_from_arrays_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'rate'"):
        Capture.from_arrays({"P": [1, 2]}, sample_rate=1, rate=2)


def test_all_missing_channel_opens_with_nothing_valid():
    capture = Capture.from_arrays({"P": [float("nan")] * 4}, sample_rate=1)
    assert values(capture, "P") == [None] * 4


def test_reading_a_closed_capture_is_an_error():
    with Capture.from_arrays({"P": [1.0, 2.0]}, sample_rate=1) as capture:
        channel = capture.channels["P"]
    with pytest.raises(CaptureError, match="P: error: the capture is closed"):
        channel.read(0, 1)


def test_read_does_not_change_what_it_reads_from():
    given = np.array([1.0, 2.0, -9.0])
    capture = Capture.from_arrays({"P [kW]": given}, sample_rate=1)
    capture.channels["P"].invalid = (-9.0,)
    assert values(capture, "P") == [1000.0, 2000.0, None]
    assert given.tolist() == [1.0, 2.0, -9.0]


@given(
    samples=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=50),
    cuts=st.lists(st.integers(0, 50), max_size=5),
    kind=st.sampled_from(["f8", "f4"]),
)
@settings(max_examples=50, deadline=None)
def test_reading_in_pieces_equals_reading_whole(samples, cuts, kind):
    capture = Capture.from_arrays({"P [kW]": np.array(samples, dtype=kind)}, sample_rate=1)
    channel, count = capture.channels["P"], len(samples)
    edges = [0, *sorted(min(cut, count) for cut in cuts), count]
    pieces = [channel.read(a, b) for a, b in pairwise(edges)]
    whole = channel.read(0, count)
    assert np.concatenate(pieces).tobytes() == whole.tobytes()
    assert whole.dtype == np.float64
    assert whole.flags.c_contiguous
