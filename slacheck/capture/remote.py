"""Recordings by URL: fetched whole into a folder of this machine that is named by their digest, then read from there.

A recording is the file, the other half of a COMTRADE pair, and the sidecar beside it. What the store itself gives as a
stamp of an object's content (an ETag, a version) saves fetching it again; without one it is fetched every time. What is
in the folder is digested again before it is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from slacheck.errors import CaptureError, Diagnostic, SlacheckError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_PROTOCOLS = ("s3", "gs", "gcs", "az", "abfs", "abfss", "adl", "http", "https", "memory")
_STAMPS = ("ETag", "etag", "md5Hash", "content_md5", "Content-MD5", "Digest", "generation", "VersionId", "version_id")
_PIECE = 1 << 22
_SIDECAR = ".meta.yaml"
_HALVES = {".cfg": ".dat", ".dat": ".cfg", ".CFG": ".DAT", ".DAT": ".CFG"}

Store: TypeAlias = Any
"""A file system of fsspec."""


def is_url(name: str) -> bool:
    """Whether a recording is named by a URL."""
    return _URL.match(name) is not None


def shown(url: str) -> str:
    """The URL without user, password, query and fragment: what may stand in a message."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def relative_name(url: str) -> str:
    """The path below host or bucket: what names the recording in evidence."""
    return urlsplit(url).path.strip("/") or urlsplit(url).netloc.rpartition("@")[2]


def fetch(url: str) -> Path:
    """The file of a recording, on this machine, with what belongs to it beside it.

    Raises
    ------
    CaptureError
        If it is not there, cannot be fetched, or has another length than the store says.
    SlacheckError
        If fsspec, or what it needs for this kind of URL, is not installed.
    """
    store, path = _store(url)
    with _faults(url):
        found = dict(_objects(store, path, bool(urlsplit(url).query)))
        index = _index(url, found)
        folder = None if index is None else _known(index)
        if folder is None:
            folder = _fetched(store, found)
            if index is not None:
                index.parent.mkdir(parents=True, exist_ok=True)
                index.write_text(folder.name, encoding="ascii")
    return folder / _name(path)


def matches(pattern: str) -> list[str]:
    """URLs that a pattern matches, sorted; no sidecars, a COMTRADE pair once.

    Raises
    ------
    CaptureError
        If the store cannot be asked.
    """
    store, path = _store(pattern)
    with _faults(pattern):
        names = {str(name) for name in store.glob(path)}
    wanted = [name for name in names if not name.endswith(_SIDECAR)]
    wanted = [n for n in wanted if not (n[-4:] in (".dat", ".DAT") and n[:-4] + _HALVES[n[-4:]] in names)]
    return sorted(str(store.unstrip_protocol(name)) for name in wanted)


def _store(url: str) -> tuple[Store, str]:
    protocol = url.partition("://")[0].lower()
    if protocol not in _PROTOCOLS or "::" in url:
        known = ", ".join(f"{name}://" for name in _PROTOCOLS[:-1])
        raise CaptureError(
            Diagnostic(shown(url), f"recordings are fetched from {known}", fix="copy it to this machine")
        )
    try:
        import fsspec
    except ImportError:
        raise SlacheckError(f"reading {protocol}:// needs fsspec; pip install 'slacheck[remote]'") from None
    try:
        with _faults(url):
            store, path = fsspec.core.url_to_fs(url)
            store.invalidate_cache()  # what was listed a while ago may be gone
            return store, path
    except ImportError as error:
        raise SlacheckError(f"reading {protocol}:// needs more than fsspec: {error}") from None


@contextlib.contextmanager
def _faults(url: str) -> Iterator[None]:
    """Whatever a store raises as one error, without what should stay secret."""
    try:
        yield
    except (SlacheckError, ImportError):
        raise
    except FileNotFoundError:
        raise CaptureError(Diagnostic(shown(url), "there is no such recording")) from None
    except Exception as error:  # each store has its own family
        first = (str(error).splitlines() or [""])[0].replace(url, shown(url))
        secret = urlsplit(url).netloc.rpartition("@")[0]
        text = first.replace(secret, "***") if secret else first
        raise CaptureError(Diagnostic(shown(url), f"cannot be fetched: {type(error).__name__}: {text[:300]}")) from None


def _objects(store: Store, path: str, signed: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and description of the file and of what belongs to it. A signed URL is good for one object alone."""
    yield path, store.info(path)
    stem, ending = posixpath.splitext(path)
    halves = [stem + _HALVES[ending]] if ending in _HALVES else []
    sidecars = [name + _SIDECAR for name in (path, *halves)]
    for name in () if signed else (*halves, *sidecars):
        with contextlib.suppress(FileNotFoundError):
            yield name, store.info(name)


def _name(path: str) -> str:
    return posixpath.basename(path.partition("?")[0].rstrip("/"))


def _index(url: str, found: dict[str, dict[str, Any]]) -> Path | None:
    """Where it is noted under which digest this very content was fetched; None where the store gives no stamp."""
    stamps = []
    for name, info in found.items():
        mine = [(key, str(info[key])) for key in _STAMPS if info.get(key)]
        if not mine:
            return None
        stamps.append((name.partition("?")[0], info.get("size"), mine))
    digest = hashlib.sha256(repr((shown(url), stamps)).encode()).hexdigest()
    return cache() / "index" / digest


def cache() -> Path:
    """The folder that recordings are fetched into: SLACHECK_CACHE, or `slacheck` in the user's cache."""
    own = os.environ.get("SLACHECK_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(own) if own else Path(base, "slacheck")


def _known(index: Path) -> Path | None:
    """The folder that was fetched before, if it is there and still what it was."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        folder = cache() / "recordings" / index.read_text(encoding="ascii")
        files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
        if files and _address(files) == folder.name:
            return folder
    return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _address(files: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()


def _fetched(store: Store, found: dict[str, dict[str, Any]]) -> Path:
    """Everything into a temporary folder, which then takes the name of its content."""
    recordings = cache() / "recordings"
    recordings.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=recordings))
    try:
        files = {_name(path): _copied(store, path, info, partial) for path, info in found.items()}
        folder = recordings / _address(files)
        if folder.exists() and {path.name: _digest(path) for path in folder.iterdir()} != files:
            shutil.rmtree(folder)
        with contextlib.suppress(OSError):  # fetched by another process in the meantime: the same bytes
            partial.rename(folder)
        return folder
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copied(store: Store, path: str, info: dict[str, Any], folder: Path) -> str:
    digest, count = hashlib.sha256(), 0
    with store.open(path, "rb") as source, (folder / _name(path)).open("xb") as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
            count += len(piece)
    if info.get("size") is not None and count != info["size"]:
        raise OSError(f"{info['size']} bytes expected, {count} came")
    return digest.hexdigest()
