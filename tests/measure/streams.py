"""Records as streams of blocks, cut anywhere."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from slacheck.contract import Block


def blocks(samples: np.ndarray, interval: float, cuts: Iterable[int] = (), **place: Any) -> list[Block]:
    """One segment, cut before the samples with these indexes."""
    segment, start, first = place.get("segment", 0), place.get("start", 0), place.get("first_time", 0.0)
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < samples.size}), samples.size]
    return [
        Block(samples[np.newaxis, a:b], segment, start + a, first + a * interval, interval)
        for a, b in itertools.pairwise(edges)
    ]


def segments(
    samples: np.ndarray, interval: float, gaps: Sequence[tuple[int, int]], cuts: Iterable[int] = ()
) -> list[Block]:
    """A record with gaps [first, stop), one segment for each run between them."""
    found, begin, number = [], 0, 0
    for first, stop in (*gaps, (samples.size, samples.size)):
        if first > begin:
            inside = [cut - begin for cut in cuts]
            place = {"segment": number, "start": begin, "first_time": begin * interval}
            found += blocks(samples[begin:first], interval, inside, **place)
            number += 1
        begin = stop
    return found


def feed(meter: Any, stream: Iterable[Block]) -> Any:
    """Reading of a meter after a stream."""
    for block in stream:
        meter.update(block)
    return meter.reading()


def cuts(largest: int) -> st.SearchStrategy[list[int]]:
    """Where a record may be cut."""
    return st.lists(st.integers(1, largest), max_size=12)
