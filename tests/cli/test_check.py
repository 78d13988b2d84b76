"""`slacheck check`: exit codes, what goes where, and every way of calling it wrongly."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def ready(facility):
    facility.spec()
    facility.capture()
    return facility


@pytest.mark.parametrize(
    ("limit", "seconds", "code", "verdict"),
    [("5 kW/s", 10, 0, "PASS"), ("0.5 kW/s", 10, 1, "FAIL"), ("5 kW/s", 0.5, 3, "INCONCLUSIVE")],
    ids=["pass", "fail", "too short"],
)
def test_check_verdict_gives_the_exit_code(facility, limit, seconds, code, verdict):
    result = run("check", facility.spec(limit), facility.capture(seconds=seconds), "--format", "json")
    assert json.loads(result.stdout)["verdict"] == verdict
    assert result.exit_code == code


def test_check_error_of_a_kind_is_exit_code_4(ready, monkeypatch):
    from slacheck.measure import ramp

    for name in dir(ramp):
        if isinstance(getattr(ramp, name), type):
            monkeypatch.setattr(ramp, name, None)
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv", "--format", "json")
    assert json.loads(result.stdout)["verdict"] == "ERROR"
    assert result.exit_code == 4


def test_check_text_shows_verdict_requirement_and_numbers_within_80_columns(ready):
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv")
    assert "PASS" in result.stdout
    assert "RAMP-1" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


def test_check_quiet_prints_one_line(ready):
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv", "--quiet")
    assert (result.stdout, result.stderr) == ("tiny: PASS\n", "")


def test_check_json_is_only_the_results_document_and_equals_the_packs(ready):
    pack = ready.folder / "out.zip"
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv", "--format", "json", "-o", pack)
    assert result.stdout.endswith("}\n")
    with zipfile.ZipFile(pack) as opened:
        assert opened.read("results.json").rstrip() == result.stdout_bytes.rstrip()
    assert result.stderr == f"wrote {pack}\n"


def test_check_submission_needs_no_other_argument(ready):
    result = run("check", ready.submission(), "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["submission"]["id"] == "vendor-a"
    assert [c["id"] for c in document["captures"]] == ["run-1.csv"]
    assert document["captures"][0]["test"] == "run"


def test_check_submission_records_claims_and_waivers_without_judging(facility):
    facility.spec("0.5 kW/s")
    facility.capture()
    path = facility.submission(
        more="claims: [{requirement: RAMP-1, check: up, value: 0.4 kW/s}]\n"
        "waivers: [{requirement: RAMP-1, reason: known, by: buyer, expires: 2027-01-31}]\n"
    )
    result = run("check", path, "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["claims"] == [
        {
            "requirement": "RAMP-1",
            "check": "up",
            "value": "0.4 kW/s",
            "claimed": 400.0,
            "outcome": "disagrees",
            "capture": "run-1.csv",
            "event": None,
            "sentence": "0.4 kW/s is claimed; measured 1 kW/s (0.998845 to 1.00115) on run-1.csv. What was measured is "
            "worse than the claim.",
        }
    ]
    assert document["waivers"][0]["expired"] is False


def test_check_waiver_without_a_date_to_compare_is_bad_input(ready, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    (ready.folder / "run-1.csv.meta.yaml").write_text("slacheck: 1\nchannels: {P: {unit: kW}}\nanti_alias: true\n")
    path = ready.submission(more="waivers: [{requirement: RAMP-1, reason: r, by: b, expires: 2027-01-31}]\n")
    assert run("check", path).exit_code == 2
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    document = json.loads(run("check", path, "--format", "json").stdout)
    assert document["waivers"][0]["expired"] is False
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1900000000")
    document = json.loads(run("check", path, "--format", "json").stdout)
    assert document["waivers"][0]["expired"] is True


def test_check_map_names_the_channel(facility):
    spec, capture = facility.spec(), facility.capture(channel="P_load")
    assert run("check", spec, capture).exit_code == 3
    assert run("check", spec, capture, "--map", "power=P_load").exit_code == 0


def test_check_test_is_written_down(ready):
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv", "--test", "run", "--format", "json")
    assert json.loads(result.stdout)["captures"][0]["test"] == "run"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["run-1.csv", "run-1.csv"], "run-1.csv: error: this capture is given twice; one recording counts once\n"),
        (["./run-1.csv", "../{here}/run-1.csv"], "one recording counts once"),
        (["."], ".: error: this is a folder, not a capture\n  fix: name the files in it\n"),
        (["gone.csv"], "gone.csv: error: there is no such capture\n"),
        ([], "slacheck: error: no captures are given; name the recordings after the spec\n"),
        (
            ["run-1.csv", "--map", "pover=P"],
            "--map: error: the spec has no signal 'pover'\n  fix: did you mean 'power'?\n",
        ),
        (["run-1.csv", "--map", "power=Q"], "which is not in the capture"),
        (["run-1.csv", "--map", "power"], "'power' is not SIGNAL=CHANNEL"),
        (["run-1.csv", "--map", "power=P", "--map", "power=Q"], "the signal 'power' is mapped twice"),
        (["run-1.csv", "--test", "rum"], "--test: error: the spec has no test 'rum'\n  fix: did you mean 'run'?\n"),
        (
            ["run-1.csv", "-o", "gone/out.zip"],
            "gone/out.zip: error: there is no folder 'gone'\n  fix: make it, or write elsewhere\n",
        ),
        (["run-1.csv", "-o", "folder.zip"], "folder.zip: error: this is a folder\n  fix: name a file in it\n"),
        (["run-1.csv", "-o", "run-1.csv"], "run-1.csv: error: the name must end in .zip\n"),
        (
            ["in.zip", "-o", "in.zip"],
            "in.zip: error: this is an input, which would be overwritten\n  fix: write elsewhere\n",
        ),
        (["run-1.csv", "--embed"], "--embed puts captures into a pack; name it with -o PACK.zip"),
        (["run-1.csv", "--jobs", "0"], "0 is not in the range"),
        (["run-1.csv", "--scheduler", "x"], "'x' is no address; expected local, tcp://127.0.0.1:PORT"),
    ],
)
def test_check_called_wrongly_says_why_and_exits_with_2(ready, monkeypatch, args, message):
    monkeypatch.chdir(ready.folder)
    ready.write("in.zip", "x")
    (ready.folder / "folder.zip").mkdir()
    before = sorted(ready.folder.rglob("*"))
    result = run("check", "tiny.yaml", *[arg.format(here=ready.folder.name) for arg in args])
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert sorted(ready.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["run-1.csv"], "a submission names its captures itself; give no others"),
        (["--map", "power=P"], "give neither"),
        (["--test", "run"], "give neither"),
    ],
)
def test_check_submission_with_more_arguments_is_refused(ready, monkeypatch, args, message):
    monkeypatch.chdir(ready.folder)
    result = run("check", ready.submission(), *args)
    assert result.exit_code == 2
    assert message in result.stderr


def test_check_faulty_documents_are_shown_without_a_traceback(ready):
    for text in ("", "a: b: c", "slacheck: 1\nid: x\n", "\x00"):
        result = run("check", ready.write("bad.yaml", text), ready.folder / "run-1.csv")
        assert result.exit_code == 2
        assert "bad.yaml" in result.stderr
        assert "Traceback" not in result.stderr


def test_check_same_inputs_give_the_same_pack_wherever_they_lie(ready, tmp_path_factory):
    packs = []
    for folder in (tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")):
        for path in ready.folder.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        assert (
            run("check", folder / "tiny.yaml", folder / "run-1.csv", "-o", folder / "o.zip", "--embed").exit_code == 0
        )
        packs.append((folder / "o.zip").read_bytes())
    assert packs[0] == packs[1]


def test_check_embed_puts_capture_and_sidecar_into_the_pack(ready):
    pack = ready.folder / "out.zip"
    ready.capture("runs/run-2.csv")
    run(
        "check",
        ready.folder / "tiny.yaml",
        ready.folder / "run-1.csv",
        ready.folder / "runs/run-2.csv",
        "-o",
        pack,
        "--embed",
    )
    with zipfile.ZipFile(pack) as opened:
        names = [name for name in opened.namelist() if name.startswith("captures/")]
        assert opened.read("captures/run-1.csv") == (ready.folder / "run-1.csv").read_bytes()
    assert sorted(names) == [
        "captures/run-1.csv",
        "captures/run-1.csv.meta.yaml",
        "captures/runs/run-2.csv",
        "captures/runs/run-2.csv.meta.yaml",
    ]
    assert run("verify", pack).exit_code == 0


def test_check_interrupted_while_writing_leaves_nothing(ready, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    before = sorted(ready.folder.rglob("*"))
    monkeypatch.setattr(os, "fsync", interrupted)
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv", "-o", ready.folder / "out.zip")
    assert result.exit_code == 130
    assert sorted(ready.folder.rglob("*")) == before


def test_check_bug_is_told_with_its_traceback(ready, monkeypatch):
    from slacheck import run as pipeline

    monkeypatch.setattr(pipeline, "check", None)
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv")
    assert result.exit_code == 4
    assert result.stderr.startswith("This is a bug in slacheck 0.1.0; please report it with what follows.\nTraceback")


def test_check_both_files_of_one_comtrade_recording_are_refused(ready):
    ready.write(
        "e.cfg",
        "S,1,1999\n1,1A,0D\n1,P,,,kW,1,0,0,-99999,99999,1,1,P\n50\n1\n10,4\n"
        "20/11/2026,08:00:00.000000\n20/11/2026,08:00:00.000000\nASCII\n1\n",
    )
    ready.write("e.dat", "1,0,10\n2,100000,11\n3,200000,12\n4,300000,13\n")
    result = run("check", ready.folder / "tiny.yaml", ready.folder / "e.cfg", ready.folder / "e.dat")
    assert result.exit_code == 2
    assert "e.dat: error: this is the same recording as e.cfg" in result.stderr


# ---------------------------------------------------------------- real processes


def command(*args, **more):
    code = "from slacheck.cli.main import main; main()"
    return [sys.executable, "-c", code, *map(str, args)]


def test_check_reader_that_goes_away_is_quiet(ready):
    args = command("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv", "--format", "json")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(args, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 141


def test_check_full_disk_is_told_and_is_no_verdict(ready):
    with Path("/dev/full").open("wb") as full:
        args = command("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv")
        done = subprocess.run(args, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b"slacheck: error: No space left on device\n"
    assert done.returncode == 2


def test_check_output_in_another_locale_is_the_same(ready):
    args = command("check", ready.folder / "tiny.yaml", ready.folder / "run-1.csv", "--format", "json")
    ascii_only = os.environ | {
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    outputs = [
        subprocess.run(args, env=env, capture_output=True, check=True).stdout for env in (os.environ, ascii_only)
    ]
    assert outputs[0] == outputs[1]


def test_check_interrupt_by_signal_ends_with_130(ready):
    code = (
        "import os, signal; from slacheck import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell ignores it for jobs in the background
        "run.check = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT)\n"
        "from slacheck.cli.main import main; main()"
    )
    args = [sys.executable, "-c", code, "check", str(ready.folder / "tiny.yaml"), str(ready.folder / "run-1.csv")]
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_check_jobs_do_not_change_a_byte(facility):
    facility.spec(more=SECOND_CLAUSE)
    names = [f"run-{number}.csv" for number in range(4)]
    captures = [facility.capture(name, seconds=2 + number) for number, name in enumerate(names)]
    packs = [facility.folder / f"{jobs}.zip" for jobs in (1, 2, 7)]
    for pack in packs:
        result = run("check", facility.folder / "tiny.yaml", *captures, "-o", pack, "--jobs", pack.stem)
        assert result.exit_code == 0, result.output
    assert len({pack.read_bytes() for pack in packs}) == 1


def test_check_jobs_with_several_faulty_captures_names_the_first(facility):
    facility.spec()
    captures = [facility.write(f"{number}.csv", "t [s],P\n0,x\n") for number in range(3)]
    said = {run("check", facility.folder / "tiny.yaml", *captures, "--jobs", jobs).stderr for jobs in (1, 3)}
    assert len(said) == 1
    assert "0.csv" in said.pop()


SECOND_CLAUSE = """\
  - {id: RANGE-1, kind: dynamic_range, signal: power, window: 1 s, limits: {peak_to_peak: {max: 5 kW}}}
"""


def test_check_of_a_url_gives_the_verdict_and_names_the_path_below_the_host(facility, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setenv("SLACHECK_CACHE", str(facility.folder / "cache"))
    facility.spec()
    store = fsspec.filesystem("memory")
    for path in (facility.capture(), facility.folder / "run-1.csv.meta.yaml"):
        store.pipe(f"/lab/hall/{path.name}", path.read_bytes())
    pack = facility.folder / "p.zip"
    result = run("check", facility.folder / "tiny.yaml", "memory://lab/hall/run-1.csv", "-o", pack, "--embed")
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(pack) as members:
        found = {name: members.read(name) for name in members.namelist()}
    assert json.loads(found["results.json"])["captures"][0]["id"] == "hall/run-1.csv"
    assert found["captures/hall/run-1.csv"] == (facility.folder / "run-1.csv").read_bytes()
    assert str(facility.folder).encode() not in b"".join(found.values())
