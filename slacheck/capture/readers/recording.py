"""What a reader hands on: columns as they stand in the file, their time stamps, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from slacheck.capture.readers.mapped import let_go
from slacheck.errors import CaptureError, Diagnostic
from slacheck.units import QuantityError, parse_unit

if TYPE_CHECKING:
    from slacheck.capture.clock import Clock
    from slacheck.contract import Samples

PIECE = 1 << 18
"""Samples looked at together; results do not depend on it."""
MISSING = np.iinfo(np.int64).min
"""In a column of 64-bit integers: no value. NaN in a column of floats."""
TIME_NAMES = ("t", "time", "timestamp")
"""A column of one of these names holds the time stamps, unless the sidecar names another."""


class Values(Protocol):
    """Numbers of a column, read by slices; an ndarray, a memory map, or a stored column."""

    def __len__(self) -> int:
        """How many samples."""

    def __getitem__(self, index: slice, /) -> np.ndarray[Any, Any]:
        """The samples of a slice, of any numeric type."""


def scaled(values: Samples, scale: Decimal) -> Samples:
    """`values` times `scale`, with one rounding: divided where the inverse of the scale is a whole number."""
    if scale == 1:
        return values
    inverse = 1 / scale
    if scale < 1 and inverse == int(inverse):
        return values / float(inverse)
    return values * float(scale)


def as_floats(values: np.ndarray[Any, Any]) -> Samples:
    """Contiguous float64 with NaN where there is no value, never a view of the record."""
    own = values.base is None and values.dtype == np.float64  # a slice of an array has a base
    result = values if own else np.array(values, dtype=np.float64, order="C")
    if values.dtype == np.int64:
        result[values == MISSING] = np.nan
    let_go(values)
    return result


@dataclass(frozen=True, slots=True)
class Stamps:
    """Time stamps of a record.

    Parameters
    ----------
    values : Values
        Ticks, float64 or int64.
    scale : Decimal
        Length of a tick. [s]
    place : str
        The file, for messages.
    """

    values: Values
    scale: Decimal
    place: str

    def __len__(self) -> int:
        return len(self.values)

    def seconds(self, start: int, stop: int) -> Samples:
        """Stamps start .. stop - 1 from the first stamp of the record, NaN where missing. [s]"""
        ticks = self.values[start:stop]
        first = self.values[0:1][0]
        if ticks.dtype == np.int64:
            since = as_floats(ticks) if first == MISSING else (ticks - first).astype(np.float64)
            since[ticks == MISSING] = np.nan
            let_go(ticks)
        else:
            since = as_floats(ticks) - (float(first) if np.isfinite(first) else 0.0)
        since[~np.isfinite(since)] = np.nan
        return scaled(since, self.scale)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Parameters
    ----------
    name : str
        Without its unit.
    values : Values, optional
        None where `fault` says why there are none.
    unit, quantity : str, optional
        What the file itself says. The unit is one that `parse_unit` knows.
    fault : Diagnostic, optional
        Why the column cannot be a channel: text, a number written in a way that is not understood.
    """

    name: str
    values: Values | None
    unit: str | None = None
    quantity: str | None = None
    fault: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class ReadHint:
    """What readers need to know while they read.

    Parameters
    ----------
    channel, unit : str, optional
        What the sidecar says of the time column.
    wanted : set of str, optional
        Channels that will be looked at; others need not be read. None: all.
    """

    channel: str | None = None
    unit: str | None = None
    wanted: frozenset[str] | None = None

    def wants(self, name: str) -> bool:
        """Whether the samples of a channel will be looked at."""
        return self.wanted is None or name in self.wanted


@dataclass(frozen=True, slots=True)
class NotRead:
    """Values that nobody wanted when the file was opened."""

    place: str
    name: str
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: slice, /) -> np.ndarray[Any, Any]:
        message = f"column {self.name!r} was not among those wanted, and was not read"
        raise CaptureError(Diagnostic(self.place, message, fix="open the capture for all its channels"))


@dataclass(slots=True)
class Recording:
    """A file as read.

    Parameters
    ----------
    columns : sequence of Column
        The channels, without the time column.
    count : int
        Samples of each.
    stamps : Stamps, optional
        From the time column.
    time_name, time_unit : str, optional
        The time column, and the unit of its numbers as the file states it.
    absolute : bool
        The stamps are dates and times.
    clock : Clock, optional
        Where the format has rules of its own for the clock.
    rate : float, optional
        Sample rate that the format states. [Hz]
    start : datetime, optional
        Time of the first sample, with its zone.
    notes : list of str
        What a report should say.
    """

    columns: Sequence[Column]
    count: int
    stamps: Stamps | None = None
    time_name: str | None = None
    time_unit: str | None = None
    absolute: bool = False
    clock: Clock | None = None
    rate: float | None = None
    start: datetime | None = None
    notes: list[str] = field(default_factory=list)


def split_unit(name: str) -> tuple[str, str | None]:
    """`P_pcc [kW]` or `P_pcc (kW)` to `P_pcc` and `kW`; anything else is a name without a unit."""
    name = name.strip()
    for opening, closing in ("[]", "()"):
        head, found, inside = name.rpartition(opening)
        if found and inside.endswith(closing) and head.strip():
            unit = known_unit(inside[:-1])
            if unit is not None:
                return head.strip(), unit
    return name, None


def known_unit(text: str) -> str | None:
    """`text` without blanks around it if it is a unit, else None."""
    try:
        return parse_unit(text.strip()).symbol
    except QuantityError:
        return None


def time_column(names: Sequence[str], hint: ReadHint) -> int | None:
    """Index of the time column: the one the sidecar names, else the first with a name of time."""
    if hint.channel is not None:
        return names.index(hint.channel) if hint.channel in names else None
    return next((index for index, name in enumerate(names) if name.lower() in TIME_NAMES), None)
