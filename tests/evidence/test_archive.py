import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.errors import PackError
from slacheck.evidence import archive
from slacheck.evidence.archive import check_names, read_bytes, unzipped, zipped

MEMBERS = {"b.txt": b"two", "a/c.bin": b"\x00PK\x03\x04", "é.txt": b""}


def packed(members=MEMBERS):
    return b"".join(zipped(members))


def other_zip(members, **how):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **how) as file:
        for name, content in members:
            file.writestr(name, content)
    return out.getvalue()


def test_zipped_members_are_read_by_the_standard_library_and_stand_sorted():
    with zipfile.ZipFile(io.BytesIO(packed())) as file:
        assert file.testzip() is None
        assert file.namelist() == sorted(MEMBERS)
        assert {name: file.read(name) for name in file.namelist()} == MEMBERS
        assert {(i.date_time, i.compress_type, i.external_attr >> 16) for i in file.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 0o100644)
        }


def test_zipped_order_of_insertion_changes_no_byte():
    assert packed(dict(reversed(MEMBERS.items()))) == packed()


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text("abcxyz09", min_size=1, max_size=12), st.binary(max_size=40), min_size=1, max_size=5))
def test_unzipped_gives_back_any_members(members):
    assert unzipped(packed(members)) == members


def test_unzipped_every_flipped_bit_is_found():
    raw = packed({"a": b"12", "b/é": b"3"})
    for position in range(len(raw)):
        for bit in range(8):
            damaged = bytearray(raw)
            damaged[position] ^= 1 << bit
            try:
                members = unzipped(bytes(damaged))
            except ValueError:
                continue
            pytest.fail(f"bit {bit} of byte {position} went unnoticed: {members}")


def test_unzipped_every_truncation_is_found():
    raw = packed()
    for length in range(len(raw)):
        with pytest.raises(ValueError, match=r".+"):
            unzipped(raw[:length])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(packed() + b"x", "1 bytes follow the end of the zip", id="trailing data"),
        pytest.param(b"x" + packed(), "does not begin with a member", id="data before"),
        pytest.param(b"", "does not begin with a member", id="empty"),
        pytest.param(other_zip([("a", b"1" * 99)], compression=zipfile.ZIP_DEFLATED), "is compressed", id="deflated"),
        pytest.param(other_zip([("a", b"1")]), "not the canonical zip", id="another writer"),
        pytest.param(packed({"a": b"1"})[:32] + packed({"a": b"1"}), "stands twice", id="duplicate"),
    ],
)
def test_unzipped_what_is_not_canonical_is_refused_with_a_reason(raw, message):
    with pytest.raises(ValueError, match=message):
        unzipped(raw)


def test_unzipped_claimed_size_beyond_the_file_allocates_nothing():
    raw = bytearray(packed({"a": b"1"}))
    struct.pack_into("<2L", raw, 18, 2**31, 2**31)
    with pytest.raises(ValueError, match="claims 2147483648 bytes, of which"):
        unzipped(bytes(raw))


def test_unzipped_too_many_members_are_refused(monkeypatch):
    raw = packed({str(n): b"" for n in range(20)})
    monkeypatch.setattr(archive, "MOST_MEMBERS", 10)
    with pytest.raises(ValueError, match="more than 10 members"):
        unzipped(raw)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/a",
        "../a",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "c:a",
        "a\x00",
        "a\x1b",
        "a\u202eb",
        "a.",
        " a",
        "x" * 256,
    ],
)
def test_check_names_dangerous_name_is_refused(name):
    with pytest.raises(ValueError, match="member name"):
        check_names([name])


@pytest.mark.parametrize("names", [("A", "a"), ("é", "e\u0301"), ("ß", "ss")])
def test_check_names_one_file_on_some_systems_is_refused(names):
    with pytest.raises(ValueError, match="one file on some systems"):
        check_names(names)


def test_zipped_too_large_says_so(monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_PACK", 100)
    with pytest.raises(ValueError, match="a pack holds at most 100 bytes, this would be"):
        packed({"a": b"1" * 100})


def test_read_bytes_what_is_no_file_or_too_large_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(PackError, match="this is not a file"):
        read_bytes(tmp_path)
    with pytest.raises(PackError, match="cannot be opened: No such file or directory"):
        read_bytes(tmp_path / "missing.zip")
    monkeypatch.setattr(archive, "LARGEST_PACK", 3)
    (tmp_path / "large").write_bytes(b"1234")
    with pytest.raises(PackError, match="4 bytes are more than an evidence pack can have"):
        read_bytes(tmp_path / "large")
