"""Who signed: three parties over one pack, and everything that must not count as a signature."""

import base64
import hashlib
import itertools
import json
import os
import subprocess
import sys

import pytest
from securesystemslib.dsse import Envelope as Independent
from securesystemslib.signer import SSlibKey

from slacheck.errors import PackError
from slacheck.evidence.archive import zipped
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.envelope import Envelope, parse_envelope
from slacheck.evidence.keys import make_pair, read_private, read_public
from slacheck.evidence.pack import manifest, read_pack, write_pack
from slacheck.evidence.schema import attestation_schema, schema_faults
from slacheck.evidence.sign import sealed, sign_pack
from slacheck.evidence.signatures import STATEMENT, Trust, examine
from slacheck.evidence.statement import PREDICATE_TYPE, statement, subjects
from slacheck.evidence.verify import verify, verify_bytes

PARTIES = ("buyer", "supplier", "witness")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in (*PARTIES, "stranger"):
        make_pair(folder / name)
    return {name: read_private(folder / name) for name in (*PARTIES, "stranger")}


@pytest.fixture(scope="module")
def public(keys):
    return {name: key.public for name, key in keys.items()}


@pytest.fixture(scope="module")
def whole(synthetic):
    """Members of a small pack and its manifest."""
    record = synthetic.record(only={"REG-2"})
    members = synthetic.members(record)
    members["report.html"] = hashlib.sha256(members["results.json"]).hexdigest().encode()
    return members | {"manifest.json": canonical_json(manifest(members, synthetic.files(record)))}


@pytest.fixture
def pack(tmp_path, whole):
    path = tmp_path / "p.zip"
    path.write_bytes(b"".join(zipped(whole)))
    return path


def signed_by(keys, names, payload):
    envelope = Envelope(payload)
    for name in names:
        envelope = envelope.with_signature(keys[name].public.keyid, keys[name].sign(envelope.signed_bytes))
    return envelope


def report_on(whole, envelope, trust):
    text = envelope if isinstance(envelope, bytes) else envelope.to_bytes()
    return verify_bytes(b"".join(zipped(whole | {STATEMENT: text})), trust)


def examined(whole, text, trust):
    documents = (json.loads(whole["manifest.json"]), json.loads(whole["results.json"]))
    return examine(whole | {STATEMENT: text}, *documents, trust)


def wrong(report):
    assert not report.ok
    return [line.removeprefix("wrong: ") for line in report.lines if line.startswith("wrong: ")]


# ---------------------------------------------------------------- three parties


@pytest.mark.parametrize("order", list(itertools.permutations(PARTIES)), ids="-".join)
def test_sign_pack_three_parties_in_any_order_all_verify_and_the_file_is_the_same(pack, keys, public, whole, order):
    for count, name in enumerate(order, 1):
        assert sign_pack(pack, keys[name])
        for earlier in order[:count]:
            assert verify(pack, Trust([public[earlier]])).ok
    report = verify(pack, Trust([public[name] for name in PARTIES], least=3))
    assert report.lines[-1] == f"intact; signed by {', '.join(public[name].name for name in PARTIES)}"
    envelope = signed_by(keys, PARTIES, statement(whole))
    assert pack.read_bytes() == b"".join(zipped(whole | {STATEMENT: envelope.to_bytes()}))


def test_sign_pack_leaves_every_other_member_and_the_statement_as_they_are(pack, keys, whole):
    sign_pack(pack, keys["supplier"])
    before = parse_envelope(read_pack(pack)[STATEMENT])
    sign_pack(pack, keys["buyer"])
    members = dict(read_pack(pack))
    after = parse_envelope(members.pop(STATEMENT))
    assert members == whole
    assert after.payload == before.payload
    assert before.signatures.items() < after.signatures.items()


def test_sign_pack_same_key_twice_changes_nothing(pack, keys):
    assert sign_pack(pack, keys["buyer"])
    once, inode = pack.read_bytes(), pack.stat().st_ino
    assert not sign_pack(pack, keys["buyer"])
    assert (pack.read_bytes(), pack.stat().st_ino) == (once, inode)


