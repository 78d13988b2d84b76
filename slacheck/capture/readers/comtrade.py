"""COMTRADE records: .cfg with .dat, or .cff; ASCII, BINARY, BINARY32 and FLOAT32.

The data must be exactly as long as the configuration says. Values are as recorded, a * code + b,
on the side (primary or secondary) that the configuration names. Codes for missing data become
gaps. Where a sample rate is stated it gives the spacing and the time stamps give the gaps; where
none is, the time stamps rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from slacheck.capture.readers.comtrade_cfg import Analog, Configuration, parse
from slacheck.capture.readers.comtrade_clock import set_clock
from slacheck.capture.readers.csv_dialect import POINT
from slacheck.capture.readers.mapped import mapped
from slacheck.capture.readers.recording import Column, Recording, Stamps, Values, known_unit
from slacheck.capture.readers.source import Source
from slacheck.capture.readers.store import ROWS, ColumnStore, MappedColumn, check_budget
from slacheck.errors import Diagnostic

_LARGEST_CFG = 1 << 26
_LONGEST_LINE = 1 << 20
_MARK = re.compile(rb"--- ?file type: ?(CFG|INF|HDR|DAT(?: ([A-Z0-9]+))?(?:: ?(\d+))?) ?---", re.IGNORECASE)
_LIKE_MARK = re.compile(rb"[ \t]*-+\s*file\s*type.*", re.IGNORECASE)
_SIZES = {"BINARY": 2, "BINARY32": 4, "FLOAT32": 4}
_CODES = {"BINARY": "<i2", "BINARY32": "<i4", "FLOAT32": "<f4"}
_UNITS = {"volt": "V", "volts": "V", "ampere": "A", "amperes": "A", "amp": "A", "amps": "A", "none": "1"}
_ASCII_MISSING = 99999.0
_NO_STAMP = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Data:
    """Where the samples stand in a file."""

    source: Source
    start: int
    stop: int
    first_line: int


def read_pair(cfg: Source, dat: Source) -> Recording:
    """Read a .cfg with its .dat.

    Raises
    ------
    CaptureError
        If either is not what it claims to be, or they do not fit together.
    """
    text, notes = _decode(cfg.read_all(_LARGEST_CFG))
    configuration = parse(text, cfg.place)
    return _read(configuration, _Data(dat, 0, dat.size, 1), notes)


def read_cff(source: Source) -> Recording:
    """Read a .cff, all sections in one file.

    Raises
    ------
    CaptureError
        If a section is missing or its header is malformed, or see `read_pair`.
    """
    sections: dict[str, _Section] = {}
    current: _Section | None = None
    line = position = 0
    source.file.seek(0)
    while "DAT" not in sections and (raw := source.file.readline(_LONGEST_LINE)):
        line, position = line + 1, position + len(raw)
        name, mark = _mark(source, raw.strip(), line)
        if name is not None:
            if name in sections:
                raise source.error(f"a second section {name} begins here", line)
            current = sections[name] = _Section(mark, position, line + 1)
        elif current is not None:
            current.text += raw
        elif raw.strip():
            raise source.error("a .cff begins with '--- file type: CFG ---'", line)
        if position > _LARGEST_CFG and "DAT" not in sections:
            raise source.error("the file has no section DAT in its first 64 MiB")
    for name in ("CFG", "DAT"):
        if name not in sections:
            raise source.error(f"the file has no section {name}", fix="the file is cut off; copy it again")
    text, notes = _decode(sections["CFG"].text)
    configuration = parse(text, source.place, sections["CFG"].first_line)
    data = sections["DAT"]
    _check_mark(source, data, configuration)
    return _read(configuration, _Data(source, data.start, source.size, data.first_line), notes)


@dataclass(slots=True)
class _Section:
    """A section of a .cff: its header, where it begins, and its text."""

    mark: tuple[str, int | None]
    start: int
    first_line: int
    text: bytes = b""


def _mark(source: Source, text: bytes, line: int) -> tuple[str | None, tuple[str, int | None]]:
    """Name of the section that begins here, if one does, with the format and bytes that its header states."""
    match = _MARK.fullmatch(text)
    if match is not None:
        return match[1][:3].decode().upper(), ((match[2] or b"").decode().upper(), int(match[3]) if match[3] else None)
    if _LIKE_MARK.fullmatch(text):
        shown = text[:80].decode(errors="replace")
        raise source.error(
            f"{shown!r} is not a section header; expected for example '--- file type: CFG ---' with a colon", line
        )
    return None, ("", None)


def _check_mark(source: Source, data: _Section, configuration: Configuration) -> None:
    """The header of the data section against the configuration and the file."""
    form, claimed = data.mark
    present, line = source.size - data.start, data.first_line - 1
    if form and form != configuration.form and not (form == "BINARY" and configuration.form != "ASCII"):
        message = f"the section of data is {form}, the configuration says {configuration.form}"
        raise source.error(message, line)
    if claimed is not None and configuration.form != "ASCII" and claimed > present:
        raise source.error(f"the section of data claims {claimed} bytes, {present} are present", line)


def _decode(raw: bytes) -> tuple[str, list[str]]:
    """Text of a configuration. Names may be in an old national encoding: GBK if every run of high bytes is even."""
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    runs = re.findall(rb"[\x80-\xff]+", raw)
    encoding = "latin-1"
    if all(len(run) % 2 == 0 for run in runs):
        try:
            raw.decode("gb2312")
            encoding = "gb2312"
        except UnicodeDecodeError:
            pass
    named = {"gb2312": "GBK", "latin-1": "Latin-1"}[encoding]
    return raw.decode(encoding), [f"the configuration is not UTF-8; its names are read as {named}"]


def _read(configuration: Configuration, data: _Data, notes: list[str]) -> Recording:
    if configuration.samples == 0:
        raise data.source.error("the configuration states no samples")
    columns: Sequence[Values]
    if configuration.form == "ASCII":
        words = len(configuration.analog) + len(configuration.digital)
        check_budget(data.source.place, 8 * configuration.samples * (words + 2), data.stop - data.start)
        with ColumnStore(words + 2, data.source.place) as store:
            notes += _fill_ascii(configuration, data, store)
            columns = store.finish()
    else:
        columns, found = _map_binary(configuration, data)
        notes += found
    recording = _recording(configuration, columns, data.source.place)
    recording.notes = [_sentence(configuration), *notes, *recording.notes]
    set_clock(recording, configuration, _numbering(columns[0]))
    return recording


def _sentence(configuration: Configuration) -> str:
    c = configuration
    frequency = f"{c.frequency:g} Hz system" if c.frequency is not None else "no system frequency"
    zone = "" if c.start is not None else " without a zone: the start is not known"
    return (
        f"COMTRADE {c.revision}, {c.form}, {frequency}; first sample {c.first}, trigger {c.trigger}{zone}; "
        f"values as recorded"
    )


# ---------------------------------------------------------------- samples


def _map_binary(configuration: Configuration, data: _Data) -> tuple[list[MappedColumn], list[str]]:
    """Columns of a binary section, which stay in the file: number, stamp, analogue values, digital values."""
    form = configuration.form
    words = -(-len(configuration.digital) // 16)
    analog = (_CODES[form], (len(configuration.analog),))
    row = np.dtype([("n", "<u4"), ("t", "<u4"), ("a", *analog), ("d", "<u2", (words,))])
    notes = _padding(data, configuration.samples * row.itemsize, data.stop - data.start, row.itemsize)
    rows = mapped(data.source.file, row, (configuration.samples,), offset=data.start)
    columns = [
        MappedColumn(rows["n"], _plain),
        MappedColumn(rows["t"], _ticks),
        *(
            MappedColumn(rows["a"][:, index], partial(_values, channel, form))
            for index, channel in enumerate(configuration.analog)
        ),
        *(
            MappedColumn(rows["d"][:, index // 16], partial(_bit, index % 16))
            for index in range(len(configuration.digital))
        ),
    ]
    return columns, notes


def _padding(data: _Data, needed: int, present: int, row: int) -> list[str]:
    """Refuse data of another length; end-of-file characters after the last row are no data."""
    if present > needed:
        data.source.file.seek(data.start + needed)
        extra = data.source.file.read(min(present - needed, 1 << 16))
        if present - needed < row and not extra.strip(b"\x1a\r\n"):
            return [f"{present - needed} end-of-file characters after the last sample ignored"]
    if present != needed:
        raise data.source.error(
            f"the configuration claims {needed // row} samples of {row} bytes, {needed} bytes in all; {present} bytes "
            f"are present ({present // row} samples)",
            fix="the file is cut off; copy it again" if present < needed else None,
        )
    return []


def _plain(codes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return codes.astype(np.float64)


def _ticks(codes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    ticks = _plain(codes)
    ticks[codes == _NO_STAMP] = np.nan
    return ticks


def _values(channel: Analog, form: str, codes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    values = codes.astype(np.float64)
    values *= channel.a
    values += channel.b
    if form == "FLOAT32":
        values[~np.isfinite(codes)] = np.nan
    else:
        values[codes == np.iinfo(codes.dtype).min] = np.nan
    return values


def _bit(place: int, words: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return _plain((words >> place) & 1)


def _fill_ascii(configuration: Configuration, data: _Data, store: ColumnStore) -> list[str]:
    """Rows of text into the store; 99999 and blanks are missing."""
    width = 2 + len(configuration.analog) + len(configuration.digital)
    data.source.file.seek(data.start)
    rows: list[list[float]] = []
    cut = False
    line = data.first_line - 1
    for raw in data.source.file:
        line += 1
        text = raw.split(b"\x1a")[0].strip()
        if not text:
            continue
        cut = not raw.endswith((b"\n", b"\x1a"))
        if store.count + len(rows) == configuration.samples:
            raise data.source.error(f"the configuration claims {configuration.samples} samples, here are more", line)
        rows.append(_cells(data, line, text.split(b","), width))
        if cut:
            rows[-1][-1] = np.nan
        if len(rows) == ROWS:
            store.append(_block(configuration, rows))
            rows = []
    if rows:
        store.append(_block(configuration, rows))
    if store.count != configuration.samples:
        raise data.source.error(
            f"the configuration claims {configuration.samples} samples, {store.count} are present",
            fix="the file is cut off; copy it again",
        )
    return ["the last line has no line end, so its last field may be cut off: taken as missing"] if cut else []


def _cells(data: _Data, line: int, cells: list[bytes], width: int) -> list[float]:
    """Numbers of a row, NaN where blank."""
    if len(cells) != width:
        raise data.source.error(f"this row has {len(cells)} fields, the configuration needs {width}", line)
    try:
        row = [float(cell) if cell.strip() else np.nan for cell in cells]
    except ValueError:
        row = [np.inf]
    if b"_" in b"".join(cells) or not all(value - value == 0 for value in row if value == value):
        for index, cell in enumerate(cells):
            text = cell.decode("ascii", "replace").strip()
            if text and not POINT.fullmatch(text):
                raise data.source.error(f"field {index + 1} should be a number, got {text!r}", line)
    return row


def _block(configuration: Configuration, rows: list[list[float]]) -> np.ndarray[Any, Any]:
    block = np.ascontiguousarray(np.array(rows).T)
    for index, channel in enumerate(configuration.analog):
        codes = block[2 + index]
        missing = codes == _ASCII_MISSING
        codes *= channel.a
        codes += channel.b
        codes[missing] = np.nan
    return block


def _numbering(numbers: Values) -> str | None:
    """What is wrong with the numbers of the samples, which should rise by one."""
    for start in range(0, len(numbers), ROWS * 64):
        piece = numbers[max(0, start - 1) : start + ROWS * 64]
        jumps = np.flatnonzero(np.diff(piece) != 1)
        if jumps.size:
            at = int(jumps[0]) + max(0, start - 1)
            return f"the sample numbers jump from {piece[jumps[0]]:.0f} to {piece[jumps[0] + 1]:.0f} at sample {at + 2}"
    return None


# ---------------------------------------------------------------- channels


def _recording(configuration: Configuration, columns: Sequence[Values], place: str) -> Recording:
    found: list[Column] = []
    notes = []
    analog = configuration.analog
    for channel, values in zip(analog, columns[2:], strict=False):
        unit = known_unit(_UNITS.get(channel.unit.lower(), channel.unit)) if channel.unit else None
        if unit is None and channel.unit:
            notes.append(f"{channel.name}: the unit {channel.unit!r} is not known; state it in the sidecar")
        found.append(Column(channel.name, values, unit))
    for name, values in zip(configuration.digital, columns[2 + len(analog) :], strict=True):
        found.append(Column(name, values, "1", "count"))
    if configuration.digital:
        notes.append(f"{len(configuration.digital)} digital channels, read as counts of 0 and 1")
    notes += _sides(configuration.analog)
    stamps = Stamps(columns[1], configuration.tick, place)
    unique = _refuse_twins(found, place, notes)
    return Recording(unique, len(columns[0]), stamps, start=configuration.start, notes=notes)


def _sides(analog: tuple[Analog, ...]) -> list[str]:
    """Which channels are secondary values, with their ratios."""
    by_ratio: dict[str, list[str]] = {}
    for channel in analog:
        if channel.side == "S" and channel.primary is not None and channel.secondary is not None:
            by_ratio.setdefault(f"{channel.primary:g}:{channel.secondary:g}", []).append(channel.name)
    return [
        f"secondary values, as recorded, of a transformer {ratio}: {', '.join(names)}"
        for ratio, names in by_ratio.items()
    ]


def _refuse_twins(found: list[Column], place: str, notes: list[str]) -> list[Column]:
    """Channels without a name are left out; a name that occurs twice stands for neither."""
    counts: dict[str, int] = {}
    for column in found:
        counts[column.name] = counts.get(column.name, 0) + 1
    unique = {}
    for column in found:
        if counts[column.name] > 1:
            message = f"{counts[column.name]} channels have the name {column.name!r}"
            column = Column(column.name, None, fault=Diagnostic(place, message))
        if column.name:
            unique[column.name] = column
    twins = [name for name, count in counts.items() if count > 1 and name]
    if twins:
        notes.append(f"names that several channels have, left out: {', '.join(twins)}")
    if counts.get(""):
        notes.append(f"{counts['']} channels without a name left out")
    return list(unique.values())
