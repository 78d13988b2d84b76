"""COMTRADE against the recordings of SOURCES.md, the `comtrade` package, and records written here."""

import math
import struct
import warnings

import comtrade as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.capture.load import open_capture
from tests.capture.helpers import DATA, needs_data, refusal, times, values, write

EPRI = ("Ia", "Ib", "Ic", "Va", "Vb", "Vc")


def read(path, name):
    with open_capture(path) as capture:
        return capture.channels[name].read(0, capture.clock.count)


# ---------------------------------------------------------------- recordings


@needs_data
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("1999-pq-as-binary32.cfg", 0.0),
        ("1999-pq-as-binary32.cff", 0.0),
        ("1999-pq-as-ascii.cff", 0.0),
        ("1999-pq-as-float32.cfg", 5e-4),  # float32 rounding, SOURCES.md
        ("1999-pq-as-binary.cfg", 0.27),  # 16-bit rounding, SOURCES.md
    ],
)
def test_comtrade_every_encoding_of_one_event_is_that_event(name, tolerance):
    for channel in EPRI:
        truth = read(DATA / "epri-comtrade" / "1999-ascii-pq.cfg", channel)
        found = read(DATA / "epri-derived-encodings" / name, channel)
        assert found.shape == truth.shape == (3584,)
        assert np.max(np.abs(found - truth)) <= tolerance


FILES = [
    "epri-comtrade/1999-ascii-pq.cfg",
    "epri-comtrade/1999-binary-hif-sel.cfg",
    "epri-derived-encodings/1999-pq-as-binary.cfg",
    "epri-derived-encodings/1999-pq-as-binary32.cfg",
    "epri-derived-encodings/1999-pq-as-float32.cfg",
    "keating-comtrade/keating_1999.cfg",
    "python-comtrade-samples/sample_ascii.cfg",
    "python-comtrade-samples/sample_bin.cfg",
    "python-comtrade-samples/sample_ascii.cff",
    "python-comtrade-samples/sample_float32.cff",
    "python-comtrade-samples/sample_iso8859-1.cfg",
    "python-comtrade-samples/sample_iso8859-1_bin.cfg",
    "comtrade-io/ascii_1991_gaps_gbk.cfg",
]


