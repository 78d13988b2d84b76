"""From rows to error rates."""

from __future__ import annotations

import math
import statistics
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import beta

from benchmarks.scenarios.scenario import Check
from slacheck.evidence.redecide import verdict_of_check

Row = Mapping[str, Any]
BINS = ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 8.0))
"""Distances from the truth to the limit, in expanded uncertainties."""
FAR = 3
"""The bin that counts as far away."""
_SLIGHT = 1e-9
"""Least uncertainty that distances are counted in. [of the truth]"""


def clopper_pearson(hits: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided confidence interval of a proportion."""
    if count == 0:
        return 0.0, 1.0
    tail = (1.0 - level) / 2.0
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, count - hits + 1))
    high = 1.0 if hits == count else float(beta.ppf(1.0 - tail, hits + 1, count - hits))
    return low, high


@dataclass
class Share:
    """Hits among trials."""

    hits: int = 0
    count: int = 0

    def add(self, hit: bool) -> None:
        self.hits += hit
        self.count += 1

    def __iadd__(self, other: Share) -> Share:
        self.hits, self.count = self.hits + other.hits, self.count + other.count
        return self

    @property
    def value(self) -> float | None:
        return None if self.count == 0 else self.hits / self.count

    @property
    def bounds(self) -> tuple[float, float]:
        return clopper_pearson(self.hits, self.count)


@dataclass
class Verdicts:
    """Verdicts for limits at one distance."""

    count: int = 0
    passed: int = 0
    failed: int = 0

    def add(self, verdict: str) -> None:
        self.count += 1
        self.passed += verdict == "PASS"
        self.failed += verdict == "FAIL"

    def __iadd__(self, other: Verdicts) -> Verdicts:
        self.count += other.count
        self.passed += other.passed
        self.failed += other.failed
        return self

    @property
    def open(self) -> int:
        return self.count - self.passed - self.failed


def _by_distance() -> dict[tuple[bool, int], Verdicts]:
    return {(violated, place): Verdicts() for violated in (False, True) for place in range(len(BINS))}


@dataclass
class Tally:
    """One check in one cell.

    Parameters
    ----------
    records : int
    judged : Share
        Records without a closed gate: both ends of the interval are meant.
    coverage : Share
        Truth inside the interval, among those judged.
    bounded : Share
        Truth not below (above, for a minimum) the interval, among those measured with a closed `no_pass` gate, whose
        reading is a bound.
    errors, widths : list of float
        Value less truth, and half the interval, of those judged, in parts of the check's base.
    verdicts : mapping
        (violated, bin) to verdicts for limits placed at random distances.
    run : mapping
        The same for the verdict of the run itself, violated or not.
    """

    records: int = 0
    judged: Share = field(default_factory=Share)
    coverage: Share = field(default_factory=Share)
    bounded: Share = field(default_factory=Share)
    errors: list[float] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    verdicts: dict[tuple[bool, int], Verdicts] = field(default_factory=_by_distance)
    run: dict[bool, Verdicts] = field(default_factory=lambda: {False: Verdicts(), True: Verdicts()})
    closed: dict[str, int] = field(default_factory=dict)

    def over(self, violated: bool, places: Iterable[int] = range(len(BINS))) -> Verdicts:
        total = Verdicts()
        for place in places:
            total += self.verdicts[violated, place]
        return total

    @property
    def bias(self) -> float | None:
        return None if not self.errors else statistics.fmean(self.errors)

    @property
    def bias_error(self) -> float:
        """Standard error of the bias."""
        return 0.0 if len(self.errors) < 2 else statistics.stdev(self.errors) / math.sqrt(len(self.errors))

    @property
    def width(self) -> float | None:
        return None if not self.widths else statistics.median(self.widths)


def tally(rows: Iterable[Row], name: str, check: Check, key: str) -> Tally | None:
    """Count one check over the rows of a cell; None if no row has it. `key` seeds the limits."""
    found = Tally()
    for row in rows:
        one = row["checks"].get(name)
        if one is not None:
            rng = np.random.default_rng([zlib.crc32(f"{key} {name}".encode()), row["i"]])
            _add(found, one, check, rng)
    return found if found.records else None


def _add(found: Tally, one: Row, check: Check, rng: np.random.Generator) -> None:
    found.records += 1
    truth, (low, high) = one["truth"], one["interval"]
    for code in {code for code, _ in one["closed"]}:
        found.closed[code] = found.closed.get(code, 0) + 1
    measured = one["value"] is not None
    found.judged.add(measured and not one["closed"])
    base = check.base or abs(truth) or 1.0
    if measured and not one["closed"]:
        found.coverage.add((low is None or low <= truth) and (high is None or truth <= high))
        if one["censored"] is None:
            found.errors.append((one["value"] - truth) / base)
        if low is not None and high is not None:
            found.widths.append((high - low) / 2.0 / base)
    elif measured:
        found.bounded.add(low is None or low <= truth if check.side == "max" else high is None or truth <= high)
    found.run[_violated(truth, one["limit"], check.side)].add(one["verdict"])
    for violated, place, limit in _limits(one, check.side, rng):
        found.verdicts[violated, place].add(_decided(one, check.side, limit))


def _violated(truth: float, limit: float, side: str) -> bool:
    return truth > limit if side == "max" else truth < limit


def _limits(one: Row, side: str, rng: np.random.Generator) -> Iterator[tuple[bool, int, float]]:
    """A limit in each bin on either side of the truth, at distances in the record's own uncertainty."""
    truth, (low, high) = one["truth"], one["interval"]
    ends = [abs(end - one["value"]) for end in (low, high) if end is not None]
    unit = max(_SLIGHT * abs(truth), math.fsum(ends) / len(ends) if ends else 0.05 * abs(truth))
    for place, (near, far) in enumerate(BINS):
        for violated in (False, True):
            away = rng.uniform(near, far) * unit
            yield violated, place, truth + (away if violated is (side == "min") else -away)


def _decided(one: Row, side: str, limit: float) -> str:
    check = {
        "gates": [{"effect": effect, "passed": False} for _, effect in one["closed"]],
        "measured": {"value": one["value"], "interval": one["interval"], "censored": one["censored"]},
        "limit": {side: limit},
    }
    return verdict_of_check(check, "three_state")
