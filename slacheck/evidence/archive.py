"""The canonical zip: one file for one set of members, byte for byte.

Members are sorted by name and stored; dates, attributes and flags are fixed; there are no extra
fields, no comments and no zip64 records (so a pack ends at 2 GiB). Written here with `struct`,
because the standard library's zip differs between versions of Python.

A reader takes names and contents from the local headers alone, builds the file again, and
compares every byte. Whatever else a zip could say (a second directory, other sizes, data before,
between or after) makes it another file, and is refused; nothing has to be decompressed.
"""

from __future__ import annotations

import binascii
import stat
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from slacheck.errors import Diagnostic, PackError

LARGEST_PACK = 2**31 - 1
"""Bytes."""
MOST_MEMBERS = 10_000
LONGEST_NAME = 255
"""Bytes in UTF-8."""

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION = 20
_UNIX = 3 << 8
_TIME, _DATE = 0, (1 << 5) | 1
"""1980-01-01 00:00, the first moment a zip can name."""
_MODE = (stat.S_IFREG | 0o644) << 16


def zipped(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """The pieces of the canonical zip of `members`, in order.

    Raises
    ------
    ValueError
        If a name is not fit for a pack, or the pack would be too large.
    """
    names = sorted(members)
    check_names(names)
    size = sum(_LOCAL.size + _CENTRAL.size + 2 * len(n.encode()) + len(members[n]) for n in names) + _END.size
    if size > LARGEST_PACK:
        raise ValueError(f"a pack holds at most {LARGEST_PACK} bytes, this would be {size}; leave the captures outside")
    directory, offset = [], 0
    for name in names:
        content, encoded = members[name], name.encode()
        flags = 0 if name.isascii() else 0x800
        sizes = (binascii.crc32(content), len(content), len(content), len(encoded))
        yield _LOCAL.pack(_LOCAL_MARK, _VERSION, flags, 0, _TIME, _DATE, *sizes, 0) + encoded
        yield content
        directory.append(
            _CENTRAL.pack(
                *(_CENTRAL_MARK, _UNIX | _VERSION, _VERSION, flags, 0, _TIME, _DATE),
                *(*sizes, 0, 0, 0, 0, _MODE, offset),
            )
            + encoded
        )
        offset += _LOCAL.size + len(encoded) + len(content)
    yield b"".join(directory)
    yield _END.pack(_END_MARK, 0, 0, len(names), len(names), sum(map(len, directory)), offset, 0)


def unzipped(raw: bytes) -> dict[str, bytes]:
    """Members of a canonical zip.

    Raises
    ------
    ValueError
        If `raw` is not, byte for byte, the canonical zip of its members.
    """
    members: dict[str, bytes] = {}
    offset = 0
    while raw[offset : offset + 4] == _LOCAL_MARK:
        name, start, end = _member(raw, offset)
        if name in members:
            raise ValueError(f"the member {name!r} stands twice")
        if len(members) == MOST_MEMBERS:
            raise ValueError(f"more than {MOST_MEMBERS} members")
        members[name] = raw[start:end]
        offset = end
    if not members:
        raise ValueError("it does not begin with a member; is it a zip?")
    _compare(raw, members)
    return members


def _member(raw: bytes, offset: int) -> tuple[str, int, int]:
    """Name of the member whose local header stands at `offset`, and where its content lies."""
    if len(raw) < offset + _LOCAL.size:
        raise ValueError(f"it ends inside the header of a member, at byte {len(raw)}")
    _, _, flags, method, _, _, _, packed, size, length, extra = _LOCAL.unpack_from(raw, offset)
    start = offset + _LOCAL.size + length + extra
    if len(raw) < start:
        raise ValueError(f"it ends inside the name of a member, at byte {len(raw)}")
    try:
        name = raw[start - length - extra : start - extra].decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"the name of the member at byte {offset} is not UTF-8") from None
    if method != 0 or flags & ~0x800 or packed != size:
        raise ValueError(f"the member {name!r} is compressed or encrypted; a pack stores its members")
    if len(raw) < start + size:
        raise ValueError(f"the member {name!r} claims {size} bytes, of which {len(raw) - start} are there")
    return name, start, start + size


def _compare(raw: bytes, members: Mapping[str, bytes]) -> None:
    position = 0
    for piece in zipped(members):
        if raw[position : position + len(piece)] != piece:
            raise ValueError(
                f"it is not the canonical zip of its members: it differs from byte {position} on. Damaged, changed, "
                f"or packed again by another program"
            )
        position += len(piece)
    if position != len(raw):
        raise ValueError(f"{len(raw) - position} bytes follow the end of the zip")


def check_names(names: Iterable[str]) -> None:
    """Refuse names that could leave a folder, or be one file on some systems and two on others.

    Raises
    ------
    ValueError
    """
    known: dict[str, str] = {}
    for name in names:
        parts = name.split("/")
        if not name or len(name.encode("utf-8", "replace")) > LONGEST_NAME:
            raise ValueError(f"the member name {name[:40]!r} is empty or longer than {LONGEST_NAME} bytes")
        if any(part in ("", ".", "..") or part != part.strip() or part.endswith(".") for part in parts):
            raise ValueError(f"the member name {name!r} is not a plain relative path")
        if any(c in '\\:*?"<>|' or unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in name):
            raise ValueError(f"the member name {name!r} has a character that some file systems take for something else")
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        if folded in known:
            raise ValueError(f"the member names {known[folded]!r} and {name!r} are one file on some systems")
        known[folded] = name
    if len(known) > MOST_MEMBERS:
        raise ValueError(f"a pack has at most {MOST_MEMBERS} members, got {len(known)}")


def read_bytes(path: Path) -> bytes:
    """Bytes of a pack's file.

    Raises
    ------
    PackError
        If it cannot be opened, is not a regular file, or is larger than a pack can be.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PackError(Diagnostic(str(path), "this is not a file"))
        if status.st_size > LARGEST_PACK:
            message = f"{status.st_size} bytes are more than an evidence pack can have ({LARGEST_PACK})"
            raise PackError(Diagnostic(str(path), message))
        return path.read_bytes()
    except OSError as error:
        raise PackError(Diagnostic(str(path), f"cannot be opened: {error.strerror or error}")) from error
