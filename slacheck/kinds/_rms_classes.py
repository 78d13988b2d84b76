"""What IEEE 1159 and EN 50160 call an event, by its extreme and its duration.

Borders marked [G] in requirements.md (all durations but the 3 s to 60 s of IEEE 1159, and the cells of
EN 50160) are from general knowledge; check the licensed text before you quote them.
"""

from __future__ import annotations

from typing import Literal

Event = Literal["dip", "swell", "interruption"]

_MOMENTARY, _TEMPORARY = 3.0, 60.0
"""Longest momentary and longest temporary event. [s]"""
_INSTANTANEOUS = 30.0
"""Longest instantaneous event. [cycles]"""
_RESIDUALS = ((0.80, "A"), (0.70, "B"), (0.40, "C"), (0.05, "D"), (0.0, "X"))
"""Rows of the dip table: residual voltage at least. [pu]"""
_DIP_TIMES = (0.2, 0.5, 1.0, 5.0, 60.0)
_SWELL_TIMES = (0.5, 5.0, 60.0)
"""Columns of the tables: duration at most. [s]"""
_SHORT_INTERRUPTION = 180.0


def ieee1159(event: Event, extreme: float, duration: float, frequency: float) -> str:
    """`instantaneous sag`, `momentary swell`, `sustained interruption`, `undervoltage`.

    Parameters
    ----------
    event : {"dip", "swell", "interruption"}
    extreme : float
        Residual voltage, or largest voltage. [pu]
    duration : float
        [s]
    frequency : float
        Nominal. [Hz]
    """
    if duration > _TEMPORARY:
        return {"dip": "undervoltage", "swell": "overvoltage", "interruption": "sustained interruption"}[event]
    name = "sag" if event == "dip" else event
    if duration > _MOMENTARY:
        return f"temporary {name}"
    if event == "interruption" or duration * frequency > _INSTANTANEOUS:
        return f"momentary {name}"
    return f"instantaneous {name}"


def en50160(event: Event, extreme: float, duration: float, frequency: float) -> str:
    """`dip of cell B2`, `swell of cell T1`, `short interruption`; parameters as of `ieee1159`."""
    if event == "interruption":
        return "short interruption" if duration <= _SHORT_INTERRUPTION else "long interruption"
    if duration > _DIP_TIMES[-1]:
        return f"{event} longer than the table, which ends at 60 s"
    if event == "swell":
        row = "S" if extreme >= 1.2 else "T"
        return f"swell of cell {row}{_column(duration, _SWELL_TIMES)}"
    row = next(letter for least, letter in _RESIDUALS if extreme >= least)
    return f"dip of cell {row}{_column(duration, _DIP_TIMES)}"


def _column(duration: float, ends: tuple[float, ...]) -> int:
    return 1 + sum(duration > end for end in ends[:-1])
