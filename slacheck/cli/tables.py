"""Plain tables for the terminal, at most eighty columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from slacheck.contract import Kind
from slacheck.errors import UsageError, printable
from slacheck.units import from_base
from slacheck.wording import nearest

WIDTH = 80


def kinds_table(kinds: Sequence[Kind[Any]]) -> str:
    """Each kind with the first sentence of its manual page."""
    rows = [(kind.name, " ".join(kind.manual.strip().split("\n\n")[0].split())) for kind in kinds]
    return "\n".join(two_columns(rows)) + "\n\nslacheck kinds NAME shows the manual page."


def manual_page(kinds: Sequence[Kind[Any]], name: str) -> str:
    """The manual page of one kind.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    for kind in kinds:
        if kind.name == name:
            return f"{kind.name}  ({kind.provider})\n\n{kind.manual.strip()}"
    near = nearest(name, [kind.name for kind in kinds])
    raise UsageError(f"there is no kind {name!r}" + (f"; did you mean {near!r}?" if near else "; see `slacheck kinds`"))


def capture_table(found: dict[str, Any]) -> str:
    """What `slacheck.capture.inspect.describe` found of a capture."""
    clock, carries = found["clock"], found["carries"]
    rows = [
        ("start", found["start"] or "not known"),
        ("samples", f"{found['samples']} at {clock['sample_rate']:.6g} Hz over {found['duration']:.6g} s"),
        ("clock", "; ".join(_clock(clock))),
        ("instrument", ", ".join(_instrument(found["instrument"])) or "not known"),
        ("calibration due", found["calibration_due"] or "not known"),
        *(("file", f"{file['name']}, {file['role']}, {file['bytes']} bytes") for file in found["files"]),
        *(("note", note) for note in found["notes"]),
    ]
    channels = [(name, "; ".join(_channel(channel))) for name, channel in found["channels"].items()]
    filtered = "declared" if carries["anti_alias"] else "not declared; declare it in the sidecar if there is one"
    limits = [
        ("frequencies", f"{carries['lowest_frequency']:.3g} Hz to {carries['highest_frequency']:.6g} Hz"),
        ("anti-alias filter", filtered),
        ("time limits", f"{carries['shortest_time_limit']:.3g} s and longer"),
    ]
    head = textwrap.wrap(printable(found["id"]), WIDTH)
    blocks = [two_columns(rows), ["channels", *two_columns(channels, "  ")], ["can carry", *two_columns(limits, "  ")]]
    return "\n".join([*head, *("\n".join(["", *block]) for block in blocks)])


def _instrument(known: dict[str, str]) -> Iterator[str]:
    return (f"{key} {value}" for key, value in known.items() if key != "calibration_due")


def _clock(clock: dict[str, Any]) -> Iterator[str]:
    yield "evenly spaced" if clock["even"] else f"unevenly spaced, up to {clock['jitter']:.3g} s off"
    yield f"{clock['gaps']} gaps, the longest {clock['longest_gap']:.4g} s" if clock["gaps"] else "no gaps"
    if clock["uncertainty"]:
        yield f"standard uncertainty {clock['uncertainty']:.3g} s"
    if clock["fault"] is not None:
        yield f"FAULT: {clock['fault']}"


def _channel(channel: dict[str, Any]) -> Iterator[str]:
    if "fault" in channel:
        yield f"cannot be read as numbers: {channel['fault']}"
        return
    unit = channel["unit"]
    yield f"{channel['quantity'] or 'quantity not known'} in {unit}" if unit else "NO UNIT"
    if channel["min"] is not None:
        ends = [channel[end] if unit is None else from_base(channel[end], unit) for end in ("min", "max")]
        yield f"{ends[0]:.6g} to {ends[1]:.6g}"
    yield f"{channel['missing']} missing"
    yield "accuracy declared" if channel["accuracy"] else "no accuracy"
    if channel["bandwidth"] is not None:
        yield f"bandwidth {channel['bandwidth']:.6g} Hz"
    if channel["averaging"]:
        yield f"averaged over {channel['averaging']:.6g} s"


def two_columns(rows: Iterable[tuple[str, str]], indent: str = "") -> list[str]:
    """Names on the left, wrapped text on the right."""
    rows = [(indent + printable(name), printable(text)) for name, text in rows]
    left = min(max((len(name) for name, _ in rows), default=0), 30) + 2
    lines = []
    for name, text in rows:
        wrapped = textwrap.wrap(text, WIDTH - left) or [""]
        if len(name) >= left:
            lines.append(name)
            name = ""
        lines.append(f"{name:<{left}}{wrapped[0]}".rstrip())
        lines.extend(" " * left + line for line in wrapped[1:])
    return lines
