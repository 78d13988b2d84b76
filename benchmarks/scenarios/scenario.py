"""What a scenario is: a spec whose limits are left open, and records of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.cells import Line

Limits = Mapping[str, str]
"""Check to the limit as a spec writes it: `20 ms`, `5 %`."""


@dataclass(frozen=True)
class Drawn:
    """One record before it is recorded.

    Parameters
    ----------
    lines : mapping of str to Line
        Channel to what it is; channels are named like the signals of the spec.
    rate, duration : float
        [Hz], [s]
    truth : mapping of str to float
        Check to the number that an exact measurement would give. [SI, ratios as 0.05]
    spec : callable
        From limits to the one requirement, without `id`.
    start : float, optional
        Time of the first sample; by default anywhere in the first interval. [s]
    known : mapping
        More for `Capture.from_arrays`: `anti_alias`.
    """

    lines: Mapping[str, Line]
    rate: float
    duration: float
    truth: Mapping[str, float]
    spec: Callable[[Limits], dict[str, Any]]
    start: float | None = None
    known: Mapping[str, Any] = field(default_factory=dict)


def span(rate: float, duration: float, rng: np.random.Generator) -> tuple[float, float]:
    """Times of a first sample anywhere in the first interval, and of the last one of so long a record. [s]"""
    first = rng.uniform(0.0, 1.0 / rate)
    return first, first + (round(rate * duration) - 1) / rate


@dataclass(frozen=True)
class Check:
    """A check of a scenario.

    Parameters
    ----------
    unit : str
        SI unit that the limit is written in; "%" for ratios.
    side : str
        "max" or "min": how a spec limits it.
    base : float
        What bias and uncertainty are shown in parts of; 0 for the truth itself.
    shown : str
        That base in words.
    """

    unit: str
    side: str = "max"
    base: float = 0.0
    shown: str = "of the truth"


@dataclass(frozen=True)
class Scenario:
    """Records for one kind.

    Parameters
    ----------
    name, kind, title : str
        Key; the requirement kind; one sentence that says what is drawn and how the truth is known.
    signals : mapping
        Signals of the spec; the cell adds the accuracy.
    checks : mapping of str to Check
        Checks that `Drawn.truth` has.
    draw : callable
        From a random generator and the cell's shape to a record.
    shapes : tuple of str
        Shapes it knows; cells with another one are left out.
    fixed_limits : bool
        The limit is part of the language and not open (a share of p95), so the one in the run stays.
    slow : int
        One record is run where others run this many, since it takes as long.
    """

    name: str
    kind: str
    title: str
    signals: Mapping[str, Mapping[str, Any]]
    checks: Mapping[str, Check]
    draw: Callable[[np.random.Generator, str], Drawn]
    shapes: tuple[str, ...] = ("",)
    fixed_limits: bool = False
    slow: int = 1
