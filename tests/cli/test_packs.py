"""`verify` and `report`: packs in, and nothing but the pack needed."""

import hashlib
import json
import shutil
import xml.etree.ElementTree as ET
import zipfile

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def pack(facility, tmp_path):
    folder = tmp_path / "made"
    facility.folder = folder
    spec, capture = facility.spec("0.5 kW/s"), facility.capture()
    assert run("check", spec, capture, "-o", tmp_path / "out.zip", "--quiet").exit_code == 1
    shutil.rmtree(folder)
    return tmp_path / "out.zip"


def test_verify_intact_pack_exits_with_0_whatever_its_verdict(pack):
    result = run("verify", pack)
    assert result.exit_code == 0
    assert "intact; signer not checked" in result.stdout


def test_verify_any_flipped_bit_exits_with_1(pack):
    raw = pack.read_bytes()
    for place in range(0, len(raw), max(1, len(raw) // 40)):
        changed = bytearray(raw)
        changed[place] ^= 1
        pack.write_bytes(changed)
        assert run("verify", pack).exit_code == 1


def test_verify_truncated_pack_exits_with_1(pack):
    pack.write_bytes(pack.read_bytes()[:-7])
    result = run("verify", pack)
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_verify_json_is_only_the_document_and_names_signers_verdict_and_digests(pack, tmp_path):
    for name in ("supplier", "buyer"):
        assert run("keygen", tmp_path / name).exit_code == 0
        assert run("sign", pack, "--key", tmp_path / name).exit_code == 0
    result = run("verify", pack, "--key", tmp_path / "buyer.pub", "--format", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (found["schema"], found["verified"], found["verdict"]) == ("slacheck/verification/1", True, "FAIL")
    assert [(one["state"], one["file"]) for one in found["signatures"]] == [
        ("verified", str(tmp_path / "buyer.pub")),
        ("unchecked", None),
    ]
    content = zipfile.ZipFile(pack).read("results.json")
    assert found["sha256"]["results.json"] == hashlib.sha256(content).hexdigest()
    assert (found["withheld"], found["timestamps"], found["recomputed"]) == ([], [], None)
    assert found["lines"] == run("verify", pack, "--key", tmp_path / "buyer.pub").stdout.splitlines()


def test_verify_json_of_a_pack_that_is_wrong_says_nothing_of_its_verdict(pack):
    raw = bytearray(pack.read_bytes())
    raw[len(raw) // 2] ^= 1
    pack.write_bytes(raw)
    result = run("verify", pack, "--format", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["verified"], found["verdict"], found["sha256"]) == (False, None, {})
    assert found["lines"][-1] == "NOT INTACT: 1 problem"


def test_verify_json_holds_what_measuring_again_gave(tmp_path, facility):
    spec, capture = facility.spec(), facility.capture()
    assert run("check", spec, capture, "-o", tmp_path / "p.zip", "--quiet").exit_code == 0
    found = json.loads(run("verify", tmp_path / "p.zip", "--recompute", capture, "--format", "json").stdout)
    assert found["verified"]
    assert found["recomputed"] == {
        "confirmed": True,
        "identical": True,
        "lines": ["recomputed: results.json is the same, byte for byte", "confirmed by measuring again"],
    }


def test_verify_pack_that_cannot_be_opened_exits_with_2(tmp_path):
    result = run("verify", tmp_path / "gone.zip")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path}/gone.zip: error: ")


def test_report_html_is_rendered_from_the_pack_alone(pack, tmp_path):
    result = run("report", pack, "-o", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (result.exit_code, result.stderr) == (0, f"wrote {tmp_path}/report.html\n")
    assert "RAMP-1" in page
    assert "<svg" in page


def test_report_junit_is_that_of_the_pack(pack, tmp_path):
    assert run("report", pack, "-o", tmp_path / "report.xml").exit_code == 0
    with zipfile.ZipFile(pack) as opened:
        assert (tmp_path / "report.xml").read_bytes() == opened.read("junit.xml")
    assert ET.parse(tmp_path / "report.xml").getroot().find(".//failure") is not None


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("report.docx", "the name must end in .html or .json or .pdf or .xml"),
        ("report", "the name must end in .html or .json or .pdf or .xml"),
        ("gone/report.html", "there is no folder"),
    ],
)
def test_report_output_that_cannot_be_is_refused(pack, tmp_path, output, message):
    result = run("report", pack, "-o", tmp_path / output)
    assert result.exit_code == 2
    assert message in result.stderr


def test_report_of_an_altered_pack_is_refused(pack, tmp_path):
    raw = bytearray(pack.read_bytes())
    raw[len(raw) // 2] ^= 1
    pack.write_bytes(raw)
    result = run("report", pack, "-o", tmp_path / "report.html")
    assert result.exit_code == 2
    assert not (tmp_path / "report.html").exists()


def test_report_without_output_is_a_usage_error(pack):
    assert run("report", pack).exit_code == 2
