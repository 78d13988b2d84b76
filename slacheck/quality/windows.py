"""Gates of measurements that slide a window over a record: are there windows, and enough of them."""

from __future__ import annotations

import math

from slacheck.contract import Effect, Gate, SignalFacts
from slacheck.units import Quantity

LEAST_COVERED = 0.99
"""Share of the windows of a record without gaps that a PASS needs."""
MOST_CLIPPED = 0.05
"""Share of clipped samples up to which the noise of the others can be told."""
FEWEST_WINDOWS = {"median": 5, "p95": 59, "p99": 299, "p99.9": 2995}
"""Least windows for a distribution-free 95 % bound on a quantile q, ceil(ln 0.05 / ln q) (requirements.md 2.7)."""


def covered(windows: int, possible: int, length: Quantity) -> Gate:
    """Whether nearly all windows that the record could have had are free of gaps."""
    share = windows / max(1, possible)
    sentence = f"{windows} of {possible} windows of {length.text} have no gap in them"
    if share < LEAST_COVERED:
        sentence += "; a violation in what remains still counts, but a PASS needs all of them: record without gaps"
    return Gate("coverage", Effect.NO_PASS, share >= LEAST_COVERED, share, LEAST_COVERED, sentence + ".")


def enough(windows: int, statistic: str, more: str) -> tuple[Gate, ...]:
    """Whether there are enough windows for a quantile; `more` says what to do. Nothing for other statistics."""
    fewest = FEWEST_WINDOWS.get(statistic)
    if fewest is None:
        return ()
    sentence = f"{windows} windows were measured; the statistic {statistic} needs {fewest}"
    if windows < fewest:
        sentence += f"; {more}"
    return (Gate("n_too_small", Effect.NO_PASS, windows >= fewest, float(windows), float(fewest), sentence + "."),)


def pinned(facts: SignalFacts) -> tuple[Gate, ...]:
    """Whether so many samples are clipped that the noise of the record is made up; nothing where none are."""
    if facts.clipped == 0:
        return ()
    share = facts.clipped / max(1, facts.samples)
    sentence = (
        f"{100 * share:.3g} % of the samples of {facts.channel} are clipped; with more than {100 * MOST_CLIPPED:g} % "
        "the noise of the others is not known"
    )
    if share > MOST_CLIPPED:
        sentence += ": use a wider measuring range"
    return (Gate("clipped", Effect.NO_VERDICT, share <= MOST_CLIPPED, share, MOST_CLIPPED, sentence + "."),)


def apart(facts: SignalFacts, length: float) -> int:
    """Windows of `length` that fit into the record without overlap; those that overlap are not independent."""
    return math.floor(facts.duration / length * (1.0 + 1e-9))


def none_complete(facts: SignalFacts, required: float, length: Quantity) -> Gate:
    """Why no window could be measured: the record is too short, or every window has a gap in it."""
    if facts.duration < required * (1.0 - 1e-9):
        sentence = (
            f"The record of {facts.channel} lasts {facts.duration:.4g} s and no window of {length.text} is complete; "
            f"{required:.4g} s are needed: record {required - facts.duration:.4g} s more."
        )
        return Gate("record_too_short", Effect.NO_VERDICT, False, facts.duration, required, sentence)
    sentence = f"Every window of {length.text} in the record of {facts.channel} has a gap in it; record without gaps."
    return Gate("coverage", Effect.NO_VERDICT, False, 0.0, LEAST_COVERED, sentence)
