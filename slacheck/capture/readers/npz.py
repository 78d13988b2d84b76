"""NPZ: a zip of NPY arrays, one channel each, unpacked piece by piece into columns on disk.

What each member claims is checked before a byte of it is unpacked: a small file cannot ask for
much room, and what its header claims must be what the zip directory says.
"""

from __future__ import annotations

import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from slacheck.capture.readers.npy import Header, read_header, recording_of
from slacheck.capture.readers.recording import ReadHint, Recording, Values
from slacheck.capture.readers.source import Source
from slacheck.capture.readers.store import ROWS, ColumnStore, check_budget

_MOST_MEMBERS = 4096
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(slots=True)
class _Member:
    """One array of the archive, open behind its header."""

    name: str
    file: IO[bytes]
    header: Header

    def take(self, source: Source, rows: int) -> np.ndarray[Any, Any]:
        """The next samples."""
        wanted = rows * self.header.dtype.itemsize
        raw = self.file.read(wanted)
        if len(raw) != wanted:
            raise source.error(f"the array {self.name!r} is cut off")
        return np.frombuffer(raw, dtype=self.header.dtype)


def read(source: Source, hint: ReadHint) -> Recording:
    """Unpack an NPZ file.

    Raises
    ------
    CaptureError
        If it is not a plain zip of one-dimensional arrays of one length, or claims more than it should hold.
    """
    try:
        with zipfile.ZipFile(source.file) as archive, ExitStack() as opened:
            members = [_open(source, archive, info, opened) for info in _checked(source, archive)]
            return _unpack(source, members, hint)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise source.error(f"cannot be read: {error.strerror}") from None
        raise source.error("the zip archive is damaged", fix="copy it again") from None


def _checked(source: Source, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if not infos:
        raise source.error("the archive holds no arrays")
    if len(infos) > _MOST_MEMBERS:
        raise source.error(f"the archive holds {len(infos)} members, more than {_MOST_MEMBERS}")
    if len(set(names)) != len(names):
        raise source.error("the archive holds two members of one name")
    for info in infos:
        if not info.filename.endswith(".npy"):
            raise source.error(f"the archive holds {info.filename!r}, which is not an array")
        if info.flag_bits & 1 or info.compress_type not in _PLAIN:
            raise source.error(f"the array {info.filename!r} is encrypted or compressed in an unusual way")
    check_budget(source.place, sum(info.file_size for info in infos), source.size)
    return infos


def _open(source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo, opened: ExitStack) -> _Member:
    name = info.filename.removesuffix(".npy")
    file = opened.enter_context(archive.open(info))
    header = read_header(source, file, f"the array {name!r}")
    if header.total != info.file_size:
        raise source.error(f"the array {name!r} claims {header.total} bytes, {info.file_size} are present")
    if len(header.shape) != 1 or header.dtype.names:
        raise source.error(f"the array {name!r} has the shape {header.shape}; expected one dimension, plain numbers")
    return _Member(name, file, header)


def _unpack(source: Source, members: list[_Member], hint: ReadHint) -> Recording:
    counts = {member.name: member.header.shape[0] for member in members}
    count = members[0].header.shape[0]
    if set(counts.values()) != {count}:
        lengths = ", ".join(f"{name} {length}" for name, length in counts.items())
        raise source.error(f"the arrays have different lengths ({lengths}); the channels of a capture share one clock")
    if count == 0:
        raise source.error("the arrays are empty")
    check_budget(source.place, 8 * count * len(members), source.size)
    with ColumnStore(len(members), source.place) as store:
        for start in range(0, count, ROWS):
            rows = min(ROWS, count - start)
            store.append(np.stack([_words(member.take(source, rows)) for member in members]))
        columns = store.finish()
    for member in members:
        # Reading to the end is what makes the zip reader compare the checksum.
        if member.file.read(1):
            raise source.error(f"the array {member.name!r} has bytes after its end")
    arrays: dict[str, Values] = {}
    for member, stored in zip(members, columns, strict=True):
        kind = member.header.dtype
        values = stored.as_integers() if _is_integer(kind) else stored
        arrays[member.name] = _Typed(values, kind) if kind.kind in "mM" else values
    return recording_of(source, arrays, hint)


def _is_integer(kind: np.dtype[Any]) -> bool:
    return kind.kind in "mM" or (kind.kind == "i" and kind.itemsize == 8)


def _words(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """64-bit words: integers and times of 64 bits as they are, all else as float64."""
    if _is_integer(values.dtype):
        return values.astype(values.dtype.newbyteorder("=")).view(np.int64)
    return values.astype(np.float64).view(np.int64)


class _Typed:
    """A stored column of times, with its unit."""

    def __init__(self, values: Values, kind: np.dtype[Any]) -> None:
        self._values = values
        self._kind = kind.newbyteorder("=")

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: slice, /) -> np.ndarray[Any, Any]:
        return self._values[index].view(self._kind)
