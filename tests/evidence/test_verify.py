import json
import subprocess
import sys

import pytest

from slacheck.contract import Verdict
from slacheck.errors import PackError
from slacheck.evidence.archive import zipped
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import manifest, read_pack, write_pack
from slacheck.evidence.verify import verify

OTHER = "c" * 64
SHORT = {
    **{"code": "n_too_small", "effect": "no_pass", "passed": True},
    **{"measured": 3.0, "required": 5.0, "sentence": "3 windows."},
}


@pytest.fixture(scope="module")
def record(synthetic):
    return synthetic.record()


@pytest.fixture
def pack(tmp_path, synthetic, record):
    """A pack, and a way to write it again with other members under a manifest that fits."""
    return Pack(tmp_path / "pack.zip", synthetic.members(record), synthetic.files(record))


class Pack:
    def __init__(self, path, members, files):
        self.path, self.members, self.files = path, members, files

    def verified(self):
        write_pack(self.path, self.members, self.files)
        return verify(self.path)

    def forged(self, change):
        """The report on a pack whose results were changed and everything else made to fit."""
        results = json.loads(self.members["results.json"])
        before = digest_of(self.members["results.json"])
        change(results)
        self.members["results.json"] = canonical_json(results)
        html = self.members["report.html"].replace(before, digest_of(self.members["results.json"]))
        self.members["report.html"] = html
        return self.verified()


def digest_of(content):
    import hashlib

    return hashlib.sha256(content).hexdigest().encode()


def wrong(report):
    assert not report.ok
    return [line.removeprefix("wrong: ") for line in report.lines if line.startswith("wrong: ")]


def test_verify_whole_pack_is_intact_and_says_what_was_looked_at(pack, record):
    report = pack.verified()
    assert report.ok
    assert report.lines == (
        "structure: canonical zip of 8 members",
        "digests: 7 members as in the manifest",
        "results: valid slacheck/results/1, written by slacheck 0.1.0",
        f"spec: hall-a-power 2.0, SHA-256 {record.spec_sha256}",
        "captures: 1; 2 files, 2 of them referenced by digest and not inside",
        "decisions: 11 checks of 8 findings decided again, with the same outcome",
        "verdict: FAIL",
        "intact; signer not checked",
    )


def test_verify_hostile_names_print_without_control_characters(tmp_path, synthetic):
    record = synthetic.record(synthetic.HOSTILE, error=True)
    pack = Pack(tmp_path / "pack.zip", synthetic.members(record), synthetic.files(record))
    assert pack.verified().ok
    report = pack.forged(lambda results: results["findings"][0].update(capture="\x1b[31mred"))
    assert wrong(report) == ["DYN-1 speaks of a capture \\x1b[31mred that is not among the captures"]


