"""A pack against its documents and its captures: what a forger with consistent digests would have to change."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from slacheck import recompute as again
from slacheck.cli.main import main
from slacheck.evidence.archive import zipped
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import read_pack
from slacheck.render import junit

FACILITY = Path(__file__).parents[1] / "fixtures" / "noncompliant"


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def facility(tmp_path_factory):
    """The shipped facility that breaks its spec, checked; pack and folder of the captures."""
    folder = tmp_path_factory.mktemp("facility")
    pack = folder / "out.zip"
    assert run("check", FACILITY / "facility.sla.yaml", "-o", pack, "--quiet").exit_code == 1
    return pack


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """A small pack that holds its captures, of a spec that extends another."""
    folder = tmp_path_factory.mktemp("embedded")
    (folder / "base.yaml").write_text(
        "slacheck: 1\nid: base\ntitle: Base\nsignals:\n"
        "  p: {quantity: active_power, unit: MW, rated: 10 MW, accuracy: {reading: 1 %}}\n"
        "requirements:\n"
        "  - {id: R-1, kind: dynamic_range, signal: p, window: 1 s, limits: {peak_to_peak: {max: 5 MW}}}\n"
        "  - {id: R-2, kind: dynamic_range, signal: p, window: 2 s, limits: {peak_to_peak: {max: 5 MW}}}\n",
        encoding="utf-8",
    )
    (folder / "spec.yaml").write_text(
        "slacheck: 1\nid: mine\nextends: base\nrequirements:\n  - {id: R-2, limits: {peak_to_peak: {max: 1 MW}}}\n",
        encoding="utf-8",
    )
    for name, count in (("a", 1000), ("b", 990)):
        rows = "".join(f"{i / 100},{5 + (i // 100) % 2 * 2 + i % 7 / 1000}\n" for i in range(count))
        (folder / name).mkdir()
        (folder / name / "run.csv").write_text(f"t [s],p [MW]\n{rows}", encoding="utf-8")
    pack = folder / "out.zip"
    done = run("check", folder / "spec.yaml", folder / "a/run.csv", folder / "b/run.csv", "-o", pack, "--embed")
    assert done.exit_code == 1, done.output
    return pack


def forged(pack, target, change, others=None):
    """The pack with changed results, every digest that can be made to agree made to agree."""
    members = dict(read_pack(pack))
    before = hashlib.sha256(members["results.json"]).hexdigest().encode()
    results = json.loads(members["results.json"])
    change(results)
    members["results.json"] = canonical_json(results)
    after = hashlib.sha256(members["results.json"]).hexdigest().encode()
    members["report.html"] = members["report.html"].replace(before, after)
    members["junit.xml"] = junit.render(results)
    members |= others or {}
    manifest = json.loads(members["manifest.json"])
    for name in manifest["members"]:
        content = members[name]
        manifest["members"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    members["manifest.json"] = canonical_json(manifest)
    target.write_bytes(b"".join(zipped(members)))
    return target


def finding(results, requirement="R-1"):
    return next(found for found in results["findings"] if found["requirement"] == requirement)


def check(results, requirement="R-1"):
    return finding(results, requirement)["checks"][0]


# ---------------------------------------------------------------- against the documents


def limit(results):
    found = check(results, "R-2")
    found["limit"], found["verdict"] = {"max": 9e6}, "PASS"
    found["margin"] = 9e6 - found["measured"]["value"]
    found["margin_percent"] = 100 * found["margin"] / 9e6
    for each in results["findings"]:
        if each["requirement"] == "R-2":
            each["checks"][0] |= {key: found[key] for key in ("limit", "verdict", "margin", "margin_percent")}
            each["checks"][0]["margin"] = 9e6 - each["checks"][0]["measured"]["value"]
            each["checks"][0]["margin_percent"] = 100 * each["checks"][0]["margin"] / 9e6
            each["verdict"] = "PASS"
    results["verdict"] = "PASS"


def dropped(results):
    results["findings"] = [f for f in results["findings"] if (f["requirement"], f["capture"]) != ("R-2", "a/run.csv")]


def gate(results, code, drop=False):
    """A gate of the first check of R-1; out of it, if asked."""
    gates = check(results)["gates"]
    found = next(one for one in gates if one["code"] == code)
    if drop:
        gates.remove(found)
    return found


def unrecorded(results):
    """A number that failed, made one that no capture could be asked about."""
    no = {"code": "channel_missing", "effect": "no_verdict", "passed": False, "measured": None, "required": None}
    for each in (f for f in results["findings"] if f["requirement"] == "R-2"):
        each["checks"][0] |= {"gates": [{**no, "sentence": "No."}], "verdict": "INCONCLUSIVE"}
        each["checks"][0]["reasons"] = each["reasons"] = [{"code": "channel_missing", "sentence": "No."}]
        each["verdict"] = results["verdict"] = "INCONCLUSIVE"


def outside(results):
    check(results)["measured"]["interval"] = [1.0, 2.0]
    check(results)["measured"]["expanded_uncertainty"] = None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            limit,
            "R-2 on a/run.csv, peak_to_peak: limit is {'max': 9000000.0} in the results, but {'max': 1000000.0} in",
        ),
        (dropped, "R-2 has not one finding on a/run.csv, as the spec asks"),
        (outside, "outside of its interval 1.0 .. 2.0"),
        (lambda r: check(r)["measured"].update(expanded_uncertainty=1e9), "which is not half of its interval"),
        (lambda r: r.update(decision={"rule": "simple", "coverage_factor": 2.0}), "decision is "),
        (lambda r: r["spec"].update(title="Another"), "spec.title is Another in the results"),
        (lambda r: r["spec"]["extends"][0].update(id="other"), "spec.extends is "),
        (lambda r: r.update(contract={"buyer": "Somebody"}), "contract is {'buyer': 'Somebody'} in the results"),
        (lambda r: finding(r).update(clause="9.9"), "R-1 on a/run.csv: clause is 9.9 in the results"),
        (lambda r: finding(r).update(title="Kind"), "title is Kind in the results"),
        (lambda r: check(r).update(display_unit="W"), "display_unit is W in the results, but MW in the documents"),
        (lambda r: check(r)["definition"].update(id="x/y@2"), "definition is x/y@2 in the results"),
        (lambda r: check(r)["definition"].update(text="any"), "text is any in the results"),
        (
            lambda r: check(r).update(name="other") or finding(r)["witness"].update(check="other"),
            "the spec asks for the check peak_to_peak, which the finding does not",
        ),
        (
            lambda r: gate(r, "record_too_short", drop=True),
            "R-1 on a/run.csv, peak_to_peak: the spec asks for the gate record_too_short at 1, which it has not",
        ),
        (
            lambda r: gate(r, "record_too_short").update(measured=0.5),
            "the spec asks for the gate record_too_short at 1, which it has not, or not kept",
        ),
        (lambda r: gate(r, "coverage").update(measured=0.3), "the spec asks for the gate coverage at 0.01, which it"),
        (lambda r: gate(r, "record_too_short").update(required=0.5), "the spec asks for the gate record_too_short at"),
        (lambda r: gate(r, "time_resolution").update(effect="no_pass"), "the spec asks for the gate time_resolution"),
        (unrecorded, "its gates do not go with the signals of the capture, which has them all"),
        (lambda r: r["kinds"].update(dynamic_range="other 1.0"), "the kind dynamic_range is of other 1.0 in the res"),
    ],
)
def test_verify_finds_results_that_are_not_what_the_documents_ask_for(embedded, tmp_path, change, said):
    result = run("verify", forged(embedded, tmp_path / "forged.zip", change))
    assert result.exit_code == 1
    assert said in result.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["submission"].update(supplier="Somebody"), "submission.supplier is Somebody in the results"),
        (lambda r: r["captures"][0].update(test=None), "the captures and their tests is "),
        (
            lambda r: r["claims"].clear() or r["claims"].append({"requirement": "A", "check": "b", "value": "1 s"}),
            "claims",
        ),
        (
            lambda r: r["claims"][0].update(outcome="agrees"),
            "the claim on DYN-1 recovery_time is agrees, but the findings make it disagrees",
        ),
        (
            lambda r: r["claims"][0].update(sentence="25 ms is claimed and was measured."),
            "the claim on DYN-1 recovery_time says otherwise than the findings: 25 ms is claimed; measured 101",
        ),
        (lambda r: r["captures"][0].update(start="2026-13-20T08:00:00Z"), "has a start or a duration that is no time"),
        (
            lambda r: r["captures"][0].update(start=r["captures"][1]["start"]),
            "the notes on how the submission was put together are not those that its captures make",
        ),
    ],
)
def test_verify_finds_results_that_are_not_what_the_submission_says(facility, tmp_path, change, said):
    result = run("verify", forged(facility, tmp_path / "forged.zip", change))
    assert result.exit_code == 1
    assert said in result.stdout


def test_verify_finds_a_resolved_spec_that_is_not_that_of_the_spec(embedded, tmp_path):
    resolved = dict(read_pack(embedded))["resolved-spec.yaml"].replace(b"5 MW", b"6 MW")
    pack = forged(embedded, tmp_path / "forged.zip", lambda _: None, {"resolved-spec.yaml": resolved})
    result = run("verify", pack)
    assert result.exit_code == 1
    assert "resolved-spec.yaml is not what spec.yaml resolves to" in result.stdout


def test_verify_kinds_that_the_results_alone_name_are_no_way_round_the_documents(embedded, tmp_path):
    def other(results):
        limit(results)
        results["kinds"]["strange"] = "strange-kinds 1.0"

    result = run("verify", forged(embedded, tmp_path / "forged.zip", other))
    assert result.exit_code == 1
    assert "the results name the kinds dynamic_range, strange; the spec has dynamic_range" in result.stdout


def test_verify_where_a_kind_is_not_installed_compares_the_other_clauses_and_says_so(embedded, tmp_path, monkeypatch):
    names = {"dynamic_range": "strange"}
    members = read_pack(embedded)
    documents = {
        name: members[name].replace(b"kind: dynamic_range, signal: p, window: 2 s", b"kind: strange, window: 2 s")
        for name in ("extends/0.yaml", "resolved-spec.yaml")
    }
    documents["resolved-spec.yaml"] = re.sub(
        rb"(id: R-2\n(?:.*\n)*?.*kind: )dynamic_range", rb"\1strange", members["resolved-spec.yaml"]
    )

    def strange(results):
        results["kinds"]["strange"] = "strange-kinds 1.0"
        results["spec"]["extends"][0]["sha256"] = hashlib.sha256(documents["extends/0.yaml"]).hexdigest()
        for each in results["findings"]:
            if each["requirement"] == "R-2":
                each["kind"] = names[each["kind"]]

    pack = forged(embedded, tmp_path / "forged.zip", strange, documents)
    result = run("verify", pack)
    assert "wrong" not in result.stdout, result.stdout
    assert "not compared: clauses of kinds that are not installed here: R-2 (strange)" in result.stdout
    assert result.stdout.splitlines()[-1] == "intact, but for what was not compared; signer not checked"
    assert result.exit_code == 0

    def loosened(results):
        strange(results)
        found = check(results)
        found["limit"], found["margin"] = {"max": 9e6}, 9e6 - found["measured"]["value"]
        found["margin_percent"] = 100.0 * found["margin"] / 9e6

    result = run("verify", forged(embedded, tmp_path / "loosened.zip", loosened, documents))
    assert result.exit_code == 1
    assert "R-1 on a/run.csv, peak_to_peak: limit is {'max': 9000000.0} in the results" in result.stdout


@pytest.mark.parametrize(
    ("name", "then", "now", "said"),
    [
        ("junit.xml", b"FAIL", b"PASS", "junit.xml is not what the results give"),
        (
            "report.html",
            b'certificate FAIL"',
            b'certificate PASS"',
            "report.html is certified PASS, the results are FAIL",
        ),
    ],
)
def test_verify_finds_renderings_with_another_verdict(embedded, tmp_path, name, then, now, said):
    changed = dict(read_pack(embedded))[name].replace(then, now)
    result = run("verify", forged(embedded, tmp_path / "forged.zip", lambda _: None, {name: changed}))
    assert result.exit_code == 1
    assert said in result.stdout


# ---------------------------------------------------------------- against the captures


def test_recompute_from_what_the_pack_embeds_gives_the_same_bytes(embedded):
    result = run("verify", embedded, "--recompute")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-2:] == [
        "recomputed: results.json is the same, byte for byte",
        "confirmed by measuring again",
    ]


def test_recompute_from_files_by_any_name_gives_the_same_bytes(facility, tmp_path):
    shutil.copytree(FACILITY, tmp_path / "moved")
    files = [
        *(tmp_path / "moved").glob("*.csv"),
        *(tmp_path / "moved").glob("*.npy"),
        tmp_path / "moved/supply_event.cfg",
    ]
    result = run("verify", facility, "--recompute", *files)
    assert result.exit_code == 0
    assert "recomputed: results.json is the same, byte for byte" in result.stdout


def test_recompute_finds_a_report_that_says_something_else(embedded, tmp_path):
    page = dict(read_pack(embedded))["report.html"].replace(b"peak_to_peak", b"peak_to_none")
    pack = forged(embedded, tmp_path / "forged.zip", lambda _: None, {"report.html": page})
    assert run("verify", pack).exit_code == 0
    result = run("verify", pack, "--recompute")
    assert result.exit_code == 1
    assert "wrong: report.html is not what measuring again gives" in result.stdout


def test_recompute_of_a_redacted_pack_is_of_what_is_left(embedded, facility, tmp_path):
    assert run("redact", facility, "-o", tmp_path / "redacted.zip").exit_code == 0
    files = [*FACILITY.glob("*.csv"), *FACILITY.glob("*.npy"), FACILITY / "supply_event.cfg"]
    result = run("verify", tmp_path / "redacted.zip", "--recompute", *files)
    assert result.exit_code == 0, result.stdout
    assert result.stdout.splitlines()[-1] == "confirmed by measuring again"


def test_recompute_finds_numbers_that_were_never_measured(embedded, tmp_path):
    def better(results):
        for each in results["findings"]:
            measured = each["checks"][0]["measured"]
            measured["value"] -= 4e5
            measured["interval"] = [end - 4e5 for end in measured["interval"]]
            if each["checks"][0]["margin"] is not None:
                bound = each["checks"][0]["limit"]["max"]
                each["checks"][0]["margin"] = bound - measured["value"]
                each["checks"][0]["margin_percent"] = 100.0 * (bound - measured["value"]) / bound

    pack = forged(embedded, tmp_path / "forged.zip", better)
    assert run("verify", pack).exit_code == 0, "every number agrees with every other one"
    result = run("verify", pack, "--recompute")
    assert result.exit_code == 1
    assert "wrong: the same versions of slacheck and its dependencies give other bytes of results.json" in result.stdout
    assert "NOT explained by the uncertainty" in result.stdout
    assert result.stdout.splitlines()[-1] == "NOT CONFIRMED by measuring again"


@pytest.mark.parametrize(("shift", "code"), [(1e-6, 0), (4e5, 1)])
def test_recompute_by_other_versions_allows_what_the_uncertainty_explains(embedded, tmp_path, monkeypatch, shift, code):
    def moved(results):
        for each in results["findings"]:
            measured = each["checks"][0]["measured"]
            measured["value"] -= shift
            measured["interval"] = [end - shift for end in measured["interval"]]
            bound = each["checks"][0]["limit"]["max"]
            each["checks"][0]["margin"] = bound - measured["value"]
            each["checks"][0]["margin_percent"] = 100.0 * (bound - measured["value"]) / bound

    monkeypatch.setattr(again, "dependencies", lambda: {"numpy": "99"})
    pack = forged(embedded, tmp_path / "forged.zip", moved)
    result = run("verify", pack, "--recompute")
    assert result.exit_code == code
    assert "recomputed with other versions: numpy " in result.stdout


def test_recompute_without_the_captures_names_what_is_missing(facility):
    result = run("verify", facility, "--recompute")
    assert result.exit_code == 2
    assert "these files of the captures are not in the pack and were not named: " in result.stderr
    assert "ask for a pack that embeds them" in result.stderr


def test_recompute_from_a_file_of_no_capture_is_refused(facility):
    result = run("verify", facility, "--recompute", Path(__file__))
    assert result.exit_code == 2
    assert "this is no file of a capture of the pack: its SHA-256 is " in result.stderr


def test_verify_captures_without_recompute_is_a_usage_error(facility):
    result = run("verify", facility, FACILITY / "start_stop.csv")
    assert result.exit_code == 2
    assert "captures are named for --recompute" in result.stderr


def test_recompute_leaves_nothing_behind(embedded, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    again.recompute(embedded)
    assert list(tmp_path.iterdir()) == []


def test_verify_command_imports_no_numerics_and_opens_no_socket(embedded):
    code = (
        "import socket, sys\n"
        "socket.socket = socket.create_connection = None\n"
        "from slacheck.cli.main import main\n"
        "sys.argv = ['slacheck', 'verify', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit as stopped:\n    assert not stopped.code\n"
        "print(sorted({'numpy', 'scipy', 'pyarrow', 'pandas', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(embedded)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["intact; signer not checked", "[]"]
