"""Parquet, through pyarrow in a child process.

A damaged file can crash or exhaust a native parser, so it runs apart, with limits on memory, time
and files, and nothing but the open file to read. It says which columns there are, is told which of them are wanted,
and what comes back through its pipe are these, bare, of float32, float64 and int64; the parent counts them.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import numpy as np

from slacheck.capture.readers.mapped import let_go
from slacheck.capture.readers.recording import (
    Column,
    NotRead,
    ReadHint,
    Recording,
    Stamps,
    Values,
    known_unit,
    split_unit,
    time_column,
)
from slacheck.capture.readers.source import Source
from slacheck.capture.readers.stamp_text import moment
from slacheck.capture.readers.store import check_budget, scratch
from slacheck.errors import CaptureError, Diagnostic
from slacheck.units import parse_unit

_CHILD = Path(__file__).with_name("parquet_child.py")
_LONGEST_JSON = 1 << 24
_PIPE = 1 << 20
"""Bytes that the child may be ahead of its reader, where the system lets it."""
_SECONDS = 60
_BYTES_PER_SECOND = 5_000_000
_CAN_TELL = os.name == "posix"
"""Whether a child can be given a second pipe."""


def read(source: Source, hint: ReadHint) -> Recording:
    """Read a Parquet file.

    Raises
    ------
    CaptureError
        If it cannot be read, holds fewer rows than it claims, or claims more than it should hold.
    """
    source.file.seek(0)
    if source.file.read(4) != b"PAR1":
        raise source.error("this is not a Parquet file")
    source.file.seek(0)
    with _child(source) as (pipe, tell):
        header = _Frames(source, pipe).header()
        columns, rows = header["columns"], header["rows"]
        if rows == 0:
            raise source.error("the file has no rows")
        wanted = _wanted(header, hint)
        tell(wanted)
        check_budget(source.place, 8 * rows * max(1, len(wanted)), source.size)
        stored = _fill(source, _Frames(source, pipe), [columns[index]["type"] for index in wanted], rows)
    values: list[Values] = [NotRead(source.place, column["name"], rows) for column in columns]
    for index, found in zip(wanted, stored, strict=True):
        values[index] = found
    return _recording(source, header, values, hint)


def _wanted(header: dict[str, Any], hint: ReadHint) -> list[int]:
    """Which columns are read: the time, and those that will be looked at; all, where the child cannot be told."""
    if not _CAN_TELL:
        return list(range(len(header["columns"])))
    names = [split_unit(column["name"])[0] for column in header["columns"]]
    time = time_column(names, hint)
    return [index for index, name in enumerate(names) if index == time or hint.wants(name)]


@contextmanager
def _child(source: Source) -> Iterator[tuple[IO[bytes], Callable[[list[int]], None]]]:
    """A fresh interpreter with the file as its input, and what tells it the columns; ended when it takes too long."""
    seconds = _SECONDS + source.size // _BYTES_PER_SECOND
    asking, telling = os.pipe() if _CAN_TELL else (-1, -1)
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(_CHILD), str(seconds), str(asking)],
        pass_fds=(asking,) if _CAN_TELL else (),
        stdin=source.file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        pipesize=_PIPE,
    )
    if _CAN_TELL:
        os.close(asking)
    timer = threading.Timer(seconds, process.kill)
    timer.start()

    def tell(wanted: list[int]) -> None:
        if not _CAN_TELL:
            return
        with contextlib.suppress(BrokenPipeError), os.fdopen(os.dup(telling), "wb") as pipe:
            pipe.write(json.dumps(wanted).encode() + b"\n")

    try:
        if process.stdout is None:
            raise source.error("the reader process has no output")
        with process.stdout as pipe:
            yield pipe, tell
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        if _CAN_TELL:
            os.close(telling)


class _Frames:
    """Messages of the child: a letter, a length, a payload."""

    def __init__(self, source: Source, pipe: IO[bytes]) -> None:
        self._source = source
        self._pipe = pipe

    def next(self) -> tuple[str, int]:
        """Kind and length of the next message; errors are raised."""
        head = self._pipe.read(9)
        if len(head) != 9:
            raise self._source.error(
                "the file could not be read: its reader stopped, out of memory or time, or damaged by it",
                fix="check the file with another tool, or export it again",
            )
        kind, length = chr(head[0]), int.from_bytes(head[1:], "little")
        if kind == "E":
            text = self._pipe.read(min(length, 4096)).decode(errors="replace")
            raise CaptureError(Diagnostic(self._source.place, text))
        return kind, length

    def header(self) -> dict[str, Any]:
        """The first message: columns and rows."""
        kind, length = self.next()
        if kind != "H" or length > _LONGEST_JSON:
            raise self._source.error("the file could not be read")
        return dict(json.loads(self._pipe.read(length)))

    def fill(self, room: np.ndarray[Any, Any]) -> None:
        """The next bytes of a block into an array."""
        if self._pipe.readinto(room.data.cast("B")) != room.nbytes:  # type: ignore[attr-defined]
            raise self._source.error("the file could not be read to its end")
        let_go(room)


def _fill(source: Source, frames: _Frames, types: list[str], rows: int) -> list[np.ndarray[Any, Any]]:
    """All rows of columns of these types."""
    columns = [scratch(rows, source.place, np.dtype(name)) for name in types]
    width = sum(column.itemsize for column in columns)
    done = 0
    while True:
        kind, length = frames.next()
        if kind == "Z":
            break
        count = length // max(1, width)
        if not columns or length != count * width:
            raise source.error("the file could not be read to its end")
        if count > rows - done:
            raise source.error(f"the file claims {rows} rows and holds more")
        for column in columns:
            frames.fill(column[done : done + count])
        done += count
    if columns and done != rows:
        raise source.error(f"the file claims {rows} rows, {done} are present")
    return columns


def _recording(source: Source, header: dict[str, Any], stored: list[Values], hint: ReadHint) -> Recording:
    titles = []
    for column in header["columns"]:
        name, unit = split_unit(column["name"])
        stated = known_unit(column["unit"]) if column["unit"] else None
        titles.append((name, stated or unit))
    names = [name for name, _ in titles]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise source.error(f"two columns have the name {twice!r}")
    time = time_column(names, hint)
    columns = [
        Column(name, stored[index], unit)
        if header["columns"][index]["tick"] is None
        else Column(name, None, fault=source.error(f"column {name!r} holds times, not numbers").problems[0])
        for index, (name, unit) in enumerate(titles)
        if index != time
    ]
    columns += [
        Column(name, None, fault=source.error(f"column {name!r} holds {kind}, not numbers").problems[0])
        for name, kind in header["left_out"].items()
    ]
    recording = Recording(columns, header["rows"])
    if header["left_out"]:
        recording.notes.append(f"columns that do not hold numbers, left out: {', '.join(header['left_out'])}")
    unknown = [c["name"] for c in header["columns"] if c["unit"] and known_unit(c["unit"]) is None]
    if unknown:
        recording.notes.append(f"columns with a unit that is not known: {', '.join(unknown)}")
    if time is not None:
        about = header["columns"][time]
        recording.time_name, recording.time_unit = titles[time]
        _take_time(recording, source, (about, stored[time]), hint)
    return recording


def _take_time(recording: Recording, source: Source, column: tuple[dict[str, Any], Values], hint: ReadHint) -> None:
    about, values = column
    if about["tick"] is not None:
        recording.stamps, recording.absolute = Stamps(values, Decimal(about["tick"]), source.place), True
        if about["zoned"]:
            first = int(values[0:1][0])
            recording.start = moment(int(first * Decimal(about["tick"]) * 1_000_000_000))
        else:
            recording.notes.append("time stamps have no zone: the start is not known")
        return
    unit = recording.time_unit or hint.unit
    if unit is not None and parse_unit(unit).base == "s":
        recording.stamps = Stamps(values, parse_unit(unit).scale, source.place)
