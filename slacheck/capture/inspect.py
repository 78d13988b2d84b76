"""What a capture holds and what it can carry: plain data for `slacheck inspect`."""

from __future__ import annotations

from typing import Any

import numpy as np

from slacheck.capture.capture import Capture, Channel
from slacheck.capture.clock import Clock
from slacheck.capture.readers.recording import PIECE

WITH_FILTER = 2.56
WITHOUT_FILTER = 10.0
INTERVALS_PER_TIME_LIMIT = 20
PERIODS_PER_RECORD = 10
_MOST_GAPS = 20


def describe(capture: Capture) -> dict[str, Any]:
    """Everything that is known of a capture, as JSON-able data.

    Returns
    -------
    dict
        `id`, `start`, `duration` [s], `samples`, `clock`, `channels`, `files`, `instrument`, `calibration_due`,
        `carries`, `notes`. Numbers are in SI units; `unit` is the one to show.
    """
    clock = capture.clock
    return {
        "id": capture.id,
        "start": None if capture.start is None else capture.start.isoformat(),
        "duration": _duration(clock),
        "samples": clock.count,
        "clock": _clock(clock),
        "channels": {name: _channel(channel, clock.count) for name, channel in capture.channels.items()},
        "files": [
            {"name": file.name, "role": file.role, "sha256": file.sha256, "bytes": file.bytes} for file in capture.files
        ],
        "instrument": dict(capture.instrument),
        "calibration_due": None if capture.calibration_due is None else capture.calibration_due.isoformat(),
        "carries": _carries(clock, capture.anti_alias),
        "notes": list(capture.notes),
    }


def _duration(clock: Clock) -> float:
    """From the first sample to the end of the last one. [s]"""
    return clock.segments[-1].last_time - clock.segments[0].first_time + clock.interval


def _clock(clock: Clock) -> dict[str, Any]:
    gaps = [
        {"after": before.last_time, "length": after.first_time - before.last_time}
        for before, after in zip(clock.segments, clock.segments[1:], strict=False)
    ]
    return {
        "interval": clock.interval,
        "sample_rate": 1.0 / clock.interval,
        "even": clock.times is None,
        "jitter": clock.jitter,
        "uncertainty": clock.uncertainty,
        "fault": clock.fault,
        "gaps": len(gaps),
        "longest_gap": max((gap["length"] for gap in gaps), default=0.0),
        "first_gaps": gaps[:_MOST_GAPS],
    }


def _channel(channel: Channel, count: int) -> dict[str, Any]:
    if channel.fault is not None:
        return {"fault": channel.fault.message, "line": channel.fault.line}
    missing, lowest, highest = 0, np.inf, -np.inf
    for start in range(0, count, PIECE):
        samples = channel.read(start, min(start + PIECE, count))
        present = samples[np.isfinite(samples)]
        missing += samples.size - present.size
        if present.size:
            lowest, highest = min(lowest, float(np.min(present))), max(highest, float(np.max(present)))
    empty = missing == count
    return {
        "unit": channel.unit,
        "base": channel.base,
        "quantity": channel.quantity,
        "missing": missing,
        "min": None if empty else lowest,
        "max": None if empty else highest,
        "accuracy": channel.accuracy is not None,
        "bandwidth": channel.bandwidth,
        "averaging": channel.averaging,
        "clip": None if channel.clip is None else list(channel.clip),
    }


def _carries(clock: Clock, anti_alias: bool) -> dict[str, Any]:
    """Limits of what can be judged on this clock (requirements.md 2.4: G-FS, G-DT, G-LEN)."""
    rate = 1.0 / clock.interval
    return {
        "anti_alias": anti_alias,
        "highest_frequency": rate / (WITH_FILTER if anti_alias else WITHOUT_FILTER),
        "highest_frequency_with_filter": rate / WITH_FILTER,
        "highest_frequency_without_filter": rate / WITHOUT_FILTER,
        "shortest_time_limit": INTERVALS_PER_TIME_LIMIT * clock.interval,
        "lowest_frequency": PERIODS_PER_RECORD / _duration(clock),
    }
