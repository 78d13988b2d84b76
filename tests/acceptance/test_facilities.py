"""The three generated facilities against the profile: every verdict and every known value of truth.json."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORST_FIRST = ("ERROR", "FAIL", "INCONCLUSIVE", "PASS", "NOT_APPLICABLE")
FACILITIES = ("compliant", "noncompliant", "slow")


@pytest.fixture(scope="module", params=FACILITIES)
def facility(request, slacheck_command, tmp_path_factory):
    """Truth, exit code, results document and pack of one facility."""
    folder = ROOT / "fixtures" / request.param
    pack = tmp_path_factory.mktemp(request.param) / "evidence.zip"
    done = slacheck_command("check", folder / "facility.sla.yaml", "--format", "json", "-o", pack)
    assert done.stdout, done.stderr
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return truth, done.returncode, json.loads(done.stdout), pack


def findings_of(results, requirement):
    return [finding for finding in results["findings"] if finding["requirement"] == requirement]


def test_facility_exit_code_and_verdict_are_those_of_truth(facility):
    truth, exit_code, results, _ = facility
    assert exit_code == truth["exit_code"]
    assert results["verdict"] == truth["verdict"]


def test_facility_every_requirement_has_the_verdict_of_truth(facility):
    truth, _, results, _ = facility
    found = {}
    for finding in results["findings"]:
        verdicts = (found.get(finding["requirement"], "NOT_APPLICABLE"), finding["verdict"])
        found[finding["requirement"]] = min(verdicts, key=WORST_FIRST.index)
    assert found == {name: expected["verdict"] for name, expected in truth["requirements"].items()}


def test_facility_known_values_lie_inside_the_measured_interval(facility):
    truth, _, results, _ = facility
    outside = []
    for requirement, expected in truth["requirements"].items():
        checks = [check for finding in findings_of(results, requirement) for check in finding["checks"]]
        for name, value in expected["values"].items():
            worst = max(
                (c["measured"] for c in checks if c["name"] == name and c["measured"]["value"] is not None),
                key=lambda measured: measured["value"],
            )
            low, high = worst["interval"]
            if (low is not None and value < low) or (high is not None and value > high):
                outside.append(
                    f"{requirement} {name}: true {value}, measured {worst['value']}, interval {low} to {high}"
                )
    assert not outside, "\n".join(outside)


def test_facility_every_inconclusive_check_says_what_to_do(facility):
    _, _, results, _ = facility
    for finding in results["findings"]:
        for check in finding["checks"]:
            if check["verdict"] == "INCONCLUSIVE":
                assert check["reasons"], f"{finding['requirement']} {check['name']}"
                assert all(reason["code"] and reason["sentence"] for reason in check["reasons"])


def test_facility_pack_verifies_and_renders(facility, slacheck_command, tmp_path):
    *_, pack = facility
    verified = slacheck_command("verify", pack)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "intact; signer not checked" in verified.stdout
    for name in ("report.html", "report.pdf", "report.xml"):
        rendered = slacheck_command("report", pack, "-o", tmp_path / name)
        assert rendered.returncode == 0, rendered.stderr
        assert (tmp_path / name).stat().st_size > 1000


def test_facility_pack_is_the_same_bytes_twice(facility, slacheck_command, tmp_path):
    *_, pack = facility
    slacheck_command(
        "check",
        ROOT / "fixtures" / pack.parent.name.rstrip("0123456789") / "facility.sla.yaml",
        "--quiet",
        "-o",
        tmp_path / "again.zip",
    )
    assert (tmp_path / "again.zip").read_bytes() == Path(pack).read_bytes()