def test_write_pack_sealed_is_the_pack_signed_afterwards(tmp_path, synthetic, keys):
    record = synthetic.record()
    arguments = (synthetic.members(record), synthetic.files(record))
    write_pack(tmp_path / "a.zip", *arguments, lambda members: sealed(members, keys["buyer"]))
    write_pack(tmp_path / "b.zip", *arguments)
    sign_pack(tmp_path / "b.zip", keys["buyer"])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_verify_statement_of_every_shape_of_result_is_that_of_its_pack(tmp_path, synthetic, keys, public):
    record = synthetic.record(synthetic.HOSTILE, error=True)
    seal = lambda members: sealed(members, keys["buyer"])  # noqa: E731
    write_pack(tmp_path / "p.zip", synthetic.members(record), synthetic.files(record), seal)
    assert verify(tmp_path / "p.zip", Trust([public["buyer"]])).ok


def test_signatures_of_a_pack_hold_for_an_independent_implementation(pack, keys, public):
    for name in PARTIES:
        sign_pack(pack, keys[name])
    independent = Independent.from_dict(json.loads(read_pack(pack)[STATEMENT]))
    others = [SSlibKey(k.keyid, "ed25519", "ed25519", {"public": k.raw.hex()}) for k in public.values()]
    accepted = independent.verify(others, threshold=3)
    assert set(accepted) == {public[name].keyid for name in PARTIES}
    said = json.loads(independent.payload)
    assert (said["_type"], said["predicateType"]) == ("https://in-toto.io/Statement/v1", PREDICATE_TYPE)


# ---------------------------------------------------------------- the statement


def test_statement_says_what_was_tested_and_what_was_found(whole):
    said = json.loads(statement(whole))
    listed = json.loads(whole["manifest.json"])
    assert schema_faults(said, attestation_schema()) == []
    named = [(subject["name"], subject["digest"]["sha256"]) for subject in said["subject"]]
    assert named == sorted(
        [
            *((name, listed["members"][name]["sha256"]) for name in ("results.json", "spec.yaml")),
            *((file["name"], file["sha256"]) for file in listed["captures"]),
        ]
    )
    (finding,) = said["predicate"]["findings"]
    assert finding["checks"][0] == {
        "metric": "level",
        "definition": "level/mean@1",
        "event": None,
        "value": 401.234,
        "unit": "V",
        "expanded_uncertainty": 1.6,
        "coverage_factor": 2,
        "interval": [401.234 - 1.6, 401.234 + 1.6],
        "censored": None,
        "limit": {"max": 440.0, "min": 360.0, "resolution": 0.1},
        "margin": 440.0 - 401.234,
        "margin_percent": 100 * (440.0 - 401.234) / 440,
        "verdict": "PASS",
    }


def test_subjects_name_submission_embedded_captures_and_bases_and_nothing_that_only_shows(whole):
    names = (
        *("captures/a.csv", "extends/0.yaml", "junit.xml", "report.html", "resolved-spec.yaml", "results.json"),
        *("spec.yaml", "submission.yaml", "traces/x.parquet"),
    )
    members = {name: {"sha256": "a" * 64, "bytes": 1} for name in names}
    outside = {"name": "b.csv", "role": "data", "sha256": "b" * 64, "bytes": 2}
    found = [subject["name"] for subject in subjects({"members": members, "captures": [outside]})]
    expected = ["b.csv", "captures/a.csv", "extends/0.yaml", "results.json", "spec.yaml", "submission.yaml"]
    assert found == expected


def forged(change):
    def of(whole):
        said = json.loads(statement(whole))
        change(said)
        return canonical_json(said)

    return of


CHECK = ("predicate", "findings", 0, "checks", 0)


def put(value, *path):
    def change(said):
        place = said
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


