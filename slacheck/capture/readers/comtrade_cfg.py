"""The configuration of a COMTRADE record (IEEE C37.111-1991, -1999, -2013), line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Literal

from slacheck.capture.readers.csv_dialect import POINT
from slacheck.errors import CaptureError, Diagnostic

_MOST_CHANNELS = 100_000
_MOST_SAMPLES = 1 << 40
_FORMATS = ("ASCII", "BINARY", "BINARY32", "FLOAT32")
_ZONE = re.compile(r"([+-]?)(\d{1,2})(?:h(\d{1,2}))?", re.ASCII)
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Analog:
    """An analogue channel: value = a * code + b, in `unit`."""

    number: int
    name: str
    unit: str
    a: float
    b: float
    skew: float
    """[us]"""
    primary: float | None
    secondary: float | None
    side: Literal["P", "S"] | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a .cfg says.

    Parameters
    ----------
    revision : int
        1991, 1999 or 2013.
    analog : tuple of Analog
    digital : tuple of str
        Names.
    frequency : float or None
        Of the power system. [Hz]
    sections : tuple of (float, int)
        Sample rate [Hz], 0 where the time stamps rule, and number of the last sample taken at it.
    first, trigger : str
        As written.
    start : datetime or None
        Time of the first sample where its zone is stated.
    form : str
        ASCII, BINARY, BINARY32 or FLOAT32.
    tick : Decimal
        Length of a time stamp's unit. [s]
    """

    revision: int
    station: str
    analog: tuple[Analog, ...]
    digital: tuple[str, ...]
    frequency: float | None
    sections: tuple[tuple[float, int], ...]
    first: str
    trigger: str
    start: datetime | None
    form: str
    tick: Decimal

    @property
    def samples(self) -> int:
        """How many samples the data file must hold."""
        return self.sections[-1][1]


class _Lines:
    """Lines of the configuration with their numbers."""

    def __init__(self, text: str, place: str, first_line: int) -> None:
        self._lines = [line.split("\x1a")[0] for line in text.splitlines()]
        while self._lines and not self._lines[-1].strip():
            self._lines.pop()
        self._first = first_line
        self._place = place
        self.number = 0

    def fields(self, what: str, least: int = 1) -> list[str]:
        """Fields of the next line."""
        if self.number >= len(self._lines):
            raise CaptureError(Diagnostic(self._place, f"the configuration ends where {what} should stand"))
        self.number += 1
        fields = [field.strip() for field in self._lines[self.number - 1].split(",")]
        if len(fields) < least:
            raise self.error(f"{what} should have at least {least} fields, got {len(fields)}")
        return fields

    def rest(self) -> Iterator[list[str]]:
        """Fields of the lines that are left."""
        while self.number < len(self._lines):
            yield self.fields("a line")

    def error(self, message: str) -> CaptureError:
        """A problem in the line that was read last."""
        source = self._lines[self.number - 1]
        shown = source if len(source) <= 200 else None
        return CaptureError(Diagnostic(self._place, message, self._first + self.number - 1, 1, shown, len(source)))

    def real(self, text: str, what: str, default: float | None = None) -> float:
        """A number; blank is the default, if there is one."""
        if not text and default is not None:
            return default
        value = float(text) if POINT.fullmatch(text) else float("nan")
        if not -1e300 < value < 1e300:
            raise self.error(f"{what} should be a number, got {text!r}")
        return value

    def whole(self, text: str, what: str, most: int) -> int:
        """A whole number from 0 to `most`."""
        if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) <= most):
            raise self.error(f"{what} should be a whole number up to {most}, got {text!r}")
        return int(text)


def parse(text: str, place: str, first_line: int = 1) -> Configuration:
    """Read a configuration.

    Raises
    ------
    CaptureError
        At the line that does not say what it should.
    """
    lines = _Lines(text, place, first_line)
    station, *_, revision = lines.fields("station, device and revision year", 2)
    year = {"1999": 1999, "2001": 1999, "2013": 2013}.get(revision, 1991)
    if year == 1991 and re.fullmatch(r"(19|20)\d\d", revision) and revision != "1991":
        raise lines.error(f"revision {revision} of the standard is not known; expected 1991, 1999 or 2013")
    analog, digital = _counts(lines)
    channels = tuple(_analog(lines) for _ in range(analog))
    names = tuple(lines.fields("a digital channel", 2)[1] for _ in range(digital))
    frequency = lines.real(lines.fields("the line frequency")[0], "the line frequency", 0.0)
    sections = _sections(lines)
    first = ",".join(lines.fields("the time of the first sample", 2))
    precise = len(first.rpartition(".")[2]) > 6
    trigger = ",".join(lines.fields("the time of the trigger", 2))
    form = lines.fields("the format of the data")[0].upper()
    if form not in _FORMATS or (year < 2013 and form not in _FORMATS[:2]):
        raise lines.error(f"the data format is {form!r}; expected one of {', '.join(_FORMATS)}")
    multiplier, zone = _tail(lines, year)
    return Configuration(
        revision=year,
        station=station,
        analog=channels,
        digital=names,
        frequency=frequency or None,
        sections=sections,
        first=first,
        trigger=trigger,
        start=_start(lines, first, zone),
        form=form,
        tick=Decimal("1e-9" if precise and year == 2013 else "1e-6") * multiplier,
    )


