"""Records to read again in other pieces: the fixtures of all kinds, as they are and damaged."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import slacheck
from slacheck.capture.capture import Capture
from slacheck.capture.clock import clock_of_stamps
from slacheck.capture.load import open_capture
from slacheck.capture.readers.recording import Stamps
from slacheck.engine import source, stream

ROOT = Path(__file__).resolve().parents[2]
KINDS = sorted(path.stem for path in (ROOT / "specs" / "kinds").glob("*.yaml"))
DAMAGE = ("holes", "gaps", "uneven", "quantised", "held", "noise")
"""What may be wrong with a record, in the order in which it is done to it."""


def spec_of(kind):
    return str(ROOT / "specs" / "kinds" / f"{kind}.yaml")


@functools.cache
def recorded(kind):
    """The fixture of a kind, opened once."""
    folder = ROOT / "fixtures" / "kinds"
    return open_capture(next(path for path in folder.glob(f"{kind}.*") if path.suffix in (".csv", ".npz")))


@contextmanager
def reading(piece):
    """The engine reads so many samples at a time, for meters and for plots."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (stream, source):
            patch.setattr(module, "PIECE", piece)
        yield


def members(spec, captures, piece, **more):
    """All that a pack holds, made of pieces of this size."""
    with reading(piece):
        return slacheck.check(spec, captures, **more).run.members


def at_once(capture):
    """A piece that holds the whole record."""
    return capture.clock.count


def damaged(capture, damage, seed):
    """The same recording with samples, times or values lost; what was lost where comes from the seed."""
    random = np.random.default_rng(seed)
    count, interval = capture.clock.count, capture.clock.interval
    values = {name: np.array(channel.values[0:count], dtype=float) for name, channel in capture.channels.items()}
    times, kept, clock = np.arange(count) * interval, np.ones(count, dtype=bool), capture.clock
    for how in damage:
        if how == "gaps":
            for first in random.integers(1, count - 1, 3):
                kept[first : min(count - 1, first + int(random.choice([1, 2, 5, 80])))] = False
        elif how == "uneven":  # two stamps in five stay on the grid
            times = times + random.uniform(-0.3, 0.3, count) * interval * (random.random(count) < 0.6)
        else:
            values = {name: _DONE[how](column, random) for name, column in values.items()}
    if {"gaps", "uneven"} & set(damage):
        clock, _ = clock_of_stamps(Stamps(times[kept] - times[0], Decimal(1), capture.id))
        values = {name: column[kept] for name, column in values.items()}
    channels = {name: replace(capture.channels[name], values=column) for name, column in values.items()}
    return replace(capture, clock=clock, channels=channels)


def _with_holes(column, random):
    for first in random.integers(0, column.size, 3):
        column[first : first + int(random.choice([1, 2, 3, 50]))] = np.nan
    return column


def _quantised(column, random):
    step = (np.nanmax(column) - np.nanmin(column)) / 64 or 1.0
    return np.round(column / step) * step


def _held(column, random):
    return column[np.arange(column.size) // 3 * 3]


def _with_noise(column, random):
    return column + random.normal(0.0, 0.003 * (np.nanmax(column) - np.nanmin(column)), column.size)


_DONE = {"holes": _with_holes, "quantised": _quantised, "held": _held, "noise": _with_noise}


def power_record():
    """1 kS/s: a level that drops and comes back ringing, with a line at 14.75 Hz, and what it follows."""
    random, times = np.random.default_rng(7), np.arange(9000) / 1000.0
    q = 100.0 - 40.0 * ((times > 2.0) & (times < 4.5))
    since = np.maximum(times - 4.52, 0.0)
    p = 100.0 - 40.0 * np.clip((times - 2.02) * 20, 0, 1) + 40.0 * np.clip(since * 20, 0, 1)
    p += 5.0 / (1.0 + 3.0 * since) ** 4 * np.sin(2 * np.pi * 8.0 * since) + 2.0 * np.sin(2 * np.pi * 14.75 * times)
    noise = random.normal(0.0, 0.1, (2, times.size))
    units = {"p": "kW", "q": "kW"}
    columns = {"p": p + noise[0], "q": q + noise[1]}
    return Capture.from_arrays(columns, sample_rate=1000.0, units=units, anti_alias=True, id="power")


def ac_record():
    """3.2 kS/s: three phases of wandering frequency with a dip, a jump of the phase, and their currents."""
    random, times = np.random.default_rng(8), np.arange(14_000) / 3200.0
    turn = 2 * np.pi * (50.1 * times + 0.05 * np.sin(times) * times) + 0.2 * (times > 3.1)
    columns = {}
    for phase in range(3):
        lag = phase * 2 * np.pi / 3
        peak = 325.0 * (1.0 - 0.5 * ((times > 1.5) & (times < 1.63) & (phase == 0))) * (1.02 if phase == 1 else 1.0)
        columns["v" + "abc"[phase]] = peak * np.sin(turn - lag) + random.normal(0.0, 0.3, times.size)
        current = 14.0 * np.sin(turn - lag - 0.4) + 0.6 * np.sin(5 * turn)
        columns["i" + "abc"[phase]] = current + random.normal(0.0, 0.02, times.size)
    units = {name: "V" if name.startswith("v") else "A" for name in columns}
    return Capture.from_arrays(columns, sample_rate=3200.0, units=units, anti_alias=True, id="ac")


OPTIONS = {
    name: (ROOT / "tests" / "acceptance" / "options" / f"{name}.yaml", record)
    for name, record in (("power", power_record), ("ac", ac_record))
}
"""Specs of many options, and what makes the record that they are about."""