ELSEWHERE = "the statement says something else of REG-2 than the results"
SUBJECTS = "the subjects of the statement are not the spec, submission, results and captures of the manifest"
FORGED = {
    "verdict": (put("FAIL", "predicate", "verdict"), "the statement says another verdict than the results"),
    "version": (put("9", "predicate", "slacheck", "version"), "the statement says another slacheck than the results"),
    "contract": (put({}, "predicate", "contract"), "the statement says another contract than the results"),
    "spec": (put("other", "predicate", "spec", "id"), "the statement names another spec than the results"),
    "manifest": (put("c" * 64, "predicate", "manifest", "digest", "sha256"), "the statement is over another manifest"),
    "manifest's name": (put("m.json", "predicate", "manifest", "name"), "the statement is over another manifest"),
    "no findings": (put([], "predicate", "findings"), "the statement has 0 findings, the results have 1"),
    "subject's digest": (put("c" * 64, "subject", 0, "digest", "sha256"), SUBJECTS),
    "subject's name": (put("other.csv", "subject", 0, "name"), SUBJECTS),
    "one subject less": (lambda said: said["subject"].pop(), SUBJECTS),
    "one subject more": (lambda said: said["subject"].append(said["subject"][0]), SUBJECTS),
    "severity": (put("advisory", "predicate", "findings", 0, "severity"), ELSEWHERE),
    "reasons": (put(["noise"], "predicate", "findings", 0, "reasons"), ELSEWHERE),
    "one check less": (lambda said: said["predicate"]["findings"][0]["checks"].pop(), ELSEWHERE),
    **{
        key: (put(value, *CHECK, key), ELSEWHERE)
        for key, value in {
            "metric": "other",
            "definition": "level/mean@2",
            "event": 3,
            "value": 1.0,
            "unit": "A",
            "expanded_uncertainty": 0.1,
            "coverage_factor": 3,
            "interval": [None, None],
            "censored": "above",
            "limit": {"max": 1.0},
            "margin": 1.0,
            "margin_percent": 1.0,
            "verdict": "FAIL",
        }.items()
    },
}


@pytest.mark.parametrize("what", FORGED)
def test_verify_signed_statement_that_departs_from_its_pack_is_found(whole, keys, public, what):
    change, message = FORGED[what]
    envelope = signed_by(keys, ["buyer"], forged(change)(whole))
    for trust in (Trust(), Trust([public["buyer"]])):
        report = report_on(whole, envelope, trust)
        assert wrong(report) == [message]
        assert report.lines[-1] == "NOT INTACT: 1 problem"