def _counts(lines: _Lines) -> tuple[int, int]:
    fields = lines.fields("the numbers of channels", 3)
    letters = fields[1][-1:].upper() + fields[2][-1:].upper()
    if letters != "AD":
        raise lines.error("the numbers of channels should be written such as 10,6A,4D")
    total = lines.whole(fields[0], "the number of channels", _MOST_CHANNELS)
    analog = lines.whole(fields[1][:-1], "the number of analogue channels", _MOST_CHANNELS)
    digital = lines.whole(fields[2][:-1], "the number of digital channels", _MOST_CHANNELS)
    if total != analog + digital:
        raise lines.error(f"{total} channels are stated, but {analog} analogue and {digital} digital ones")
    return analog, digital


def _analog(lines: _Lines) -> Analog:
    fields = lines.fields("an analogue channel", 10)
    primary = lines.real(fields[10], "the primary ratio", 1.0) if len(fields) > 11 else None
    secondary = lines.real(fields[11], "the secondary ratio", 1.0) if len(fields) > 11 else None
    side = fields[12].upper() if len(fields) > 12 else ""
    return Analog(
        number=lines.whole(fields[0], "the number of the channel", _MOST_CHANNELS),
        name=fields[1],
        unit=fields[4],
        a=lines.real(fields[5], "the factor a"),
        b=lines.real(fields[6], "the offset b", 0.0),
        skew=lines.real(fields[7], "the skew", 0.0),
        primary=primary,
        secondary=secondary,
        side="P" if side == "P" else "S" if side == "S" else None,
    )


def _sections(lines: _Lines) -> tuple[tuple[float, int], ...]:
    count = lines.whole(lines.fields("the number of sample rates")[0], "the number of sample rates", 100_000)
    sections: list[tuple[float, int]] = []
    for _ in range(max(1, count)):
        fields = lines.fields("a sample rate and its last sample", 2)
        rate = lines.real(fields[0], "the sample rate", 0.0)
        last = lines.whole(fields[1], "the number of the last sample", _MOST_SAMPLES)
        if rate < 0 or (sections and last <= sections[-1][1]):
            raise lines.error("sample rates must not be negative, and their last samples must grow")
        sections.append((rate if count else 0.0, last))
    rated = [rate > 0 for rate, _ in sections]
    if any(rated) and not all(rated):
        raise lines.error("some sample rates are zero and some are not")
    return tuple(sections)


def _tail(lines: _Lines, year: int) -> tuple[Decimal, str | None]:
    """Time multiplier and the zone of the time stamps."""
    rest = list(lines.rest())
    text = rest[0][0] if year > 1991 and rest else ""
    if text and (not POINT.fullmatch(text) or not 1e-9 <= float(text) <= 1e9):
        raise lines.error(f"the time multiplier should be a number from 1e-9 to 1e9, got {text!r}")
    zone = rest[1][-1] if year == 2013 and len(rest) > 1 and len(rest[1]) > 1 else None
    # time_code is the offset of the stamps; local_code that of the place.
    code = rest[1][0] if zone is not None else None
    return Decimal(text) if text else Decimal(1), code


def _start(lines: _Lines, first: str, zone: str | None) -> datetime | None:
    """Time of the first sample; None without a zone (before 2013 there is none) or if it is not a time."""
    match = _ZONE.fullmatch(zone or "")
    day, _, clock = first.partition(",")
    date, time = _DATE.fullmatch(day), _CLOCK.fullmatch(clock)
    if match is None or date is None or time is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0)) * (-1 if match[1] == "-" else 1)
    try:
        return datetime(
            int(date[3]),
            int(date[2]),
            int(date[1]),
            int(time[1]),
            int(time[2]),
            int(time[3]),
            int((time[4] or "").ljust(6, "0")[:6]),
            timezone(offset),
        )
    except ValueError:
        raise lines.error(f"{first!r} is not a date and a time of day") from None
