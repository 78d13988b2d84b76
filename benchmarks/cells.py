"""Cells: what a recorder, or the person who starts it, does to a record.

A scenario gives waveforms as functions of time. A cell samples them as an instrument would: at
times that may be uneven, with noise, gain and offset errors, steps of a converter, clipping and
missing samples. `shape` is left to the scenario: a falling step, a record that ends too early.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from benchmarks.scenarios.scenario import Drawn

Samples = NDArray[np.float64]
Wave = Callable[[Samples], Samples]

ACCURATE = 0.0002
"""Accuracy of the reading that is declared where the cell is about something else: 0.02 %. [1]"""


@dataclass(frozen=True)
class Cell:
    """One disturbance; the numbers are shares of what a scenario calls the scale of a channel.

    Parameters
    ----------
    name, title : str
        Key, and what the document says.
    noise : float
        Standard deviation of white noise. [scale]
    accuracy : float
        Declared maximum error of the reading; the true gain error is drawn inside it. [1]
    offset : float
        Declared maximum of a constant error; the true one is drawn inside it. [scale]
    bits : int
        Of the converter, whose range is twice the extremes of the record; 0 for none.
    clip : float
        Share of the record's swing that is cut off at the top and the bottom, at declared levels.
    missing : float
        Share of samples that is missing.
    burst : int
        Samples that are missing together.
    jitter : float
        Deviation of the true from the stated sample times, stated as their uncertainty. [interval]
    uneven : float
        By how much the true and stated sample times leave the even grid, at most. [interval]
    shape : str
        What the scenario itself has to vary.
    """

    name: str
    title: str
    noise: float = 0.0
    accuracy: float = ACCURATE
    offset: float = 0.0
    bits: int = 0
    clip: float = 0.0
    missing: float = 0.0
    burst: int = 1
    jitter: float = 0.0
    uneven: float = 0.0
    shape: str = ""


CELLS = (
    Cell("clean", "clean"),
    Cell("noise_0.1", "noise 0.1 %", noise=0.001),
    Cell("noise_1", "noise 1 %", noise=0.01),
    Cell("noise_3", "noise 3 %", noise=0.03),
    Cell("instrument", "gain error within a declared 0.5 %, noise 0.3 %", accuracy=0.005, noise=0.003),
    Cell("offset", "offset error within a declared 1 %, noise 0.3 %", offset=0.01, noise=0.003),
    Cell("falling", "mirrored, noise 1 %", noise=0.01, shape="falling"),
    Cell("pre_trigger", "long pre-trigger, noise 1 %", noise=0.01, shape="pre_trigger"),
    Cell("truncated", "ends too early, noise 0.3 %", noise=0.003, shape="truncated"),
    Cell("gaps_1_burst", "0.8 % missing in bursts, noise 0.3 %", missing=0.008, burst=8, noise=0.003),
    Cell("gaps_1_scattered", "0.8 % missing, scattered, noise 0.3 %", missing=0.008, noise=0.003),
    Cell("gaps_5_burst", "5 % missing in bursts, noise 0.3 %", missing=0.05, burst=8, noise=0.003),
    Cell("gaps_5_scattered", "5 % missing, scattered, noise 0.3 %", missing=0.05, noise=0.003),
    Cell("uneven", "uneven clock, noise 0.3 %", uneven=0.25, noise=0.003),
    Cell("jitter", "time jitter 5 % of the interval, noise 0.3 %", jitter=0.05, noise=0.003),
    Cell("bits_12", "12 bit converter, noise 0.1 %", bits=12, noise=0.001),
    Cell("bits_8", "8 bit converter, no noise", bits=8),
    Cell("bits_8_noise", "8 bit converter, noise 1 %", bits=8, noise=0.01),
    Cell("clipped", "clipped at 95 % of its swing, noise 0.3 %", clip=0.025, noise=0.003),
    Cell("off_nominal", "frequency 1 % off nominal, noise 0.3 %", noise=0.003, shape="off_nominal"),
)


@dataclass(frozen=True)
class Taken:
    """A recording: arguments of `Capture.from_arrays`."""

    channels: Mapping[str, Samples]
    times: Samples
    known: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """What a channel is: its waveform, its unit, and the scale that disturbances are shares of."""

    wave: Wave
    unit: str
    scale: float


def record(cell: Cell, drawn: Drawn, rng: np.random.Generator) -> Taken:
    """Sample waveforms as the cell says."""
    interval, known = 1.0 / drawn.rate, dict(drawn.known)
    start = rng.uniform(0.0, interval) if drawn.start is None else drawn.start
    stated = start + np.arange(round(drawn.rate * drawn.duration)) * interval
    if cell.uneven:
        stated[1:] += cell.uneven * interval * rng.uniform(-1.0, 1.0, stated.size - 1)
    true = stated
    if cell.jitter:
        true = stated + cell.jitter * interval * rng.standard_normal(stated.size)
        known["time_uncertainty"] = cell.jitter * interval
    lost = _lost(cell, stated.size, rng)
    channels, clip = {}, {}
    for name, line in drawn.lines.items():
        samples = _converted(cell, line.wave(true), line, rng)
        if cell.clip:
            low, high = _levels(samples, cell.clip)
            samples, clip[name] = np.clip(samples, low, high), (low, high)
        samples[lost] = np.nan
        channels[f"{name} [{line.unit}]"] = samples
    return Taken(channels, stated, known | ({"clip": clip} if clip else {}))


def _converted(cell: Cell, samples: Samples, line: Line, rng: np.random.Generator) -> Samples:
    """Gain and offset error, noise, and the steps of the converter."""
    error = 1.0 + cell.accuracy * rng.uniform(-1.0, 1.0)
    found = error * samples + cell.offset * line.scale * rng.uniform(-1.0, 1.0)
    found = found + cell.noise * line.scale * rng.standard_normal(samples.size)
    if cell.bits:
        step = 2.0 * float(np.ptp(found)) / 2**cell.bits
        found = np.rint(found / step) * step
    return np.asarray(found)


def _levels(samples: Samples, share: float) -> tuple[float, float]:
    low, high = float(samples.min()), float(samples.max())
    return low + share * (high - low), high - share * (high - low)


def _lost(cell: Cell, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which samples are missing, in all channels alike."""
    lost = np.zeros(count, dtype=bool)
    bursts = round(cell.missing * count / cell.burst)
    for first in rng.integers(1, max(2, count - cell.burst - 1), size=bursts):
        lost[first : first + cell.burst] = True
    return lost