def test_verify_every_flipped_byte_is_found(tmp_path, synthetic):
    record = synthetic.record(only={"REG-2"})
    members = synthetic.members(record)
    members["report.html"] = digest_of(members["results.json"])
    write_pack(tmp_path / "p.zip", members, synthetic.files(record))
    assert verify(tmp_path / "p.zip").ok
    raw = (tmp_path / "p.zip").read_bytes()
    target = tmp_path / "flipped.zip"
    for position in range(len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 0x01
        target.write_bytes(damaged)
        assert not verify(target).ok, position


def test_verify_every_truncation_is_found(tmp_path, synthetic):
    record = synthetic.record(only={"REG-2"})
    write_pack(tmp_path / "p.zip", synthetic.members(record), synthetic.files(record))
    raw = (tmp_path / "p.zip").read_bytes()
    for length in range(0, len(raw), 37):
        (tmp_path / "cut.zip").write_bytes(raw[:length])
        assert not verify(tmp_path / "cut.zip").ok, length


def test_verify_dropped_added_renamed_or_swapped_member_is_found(pack):
    pack.verified()
    whole = dict(read_pack(pack.path))

    def report_on(members):
        pack.path.write_bytes(b"".join(zipped(members)))
        return wrong(verify(pack.path))

    for name in whole:
        assert report_on({n: c for n, c in whole.items() if n != name}), name
        assert report_on({(f"traces/{n}" if n == name else n): c for n, c in whole.items()}), name
    swapped = {"spec.yaml": whole["resolved-spec.yaml"], "resolved-spec.yaml": whole["spec.yaml"]}
    assert len(report_on(whole | swapped)) == 2
    assert report_on(whole | {"traces/more.parquet": b""}) == [
        "traces/more.parquet is in the pack but not in the manifest"
    ]
    assert report_on(whole | {"extra.txt": b""}) == ["the pack has members that this version does not know: extra.txt"]
    assert report_on(whole | {"statement.dsse.json": b"{}"}), "a signature that nobody looks at"


def test_verify_file_that_cannot_be_opened_is_an_error_and_a_damaged_one_a_report(tmp_path):
    with pytest.raises(PackError, match="cannot be opened"):
        verify(tmp_path / "missing.zip")
    (tmp_path / "text.zip").write_text("hello")
    report = verify(tmp_path / "text.zip")
    assert report.lines == (
        "wrong: not an evidence pack: it does not begin with a member; is it a zip?",
        "NOT INTACT: 1 problem",
    )


@pytest.mark.parametrize("finding", range(7))
def test_verify_forged_verdict_of_a_finding_is_found(pack, finding):
    def forge(results):
        for check in results["findings"][finding]["checks"]:
            check.update(verdict="PASS", reasons=[])
        results["findings"][finding].update(verdict="PASS", reasons=[])
        results["verdict"] = "PASS"

    lines = wrong(pack.forged(forge))
    assert any("the overall verdict is PASS, but the findings make it FAIL" in line for line in lines)
    already_passed = finding == 5
    assert any("numbers and gates make it" in line for line in lines) != already_passed


CHANGES = {
    "finding passed by hand": (
        lambda r: r["findings"][0].update(verdict="PASS"),
        "DYN-1 on runs/step-1.csv is PASS, but its checks make it FAIL",
    ),
    "finding left out": (lambda r: r["findings"].pop(5), "the requirement REG-2 of the spec has no finding"),
    "finding made not applicable": (
        lambda r: r["findings"][6].update(verdict="NOT_APPLICABLE", checks=[], capture=None, witness=None),
        "MASK: the spec says that it applies, the finding is NOT_APPLICABLE",
    ),
    "finding made advisory": (
        lambda r: r["findings"][0].update(severity="advisory"),
        "DYN-1: the spec says severity mandatory, the finding advisory",
    ),
    "another decision rule": (
        lambda r: r["findings"][1]["decision"].update(rule="simple"),
        "DYN-2: the spec says decision three_state with k = 2, the finding simple with k = 2",
    ),
    "finding of nothing": (
        lambda r: r["findings"][0].update(requirement="NEW"),
        "the finding NEW is of no requirement of the spec",
    ),
    "margin": (
        lambda r: r["findings"][0]["checks"][0].update(margin=0.03),
        "DYN-1 on runs/step-1.csv, dip has the margin 0.03 (18 %), but value and limit make it 0.027 (18 %)",
    ),
    "percent": (
        lambda r: r["findings"][0]["checks"][0].update(margin_percent=50.0),
        "DYN-1 on runs/step-1.csv, dip has the margin 0.027 (50 %), but value and limit make it 0.027 (18 %)",
    ),
    "interval": (
        lambda r: r["findings"][5]["checks"][0]["measured"].update(interval=[402.0, 400.0]),
        "REG-2 on runs/step-1.csv, level: the interval 402.0 .. 400.0 is upside down",
    ),
    "coverage factor": (
        lambda r: r["findings"][5]["checks"][0]["measured"].update(coverage_factor=1),
        "REG-2 on runs/step-1.csv, level was measured at another coverage factor than the decision rule's",
    ),
    "gate opened": (
        lambda r: r["findings"][2]["checks"][0]["gates"][0].update(passed=True),
        "PWR-RAMP-UP on runs/step-1.csv, up is INCONCLUSIVE, but its numbers and gates make it PASS",
    ),
    "gate passed against its numbers": (
        lambda r: r["findings"][0]["checks"][0].update(gates=[SHORT]),
        "DYN-1 on runs/step-1.csv, dip passes the gate n_too_small with 3 where 5 is required",
    ),
    "gate passed beyond its most": (
        lambda r: r["findings"][0]["checks"][0].update(gates=[SHORT | {"code": "clipped", "required": 0.0}]),
        "DYN-1 on runs/step-1.csv, dip passes the gate clipped with 3 where 0 is required",
    ),
    "witness of another check": (
        lambda r: r["findings"][0]["witness"].update(check="overshoot"),
        "DYN-1 has a witness of overshoot, which is none of its checks",
    ),
    "limit moved": (
        lambda r: r["findings"][0]["checks"][-1]["limit"].update(max=0.09),
        "DYN-1 on runs/step-1.csv, recovery_time is FAIL, but its numbers and gates make it PASS",
    ),
    "another spec": (
        lambda r: r["spec"].update(sha256=OTHER),
        "spec.yaml has SHA-256 <spec>, the results are of a spec with " + OTHER,
    ),
    "another capture": (
        lambda r: r["captures"][0]["files"][0].update(sha256=OTHER),
        "the capture file step-1.csv of the results is neither referenced in the manifest nor embedded",
    ),
    "capture hidden": (
        lambda r: r["captures"][0]["files"].pop(),
        "the manifest references a file step-1.csv.meta.yaml that no capture of the results has",
    ),
    "trace elsewhere": (
        lambda r: r["findings"][0]["witness"].update(trace="traces/other.parquet"),
        "DYN-1 has a witness traces/other.parquet that is not in the pack",
    ),
    "submission invented": (
        lambda r: r.update(submission={"id": "x", "supplier": "y", "sha256": OTHER}),
        "submission.yaml is in the pack, or named in the results, but not both",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_verify_forged_results_under_a_fitting_manifest_are_found(pack, record, name):
    change, message = CHANGES[name]
    assert message.replace("<spec>", record.spec_sha256) in wrong(pack.forged(change))


def test_verify_results_that_break_the_schema_are_found(pack):
    lines = wrong(pack.forged(lambda r: r["findings"][0]["checks"][0]["measured"].update(value="12")))
    assert lines == [
        "results.json does not follow its schema: findings.0.checks.0.measured.value: "
        "'12' is not of type 'number', 'null'"
    ]


def test_verify_report_of_other_results_is_found(pack):
    pack.members["report.html"] = b"<p>all is well</p>"
    assert wrong(pack.verified()) == ["report.html is not the report of these results: it does not show their SHA-256"]


@pytest.mark.parametrize(
    "raw", [b"", b"- 1", b"a: [", b"id: hall-a-power\nrequirements: 3\n", b"\xff", b"{a: &x [*x]}"]
)
def test_verify_resolved_spec_that_is_none_is_found(pack, raw):
    pack.members["resolved-spec.yaml"] = raw
    assert wrong(pack.verified())[0].startswith("resolved-spec.yaml")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(captures=[{"name": "a"}]),
        lambda m: m.update(captures=[{"name": "a", "role": "b", "sha256": "0" * 64, "bytes": "many"}]),
        lambda m: m.update(members=[]),
        lambda m: m["members"].update({"spec.yaml": 7}),
        lambda m: m.update(more=1),
        lambda m: m.pop("dependencies"),
        lambda m: m.update(schema="slacheck/manifest/9"),
    ],
)
def test_verify_manifest_of_another_shape_is_found(pack, change):
    told = manifest(pack.members, pack.files)
    change(told)
    pack.path.write_bytes(b"".join(zipped({**pack.members, "manifest.json": canonical_json(told)})))
    assert wrong(verify(pack.path))[0].startswith("manifest.json does not follow its schema")


@pytest.mark.parametrize("name", ["manifest.json", "results.json"])
def test_verify_json_in_another_form_is_found(pack, name):
    pack.verified()
    whole = dict(read_pack(pack.path))
    pretty = json.dumps(json.loads(whole[name]), indent=1).encode()
    whole[name] = pretty
    if name == "results.json":
        whole["manifest.json"] = canonical_json(manifest(dict(whole.items()), pack.files))
    pack.path.write_bytes(b"".join(zipped(whole)))
    assert wrong(verify(pack.path))[0].startswith(f"{name} is not canonical JSON")


def test_verify_embedded_capture_is_held_against_the_results(tmp_path, synthetic):
    import dataclasses
    import hashlib

    content = b"t [s],Vdc [V]\n0,400\n"
    inside = synthetic.FileRecord("a.csv", "data", hashlib.sha256(content).hexdigest(), len(content))
    capture = dataclasses.replace(synthetic.capture_record(), files=(inside,))
    record = synthetic.record(captures=(capture,))
    pack = Pack(tmp_path / "p.zip", {**synthetic.members(record), "captures/a.csv": content}, [inside])
    assert pack.verified().ok
    pack.members["captures/a.csv"] = content + b"1,400\n"
    lines = wrong(pack.verified())
    assert any("an embedded capture with SHA-256" in line for line in lines)


def test_verify_error_finding_decides_the_whole(tmp_path, synthetic):
    record = synthetic.record(error=True)
    assert record.verdict is Verdict.ERROR
    pack = Pack(tmp_path / "p.zip", synthetic.members(record), synthetic.files(record))
    assert pack.verified().ok


def test_verify_imports_neither_numpy_nor_the_code_that_made_the_pack(pack):
    pack.verified()
    code = (
        "import socket, sys; from pathlib import Path; from slacheck.evidence.verify import verify\n"
        "socket.socket = socket.create_connection = None\n"
        "assert verify(Path(sys.argv[1])).ok\n"
        "bad = ('numpy', 'pyarrow', 'slacheck.decide', 'slacheck.spec', 'slacheck.kinds', 'slacheck.engine',"
        "'slacheck.capture', 'slacheck.measure', 'slacheck.evidence.record', 'slacheck.evidence.pack')\n"
        "print(sorted(set(bad) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(pack.path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
