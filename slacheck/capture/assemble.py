"""A file as read and its sidecar, brought together; where they disagree, an error or `override: true`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slacheck.capture.capture import Capture, Channel
from slacheck.capture.clock import Clock, clock_of_stamps, contradiction, even_clock
from slacheck.capture.readers.recording import Column, Recording, Stamps
from slacheck.capture.sidecar import AccuracyEntry, ChannelEntry, Sidecar
from slacheck.contract import Accuracy, FileRecord
from slacheck.document import Document
from slacheck.errors import CaptureError, Diagnostic, SpecError
from slacheck.units import QUANTITY_UNITS, parse_unit
from slacheck.wording import choose

_RATE_AGREES = 1e-6


@dataclass(frozen=True, slots=True)
class Beside:
    """The sidecar of a capture: what it says, and where, for messages."""

    sidecar: Sidecar
    document: Document

    def problem(
        self, path: tuple[str | int, ...], message: str, fix: str | None = None, key: bool = False
    ) -> Diagnostic:
        """`message` at a place of the sidecar."""
        return self.document.diagnostic(path, message, fix, key)


EMPTY = Sidecar.model_validate({"slacheck": 1})


def assemble(
    place: str, name: str, recording: Recording, files: Sequence[FileRecord], beside: Beside | None
) -> Capture:
    """The capture.

    Parameters
    ----------
    place : str
        The file, for messages.
    name : str
        Id of the capture.
    recording : Recording
        As read.
    files : sequence of FileRecord
        Everything that was read.
    beside : Beside, optional
        The sidecar.

    Raises
    ------
    CaptureError
        If nobody says when the samples were taken.
    SpecError
        If the sidecar names what is not there, or disagrees with the file.
    """
    sidecar = EMPTY if beside is None else beside.sidecar
    problems = [] if beside is None else _misnamed(recording, beside)
    channels = {}
    for column in recording.columns:
        channels[column.name], found = _channel(column, sidecar.channels.get(column.name), beside)
        problems += found
    if beside is not None:
        problems += _disagreements(recording, beside)
    if problems:
        raise SpecError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    clock, notes = _clock(place, recording, sidecar, beside)
    texts = {key: str(value) for key, value in sidecar.instrument.model_dump(exclude_none=True).items()}
    return Capture(
        id=name,
        channels=channels,
        clock=clock,
        files=tuple(files),
        anti_alias=sidecar.anti_alias,
        instrument=texts,
        calibration_due=sidecar.instrument.calibration_due,
        start=sidecar.time.start or recording.start,
        notes=(*recording.notes, *notes),
    )


# ---------------------------------------------------------------- channels


def _misnamed(recording: Recording, beside: Beside) -> list[Diagnostic]:
    """Channels of the sidecar that are not in the file."""
    known = [column.name for column in recording.columns]
    return [
        beside.problem(
            ("channels", name),
            f"{name!r} is the time column; describe it under `time:`"
            if name == recording.time_name
            else f"the file has no channel {name!r}",
            None if name == recording.time_name else choose(name, known, "its channels"),
            key=True,
        )
        for name in beside.sidecar.channels
        if name not in known
    ]


def _channel(column: Column, entry: ChannelEntry | None, beside: Beside | None) -> tuple[Channel, list[Diagnostic]]:
    plain = Channel(column.name, column.values, column.unit, column.quantity, fault=column.fault)
    if entry is None or beside is None:
        return plain, []
    path = ("channels", column.name)
    problems = []
    if not beside.sidecar.override:
        problems = [beside.problem((*path, key), message) for key, message in _differences(column, entry)]
    unit = entry.unit or column.unit
    base = None if unit is None else parse_unit(unit).base
    quantity = entry.quantity or column.quantity
    if base is not None and quantity is not None and base not in QUANTITY_UNITS[quantity]:
        message = f"{column.name!r} is in {unit!r}, which does not fit the quantity {quantity}"
        problems.append(beside.problem((*path, "quantity"), message))
    for key, found in _levels(entry):
        if found is not None and found != base:
            known = "has no unit" if unit is None else f"is in {unit!r}"
            problems.append(beside.problem((*path, *key), f"the channel {known}; write this level in the same unit"))
    return Channel(
        name=column.name,
        values=column.values,
        unit=unit,
        quantity=quantity,
        accuracy=None if entry.accuracy is None else _accuracy(entry.accuracy),
        bandwidth=None if entry.bandwidth is None else entry.bandwidth.value,
        averaging=0.0 if entry.averaging is None else entry.averaging.value,
        clip=None if entry.clip is None else (entry.clip[0].value, entry.clip[1].value),
        scale=entry.scale,
        offset=entry.offset,
        invalid=entry.invalid,
        fault=column.fault,
    ), problems


def _differences(column: Column, entry: ChannelEntry) -> list[tuple[str, str]]:
    advice = "correct it, or say `override: true`"
    found = []
    if entry.unit is not None and column.unit is not None:
        mine, theirs = parse_unit(entry.unit), parse_unit(column.unit)
        if (mine.base, mine.scale) != (theirs.base, theirs.scale):
            found.append(
                ("unit", f"{column.name!r} is in {column.unit!r} by the file, not in {entry.unit!r}; {advice}")
            )
    if entry.quantity is not None and column.quantity not in (None, entry.quantity):
        found.append(("quantity", f"{column.name!r} is {column.quantity} by the file, not {entry.quantity}; {advice}"))
    return found


def _levels(entry: ChannelEntry) -> list[tuple[tuple[str | int, ...], str | None]]:
    """Where levels stand, and their base units."""
    levels: list[tuple[tuple[str | int, ...], str | None]] = []
    if entry.clip is not None:
        levels += [(("clip", index), level.base) for index, level in enumerate(entry.clip)]
    if entry.accuracy is not None and entry.accuracy.full_scale is not None:
        levels.append((("accuracy", "full_scale"), entry.accuracy.full_scale.base))
    return levels


def _accuracy(entry: AccuracyEntry) -> Accuracy:
    return Accuracy(
        reading=0.0 if entry.reading is None else entry.reading.value,
        range=0.0 if entry.range is None else entry.range.value,
        full_scale=None if entry.full_scale is None else entry.full_scale.value,
        coverage_factor=entry.coverage_factor,
    )


# ---------------------------------------------------------------- the clock


def _disagreements(recording: Recording, beside: Beside) -> list[Diagnostic]:
    """Where the sidecar's `time:` and the file say different things."""
    time, override = beside.sidecar.time, beside.sidecar.override
    problems = []
    names = [column.name for column in recording.columns]
    if time.channel is not None and recording.time_name != time.channel:
        message = f"the file has no column {time.channel!r}"
        if recording.clock is not None:
            message = f"the format has a clock of its own, not the column {time.channel!r}"
        problems.append(beside.problem(("time", "channel"), message, choose(time.channel, names, "its columns")))
    if time.unit is not None and recording.absolute:
        message = "the time stamps are dates and times, which have no unit"
        problems.append(beside.problem(("time", "unit"), message, "remove the unit"))
    if override:
        return problems
    if time.unit is not None and recording.time_unit is not None:
        mine, theirs = parse_unit(time.unit), parse_unit(recording.time_unit)
        if mine.scale != theirs.scale:
            message = f"the time is in {recording.time_unit!r} by the file, not in {time.unit!r}"
            problems.append(beside.problem(("time", "unit"), message, "correct it, or say `override: true`"))
    if time.start is not None and recording.start is not None and time.start != recording.start:
        message = f"the file starts at {recording.start.isoformat()}"
        problems.append(beside.problem(("time", "start"), message, "correct it, or say `override: true`"))
    if time.sample_rate is not None:
        problems += _rate_problem(recording, beside, time.sample_rate.value)
    return problems


