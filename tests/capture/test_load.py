"""Files with their sidecars: what each says, where they disagree, what the evidence keeps."""

import hashlib
import os
from datetime import UTC, date, datetime

import numpy as np
import pytest

from slacheck.capture.load import open_capture
from tests.capture.helpers import DATA, needs_data, refusal, times, values, write

CSV = "t [s],P,Q\n0,1,5\n0.5,2,6\n1,3,-9999\n"
FULL = """\
channels:
  P:
    {unit: kW, quantity: active_power, bandwidth: 5 kHz, averaging: 10 ms, clip: [-60 MW, 60 MW], scale: 2, offset: -1,
     accuracy: {reading: 0.2 %, range: 0.05 %, full_scale: 60 MW, coverage_factor: 2}}
  Q: {invalid: [-9999]}
time: {channel: t, unit: s, start: 2026-11-20T08:00:00Z, uncertainty: 1 us}
instrument: {model: R9, serial: "007", calibrated: 2026-03-01, calibration_due: 2027-03-01, owner: lab}
anti_alias: true
"""


def test_sidecar_says_what_the_file_cannot(tmp_path):
    with open_capture(write(tmp_path, "a.csv", CSV, FULL), id="runs/a.csv") as capture:
        p = capture.channels["P"]
        assert values(capture, "P") == [1000.0, 3000.0, 5000.0]
        assert values(capture, "Q") == [5.0, 6.0, None]
        assert (p.unit, p.base, p.quantity, p.bandwidth, p.averaging) == ("kW", "W", "active_power", 5e3, 0.01)
        assert p.clip == (-60e6, 60e6)
        a = p.accuracy
        assert (a.reading, a.range, a.full_scale, a.coverage_factor, a.source) == (0.002, 0.0005, 60e6, 2.0, "capture")
        assert (capture.id, capture.anti_alias, capture.clock.uncertainty) == ("runs/a.csv", True, 1e-6)
        assert (capture.start, capture.calibration_due) == (datetime(2026, 11, 20, 8, tzinfo=UTC), date(2027, 3, 1))
        assert capture.instrument == {
            "model": "R9",
            "serial": "007",
            "calibrated": "2026-03-01",
            "calibration_due": "2027-03-01",
            "owner": "lab",
        }


def test_files_are_recorded_with_the_digests_of_their_bytes(tmp_path):
    path = write(tmp_path, "a.csv", CSV, FULL)
    with open_capture(path) as capture:
        found = {file.role: (file.name, file.sha256, file.bytes) for file in capture.files}
    for role, file in (("data", path), ("sidecar", tmp_path / "a.csv.meta.yaml")):
        raw = file.read_bytes()
        assert found[role] == (file.name, hashlib.sha256(raw).hexdigest(), len(raw))


WRONG = {
    "unknown channel": (
        "channels: {PP: {unit: kW}}\n",
        "a.csv.meta.yaml:2:12: error: the file has no channel 'PP'\n  2 | channels: {PP: {unit: kW}}\n"
        "                 ^~\n  fix: did you mean 'P'?",
    ),
    "time as a channel": ("channels: {t: {unit: s}}\n", "'t' is the time column; describe it under `time:`"),
    "unknown time column": (
        "time: {channel: tt, unit: s}\n",
        "a.csv.meta.yaml:2:17: error: the file has no column 'tt'",
    ),
    "unit of time": ("time: {unit: ms}\n", "the time is in 's' by the file, not in 'ms'"),
    "no unit of time": ("time: {unit: kW}\n", "'kW' is not a unit of time"),
    "rate of the stamps": (
        "time: {sample_rate: 3 Hz}\n",
        "a.csv.meta.yaml:2:21: error: the time stamps contradict this: they advance at 2 Hz on average",
    ),
    "unknown key": ("chanels: {}\n", "a.csv.meta.yaml:2:1: error: "),
    "unknown unit": ("channels: {P: {unit: kw}}\n", "unknown unit 'kw'; did you mean 'kW'?"),
    "unit and quantity": (
        "channels: {P: {unit: kW, quantity: voltage}}\n",
        "does not fit the quantity voltage; expected V",
    ),
    "clip in another unit": (
        "channels: {P: {unit: kW, clip: [0 V, 1 V]}}\n",
        "the channel is in 'kW'; write this level in the same unit",
    ),
    "clip without a unit": (
        "channels: {P: {clip: [0 V, 1 V]}}\n",
        "the channel has no unit; write this level in the same unit",
    ),
    "clip upside down": ("channels: {P: {unit: V, clip: [1 V, 0 V]}}\n", "clip is [lowest, highest]"),
    "range without full scale": ("channels: {P: {unit: V, accuracy: {range: 1 %}}}\n", "give full_scale too"),
    "nothing of an accuracy": (
        "channels: {P: {accuracy: {coverage_factor: 2}}}\n",
        "an accuracy needs reading, range or both",
    ),
    "negative accuracy": ("channels: {P: {accuracy: {reading: -1 %}}}\n", "an accuracy is not negative"),
    "negative averaging": ("channels: {P: {averaging: -1 s}}\n", "averaging is not negative"),
    "scale of zero": ("channels: {P: {scale: 0}}\n", "a scale of zero makes every value the same"),
    "start without a zone": ("time: {start: 2026-11-20T08:00:00}\n", "expected a time with a zone"),
    "bare number": ("time: {sample_rate: 2}\n", "has no unit"),
    "other version": ("", None),
}