def test_verify_every_key_of_a_check_is_compared():
    properties = attestation_schema()["$defs"]["check"]["properties"]
    assert set(properties) <= set(FORGED)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"{}", "its payload does not follow the schema: document: '_type' is a required property"),
        (b"nothing", "Expecting value: line 1 column 1 (char 0)"),
        (b'{"a": 1}', "not in canonical form (keys sorted, no blanks, shortest numbers)"),
        (b"[" * 5000, "nested too deeply"),
        (b"[" + b"0," * 50_000 + b"0]", "its payload of 100003 bytes says more than manifest and results do"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_verify_payload_that_is_no_statement_is_found(whole, keys, payload, message):
    (line,) = wrong(report_on(whole, signed_by(keys, ["buyer"], payload), Trust()))
    assert line.startswith(f"statement.dsse.json is not a statement in a DSSE envelope: {message}")


def test_verify_statement_of_another_type_of_predicate_is_found(whole, keys):
    change = put("https://in-toto.io/attestation/test-result/v0.1", "predicateType")
    (line,) = wrong(report_on(whole, signed_by(keys, ["buyer"], forged(change)(whole)), Trust()))
    assert "predicateType: 'urn:slacheck:attestation:verdicts:v1' was expected" in line


# ---------------------------------------------------------------- signatures


def test_verify_without_keys_says_that_the_signer_is_not_checked(whole, keys, public):
    report = report_on(whole, signed_by(keys, ["buyer"], statement(whole)), Trust())
    assert report.ok
    assert report.lines[-2:] == (
        f"signature of {public['buyer'].keyid}: not checked, its key was not given",
        "intact; signer not checked",
    )
    assert [(s.keyid, s.state, s.name) for s in report.signatures] == [(public["buyer"].keyid, "unchecked", None)]


def test_verify_names_who_signed_and_reports_unknown_signers(whole, keys, public):
    report = report_on(whole, signed_by(keys, ["buyer", "stranger"], statement(whole)), Trust([public["buyer"]]))
    assert report.ok
    assert f"signature of {public['stranger'].keyid}: not checked, its key was not given" in report.lines
    assert f"signature of {public['buyer'].keyid}: verified with {public['buyer'].name}" in report.lines
    assert report.lines[-1] == f"intact; signed by {public['buyer'].name}"
    assert {(s.state, s.name) for s in report.signatures} == {
        ("verified", public["buyer"].name),
        ("unchecked", None),
    }


def test_verify_named_key_that_did_not_sign_is_found(whole, keys, public):
    trust = Trust([public["buyer"], public["witness"]])
    report = report_on(whole, signed_by(keys, ["buyer"], statement(whole)), trust)
    assert wrong(report) == [f"{public['witness'].name} ({public['witness'].keyid}) did not sign"]
    assert report.lines[-1] == "intact, but not signed as asked: 1 problem"


@pytest.mark.parametrize(("least", "enough"), [(1, True), (2, True), (3, False)])
def test_verify_fewer_signers_than_required_is_found(whole, keys, public, least, enough):
    trust = Trust([public[name] for name in PARTIES], least)
    report = report_on(whole, signed_by(keys, ["buyer", "witness"], statement(whole)), trust)
    assert report.ok == enough
    assert f"signature of {public['supplier'].keyid}: none; it is {public['supplier'].name}" in report.lines
    if not enough:
        assert wrong(report) == ["2 of the 3 keys given signed; at least 3 are required"]


def test_verify_unsigned_pack_where_a_signature_is_asked_for_is_found(pack, public):
    assert verify(pack).ok
    assert wrong(verify(pack, Trust([public["buyer"]]))) == ["the pack is not signed: it has no statement"]
    assert wrong(verify(pack, Trust([public["buyer"]], 1))) == ["the pack is not signed: it has no statement"]


def test_verify_signature_under_anothers_fingerprint_is_forged_however_many_others_are_right(whole, keys, public):
    envelope = signed_by(keys, ["buyer", "witness"], statement(whole))
    fake = envelope.with_signature(public["supplier"].keyid, keys["stranger"].sign(envelope.signed_bytes))
    everyone = [public[name] for name in PARTIES]
    message = f"the signature under the key of {public['supplier'].name} is forged or damaged: that key did not make it"
    assert wrong(report_on(whole, fake, Trust(everyone, 2))) == [message]
    assert wrong(report_on(whole, fake, Trust([public["supplier"]]))) == [message]
    assert report_on(whole, fake, Trust([public["buyer"]])).ok, "of others than those named nothing is known"


def test_verify_signature_over_the_bare_payload_or_another_type_does_not_count(whole, keys, public):
    payload = statement(whole)
    kinds = (payload, b"DSSEv1 16 application/json %d %b" % (len(payload), payload), b"DSSEv1 0  0 ")
    for message in kinds:
        envelope = Envelope(payload).with_signature(public["buyer"].keyid, keys["buyer"].sign(message))
        assert not report_on(whole, envelope, Trust([public["buyer"]])).ok


def test_verify_envelope_of_another_payload_type_is_found(whole, keys, public):
    document = json.loads(signed_by(keys, ["buyer"], statement(whole)).to_bytes())
    document["payloadType"] = "application/json"
    (line,) = wrong(report_on(whole, canonical_json(document), Trust([public["buyer"]])))
    assert line.endswith("its payload type is 'application/json', not 'application/vnd.in-toto+json'")


def test_verify_key_id_twice_is_found(whole, keys, public):
    document = json.loads(signed_by(keys, ["buyer"], statement(whole)).to_bytes())
    document["signatures"] *= 2
    (line,) = wrong(report_on(whole, canonical_json(document), Trust([public["buyer"]])))
    assert line.endswith(f"the key {public['buyer'].keyid} has signed twice")


def test_verify_statement_moved_to_another_pack_is_found(whole, keys, public, tmp_path, synthetic):
    envelope = signed_by(keys, ["buyer"], statement(whole))
    record = synthetic.record(only={"REG-1"})
    write_pack(tmp_path / "o.zip", synthetic.members(record), synthetic.files(record))
    lines = wrong(report_on(dict(read_pack(tmp_path / "o.zip")), envelope, Trust([public["buyer"]])))
    assert lines[0] == "the statement is over another manifest"


def test_verify_every_changed_byte_of_the_statement_is_found(whole, keys, public):
    text = signed_by(keys, PARTIES, statement(whole)).to_bytes()
    trust = Trust([public[name] for name in PARTIES])
    assert report_on(whole, text, trust).ok
    for position in range(len(text)):
        for flip in (0x01, 0x20):
            damaged = bytearray(text)
            damaged[position] ^= flip
            found = examined(whole, bytes(damaged), trust)
            assert found.faults or found.lacking, (position, flip)


def test_verify_every_changed_bit_of_a_signature_is_found(whole, keys, public):
    envelope = signed_by(keys, ["buyer"], statement(whole))
    (signature,) = envelope.signatures.values()
    for bit in range(8 * len(signature)):
        damaged = bytearray(signature)
        damaged[bit // 8] ^= 1 << bit % 8
        changed = Envelope(envelope.payload, {public["buyer"].keyid: bytes(damaged)})
        assert examined(whole, changed.to_bytes(), Trust([public["buyer"]])).lacking, bit


def test_examine_needs_manifest_results_and_statement_alone_so_what_is_withheld_stays_signed(whole, keys, public):
    text = signed_by(keys, ["buyer"], statement(whole)).to_bytes()
    left = {name: whole[name] for name in ("manifest.json", "results.json")}
    found = examined(left, text, Trust([public["buyer"]]))
    assert (found.faults, found.lacking, found.conclusion) == ((), (), f"signed by {public['buyer'].name}")
    assert statement(left) == statement(whole)


# ---------------------------------------------------------------- what cannot be signed


def test_sign_pack_that_does_not_verify_is_refused_and_left_as_it_is(pack, keys):
    raw = pack.read_bytes()
    pack.write_bytes(raw[:-1])
    with pytest.raises(PackError) as caught:
        sign_pack(pack, keys["buyer"])
    message = str(caught.value)
    assert message.startswith(f"{pack}: error: not signed, because it does not verify: wrong: not an evidence pack: ")
    assert message.endswith("NOT INTACT: 1 problem\n  fix: ask for the pack as it was written")
    assert pack.read_bytes() == raw[:-1]


def test_sign_pack_with_a_strange_signature_under_its_own_fingerprint_is_refused(pack, keys, public, whole):
    envelope = Envelope(statement(whole)).with_signature(public["buyer"].keyid, b"\0" * 64)
    pack.write_bytes(b"".join(zipped(whole | {STATEMENT: envelope.to_bytes()})))
    with pytest.raises(PackError) as caught:
        sign_pack(pack, keys["buyer"])
    assert str(caught.value) == (
        f"{pack}: error: not signed: a signature stands under the fingerprint {public['buyer'].keyid} of this key "
        "that this key did not make"
    )


def test_sign_pack_that_another_party_signs_meanwhile_loses_no_signature(pack, keys, public, monkeypatch):
    def meanwhile(envelope, key):
        monkeypatch.undo()
        sign_pack(pack, keys["supplier"])
        return envelope.with_signature(key.public.keyid, key.sign(envelope.signed_bytes))

    monkeypatch.setattr("slacheck.evidence.sign._signed", meanwhile)
    with pytest.raises(PackError, match="somebody else has changed it while it was being signed"):
        sign_pack(pack, keys["buyer"])
    assert sign_pack(pack, keys["buyer"])
    assert verify(pack, Trust([public["supplier"], public["buyer"]])).ok


def test_sign_pack_through_a_link_signs_the_file_and_keeps_its_permissions(pack, keys, public, tmp_path):
    pack.chmod(0o640)
    link = tmp_path / "link.zip"
    link.symlink_to(pack)
    sign_pack(link, keys["buyer"])
    assert link.is_symlink()
    assert pack.stat().st_mode & 0o777 == 0o640
    assert verify(pack, Trust([public["buyer"]])).ok


def test_sign_pack_interrupted_leaves_the_pack_as_it_was(pack, keys, monkeypatch):
    raw = pack.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PackError, match="cannot be written: No space left on device"):
        sign_pack(pack, keys["buyer"])
    assert pack.read_bytes() == raw
    assert [path.name for path in pack.parent.iterdir()] == ["p.zip"]


# ---------------------------------------------------------------- alone


def test_verify_with_keys_opens_no_socket_and_imports_no_numerics_or_writer(pack, keys, public, tmp_path):
    sign_pack(pack, keys["buyer"])
    line = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + public["buyer"].raw).decode()
    (tmp_path / "buyer.pub").write_text(line)
    assert read_public(tmp_path / "buyer.pub").keyid == public["buyer"].keyid
    code = (
        "import socket, sys; from pathlib import Path\n"
        "def refuse(*a, **k): raise AssertionError('a socket')\n"
        "socket.socket = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from slacheck.evidence.keys import read_public\n"
        "from slacheck.evidence.signatures import Trust\n"
        "from slacheck.evidence.verify import verify\n"
        "assert verify(Path(sys.argv[1]), Trust([read_public(Path(sys.argv[2]))])).ok\n"
        "bad = {'numpy', 'pyarrow', *(f'slacheck.evidence.{name}' for name in ('statement', 'sign', 'pack'))}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(pack), str(tmp_path / "buyer.pub")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
