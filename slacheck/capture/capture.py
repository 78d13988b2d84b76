"""A capture: one recording, channels on one clock, plus what is known of the instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from slacheck.capture.clock import Clock, Segment, clock_of_stamps, even_clock
from slacheck.capture.readers.recording import (
    TIME_NAMES,
    Stamps,
    Values,
    as_floats,
    scaled,
    split_unit,
)
from slacheck.capture.readers.source import CHANGED, WAIT
from slacheck.capture.readers.store import stays_in_file
from slacheck.contract import Accuracy, FileRecord
from slacheck.errors import CaptureError, Diagnostic
from slacheck.units import QUANTITY_UNITS, QuantityError, parse_unit

if TYPE_CHECKING:
    from slacheck.contract import Samples

_NANOSECOND = Decimal("1e-9")


@dataclass(slots=True)
class Channel:
    """One quantity of a capture, sample by sample.

    Parameters
    ----------
    name : str
        Without its unit.
    values : Values, optional
        As in the file; None where `fault` says why there are none.
    unit : str, optional
        For display; None if nobody says it.
    quantity : str, optional
        One of the spec language.
    accuracy : Accuracy, optional
        Of the instrument.
    bandwidth : float, optional
        -3 dB. [Hz]
    averaging : float
        Length of the moving average in the chain. [s]
    clip : (float, float), optional
        Levels at and beyond which the instrument is saturated. [SI]
    scale, offset : float
        physical = raw * scale + offset. [unit]
    invalid : tuple of float
        Raw values that stand for no value.
    fault : Diagnostic, optional
        Why the column cannot be read as numbers.
    """

    name: str
    values: Values | None
    unit: str | None = None
    quantity: str | None = None
    accuracy: Accuracy | None = None
    bandwidth: float | None = None
    averaging: float = 0.0
    clip: tuple[float, float] | None = None
    scale: float = 1.0
    offset: float = 0.0
    invalid: tuple[float, ...] = ()
    fault: Diagnostic | None = None

    @property
    def base(self) -> str | None:
        """SI unit of the samples, None if the unit is not known.

        Raises
        ------
        CaptureError
            If the column does not hold numbers.
        """
        if self.fault is not None:
            raise CaptureError(self.fault)
        return None if self.unit is None else parse_unit(self.unit).base

    @property
    def stays_in_file(self) -> bool:
        """Whether a part of the samples can be read without the rest."""
        return stays_in_file(self.values)

    def read(self, start: int, stop: int) -> Samples:
        """Samples start .. stop - 1.

        Returns
        -------
        samples : ndarray of float64, shape (stop - start,), contiguous
            NaN where missing or invalid. [SI, or as in the file if the unit is not known]

        Raises
        ------
        CaptureError
            If the column does not hold numbers, or the capture is closed.
        """
        if self.fault is not None:
            raise CaptureError(self.fault)
        if self.values is None:
            raise CaptureError(Diagnostic(self.name, "the capture is closed"))
        raw = as_floats(self.values[start:stop])
        for code in self.invalid:
            raw[raw == code] = np.nan
        if self.scale != 1.0:
            raw *= self.scale
        if self.offset != 0.0:
            raw += self.offset
        samples = raw if self.unit is None else scaled(raw, parse_unit(self.unit).scale)
        finite = np.isfinite(samples)
        if not finite.all():
            samples[~finite] = np.nan
        return samples


@dataclass(frozen=True, slots=True)
class Watched:
    """A file as it was when its digest was taken; its samples may be read from it until the check is done."""

    path: Path
    place: tuple[int, int]
    """Device and number of the file itself; another one under the same name is not the one that is read."""
    state: tuple[int, int]
    """Its size and when it was last written. [bytes], [ns]"""

    def check_unchanged(self) -> None:
        """Refuse a file that was written to since then.

        Raises
        ------
        CaptureError
            If it was.
        """
        try:
            status = self.path.stat()
        except OSError:  # gone from its folder, not from those that have it open
            return
        if (status.st_dev, status.st_ino) == self.place and (status.st_size, status.st_mtime_ns) != self.state:
            raise CaptureError(Diagnostic(str(self.path), CHANGED, fix=WAIT))


@dataclass(slots=True)
class Capture:
    """One recording. Also a context manager; `close` gives its memory and temporary space back.

    Parameters
    ----------
    id : str
        How findings name it.
    channels : mapping
        Name to channel. A column that does not hold numbers is among them and raises when it is used.
    clock : Clock
        Common to all channels.
    files : tuple of FileRecord
        Everything that was read, with digests.
    anti_alias : bool
        A documented filter stands before the sampler.
    instrument : mapping
        Model, serial and other text.
    calibration_due : date, optional
        When the calibration ends.
    start : datetime, optional
        Time of the first sample, with its zone.
    notes : tuple of str
        How the file was read, what was missing, skipped or odd.
    watched : tuple of Watched
        The files themselves.
    """

    id: str
    channels: Mapping[str, Channel]
    clock: Clock
    files: tuple[FileRecord, ...] = ()
    anti_alias: bool = False
    instrument: Mapping[str, str] = field(default_factory=dict)
    calibration_due: date | None = None
    start: datetime | None = None
    notes: tuple[str, ...] = ()
    watched: tuple[Watched, ...] = ()

    def __enter__(self) -> Capture:
        """The capture itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of the samples; reading a channel after this is an error."""
        for channel in self.channels.values():
            channel.values = None

    def check_unchanged(self) -> None:
        """Refuse files that have changed since they were opened: what was measured may not be what was digested.

        Raises
        ------
        CaptureError
            If one has.
        """
        for file in self.watched:
            file.check_unchanged()

    @classmethod
    def from_arrays(
        cls,
        channels: Mapping[str, Any],
        *,
        t: Any = None,
        sample_rate: float | None = None,
        units: Mapping[str, str] | None = None,
        quantities: Mapping[str, str] | None = None,
        accuracy: Mapping[str, Accuracy] | None = None,
        start: datetime | None = None,
        id: str = "arrays",
        **known: Any,
    ) -> Capture:
        """A capture of arrays in memory.

        Parameters
        ----------
        channels : mapping of str to array_like, or DataFrame
            One-dimensional, of one length: NumPy arrays, lists, pandas Series. A unit may stand in the name,
            `P_pcc [kW]`; the channel is then `P_pcc`. The arrays are not copied: leave them alone.
        t : array_like or str, optional
            Time stamps: seconds, or datetime64 (UTC); or the name of the channel that holds them. Without it and
            without `sample_rate`, the channel named t, time or timestamp.
        sample_rate : float, optional
            Instead of `t`. [Hz]
        units, quantities, accuracy : mapping, optional
            By channel.
        start : datetime, optional
            Time of the first sample, with its zone.
        id : str
            How findings name it.
        **known
            `anti_alias`, `instrument`, `calibration_due`; `time_uncertainty` [s]; and by channel, as mappings,
            `bandwidth` [Hz], `averaging` [s], `clip` [SI].

        Raises
        ------
        CaptureError
            If the arrays do not fit together, or a name or unit is not known.
        """
        return _from_arrays(_Arrays(id, channels, t, sample_rate), units, quantities, accuracy, start, known)


@dataclass(slots=True)
class _Arrays:
    """Arguments of `from_arrays`, brought to arrays of one length."""

    id: str
    source: Any
    t: Any
    rate: float | None
    values: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    units: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for title in self.source:
            name, unit = split_unit(str(title))
            if name in self.values:
                raise self.error(f"the channel {name!r} is given twice")
            self.values[name] = _array(self.error, name, self.source[title])
            self.units[name] = unit
        if isinstance(self.t, str):
            if self.t not in self.values:
                raise self.error(f"there is no channel {self.t!r} for the time (there is: {', '.join(self.values)})")
            self.t = self._take(self.t)
        elif self.t is None and self.rate is None:
            named = [name for name in self.values if name.lower() in TIME_NAMES]
            self.t = self._take(named[0]) if named else None
        elif self.t is not None:
            self.t = self._stamps(_array(self.error, "t", self.t), "s")
        lengths = {name: array.size for name, array in self.values.items()}
        if len(set(lengths.values())) > 1:
            raise self.error(f"the channels have different lengths: {lengths}")

    def error(self, message: str) -> CaptureError:
        return CaptureError(Diagnostic(self.id, message))

    def _take(self, name: str) -> Stamps:
        return self._stamps(self.values.pop(name), self.units.pop(name) or "s")

    def _stamps(self, values: np.ndarray[Any, Any], unit: str) -> Stamps:
        if values.dtype.kind in "mM":
            return Stamps(values.astype(f"{values.dtype.kind}8[ns]").view(np.int64), _NANOSECOND, self.id)
        parsed = parse_unit(unit)
        if parsed.base != "s":
            raise self.error(f"the time is in {unit!r}, which is not a unit of time")
        return Stamps(values, parsed.scale, self.id)

    def clock(self) -> tuple[Clock, list[str]]:
        count = len(next(iter(self.values.values()), ()))
        if count == 0:
            raise self.error("there are no samples")
        if self.rate is not None:
            if self.t is not None:
                raise self.error("give t or sample_rate, not both")
            if not (np.isfinite(self.rate) and self.rate > 0):
                raise self.error(f"sample_rate must be more than zero, got {self.rate!r}")
            return even_clock(1.0 / float(self.rate), count), []
        if self.t is None:
            raise self.error("there are no time stamps; give t or sample_rate")
        if len(self.t) != count:
            raise self.error(f"t has {len(self.t)} values, the channels have {count}")
        return clock_of_stamps(self.t)

    def first_time(self) -> datetime | None:
        """Of datetime64 stamps, which are UTC."""
        if self.t is None or self.t.scale != _NANOSECOND or not len(self.t):
            return None
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(self.t.values[0:1][0]) // 1000)


def _array(error: Any, name: str, given: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(given)
    if array.ndim != 1:
        raise error(f"{name!r} must be one-dimensional, got the shape {array.shape}")
    if array.dtype == object and array.size and hasattr(array[0], "to_datetime64"):
        # pandas gives time stamps with a zone as objects; this brings them to UTC.
        array = np.array([stamp.to_datetime64() for stamp in array])
    if array.dtype == object:
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise error(f"{name!r} does not hold numbers only") from None
    if array.dtype.kind not in "biufmM":
        raise error(f"{name!r} does not hold real numbers, but {array.dtype}")
    return array


_BY_CHANNEL = ("bandwidth", "averaging", "clip")


def _from_arrays(
    arrays: _Arrays,
    units: Mapping[str, str] | None,
    quantities: Mapping[str, str] | None,
    accuracy: Mapping[str, Accuracy] | None,
    start: datetime | None,
    known: dict[str, Any],
) -> Capture:
    clock, notes = arrays.clock()
    clock = replace(clock, uncertainty=float(known.pop("time_uncertainty", 0.0)))
    about: dict[str, Mapping[str, Any]] = {
        "unit": units or {},
        "quantity": quantities or {},
        "accuracy": accuracy or {},
    }
    about |= {key: known.pop(key) for key in _BY_CHANNEL if known.get(key) is not None}
    for key, named in about.items():
        unknown = [name for name in named if name not in arrays.values]
        if unknown:
            raise arrays.error(f"{key} is given for {unknown[0]!r}, which is not a channel")
    channels = {}
    for name, values in arrays.values.items():
        if values.dtype.kind in "mM":
            raise arrays.error(f"{name!r} holds times, not numbers")
        more = {key: named[name] for key, named in about.items() if name in named}
        channels[name] = Channel(name, values, **{"unit": arrays.units[name], **more})
        check_unit(arrays.id, channels[name])
    start = start if start is not None else arrays.first_time()
    if start is not None and start.tzinfo is None:
        raise arrays.error("start needs a time zone")
    unexpected = set(known) - {"anti_alias", "instrument", "calibration_due"}
    if unexpected:
        raise TypeError(f"from_arrays() got an unexpected keyword argument {sorted(unexpected)[0]!r}")
    return Capture(arrays.id, channels, clock, start=start, notes=tuple(notes), **known)


def check_unit(place: str, channel: Channel) -> None:
    """Refuse an unknown unit, an unknown quantity, and a unit that does not fit the quantity."""
    if channel.unit is not None:
        try:
            base = parse_unit(channel.unit).base
        except QuantityError as error:
            raise CaptureError(Diagnostic(place, f"channel {channel.name!r}: {error}")) from None
        bases = QUANTITY_UNITS.get(channel.quantity or "", (base,))
        if base not in bases:
            message = (
                f"channel {channel.name!r} is {channel.quantity} in {channel.unit!r}; expected {' or '.join(bases)}"
            )
            raise CaptureError(Diagnostic(place, message))
    if channel.quantity is not None and channel.quantity not in QUANTITY_UNITS:
        message = (
            f"channel {channel.name!r}: unknown quantity {channel.quantity!r} (known: {', '.join(QUANTITY_UNITS)})"
        )
        raise CaptureError(Diagnostic(place, message))


__all__ = ["Capture", "Channel", "Clock", "Segment"]