def _rate_problem(recording: Recording, beside: Beside, rate: float) -> list[Diagnostic]:
    words = None
    if recording.rate is not None:
        if abs(recording.rate / rate - 1.0) > _RATE_AGREES:
            words = f"the file states {recording.rate:g} Hz"
    elif recording.stamps is not None:
        found = contradiction(recording.stamps, rate)
        words = None if found is None else f"the time stamps contradict this: {found}"
    elif recording.clock is not None:
        words = "the file has several sample rates, or none and a clock of its own"
    if words is None:
        return []
    return [beside.problem(("time", "sample_rate"), words, "correct it, or say `override: true`")]


def _clock(place: str, recording: Recording, sidecar: Sidecar, beside: Beside | None) -> tuple[Clock, list[str]]:
    time = sidecar.time
    notes: list[str] = []
    stated = None if time.sample_rate is None else time.sample_rate.value
    if stated is not None and not (recording.clock is not None and recording.rate is not None and not sidecar.override):
        clock = even_clock(1.0 / stated, recording.count)
        if recording.clock is not None:
            clock = replace(clock, uncertainty=recording.clock.uncertainty)
        if recording.stamps is not None or recording.clock is not None:
            notes.append(f"the time stamps are not used: the sidecar states {stated:g} Hz")
        elif recording.time_name is not None:
            notes.append(f"the time column {recording.time_name!r} has no unit and is not used")
    elif recording.clock is not None:
        clock = recording.clock
    elif recording.stamps is not None:
        clock, notes = clock_of_stamps(_in_stated_unit(recording.stamps, recording, sidecar))
    else:
        raise CaptureError(_no_time(place, recording, beside))
    if time.uncertainty is not None:
        clock = replace(clock, uncertainty=max(clock.uncertainty, time.uncertainty.value))
    return clock, notes


def _in_stated_unit(stamps: Stamps, recording: Recording, sidecar: Sidecar) -> Stamps:
    """With `override: true` the sidecar's unit of time counts, not the file's."""
    if sidecar.override and sidecar.time.unit is not None and recording.time_unit is not None:
        return replace(stamps, scale=parse_unit(sidecar.time.unit).scale)
    return stamps


def _no_time(place: str, recording: Recording, beside: Beside | None) -> Diagnostic:
    """Nobody says when the samples were taken: what to write."""
    document = f"{place}.meta.yaml" if beside is None else beside.document.place
    if recording.time_name is not None:
        return Diagnostic(
            place,
            f"the time column {recording.time_name!r} has no unit",
            fix=f"write it in the name, '{recording.time_name} [s]', or in {document}: "
            f"`time: {{channel: {recording.time_name}, unit: s}}`",
        )
    known = [column.name for column in recording.columns]
    names = ", ".join(known[:12])
    likely = next((name for name in known if "time" in name.lower()), "NAME")
    return Diagnostic(
        place,
        f"there is no time column (t, time or timestamp) among its columns ({names})",
        fix=f"name it in {document}: `time: {{channel: {likely}, unit: s}}`, or state `time: {{sample_rate: 10 kHz}}`",
    )
