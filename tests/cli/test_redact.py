"""`redact` as its user calls it: embedded captures go, verdicts stay, and a report still comes out."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def pack(facility, tmp_path, monkeypatch):
    facility.folder = tmp_path / "made"
    spec, capture = facility.spec("0.5 kW/s"), facility.capture()
    assert run("check", spec, capture, "-o", tmp_path / "out.zip", "--embed", "--quiet").exit_code == 1
    shutil.rmtree(facility.folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "out.zip"


def test_redact_leaves_no_sample_and_still_verifies(pack, tmp_path):
    result = run("redact", "out.zip", "-o", "red.zip", "--reason", "confidential")
    assert (result.exit_code, result.stdout) == (0, "")
    with zipfile.ZipFile("red.zip") as red:
        names, redaction = red.namelist(), red.read("redaction.json")
    assert not [name for name in names if name.startswith(("captures/", "traces/"))]
    assert "report.html" not in names
    withheld = json.loads(redaction)["withheld"]
    told = [f"withheld {name}, {entry['bytes']} bytes" for name, entry in withheld.items()]
    assert result.stderr.splitlines() == [*told, "wrote red.zip"]
    assert {name.split("/")[0] for name in withheld} == {"captures", "report.html", "traces"}
    verified = run("verify", "red.zip")
    assert verified.exit_code == 0
    assert verified.stdout.splitlines()[-1] == f"verified, {len(withheld)} members withheld; signer not checked"


def test_report_of_a_redacted_pack_says_what_was_withheld_and_has_no_plots(pack):
    run("redact", "out.zip", "-o", "red.zip", "--reason", "<script>alert(1)</script>\x1b[31m")
    assert run("report", "red.zip", "-o", "red.html").exit_code == 0
    assert run("report", "red.zip", "-o", "red.xml").exit_code == 0
    page = Path("red.html").read_text(encoding="utf-8")
    assert "traces/RAMP-1-0.parquet" in page
    assert "captures/run-1.csv" in page
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "RAMP-1" in page
    assert 'class="plot"' not in page


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("out.zip", "out.zip: error: this is an input, which would be overwritten\n  fix: write elsewhere\n"),
        ("red.tar", "red.tar: error: the name must end in .zip\n"),
    ],
)
def test_redact_output_that_cannot_be_is_refused(pack, output, message):
    before = pack.read_bytes()
    result = run("redact", "out.zip", "-o", output)
    assert (result.exit_code, result.stderr) == (2, message)
    assert pack.read_bytes() == before


def test_redact_pack_that_is_no_pack_exits_with_2(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    result = run("redact", "x.zip", "-o", "y.zip")
    assert result.exit_code == 2
    assert result.stderr == (
        "x.zip: error: this pack does not verify, so nothing in it is used: wrong: not an evidence pack: it does not "
        "begin with a member; is it a zip?; NOT INTACT: 1 problem\n  fix: ask for the pack as it was written\n"
    )
    assert not (tmp_path / "y.zip").exists()


def test_redact_signatures_stay_valid_and_new_ones_can_be_added(pack):
    for name in ("supplier", "buyer"):
        assert run("keygen", name).exit_code == 0
    assert run("sign", "out.zip", "--key", "supplier").exit_code == 0
    run("redact", "out.zip", "-o", "red.zip")
    verified = run("verify", "red.zip", "--key", "supplier.pub")
    assert (verified.exit_code, verified.stdout.splitlines()[-1]) == (
        0,
        "verified, 4 members withheld; signed by supplier.pub",
    )
    assert run("sign", "red.zip", "--key", "buyer").exit_code == 0
    verified = run("verify", "red.zip", "--key", "supplier.pub", "--key", "buyer.pub", "--require", "2")
    assert verified.stdout.splitlines()[-1] == "verified, 4 members withheld; signed by supplier.pub, buyer.pub"
