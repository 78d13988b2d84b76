"""Recordings by URL, in a store that lives in memory."""

import pytest

from slacheck.capture import remote
from slacheck.capture.remote import fetch, is_url, matches, relative_name, shown
from slacheck.errors import CaptureError, SlacheckError

fsspec = pytest.importorskip("fsspec")

CSV = b"t [s],P [kW]\n0,1\n1,2\n2,3\n"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty store, and a cache of its own."""
    monkeypatch.setenv("SLACHECK_CACHE", str(tmp_path / "cache"))
    found = fsspec.filesystem("memory")
    found.store.clear()
    yield found
    found.store.clear()


@pytest.fixture
def opened(store, monkeypatch):
    """Paths that were read, in order."""
    names = []
    original = type(store)._open

    def noted(self, path, mode="rb", **kwargs):
        names.extend([path] if mode == "rb" else [])
        return original(self, path, mode=mode, **kwargs)

    monkeypatch.setattr(type(store), "_open", noted)
    return names


@pytest.mark.parametrize(
    ("name", "expected"),
    [("s3://b/x.csv", True), ("https://h/x", True), ("runs/a.csv", False), ("C:/x.csv", False), ("a:b.csv", False)],
)
def test_is_url_tells_urls_from_paths(name, expected):
    assert is_url(name) is expected


def test_names_of_a_url_hold_no_user_password_or_query():
    url = "https://me:secret@store.example/runs/a.csv?signature=abc#x"
    assert shown(url) == "https://store.example/runs/a.csv"
    assert relative_name(url) == "runs/a.csv"


def test_fetch_brings_the_sidecar_and_the_other_half_beside_the_file(store):
    for name in ("r.cfg", "r.dat", "r.cfg.meta.yaml", "other.csv"):
        store.pipe(f"/lab/{name}", name.encode())
    path = fetch("memory://lab/r.cfg")
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == {
        name: name.encode() for name in ("r.cfg", "r.dat", "r.cfg.meta.yaml")
    }


def test_fetch_of_equal_content_is_kept_once_and_changed_content_is_never_taken_from_the_cache(store):
    store.pipe("/lab/a.csv", CSV)
    first = fetch("memory://lab/a.csv")
    assert fetch("memory://lab/a.csv") == first
    store.pipe("/lab/a.csv", CSV + b"3,4\n")
    assert fetch("memory://lab/a.csv").read_bytes() == CSV + b"3,4\n"
    assert first.read_bytes() == CSV
    assert sorted(path.name[0] == "." for path in first.parent.parent.iterdir()) == [False, False]


def test_fetch_of_what_the_store_gives_a_stamp_for_reads_it_once(store, opened, monkeypatch):
    store.pipe("/lab/a.csv", CSV)
    original, tag = type(store).info, ["1"]
    monkeypatch.setattr(type(store), "info", lambda self, path: original(self, path) | {"ETag": tag[0]})
    path = fetch("memory://lab/a.csv")
    assert fetch("memory://lab/a.csv") == path
    assert opened == ["/lab/a.csv"]
    path.write_bytes(b"damaged in the cache")
    assert fetch("memory://lab/a.csv").read_bytes() == CSV
    tag[0] = "2"
    fetch("memory://lab/a.csv")
    assert len(opened) == 3


def test_fetch_of_less_than_the_store_says_is_refused_and_leaves_nothing(store, tmp_path, monkeypatch):
    store.pipe("/lab/a.csv", CSV)
    original = type(store).info
    monkeypatch.setattr(type(store), "info", lambda self, path: original(self, path) | {"size": 999})
    with pytest.raises(CaptureError) as error:
        fetch("memory://lab/a.csv")
    assert str(error.value) == (
        f"memory://lab/a.csv: error: cannot be fetched: OSError: 999 bytes expected, {len(CSV)} came"
    )
    assert list((tmp_path / "cache" / "recordings").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://lab/gone.csv", "memory://lab/gone.csv: error: there is no such recording"),
        ("file:///etc/passwd", "recordings are fetched from s3://"),
        ("ftp://host/a.csv", "recordings are fetched from s3://"),
        ("s3://bucket/zip://a.csv::memory://b", "recordings are fetched from s3://"),
    ],
    ids=["missing", "file", "other protocol", "chained"],
)
def test_fetch_of_what_may_not_or_cannot_be_fetched_says_why(store, url, message):
    with pytest.raises(CaptureError) as error:
        fetch(url)
    assert message in str(error.value)


def test_fetch_error_of_a_store_does_not_tell_the_password(store, monkeypatch):
    def refused(self, path):
        raise PermissionError("403 for memory://me:secret@lab/a.csv")

    monkeypatch.setattr(type(store), "info", refused)
    with pytest.raises(CaptureError) as error:
        fetch("memory://me:secret@lab/a.csv")
    assert str(error.value) == (
        "memory://lab/a.csv: error: cannot be fetched: PermissionError: 403 for memory://lab/a.csv"
    )


def test_fetch_without_fsspec_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(SlacheckError, match=r"reading s3:// needs fsspec; pip install 'slacheck\[remote\]'"):
        fetch("s3://bucket/a.csv")


def test_matches_of_a_pattern_are_recordings_once_each(store):
    for name in ("b.csv", "b.csv.meta.yaml", "a.csv", "r.cfg", "r.dat"):
        store.pipe(f"/lab/{name}", b"")
    assert matches("memory://lab/*") == ["memory:///lab/a.csv", "memory:///lab/b.csv", "memory:///lab/r.cfg"]


def test_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.delenv("SLACHECK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert remote.cache() == tmp_path / "slacheck"