@pytest.mark.parametrize(("sidecar", "message"), WRONG.values(), ids=WRONG.keys())
def test_sidecar_that_is_wrong_is_an_error_at_its_position(tmp_path, sidecar, message):
    path = write(tmp_path, "a.csv", CSV, sidecar)
    if message is None:
        write(tmp_path, "a.csv.meta.yaml", "slacheck: 2\n")
        message = "a.csv.meta.yaml:1:11: error: expected 1, the version of the language, got '2'"
    assert message in refusal(path)


def test_sidecar_several_faults_come_at_once_in_order(tmp_path):
    sidecar = "channels:\n  PP: {unit: kW}\n  P: {clip: [0 V, 1 V]}\ntime: {unit: ms}\n"
    message = refusal(write(tmp_path, "a.csv", CSV, sidecar))
    assert [line.split(": error")[0] for line in message.splitlines() if "error" in line] == [
        f"a.csv.meta.yaml:{place}" for place in ("3:3", "4:14", "4:19", "5:14")
    ]


def test_override_believes_the_sidecar(tmp_path):
    sidecar = "channels: {P: {unit: V}}\ntime: {unit: ms}\noverride: true\n"
    with open_capture(write(tmp_path, "a.csv", CSV.replace("P,", "P [kW],"), sidecar)) as capture:
        assert times(capture) == [0.0, 5e-4, 1e-3]
        assert values(capture, "P") == [1.0, 2.0, 3.0]


def test_stated_rate_mends_stamps_rounded_to_milliseconds(tmp_path):
    rows = "".join(f"{round(k / 2000, 3)},{k}\n" for k in range(1000))
    path = write(tmp_path, "a.csv", "t [s],P\n" + rows)
    with open_capture(path) as capture:
        assert "duplicate time stamps" in capture.clock.fault
    write(tmp_path, "a.csv.meta.yaml", "slacheck: 1\ntime: {sample_rate: 2 kHz}\n")
    with open_capture(path) as capture:
        assert (capture.clock.interval, capture.clock.fault) == (5e-4, None)
        assert "the time stamps are not used: the sidecar states 2000 Hz" in capture.notes


def test_stated_rate_does_not_need_the_unit_of_the_stamps(tmp_path):
    with open_capture(write(tmp_path, "a.csv", "t,P\n0,1\n1,2\n", "time: {sample_rate: 4 Hz}\n")) as capture:
        assert times(capture) == [0.0, 0.25]
        assert "the time column 't' has no unit and is not used" in capture.notes


def test_start_of_the_sidecar_must_agree_with_the_stamps(tmp_path):
    text = "time,P\n2026-11-20T08:00:00Z,1\n2026-11-20T08:00:01Z,2\n"
    path = write(tmp_path, "a.csv", text, "time: {start: 2026-11-20T09:00:00+01:00}\n")
    with open_capture(path) as capture:
        assert capture.start == datetime(2026, 11, 20, 8, tzinfo=UTC)
    write(tmp_path, "a.csv.meta.yaml", "slacheck: 1\ntime: {start: 2026-11-20T09:00:00Z}\n")
    assert "the file starts at 2026-11-20T08:00:00+00:00" in refusal(path)
    write(tmp_path, "a.csv.meta.yaml", "slacheck: 1\ntime: {unit: s}\n")
    assert "the time stamps are dates and times, which have no unit" in refusal(path)


def test_what_is_not_a_regular_file_is_refused(tmp_path):
    (tmp_path / "d.csv").mkdir()
    os.mkfifo(tmp_path / "p.csv")
    assert refusal(tmp_path / "d.csv") == "d.csv: error: this is not a regular file"
    assert refusal(tmp_path / "p.csv") == "p.csv: error: this is not a regular file"
    assert refusal(tmp_path / "none.csv") == "none.csv: error: cannot be read: No such file or directory"


