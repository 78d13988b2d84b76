import hashlib
import json

import pytest

from slacheck.errors import PackError, UsageError
from slacheck.evidence.archive import zipped
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import read_pack, write_pack
from slacheck.evidence.redact import redact
from slacheck.evidence.schema import redaction_schema, schema_faults
from slacheck.evidence.verify import verify
from slacheck.evidence.withheld import REDACTION


@pytest.fixture
def pack(tmp_path, synthetic):
    """An intact pack with two traces."""
    record = synthetic.record()
    path = tmp_path / "pack.zip"
    write_pack(path, synthetic.members(record), synthetic.files(record))
    return path


@pytest.fixture
def redacted(pack, tmp_path):
    """The pack, redacted."""
    redact(pack, tmp_path / "redacted.zip", "Vendor A: load profile.")
    return tmp_path / "redacted.zip"


def forged(path, change):
    """The report on a redacted pack after `change(members, redaction)`."""
    members = dict(read_pack(path))
    document = json.loads(members[REDACTION])
    change(members, document)
    if REDACTION in members:
        members[REDACTION] = canonical_json(document)
    path.write_bytes(b"".join(zipped(members)))
    return [line.removeprefix("wrong: ") for line in verify(path).lines if line.startswith("wrong: ")]


def test_redact_keeps_every_other_member_byte_for_byte(pack, redacted):
    before, after = read_pack(pack), read_pack(redacted)
    gone = {"report.html", "traces/DYN-1-0.parquet", "traces/MASK-0.parquet"}
    assert after.keys() == (before.keys() - gone) | {REDACTION}
    assert all(after[name] == before[name] for name in after.keys() - {REDACTION})


def test_redact_names_what_is_withheld_with_the_digests_of_the_manifest(pack, redacted):
    document = json.loads(read_pack(redacted)[REDACTION])
    listed = json.loads(read_pack(pack)["manifest.json"])["members"]
    assert schema_faults(document, redaction_schema()) == []
    assert document["reasons"] == ["Vendor A: load profile."]
    assert document["withheld"] == {name: listed[name] for name in document["withheld"]}
    assert list(document["withheld"]) == ["report.html", "traces/DYN-1-0.parquet", "traces/MASK-0.parquet"]


def test_verify_redacted_pack_says_what_is_withheld(pack, redacted):
    members = read_pack(pack)
    digests = {name: (hashlib.sha256(raw).hexdigest(), len(raw)) for name, raw in members.items()}
    report = verify(redacted)
    assert report.ok
    assert report.withheld == ("report.html", "traces/DYN-1-0.parquet", "traces/MASK-0.parquet")
    assert report.lines[:3] == (
        "structure: canonical zip of 6 members",
        "digests: 4 members as in the manifest",
        "redaction: unsigned, says: Vendor A: load profile.",
    )
    assert report.lines[3:6] == tuple(
        f"withheld: {name}, {digests[name][1]} bytes, SHA-256 {digests[name][0]}" for name in report.withheld
    )
    assert report.lines[-1] == "verified, 3 members withheld; signer not checked"


def test_redact_of_a_redacted_pack_changes_nothing_and_adds_its_own_reason(redacted, tmp_path):
    redact(redacted, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == redacted.read_bytes()
    redact(redacted, tmp_path / "third.zip", "Lab B: agreed.")
    assert json.loads(read_pack(tmp_path / "third.zip")[REDACTION])["reasons"] == [
        "Vendor A: load profile.",
        "Lab B: agreed.",
    ]
    assert verify(tmp_path / "third.zip").ok


def test_verify_member_missing_without_a_word_is_wrong(redacted):
    def change(members, document):
        del document["withheld"]["report.html"]

    assert forged(redacted, change) == ["the pack lacks report.html"]


def test_verify_trace_missing_without_a_word_is_wrong(redacted):
    def change(members, document):
        del document["withheld"]["traces/MASK-0.parquet"]

    assert forged(redacted, change) == ["traces/MASK-0.parquet is in the manifest but not in the pack"]


def test_verify_redaction_dropped_is_wrong(redacted):
    assert forged(redacted, lambda members, document: members.pop(REDACTION)) == ["the pack lacks report.html"]


def test_verify_withheld_but_present_is_wrong(pack, redacted):
    trace = read_pack(pack)["traces/MASK-0.parquet"]
    assert forged(redacted, lambda members, document: members.update({"traces/MASK-0.parquet": trace})) == [
        "traces/MASK-0.parquet is in the pack, but redaction.json says that it is withheld"
    ]


def test_verify_withheld_but_not_in_the_manifest_is_wrong(redacted):
    def change(members, document):
        document["withheld"]["captures/secret.csv"] = {"sha256": "a" * 64, "bytes": 3}

    assert forged(redacted, change) == ["captures/secret.csv is withheld, but the manifest does not know it"]


@pytest.mark.parametrize("entry", [{"sha256": "a" * 64, "bytes": 3}, {"sha256": "b" * 64, "bytes": 0}])
def test_verify_withheld_with_another_digest_is_wrong(redacted, entry):
    assert forged(redacted, lambda members, document: document["withheld"].update({"report.html": entry})) == [
        "report.html is withheld with another SHA-256 or size than the manifest gives it"
    ]


@pytest.mark.parametrize("name", ["manifest.json", "results.json", "spec.yaml", "resolved-spec.yaml", "junit.xml"])
def test_verify_withheld_evidence_is_wrong(redacted, name):
    def change(members, document):
        document["withheld"][name] = {"sha256": hashlib.sha256(members[name]).hexdigest(), "bytes": len(members[name])}
        del members[name]

    assert forged(redacted, change) == [f"the pack lacks {name}"]


def test_verify_withheld_submission_is_wrong(tmp_path, synthetic, redacted):
    def change(members, document):
        document["withheld"]["submission.yaml"] = {"sha256": "a" * 64, "bytes": 1}

    assert forged(redacted, change) == [
        "submission.yaml is withheld; a redaction leaves out only captures, traces and the report"
    ]


def test_verify_redaction_that_withholds_nothing_is_wrong(pack, redacted):
    whole = read_pack(pack)

    def change(members, document):
        members.update(whole)
        document["withheld"].clear()

    assert forged(redacted, change) == ["redaction.json does not follow its schema: withheld: {} should be non-empty"]


def test_verify_any_flipped_bit_of_a_redacted_pack_is_wrong(redacted):
    raw = redacted.read_bytes()
    for place in range(0, len(raw), len(raw) // 60):
        changed = bytearray(raw)
        changed[place] ^= 1
        redacted.write_bytes(changed)
        assert not verify(redacted).ok, place


def test_redact_pack_that_does_not_verify_is_refused_and_leaves_nothing(pack, tmp_path):
    members = dict(read_pack(pack))
    members["junit.xml"] = b"<testsuites/>"
    pack.write_bytes(b"".join(zipped(members)))
    with pytest.raises(PackError, match=r"this pack does not verify.*junit.xml is not what the manifest says"):
        redact(pack, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_redact_reason_that_is_a_book_is_refused(pack, tmp_path):
    with pytest.raises(UsageError, match="--reason: error: longer than 2000 characters\n  fix: shorten it"):
        redact(pack, tmp_path / "out.zip", "x" * 2001)
