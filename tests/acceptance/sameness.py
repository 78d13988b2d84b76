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
