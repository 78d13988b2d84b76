"""`compare` as its user calls it: suppliers that differ, specs that differ, packs that are no evidence."""

import csv
import json

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main

STEEP = "t [s],P\n" + "".join(f"{k / 100:.2f},{10 + k / 50:.4f}\n" for k in range(1000))


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def made(facility, tmp_path, monkeypatch):
    """Packs of two suppliers: `a.zip` ramps by 1 kW/s, `b.zip` by 2 kW/s; and `tight.zip`, a against another limit."""
    monkeypatch.chdir(tmp_path)
    facility.capture()
    facility.spec("1.5 kW/s")
    facility.submission()
    run("check", "a.sla.yaml", "-o", "a.zip", "-q")
    facility.spec("0.5 kW/s", name="other.yaml")
    run("check", "other.yaml", "run-1.csv", "-o", "tight.zip", "-q")
    facility.capture("run-2.csv")
    facility.write("run-2.csv", STEEP)
    facility.submission(captures="[{test: run, file: run-2.csv}]", name="b.sla.yaml")
    run("check", "b.sla.yaml", "-o", "b.zip", "-q")
    return tmp_path


def test_compare_suppliers_names_who_fails_and_where_they_differ(made):
    result = run("compare", "a.zip", "b.zip")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(
        "2 packs, all of the spec tiny 1.0\n"
        "\n"
        "A PASS Example, vendor-a (a.zip)\n"
        "   1 PASS\n"
        "   decided by RAMP-1 up +33.3 %\n"
        "\n"
        "B FAIL Example, vendor-a (b.zip)\n"
        "   1 FAIL\n"
        "   decided by RAMP-1 up -33.3 %\n"
        "\n"
        "worst overall: B\n"
        "\n"
        "RAMP-1 7.1\n"
        "  A PASS, B FAIL; worst: B\n"
        "  up, max 1.5 kW/s: differ beyond uncertainty by 1 kW/s (U 0.0026 kW/s)\n"
    )


def test_compare_another_limit_is_named_and_not_compared(made):
    result = run("compare", "a.zip", "tight.zip")
    assert result.exit_code == 0
    assert "2 packs of different specs, matched by requirement id" in result.stdout
    assert "  up: not compared: the limit is not the same\n" in result.stdout
    assert "max 1.5 kW/s" in result.stdout
    assert "max 0.5 kW/s" in result.stdout
    assert "note: A, B rest on one recording" in result.stdout


def test_compare_order_is_the_order_given(made):
    packs = json.loads(run("compare", "b.zip", "a.zip", "--format", "json").stdout)["packs"]
    assert [(pack["pack"], pack["file"], pack["verdict"]) for pack in packs] == [
        ("A", "b.zip", "FAIL"),
        ("B", "a.zip", "PASS"),
    ]


def test_compare_writes_page_and_table(made):
    assert run("compare", "a.zip", "b.zip", "-o", "c.html").stderr == "wrote c.html\n"
    assert run("compare", "a.zip", "b.zip", "-o", "c.csv").stdout == ""
    assert "2 evidence packs side by side" in (made / "c.html").read_text(encoding="utf-8")
    rows = list(csv.DictReader((made / "c.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["check"], row["pack"], row["differs_beyond_uncertainty_from"]) for row in rows] == [
        ("up", "A", "B"),
        ("up", "B", "A"),
        ("down", "A", ""),
        ("down", "B", ""),
    ]


def test_compare_takes_redacted_packs(made):
    run("redact", "b.zip", "-o", "r.zip")
    whole, redacted = (run("compare", "a.zip", name) for name in ("b.zip", "r.zip"))
    assert redacted.exit_code == 0
    assert "members withheld" in redacted.stdout
    numbers = [line for line in whole.stdout.splitlines() if line.startswith("    ")]
    assert numbers == [line for line in redacted.stdout.splitlines() if line.startswith("    ")]


def test_compare_pack_that_does_not_verify_is_named(made):
    raw = bytearray((made / "b.zip").read_bytes())
    raw[-30] ^= 1
    (made / "b.zip").write_bytes(raw)
    result = run("compare", "a.zip", "b.zip", "-o", "c.html")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "b.zip: error: this pack does not verify, so nothing in it is used: wrong: not an evidence pack: it is not the "
        "canonical zip of its members: "
    )
    assert result.stderr.endswith("NOT INTACT: 1 problem\n  fix: ask for the pack as it was written\n")
    assert not (made / "c.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.zip"], "slacheck: error: a comparison needs two packs or more\n"),
        (["a.zip", "gone.zip"], "gone.zip: error: cannot be opened: No such file or directory\n"),
        (["a.zip", "b.zip", "-o", "c.txt"], "c.txt: error: the name must end in .html or .csv\n"),
    ],
)
def test_compare_what_cannot_be_compared_exits_with_2(made, arguments, message):
    result = run("compare", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)