@needs_data
@pytest.mark.parametrize("name", FILES)
def test_comtrade_recordings_agree_with_the_comtrade_package(name):
    encoding = {"gbk": "gbk", "iso8859-1": "iso-8859-1"}.get(
        next((k for k in ("gbk", "iso8859-1") if k in name), ""), "utf-8"
    )
    theirs = oracle.Comtrade(use_double_precision=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name.endswith(".cff"):
            theirs.load(str(DATA / name))
        else:
            theirs.load(str(DATA / name), str(DATA / name.replace(".cfg", ".dat")), encoding=encoding)
    with open_capture(DATA / name) as capture:
        assert capture.clock.count == theirs.total_samples
        compared = 0
        for channel, samples in zip(theirs.cfg.analog_channels, theirs.analog, strict=True):
            mine = capture.channels[channel.name.strip()]
            if mine.fault is None:
                raw = mine.read(0, capture.clock.count) / (1000.0 if mine.unit == "kV" else 1.0)
                np.testing.assert_allclose(raw, np.asarray(samples), rtol=1e-12, atol=1e-9)
                compared += 1
        for channel, samples in zip(theirs.cfg.status_channels, theirs.status, strict=True):
            mine = capture.channels.get(channel.name.strip())
            if mine is not None and mine.fault is None:
                assert (mine.base, mine.quantity) == ("1", "count")
                assert mine.read(0, capture.clock.count).tolist() == list(samples)
        assert compared > 0


@needs_data
def test_comtrade_stated_rate_gives_the_spacing_and_agreeing_stamps_are_not_needed():
    with open_capture(DATA / "epri-comtrade" / "1999-ascii-pq.cfg") as capture:
        assert (capture.clock.interval, capture.clock.times, capture.clock.fault) == (1 / 7678.4833984375, None, None)
        assert len(capture.clock.segments) == 1
    with open_capture(DATA / "keating-comtrade" / "keating_1999.cfg") as capture:
        assert (capture.clock.interval, capture.clock.count) == (1 / 30707.244140625, 2048)
        assert capture.channels["U1"].unit == "V"
        assert "no time stamps: samples are spaced by the stated 30707.2 Hz" in capture.notes


@needs_data
def test_comtrade_rate_zero_lets_the_stamps_rule():
    with open_capture(DATA / "epri-comtrade" / "1999-binary-hif-sel.cfg") as capture:
        clock = capture.clock
        assert clock.count == 20700
        assert clock.interval == pytest.approx(1 / 30, rel=1e-3)
        assert times(capture)[-1] == pytest.approx(690, abs=0.5)
        assert "8 end-of-file characters after the last sample ignored" in capture.notes


@needs_data
def test_comtrade_gaps_between_sections_are_gaps():
    with open_capture(DATA / "comtrade-io" / "ascii_1991_gaps_gbk.cfg") as capture:
        clock = capture.clock
        assert (clock.count, clock.interval, clock.times) == (2131, 1 / 1200, None)
        stamps = np.genfromtxt(DATA / "comtrade-io" / "ascii_1991_gaps_gbk.dat", delimiter=",", usecols=1)
        truth = (stamps - stamps[0]) * 1e-6
        assert np.max(np.abs(np.array(times(capture)) - truth)) <= 2e-6
        assert len(clock.segments) == 1 + np.count_nonzero(np.diff(truth) > 1.75 / 1200)
        assert "Ua对侧" in capture.channels
        assert "the configuration is not UTF-8; its names are read as GBK" in capture.notes


@needs_data
def test_comtrade_missing_codes_become_gaps_never_numbers(tmp_path):
    folder = DATA / "python-comtrade-samples"
    for stem, missing in (("sample_ascii", 99999), ("sample_bin", 0x8000)):
        cfg = write(tmp_path, f"{stem}.cfg", (folder / f"{stem}.cfg").read_bytes())
        write(tmp_path, f"{stem}.dat", (folder / f"{stem}_missing.dat").read_bytes())
        with open_capture(cfg) as capture:
            lost = {name: np.flatnonzero(np.isnan(read(cfg, name))).tolist() for name in list(capture.channels)[:4]}
        expected = [[1], [2], [3], [4]] if missing == 99999 else [[0], [1], [2], [3]]
        assert list(lost.values()) == expected


@needs_data
def test_comtrade_malformed_cff_is_refused_at_its_header():
    message = refusal(DATA / "comtrade-io" / "malformed_truncated_2013.cff")
    assert message == (
        "malformed_truncated_2013.cff:1: error: '--- file type  CFG ---' is not a section header; expected for example "
        "'--- file type: CFG ---' with a colon"
    )


@needs_data
@pytest.mark.parametrize("name", ["sample_ascii_utf-8.cfg", "sample_sub_char.cfg"])
def test_comtrade_configuration_without_data_names_the_missing_companion(name):
    missing = name.replace(".cfg", ".dat")
    assert refusal(DATA / "python-comtrade-samples" / name) == (
        f"{name}: error: a COMTRADE record is a .cfg and a .dat of one name, and {missing} is missing\n"
        f"  fix: put {missing} beside it"
    )


@needs_data
def test_comtrade_configuration_may_end_in_substitute_characters(tmp_path):
    folder = DATA / "python-comtrade-samples"
    for stem in ("sample_sub_char", "sample_ascii_utf-8"):
        cfg = write(tmp_path, "a.cfg", (folder / f"{stem}.cfg").read_bytes())
        write(tmp_path, "a.dat", (folder / "sample_ascii.dat").read_bytes())
        with open_capture(cfg) as capture:
            assert capture.start.isoformat() == "2011-01-12T05:55:30.075011-05:30"
            assert "secondary values, as recorded, of a transformer 933:1: IA, IB, IC, 3I0" in capture.notes


# ---------------------------------------------------------------- records written here


def record(
    folder,
    codes,
    *,
    form="BINARY",
    rates=((1000.0, None),),
    stamps=None,
    numbers=None,
    skew=(0, 0),
    more=(),
    digital=(),
):
    """Two analogue channels, a = 0.5 and 2, b = 1 and 0; digital ones as asked."""
    count = len(codes)
    stamps = [k * 1000 for k in range(count)] if stamps is None else stamps
    numbers = range(1, count + 1) if numbers is None else numbers
    bits = list(digital) or [()] * count
    lines = [
        "station,device,2013" if form in ("BINARY32", "FLOAT32") else "station,device,1999",
        f"{2 + len(bits[0])},2A,{len(bits[0])}D",
        f"1,a,,,V,0.5,1,{skew[0]},-32767,32767,1,1,P",
        f"2,b,,,kA,2,0,{skew[1]},-32767,32767,1,1,P",
        *(f"{k + 1},d{k},,,0" for k in range(len(bits[0]))),
        "50",
        str(len(rates)),
        *(f"{rate},{count if last is None else last}" for rate, last in rates),
        "20/11/2026,08:00:00.000000",
        "20/11/2026,08:00:00.100000",
        form,
        "1",
    ]
    if form == "ASCII":
        rows = zip(numbers, stamps, codes, bits, strict=True)
        data = "".join(",".join(map(str, (n, "" if t is None else t, *c, *d))) + "\r\n" for n, t, c, d in rows).encode()
    else:
        letter = {"BINARY": "h", "BINARY32": "i", "FLOAT32": "f"}[form]
        words = -(-len(bits[0]) // 16)
        data = b"".join(
            struct.pack(
                f"<II2{letter}{words}H",
                n,
                t,
                *c,
                *(sum(b << i for i, b in enumerate(d[16 * w : 16 * w + 16])) for w in range(words)),
            )
            for n, t, c, d in zip(numbers, stamps, codes, bits, strict=True)
        )
    write(folder, "r.dat", data)
    return write(folder, "r.cfg", "\r\n".join([*lines, *more]) + "\r\n")


CODES = [(k, -k) for k in range(1, 21)]


@pytest.mark.parametrize("form", ["ASCII", "BINARY", "BINARY32", "FLOAT32"])
def test_comtrade_cut_anywhere_is_an_error_or_never_more_than_is_there(tmp_path, form):
    path = record(tmp_path, CODES, form=form)
    whole = path.with_suffix(".dat").read_bytes()
    truth = [0.5 * code[0] + 1 for code in CODES]
    for cut in range(30):
        path.with_suffix(".dat").write_bytes(whole[: len(whole) * cut // 30])
        assert "error" in refusal(path)
    for extra in (b"\x01", whole[:14], whole):
        path.with_suffix(".dat").write_bytes(whole + extra)
        assert "error" in refusal(path)
    path.with_suffix(".dat").write_bytes(whole + b"\x1a")
    assert read(path, "a").tolist() == truth


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_comtrade_ascii_cut_in_its_last_field_loses_that_field(tmp_path, lost):
    path = record(tmp_path, CODES, form="ASCII")
    data = path.with_suffix(".dat")
    data.write_bytes(data.read_bytes()[:-lost])
    with open_capture(path) as capture:
        assert values(capture, "b")[:-1] == [-2000.0 * k for k in range(1, 20)]
        assert values(capture, "b")[-1] is None


def test_comtrade_configuration_cut_anywhere_is_an_error(tmp_path):
    path = record(tmp_path, CODES)
    whole = path.read_text()
    needed = whole.index("BINARY") + len("BINARY")
    for cut in range(0, needed, 7):
        path.write_text(whole[:cut])
        assert "r.cfg" in refusal(path)


def test_comtrade_binary_states_what_was_expected_and_what_is_there(tmp_path):
    path = record(tmp_path, CODES)
    data = path.with_suffix(".dat")
    data.write_bytes(data.read_bytes()[:-1])
    assert refusal(path) == (
        "r.dat: error: the configuration claims 20 samples of 12 bytes, 240 bytes in all; 239 bytes are present "
        "(19 samples)\n  fix: the file is cut off; copy it again"
    )


def test_comtrade_data_alone_names_the_configuration(tmp_path):
    path = write(tmp_path, "r.dat", b"123")
    assert refusal(path) == (
        "r.dat: error: a COMTRADE record is a .cfg and a .dat of one name, and r.cfg is missing\n"
        "  fix: put r.cfg beside it"
    )


def test_comtrade_opens_by_either_name_in_any_case(tmp_path):
    path = record(tmp_path, CODES)
    path.rename(tmp_path / "r.CFG")
    with open_capture(tmp_path / "r.dat") as capture:
        assert [(file.name, file.role) for file in capture.files] == [("r.CFG", "config"), ("r.dat", "data")]
        assert capture.id == "r.dat"


def test_comtrade_units_scale_to_si_and_unknown_ones_are_noted(tmp_path):
    path = record(tmp_path, CODES)
    assert read(path, "b").tolist() == [-2000.0 * k for k in range(1, 21)]
    path.write_text(path.read_text().replace(",kA,", ",KA,"))
    with open_capture(path) as capture:
        assert capture.channels["b"].unit is None
        assert "b: the unit 'KA' is not known; state it in the sidecar" in capture.notes


def test_comtrade_digital_words_are_bits_low_first(tmp_path):
    bits = [tuple((k >> i) & 1 for i in range(18)) for k in range(20)]
    path = record(tmp_path, CODES, digital=bits)
    for index in (0, 1, 4, 17):
        assert read(path, f"d{index}").tolist() == [row[index] for row in bits]


def test_comtrade_stamps_with_a_gap_make_two_segments(tmp_path):
    stamps = [k * 1000 + (5_000_000 if k >= 8 else 0) for k in range(20)]
    with open_capture(record(tmp_path, CODES, stamps=stamps)) as capture:
        assert [(s.start, s.count) for s in capture.clock.segments] == [(0, 8), (8, 12)]
        assert capture.clock.segments[1].first_time == pytest.approx(5.008)
        assert capture.clock.interval == 1e-3


@pytest.mark.parametrize("stamps", [[0] * 20, [0xFFFFFFFF] * 20])
def test_comtrade_recorder_without_stamps_is_spaced_by_its_rate(tmp_path, stamps):
    with open_capture(record(tmp_path, CODES, stamps=stamps)) as capture:
        assert (capture.clock.interval, capture.clock.times, capture.clock.fault) == (1e-3, None, None)


@pytest.mark.parametrize("step", [1, 10_000, 1_000_000])
def test_comtrade_stamps_off_by_a_power_of_ten_take_the_unit_that_fits(tmp_path, step):
    with open_capture(record(tmp_path, CODES, stamps=[k * step for k in range(20)])) as capture:
        assert (capture.clock.interval, capture.clock.fault) == (1e-3, None)
        assert any("fit the stated rate only if they count" in note for note in capture.notes)


def test_comtrade_stamps_that_contradict_the_rate_are_a_fault(tmp_path):
    with open_capture(record(tmp_path, CODES, stamps=[k * 1200 for k in range(20)])) as capture:
        assert capture.clock.fault == "they advance at 833.333 Hz where the configuration states 1000 Hz"


def test_comtrade_stamps_that_go_back_are_a_fault(tmp_path):
    stamps = [k * 1000 for k in range(20)]
    stamps[10] = 500
    with open_capture(record(tmp_path, CODES, stamps=stamps)) as capture:
        assert capture.clock.fault == "1 backward time stamp, at sample 11"


def test_comtrade_sample_numbers_that_jump_are_a_fault(tmp_path):
    numbers = [*range(1, 11), *range(15, 25)]
    with open_capture(record(tmp_path, CODES, numbers=numbers)) as capture:
        assert capture.clock.fault == "the sample numbers jump from 10 to 15 at sample 11"


def test_comtrade_several_rates_keep_all_stamps_and_the_fastest_interval(tmp_path):
    stamps = [k * 1000 for k in range(10)] + [9000 + k * 4000 for k in range(1, 11)]
    for written in (stamps, [0] * 20):
        path = record(tmp_path, CODES, rates=((1000.0, 10), (250.0, 20)), stamps=written)
        with open_capture(path) as capture:
            assert capture.clock.interval == 1e-3
            assert times(capture) == pytest.approx([t * 1e-6 for t in stamps], abs=1e-12)
            assert [(s.start, s.count) for s in capture.clock.segments] == [(0, 10), (10, 10)]
            assert any(
                note.startswith("several sample rates: 1000 Hz to sample 10, 250 Hz to sample 20")
                for note in capture.notes
            )


def test_comtrade_skew_enters_the_uncertainty_and_a_large_one_is_a_fault(tmp_path):
    with open_capture(record(tmp_path, CODES, skew=(0, 50))) as capture:
        assert capture.clock.uncertainty == pytest.approx(50e-6 / math.sqrt(3))
        assert capture.clock.fault is None
        assert (
            "the channels are sampled up to 50 us apart (skew), taken into the uncertainty of the time" in capture.notes
        )
    with open_capture(record(tmp_path, CODES, skew=(-100, 150))) as capture:
        assert capture.clock.fault == "the channels are sampled up to 250 us apart (skew), 25 % of the sample interval"


def test_comtrade_two_channels_of_one_name_stand_for_neither(tmp_path):
    path = record(tmp_path, CODES)
    path.write_text(path.read_text().replace("2,b,", "2,a,"))
    with open_capture(path) as capture:
        assert capture.channels["a"].fault.message == "2 channels have the name 'a'"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2,2A,0D", "3,2A,0D", "r.cfg:2:1: error: 3 channels are stated, but 2 analogue and 0 digital ones"),
        ("2,2A,0D", "2,2,0", "r.cfg:2:1: error: the numbers of channels should be written such as 10,6A,4D"),
        ("0.5,1,0", "x,1,0", "r.cfg:3:1: error: the factor a should be a number, got 'x'"),
        ("0.5,1,0", "1e999,1,0", "r.cfg:3:1: error: the factor a should be a number, got '1e999'"),
        ("1000.0,20", "1000.0,2x", "r.cfg:7:1: error: the number of the last sample should be a whole number"),
        ("1000.0,20", "-1,20", "r.cfg:7:1: error: sample rates must not be negative"),
        ("1000.0,20", "1000.0,99999999999", "r.dat: error: the configuration claims 99999999999 samples"),
        ("1000.0,20", "1000.0,0", "the configuration states no samples"),
        ("BINARY", "BINARY16", "r.cfg:10:1: error: the data format is 'BINARY16'"),
        ("BINARY", "FLOAT32", "r.cfg:10:1: error: the data format is 'FLOAT32'"),
        ("1999", "2050", "revision 2050 of the standard is not known"),
    ],
)
def test_comtrade_configuration_that_makes_no_sense_is_refused_at_its_line(tmp_path, old, new, message):
    path = record(tmp_path, CODES)
    path.write_text(path.read_text().replace(old, new, 1))
    assert message in refusal(path)


def test_comtrade_rate_of_the_sidecar_must_agree_or_override(tmp_path):
    path = record(tmp_path, CODES)
    write(tmp_path, "r.cfg.meta.yaml", "slacheck: 1\ntime: {sample_rate: 2 kHz}\n")
    assert refusal(path).startswith("r.cfg.meta.yaml:2:21: error: the file states 1000 Hz\n")
    write(tmp_path, "r.cfg.meta.yaml", "slacheck: 1\ntime: {sample_rate: 2 kHz}\noverride: true\n")
    with open_capture(path) as capture:
        assert capture.clock.interval == 5e-4
    write(tmp_path, "r.cfg.meta.yaml", "slacheck: 1\ntime: {sample_rate: 1 kHz}\nchannels: {a: {unit: kV}}\n")
    assert "'a' is in 'V' by the file, not in 'kV'; correct it, or say `override: true`" in refusal(path)


codes = st.integers(-32767, 32767)


@given(
    rows=st.lists(st.tuples(codes, codes), min_size=2, max_size=40),
    form=st.sampled_from(["ASCII", "BINARY", "BINARY32"]),
)
@settings(max_examples=40, deadline=None)
def test_comtrade_written_codes_come_back(tmp_path_factory, rows, form):
    path = record(tmp_path_factory.mktemp("comtrade"), rows, form=form)
    assert read(path, "a").tolist() == [0.5 * a + 1 for a, _ in rows]
    assert read(path, "b").tolist() == [2000.0 * b for _, b in rows]


@needs_data
@pytest.mark.parametrize("name", ["1999-pq-as-ascii.cff", "1999-pq-as-binary32.cff"])
def test_comtrade_cff_cut_anywhere_is_an_error(tmp_path, name):
    whole = (DATA / "epri-derived-encodings" / name).read_bytes()
    for cut in range(30):
        assert "error" in refusal(write(tmp_path, "a.cff", whole[: len(whole) * cut // 30]))
    for damaged in (
        whole + whole,
        whole + b"\x01",
        whole.replace(b"DAT", b"DXT"),
        whole.replace(b"file type: CFG", b"file type CFG"),
    ):
        assert "error" in refusal(write(tmp_path, "a.cff", damaged))
