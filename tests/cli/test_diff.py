"""`diff` as its user calls it: two specs, two packs, and what cannot be compared."""

import json
import os
import shutil
import sys

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def made(facility, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facility.spec("1.5 kW/s", name="a.yaml")
    return facility


def test_diff_specs_says_what_was_tightened_and_exits_with_1(made):
    text = made.spec("1.2 kW/s", name="b.yaml").read_text(encoding="utf-8")
    made.write("b.yaml", text.replace('version: "1.0"', 'version: "1.1"').replace("0.1 %", "0.2 %"))
    result = run("diff", "a.yaml", "b.yaml")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == (
        "a.yaml -> b.yaml: 3 differences in meaning, and 1 in words only\n"
        "\n"
        "signal power\n"
        "  accuracy.reading: 0.1 % -> 0.2 % (RAMP-1 rests on it)\n"
        "\n"
        "RAMP-1\n"
        "  limit tightened by 20 %: limits.up.max 1.5 kW/s -> 1.2 kW/s\n"
        "  limit tightened by 20 %: limits.down.max 1.5 kW/s -> 1.2 kW/s\n"
        "\n"
        "words only\n"
        "  spec\n"
        "    version: 1.0 -> 1.1\n"
    )


def test_diff_specs_of_one_meaning_exits_with_0(made):
    made.spec("1500 W/s", name="b.yaml")
    result = run("diff", "a.yaml", "b.yaml")
    assert (result.exit_code, result.stdout) == (0, "a.yaml -> b.yaml: no difference\n")
    text = made.spec("1.5 kW/s", name="b.yaml").read_text(encoding="utf-8")
    made.write("b.yaml", text.replace("One run", "Another run"))
    result = run("diff", "a.yaml", "b.yaml")
    assert result.exit_code == 0
    assert result.stdout.startswith("a.yaml -> b.yaml: no difference in meaning, 1 in words\n\nwords only\n")


def test_diff_specs_as_data(made):
    made.spec("3 kW/s", name="b.yaml")
    result = run("diff", "a.yaml", "b.yaml", "--format", "json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["same_meaning"], document["schema"]) == (1, False, "slacheck/difference/1")
    assert document["differences"][0] == {
        "part": "RAMP-1",
        "category": "limit",
        "key": "limits.up.max",
        "old": "1.5 kW/s",
        "new": "3 kW/s",
        "effect": "loosened",
        "percent": 100.0,
        "affects": [],
        "sentence": "limit loosened by 100 %: limits.up.max 1.5 kW/s -> 3 kW/s",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode here")
def test_diff_names_that_are_not_unicode_are_made_visible(made):
    name = os.fsdecode(b"b\xff\x1b.yaml")
    shutil.copy("a.yaml", name)
    assert run("diff", "a.yaml", name).stdout == "a.yaml -> b\\udcff\\x1b.yaml: no difference\n"
    document = json.loads(run("diff", "a.yaml", name, "--format", "json").stdout)
    assert document["new"]["file"] == "b\\udcff\\x1b.yaml"


def test_diff_spec_that_is_wrong_exits_with_2(made):
    made.write("b.yaml", "slacheck: 1\nid: x\n")
    result = run("diff", "a.yaml", "b.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("b.yaml:1:1: error: ")


def test_diff_packs_names_findings_captures_and_spec(made):
    made.capture()
    run("check", "a.yaml", "run-1.csv", "-o", "a.zip", "-q")
    made.write("run-1.csv", "t [s],P\n" + "".join(f"{k / 100:.2f},{10 + k / 50:.4f}\n" for k in range(1000)))
    made.spec("1.8 kW/s", name="b.yaml")
    run("check", "b.yaml", "run-1.csv", "-o", "b.zip", "-q")
    result = run("diff", "a.zip", "b.zip")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == (
        "a.zip -> b.zip: not the same\n"
        "verdict: PASS -> FAIL\n"
        "\n"
        "findings\n"
        "  RAMP-1 up, on run-1.csv: PASS -> FAIL; 1.0000 ± 0.0012 kW/s ->\n"
        "    2.0000 ± 0.0023 kW/s, not compared: the limit is not the same\n"
        "\n"
        "captures\n"
        "  run-1.csv: other digests of run-1.csv\n"
        "\n"
        "spec\n"
        "  RAMP-1\n"
        "    limit loosened by 20 %: limits.up.max 1.5 kW/s -> 1.8 kW/s\n"
        "    limit loosened by 20 %: limits.down.max 1.5 kW/s -> 1.8 kW/s\n"
    )


def test_diff_packs_of_one_run_is_nothing_even_if_one_is_redacted(made):
    made.capture()
    run("check", "a.yaml", "run-1.csv", "-o", "a.zip", "-q")
    run("redact", "a.zip", "-o", "r.zip")
    result = run("diff", "a.zip", "r.zip")
    assert (result.exit_code, result.stdout) == (
        0,
        "a.zip -> r.zip: nothing that was asked, recorded or found differs\n",
    )
    document = json.loads(run("diff", "a.zip", "r.zip", "--format", "json").stdout)
    assert document["same_meaning"] is True
    assert (document["findings"], document["captures"], document["differences"]) == ([], [], [])


def test_diff_packs_capture_under_another_name_is_renamed(made):
    made.capture()
    run("check", "a.yaml", "run-1.csv", "-o", "a.zip", "-q")
    for ending in ("", ".meta.yaml"):
        (made.folder / f"run-1.csv{ending}").rename(made.folder / f"night.csv{ending}")
    run("check", "a.yaml", "night.csv", "-o", "b.zip", "-q")
    result = run("diff", "a.zip", "b.zip")
    assert result.stdout == (
        "a.zip -> b.zip: nothing that was asked, recorded or found differs\n"
        "\n"
        "captures\n"
        "  run-1.csv -> night.csv: renamed, with the same digests\n"
    )
    assert result.exit_code == 0


def test_diff_pack_and_spec_are_not_compared(made):
    made.capture()
    run("check", "a.yaml", "run-1.csv", "-o", "a.zip", "-q")
    result = run("diff", "a.yaml", "a.zip")
    assert (result.exit_code, result.stderr) == (
        2,
        "a.zip: error: this is a pack, and 'a.yaml' is not\n  fix: compare two packs, or two specs\n",
    )


def test_diff_pack_that_does_not_verify_is_refused(made):
    made.capture()
    run("check", "a.yaml", "run-1.csv", "-o", "a.zip", "-q")
    (made.folder / "b.zip").write_bytes((made.folder / "a.zip").read_bytes()[:-1])
    result = run("diff", "a.zip", "b.zip")
    assert result.exit_code == 2
    assert result.stderr.startswith("b.zip: error: this pack does not verify, so nothing in it is used: wrong: ")