def test_format_is_known_by_name_else_by_content_else_not(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    path = write(tmp_path, "a.bin", (tmp_path / "a.npy").read_bytes(), "time: {sample_rate: 1 Hz}\n")
    with open_capture(path) as capture:
        assert values(capture, "x") == [0.0, 0.0, 0.0]
    assert refusal(write(tmp_path, "a.wav", b"RIFF")).startswith(
        "a.wav: error: the format of 'a.wav' is not known by its name or its first bytes\n"
        "  fix: formats that are read: "
    )


def test_opening_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "scratch").mkdir()
    with open_capture(write(tmp_path, "a.csv", CSV)) as capture:
        assert list((tmp_path / "scratch").iterdir()) == []
        assert values(capture, "P") == [1.0, 2.0, 3.0]
    monkeypatch.setattr("tempfile.tempdir", None)


# ---------------------------------------------------------------- shared recordings


def linked(folder, name, sidecar):
    path = folder / name.rpartition("/")[2]
    path.symlink_to(DATA / name)
    path.with_name(path.name + ".meta.yaml").write_text("slacheck: 1\n" + sidecar)
    return path


@needs_data
@pytest.mark.parametrize(
    ("name", "rows", "seconds"),
    [("a100_load_step", 67051, 14.0), ("rtx3090_load_step", 66852, 14.0), ("rtx3090_square_load", 47940, 10.0)],
)
def test_gpu_recordings_are_uneven_without_gaps(tmp_path, name, rows, seconds):
    path = linked(tmp_path, f"gpu-pmd/{name}.csv", "time: {channel: time_s, unit: s}\nchannels: {power_W: {unit: W}}\n")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    with open_capture(path) as capture:
        clock = capture.clock
        assert clock.count == rows
        assert clock.times[-1] == pytest.approx(seconds, abs=0.05)
        assert (len(clock.segments), clock.fault) == (1, None)
        assert clock.interval == pytest.approx(205e-6, abs=1e-6)
        np.testing.assert_array_equal(clock.times, table[:, 0])
        assert capture.channels["power_W"].read(0, rows).tobytes() == np.ascontiguousarray(table[:, 1]).tobytes()


@needs_data
def test_gpu_own_meter_reads_units_in_names_and_leaves_text_out(tmp_path):
    with open_capture(DATA / "gpu-pmd" / "a100_load_step.nvidia_smi.csv") as capture:
        assert (capture.channels["power.draw"].unit, capture.channels["utilization.gpu"].unit) == ("W", "%")
        assert "columns that do not hold numbers only, left out: pstate (line 2)" in capture.notes
        assert capture.clock.times[1] == pytest.approx(0.015, abs=1e-12)


@needs_data
def test_iberia_time_stands_last_without_a_zone(tmp_path):
    with open_capture(DATA / "iberia-2025-04-28" / "toledo_data.csv") as capture:
        assert (capture.clock.count, capture.clock.interval, capture.clock.times) == (3600, 2.0, None)
        assert capture.start is None
        frequency = capture.channels["AnalyzerL1Frequency"].read(0, 3600)
        assert (frequency[0], frequency[-1], np.count_nonzero(np.isnan(frequency))) == (50.016, 40.0, 10)


@needs_data
def test_pqopen_milliseconds_since_the_epoch_need_the_sidecar(tmp_path):
    path = linked(tmp_path, "pqopen-dip/event_data_level_low.csv", "time: {channel: Time, unit: ms}\n")
    with open_capture(path) as capture:
        assert capture.clock.count == 267
        assert capture.clock.interval == pytest.approx(0.02, rel=1e-3)
        assert times(capture)[-1] == pytest.approx(5.4, abs=0.01)
        assert values(capture, "U1_1p_rms")[0] == 230.68548583984375


@needs_data
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("Llama-3.1-405B_num_gpus_8_max_num_seqs_32", 4734),
        ("Llama-3.1-70B_num_gpus_4_max_num_seqs_8", 7556),
        ("Qwen3-30B-A3B_num_gpus_2_max_num_seqs_8", 18693),
    ],
)
def test_h100_traces_are_even_at_a_tenth_of_a_second(tmp_path, name, rows):
    path = linked(tmp_path, f"openg2g-h100-inference/{name}.csv", "time: {channel: relative_time_s, unit: s}\n")
    with open_capture(path) as capture:
        assert (capture.clock.count, capture.clock.interval, capture.clock.times) == (rows, 0.1, None)
