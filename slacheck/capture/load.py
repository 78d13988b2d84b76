"""From a path to a capture: which reader, the files beside it, the sidecar."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from slacheck.capture.assemble import Beside, assemble
from slacheck.capture.capture import Capture, Watched
from slacheck.capture.readers import comtrade, csv, npy, npz, parquet
from slacheck.capture.readers.recording import ReadHint, Recording
from slacheck.capture.readers.source import Known, Source, open_source
from slacheck.capture.sidecar import Sidecar
from slacheck.contract import FileRecord
from slacheck.document import parse_document, validate
from slacheck.errors import CaptureError, Diagnostic

_SIDECAR = ".meta.yaml"
_LARGEST_SIDECAR = 1 << 20

Reader = Callable[[Source, ReadHint], Recording]

READERS: dict[str, Reader] = {
    ".csv": csv.read,
    ".tsv": csv.read,
    ".txt": csv.read,
    ".npy": npy.read,
    ".npz": npz.read,
    ".parquet": parquet.read,
    ".pq": parquet.read,
    ".cff": lambda source, hint: comtrade.read_cff(source),
}
"""Formats of one file, by the end of its name. COMTRADE pairs (.cfg, .dat) are handled apart."""

_MAGIC: tuple[tuple[bytes, Reader], ...] = (
    (b"\x93NUMPY", npy.read),
    (b"PK\x03\x04", npz.read),
    (b"PAR1", parquet.read),
)
_PAIR = (".cfg", ".dat")


def open_capture(
    path: Path | str, *, id: str | None = None, known: Known | None = None, channels: Collection[str] | None = None
) -> Capture:
    """Open a recording with the sidecar beside it, if there is one.

    Parameters
    ----------
    path : Path or str
        CSV, NPY, NPZ, Parquet, or COMTRADE (.cfg, .dat or .cff).
    id : str, optional
        How findings name the capture. Default: the file's name.
    known : mapping, optional
        Digests of files that `known_files` has read; not taken again where size and time of change are the same.

    channels : collection of str, optional
        Channels that will be looked at. Of formats that hold columns apart (Parquet), others are not read.

    Returns
    -------
    Capture
        To be closed, or used in a `with` statement.

    Raises
    ------
    CaptureError
        If the file is not what it claims to be, or nobody says when its samples were taken.
    SpecError
        If the sidecar is not valid, names what is not there, or disagrees with the file.
    """
    path = Path(path)
    with ExitStack() as opened:
        beside, records = _beside(path, opened, known)
        hint = ReadHint(wanted=None if channels is None else frozenset(channels))
        if beside is not None:
            time = beside.sidecar.time
            hint = replace(hint, channel=time.channel, unit=time.unit)
        sources = [_open(found, role, opened, known) for found, role in _files(path)]
        recording = _read(path, sources, hint)
        files = [*(source.record for source in sources), *records]
        for source in sources:
            source.check_unchanged()
        capture = assemble(str(path), path.name if id is None else id, recording, files, beside)
        return replace(capture, watched=tuple(_watched(source) for source in sources))


def _watched(source: Source) -> Watched:
    status = os.fstat(source.file.fileno())
    return Watched(source.path, (status.st_dev, status.st_ino), (source.size, source.modified))


def file_records(path: Path) -> tuple[FileRecord, ...]:
    """The files that `open_capture` would read, with their digests, in the same order; nothing is parsed.

    Raises
    ------
    CaptureError
        If one of them cannot be read.
    """
    with ExitStack() as opened:
        return tuple(source.record for source in _sources(path, opened))


def size_of(path: Path) -> int:
    """Bytes of the files that `open_capture` would read; 0 where it would say that there is none."""
    try:
        return sum(found.stat().st_size for found, _ in _files(Path(path)))
    except (OSError, CaptureError):
        return 0


def known_files(path: Path) -> dict[tuple[str, int, int], str]:
    """Digests of the files that `open_capture` would read, in the same order, for it to take them as known.

    Raises
    ------
    CaptureError
        If one of them cannot be read.
    """
    with ExitStack() as opened:
        sources = _sources(path, opened)
        return {(one.path.name, one.size, one.modified): one.record.sha256 for one in sources}


def _sources(path: Path, opened: ExitStack) -> list[Source]:
    found = [*_files(Path(path)), *((sidecar, "sidecar") for sidecar in _sidecar(Path(path)))]
    return [_open(one, role, opened) for one, role in found]


def _open(path: Path, role: str, opened: ExitStack, known: Known | None = None) -> Source:
    source = open_source(path, role, known)
    opened.callback(source.close)
    return source


def _read(path: Path, sources: list[Source], hint: ReadHint) -> Recording:
    if len(sources) == 2:
        return comtrade.read_pair(*sources)
    reader = READERS.get(path.suffix.lower()) or _by_content(sources[0])
    return reader(sources[0], hint)


def _by_content(source: Source) -> Reader:
    source.file.seek(0)
    start = source.file.read(16)
    for magic, reader in _MAGIC:
        if start.startswith(magic):
            return reader
    known = ", ".join(sorted({*READERS, *_PAIR}))
    raise source.error(
        f"the format of {source.path.name!r} is not known by its name or its first bytes",
        fix=f"formats that are read: {known}; export the recording to one of them",
    )


# ---------------------------------------------------------------- files beside


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The files of a recording: configuration before data."""
    if path.suffix.lower() not in _PAIR:
        yield path, "data"
        return
    for suffix, role in zip(_PAIR, ("config", "data"), strict=True):
        yield (path if path.suffix.lower() == suffix else _companion(path, suffix)), role


def _companion(path: Path, suffix: str) -> Path:
    """The other half of a COMTRADE pair, in the same case or another."""
    same = path.with_suffix(suffix.upper() if path.suffix.isupper() else suffix)
    if same.exists() or not path.exists():
        return same
    wanted = (path.stem + suffix).lower()
    other = sorted(found for found in path.parent.iterdir() if found.name.lower() == wanted)
    if not other:
        raise CaptureError(
            Diagnostic(
                str(path),
                f"a COMTRADE record is a .cfg and a .dat of one name, and {same.name} is missing",
                fix=f"put {same.name} beside it",
            )
        )
    return other[0]


def _sidecar(path: Path) -> Iterator[Path]:
    """The sidecar of the file that was named; of a COMTRADE pair, else of its companion. None if there is none."""
    candidates = [path.with_name(path.name + _SIDECAR)]
    if path.suffix.lower() in _PAIR and path.exists():
        candidates += [found.with_name(found.name + _SIDECAR) for found, _ in _files(path) if found != path]
    yield from [candidate for candidate in candidates if candidate.exists()][:1]


def _beside(path: Path, opened: ExitStack, known: Known | None) -> tuple[Beside | None, list[FileRecord]]:
    found = next(_sidecar(path), None)
    if found is None:
        return None, []
    source = _open(found, "sidecar", opened, known)
    document = parse_document(source.read_all(_LARGEST_SIDECAR), str(found))
    return Beside(validate(document, Sidecar), document), [source.record]
