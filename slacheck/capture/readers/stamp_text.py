"""Time stamps written as text: ISO 8601, and the forms that spreadsheets and instruments write."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from slacheck.capture.readers.recording import MISSING

_TIME = r"(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
_ZONE = r"\s*(?P<z>Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_DATES = {
    "ISO 8601": r"(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})(?:[T ]\s*)",
    "year/month/day": r"(?P<y>\d{4})[/.](?P<mo>\d{1,2})[/.](?P<d>\d{1,2})[T ]\s*",
    "day-Mon-year": r"(?P<d>\d{1,2})[- /](?P<mon>[A-Za-z]{3})[- /](?P<y>\d{4})[T ]\s*",
    "day.month.year": r"(?P<d>\d{1,2})\.(?P<mo>\d{1,2})\.(?P<y>\d{4})[T ]\s*",
    "day/month/year": r"(?P<d>\d{1,2})[/-](?P<mo>\d{1,2})[/-](?P<y>\d{4})[T ]\s*",
    "month/day/year": r"(?P<mo>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4})[T ]\s*",
}
_PATTERNS = {name: re.compile(form + _TIME + _ZONE, re.ASCII) for name, form in _DATES.items()}
_MONTHS = dict(zip(("jan", "feb", "mar", "apr", "may", "jun"), range(1, 7), strict=True)) | dict(
    zip(("jul", "aug", "sep", "oct", "nov", "dec"), range(7, 13), strict=True)
)
_AMBIGUOUS = ("day/month/year", "month/day/year")


class StampError(ValueError):
    """The text is not a time stamp; the message says why."""


class StampForm:
    """One way to write a time stamp; all stamps of a column must be written in it.

    Parameters
    ----------
    first : str
        The first stamp of the column.
    others : iterable of str
        The stamps of the column, taken only where day and month could be either, until one settles it.

    Raises
    ------
    StampError
        If it is not one of the known forms, or day and month cannot be told apart.
    """

    def __init__(self, first: str, others: Iterable[str]) -> None:
        known = [name for name, pattern in _PATTERNS.items() if pattern.fullmatch(first)]
        if not known:
            raise StampError(
                f"{first!r} is not a time stamp that is understood; write seconds, or ISO 8601 such as "
                f"2026-11-20T08:00:00.000Z"
            )
        self.name = _settled(first, others) if known[0] in _AMBIGUOUS else known[0]
        self._pattern = _PATTERNS[self.name]
        self.zoned = self._match(first)["z"] is not None

    def _match(self, text: str) -> re.Match[str]:
        match = self._pattern.fullmatch(text)
        if match is None:
            raise StampError(f"{text!r} is not written like the first time stamp ({self.name})")
        return match

    def nanoseconds(self, text: str) -> int:
        """Since 1970-01-01, in UTC or in the zone that the file leaves out. [ns]"""
        match = self._match(text)
        parts = match.groupdict()
        if (parts["z"] is not None) != self.zoned:
            raise StampError(f"{text!r}: some time stamps have a zone and some have none")
        month = _MONTHS.get(parts["mon"].lower(), 0) if parts.get("mon") else int(parts["mo"])
        hour, minute, second = int(parts["h"]), int(parts["m"]), int(parts["s"] or 0)
        if hour > 23 or minute > 59 or second > 59:
            raise StampError(f"{text!r} is not a time of day")
        if not 1700 <= int(parts["y"]) <= 2200:
            raise StampError(f"{text!r} is not in the years 1700 to 2200")
        try:
            days = _days(int(parts["y"]), month, int(parts["d"]))
        except ValueError:
            raise StampError(f"{text!r} is not a date") from None
        seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
        return (seconds - _offset(parts["z"])) * 1_000_000_000 + int((parts["f"] or "").ljust(9, "0"))


def _settled(first: str, others: Iterable[str]) -> str:
    """Which of day and month comes first: a value above twelve says it."""
    for text in others:
        match = _PATTERNS["day/month/year"].fullmatch(text)
        if match is not None and int(match["d"]) > 12:
            return "day/month/year"
        if match is not None and int(match["mo"]) > 12:
            return "month/day/year"
    raise StampError(
        f"{first!r}: day and month cannot be told apart, no value is above 12; write ISO 8601 such as "
        f"2026-11-20T08:00:00"
    )


@lru_cache(maxsize=1024)
def _days(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()


@lru_cache(maxsize=64)
def _offset(zone: str | None) -> int:
    if zone in (None, "Z", "UTC"):
        return 0
    digits = str(zone)[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if str(zone)[0] == "-" else seconds


def moment(nanoseconds: int) -> datetime | None:
    """A time stamp in UTC, to the microsecond below."""
    if nanoseconds == MISSING:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
