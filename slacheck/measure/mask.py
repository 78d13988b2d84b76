"""A limit over frequency: points with straight lines between them, in one or more segments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from slacheck.contract import Samples

Interpolation = Literal["loglog", "linear", "step"]

_ON_EDGE = 1e-9
"""A frequency within this part of an edge stands on it, so that bins that are quotients do not fall off."""
_DRAWN = 24
"""Points that a curved piece is drawn with."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The limit between two neighbouring points.

    Parameters
    ----------
    low, high : float
        Where it begins and ends, both included. [Hz]
    at_low, at_high : float
        Limits there, more than zero. [SI]
    interpolation : {"loglog", "linear", "step"}
        Straight in log limit over log frequency; straight; or `at_low` all the way.
    """

    low: float
    high: float
    at_low: float
    at_high: float
    interpolation: Interpolation

    def limit(self) -> Callable[[float], float]:
        """The limit as a function of a frequency within the piece.

        Examples
        --------
        >>> round(Piece(10.0, 1000.0, 0.1, 1.0, "loglog").limit()(100.0), 6)
        0.316228
        """
        if self.interpolation == "step" or self.at_low == self.at_high:
            return lambda frequency: self.at_low
        if self.interpolation == "linear":
            rise = (self.at_high - self.at_low) / (self.high - self.low)
            return lambda frequency: self.at_low + rise * (frequency - self.low)
        slope = math.log(self.at_high / self.at_low) / math.log(self.high / self.low)
        return lambda frequency: self.at_low * math.pow(frequency / self.low, slope)


@dataclass(frozen=True, slots=True)
class Mask:
    """Segments of points in increasing frequency; where two limits meet at a frequency, the smaller one holds.

    Parameters
    ----------
    segments : tuple of tuple of (float, float)
        Points (frequency, limit) of each segment, two or more; two points of one frequency are a
        vertical edge. Segments do not overlap. [Hz], [SI]
    interpolation : {"loglog", "linear", "step"}
        Between neighbouring points of a segment.
    """

    segments: tuple[tuple[tuple[float, float], ...], ...]
    interpolation: Interpolation

    @property
    def low(self) -> float:
        """Lowest frequency of the mask. [Hz]"""
        return self.segments[0][0][0]

    @property
    def high(self) -> float:
        """Highest frequency of the mask. [Hz]"""
        return self.segments[-1][-1][0]

    def pieces(self) -> Iterator[Piece]:
        """All pieces, from low to high frequencies; vertical edges are none."""
        for segment in self.segments:
            for (low, at_low), (high, at_high) in pairwise(segment):
                if high > low:
                    yield Piece(low, high, at_low, at_high, self.interpolation)

    def smallest(self, frequencies: Samples, reach: float = 0.0) -> Samples:
        """Smallest limit within `reach` of each frequency, infinite where there is none, shape as given. [SI]

        Parameters
        ----------
        frequencies : ndarray, shape (n,)
            Increasing. [Hz]
        reach : float
            [Hz]
        """
        found = np.full(frequencies.size, math.inf)
        for piece in self.pieces():
            first, ends = _ends(piece, frequencies, reach)
            span = slice(first, first + ends.shape[1])
            found[span] = np.minimum(found[span], np.min(ends, axis=0))
        return found

    def largest(self, frequencies: Samples, reach: float) -> Samples:
        """Largest limit within `reach` of each frequency, infinite where that leaves the mask, shape as given. [SI]"""
        found = np.full(frequencies.size, math.inf)
        for low, high in self._spans():
            inside = (frequencies - reach >= low * (1 - _ON_EDGE)) & (frequencies + reach <= high * (1 + _ON_EDGE))
            found[inside] = 0.0
        for piece in self.pieces():
            first, ends = _ends(piece, frequencies, reach)
            span = slice(first, first + ends.shape[1])
            found[span] = np.maximum(found[span], np.max(ends, axis=0))
        return found

    def nearest(self, frequencies: Samples) -> Samples:
        """The limit at each frequency, or at the nearest one that has any, shape as given. [SI]"""
        limits = self.smallest(frequencies)
        best, nearest = np.full(frequencies.size, math.inf), limits.copy()
        for piece in self.pieces():
            for edge, limit in ((piece.low, piece.at_low), (piece.high, piece.limit()(piece.high))):
                distance = np.abs(frequencies - edge)
                closer = distance < best
                best = np.where(closer, distance, best)
                nearest = np.where(closer, limit, nearest)
        return np.where(np.isfinite(limits), limits, nearest)

    def outlines(self) -> Iterator[tuple[float, ...]]:
        """Each segment as x0, y0, x1, y1, ... to draw on linear or logarithmic axes. [Hz], [SI]"""
        for segment in self.segments:
            drawn: list[float] = []
            for piece in Mask((segment,), self.interpolation).pieces():
                limit = piece.limit()
                shares = (
                    [0.0, 1.0] if limit(piece.low) == limit(piece.high) else [n / _DRAWN for n in range(_DRAWN + 1)]
                )
                places = [piece.low * math.pow(piece.high / piece.low, share) for share in shares]
                places[-1] = piece.high
                drawn += [number for place in places for number in (place, limit(place))]
            yield tuple(drawn)

    def _spans(self) -> Iterator[tuple[float, float]]:
        """Stretches of frequency without a gap."""
        low, high = self.low, self.low
        for piece in self.pieces():
            if piece.low > high * (1 + _ON_EDGE):
                yield low, high
                low = piece.low
            high = piece.high
        yield low, high


def _ends(piece: Piece, frequencies: Samples, reach: float) -> tuple[int, Samples]:
    """Limits of a piece at both ends of what it covers within `reach` of some frequencies, shape (2, n); the first.

    A piece rises or falls throughout, so these are its smallest and largest limits there.
    """
    low, high = piece.low * (1 - _ON_EDGE), piece.high * (1 + _ON_EDGE)
    first = int(np.searchsorted(frequencies, low - reach, side="left"))
    last = int(np.searchsorted(frequencies, high + reach, side="right"))
    near, limit = frequencies[first:last], piece.limit()
    if piece.at_low == piece.at_high or piece.interpolation == "step":
        return first, np.full((2, near.size), piece.at_low)
    places = np.clip(np.stack([near - reach, near + reach]), piece.low, piece.high)
    return first, np.array([[limit(place) for place in row] for row in places.tolist()]).reshape(2, -1)
