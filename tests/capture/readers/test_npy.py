"""NPY and NPZ: names, types, clocks; lying headers, bombs and pickles are refused before anything grows."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slacheck.capture.load import open_capture
from tests.capture.helpers import refusal, times, values, write

RATE = "time: {sample_rate: 2 Hz}\n"


def npy(array):
    target = io.BytesIO()
    np.save(target, array, allow_pickle=True)
    return target.getvalue()


def npz(compressed=False, **arrays):
    target = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(target, **arrays)
    return target.getvalue()


def header(text, version=1):
    text = text.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_two_dimensions_are_channels_by_number(tmp_path, order):
    array = np.asarray(np.arange(12, dtype="<i2").reshape(6, 2), order=order)
    with open_capture(write(tmp_path, "a.npy", npy(array), RATE)) as capture:
        assert list(capture.channels) == ["x0", "x1"]
        assert values(capture, "x1") == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
        assert times(capture) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


def test_npy_structured_has_its_names_and_scale_of_the_sidecar(tmp_path):
    array = np.zeros(4, dtype=[("P", ">i2"), ("V [kV]", "<f4")])
    array["P"], array["V [kV]"] = [1, -2, 3, -9999], [0.5, np.nan, 2, np.inf]
    sidecar = RATE + "channels: {P: {unit: MW, scale: 0.5, offset: 1, invalid: [-9999]}}\n"
    with open_capture(write(tmp_path, "a.npy", npy(array), sidecar)) as capture:
        assert values(capture, "P") == [1.5e6, 0.0, 2.5e6, None]
        assert values(capture, "V") == [500.0, None, 2000.0, None]


def test_npy_one_dimension_is_x_and_big_headers_are_read(tmp_path):
    path = write(
        tmp_path, "a.npy", header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", 2) + bytes(16), RATE
    )
    with open_capture(path) as capture:
        assert values(capture, "x") == [0.0, 0.0]


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_has_its_names_and_its_time(tmp_path, compressed):
    n = 10_000
    arrays = {"t [ms]": np.arange(n) * 0.5, "P [kW]": np.arange(n, dtype=np.int64), "V": np.ones(n, np.float32)}
    with open_capture(write(tmp_path, "a.npz", npz(compressed, **arrays))) as capture:
        assert list(capture.channels) == ["P", "V"]
        assert (capture.clock.interval, capture.clock.times) == (5e-4, None)
        assert capture.channels["P"].read(9_990, n).tolist() == [1000.0 * k for k in range(9_990, n)]


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_datetime64_is_utc(tmp_path, name):
    t = np.datetime64("2026-11-20T08:00:00", "ms") + np.arange(4) * np.timedelta64(250, "ms")
    record = np.zeros(4, dtype=[("time", t.dtype), ("P", "f8")])
    record["time"] = t
    content = npz(time=t, P=np.zeros(4)) if name == "a.npz" else npy(record)
    with open_capture(write(tmp_path, name, content)) as capture:
        assert capture.start.isoformat() == "2026-11-20T08:00:00+00:00"
        assert times(capture) == [0.0, 0.25, 0.5, 0.75]


def test_npz_nanosecond_integers_keep_every_nanosecond(tmp_path):
    t = 1_735_554_592_842_000_000 + np.arange(100, dtype=np.int64) * 1001
    with open_capture(write(tmp_path, "a.npz", npz(t=t, P=np.zeros(100)), "time: {unit: ns}\n")) as capture:
        assert capture.clock.interval == 1001e-9
        assert capture.clock.jitter < 1e-15


# ---------------------------------------------------------------- what is refused

PLAIN = npy(np.arange(100.0))

REFUSED = {
    "claims 73 TiB": (
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,), }\n"),
        "the header claims",
    ),
    "claims more than a word counts": (
        header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**70},), }}\n"),
        "the header claims",
    ),
    "negative shape": (header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n"), "not plain numbers"),
    "trailing bytes": (PLAIN + b"x", "the header claims 928 bytes (shape (100,), float64), 929 are present"),
    "pickle": (npy(np.array([{}, []], dtype=object)), "not plain numbers"),
    "text": (npy(np.array(["a", "b"])), "not plain numbers"),
    "complex": (npy(np.array([1j, 2])), "not plain numbers"),
    "three dimensions": (npy(np.zeros((2, 2, 2))), "expected (samples,) or (samples, channels)"),
    "no dimension": (npy(np.float64(1)), "expected (samples,) or (samples, channels)"),
    "empty": (npy(np.zeros(0)), "the array is empty"),
    "sub-array": (npy(np.zeros(2, dtype=[("a", "f8", (3,))])), "not plain numbers"),
    "not a header": (header("__import__('os').system('false')\n"), "an NPY header that is not understood"),
    "deep header": (header("(" * 5000 + "\n"), "an NPY header that is not understood"),
    "long header": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "an NPY header that is not understood"),
    "header of nothing": (b"\x93NUMPY\x01\x00\x00\x00 and more", "an NPY header that is not understood"),
    "version 9": (header("{}", 9), "an NPY header that is not understood"),
    "other file": (b"hello, world, again", "is not an NPY array"),
    "nothing": (b"", "is not an NPY array"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_npy_that_lies_is_refused(tmp_path, content, message):
    assert message in refusal(write(tmp_path, "a.npy", content, RATE))


def test_npy_and_npz_cut_anywhere_are_errors(tmp_path):
    for name, content in (
        ("a.npy", PLAIN),
        ("a.npz", npz(P=np.arange(100.0))),
        ("b.npz", npz(True, P=np.arange(100.0))),
    ):
        for cut in range(30):
            assert "error" in refusal(write(tmp_path, name, content[: len(content) * cut // 30], RATE))


def zipped(*members, kind=zipfile.ZIP_DEFLATED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


ZIPS = {
    "bomb": (npz(True, P=np.zeros(20_000_000)), "claims to hold"),
    "two lengths": (npz(P=np.zeros(3), Q=np.zeros(4)), "the arrays have different lengths (P 3, Q 4)"),
    "two dimensions": (npz(P=np.zeros((3, 2))), "has the shape (3, 2); expected one dimension"),
    "pickle": (npz(P=np.array([{}], dtype=object)), "not plain numbers"),
    "not an array": (zipped(("../evil", b"x")), "holds '../evil', which is not an array"),
    "no members": (zipped(), "the archive holds no arrays"),
    "unusual compression": (zipped(("P.npy", PLAIN), kind=zipfile.ZIP_BZIP2), "compressed in an unusual way"),
    "header claims more": (zipped(("P.npy", PLAIN[:-8])), "the array 'P' claims 928 bytes, 920 are present"),
    "header claims less": (zipped(("P.npy", PLAIN + b"12345678")), "the array 'P' claims 928 bytes, 936 are present"),
    "empty arrays": (npz(P=np.zeros(0)), "the arrays are empty"),
    "one name with two units": (npz(**{"P [W]": np.zeros(3), "P [kW]": np.zeros(3)}), "two arrays have the name 'P'"),
    "no zip": (b"PK\x03\x04 nothing", "the zip archive is damaged"),
}


@pytest.mark.parametrize(("content", "message"), ZIPS.values(), ids=ZIPS.keys())
def test_npz_that_lies_is_refused(tmp_path, content, message):
    assert message in refusal(write(tmp_path, "a.npz", content, RATE))


def test_npz_with_a_flipped_bit_in_its_data_is_refused(tmp_path):
    content = bytearray(npz(P=np.arange(100.0)))
    content[300] ^= 1
    assert "the zip archive is damaged" in refusal(write(tmp_path, "a.npz", bytes(content), RATE))


def test_npz_two_members_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(("P.npy", PLAIN), ("P.npy", PLAIN))
    assert "two members of one name" in refusal(write(tmp_path, "a.npz", content, RATE))


@given(
    array=hnp.arrays(
        dtype=st.sampled_from(["<f8", ">f4", "<i2", "<u4", "<i8", "|u1", "|b1"]),
        shape=hnp.array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=60),
    ),
    archive=st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_arrays_come_back_as_their_float64(tmp_path_factory, array, archive):
    name, content = ("a.npz", npz(x=array)) if archive else ("a.npy", npy(array))
    expected = array.astype(np.float64)
    expected[~np.isfinite(expected)] = np.nan
    if array.dtype == np.int64:
        expected[array == np.iinfo(np.int64).min] = np.nan
    with open_capture(write(tmp_path_factory.mktemp("npy"), name, content, RATE)) as capture:
        np.testing.assert_array_equal(capture.channels["x"].read(0, array.size), expected)
