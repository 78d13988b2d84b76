import hashlib

import pytest

from slacheck.errors import PackError
from slacheck.evidence.archive import zipped
from slacheck.evidence.pack import read_pack, write_pack
from slacheck.evidence.redact import redact
from slacheck.evidence.verified import read_verified


@pytest.fixture
def pack(tmp_path, synthetic):
    record = synthetic.record()
    write_pack(tmp_path / "pack.zip", synthetic.members(record), synthetic.files(record))
    return tmp_path / "pack.zip"


def test_read_verified_gives_documents_digest_and_the_name_without_its_folder(pack):
    found = read_verified(pack)
    assert (found.name, found.withheld) == ("pack.zip", ())
    assert found.results["verdict"] == "FAIL"
    assert found.manifest["schema"] == "slacheck/manifest/1"
    assert found.results_sha256 == hashlib.sha256(read_pack(pack)["results.json"]).hexdigest()


def test_read_verified_redacted_pack_names_what_is_withheld(pack, tmp_path):
    redact(pack, tmp_path / "red.zip")
    assert read_verified(tmp_path / "red.zip").withheld == (
        "report.html",
        "traces/DYN-1-0.parquet",
        "traces/MASK-0.parquet",
    )


def test_read_verified_changed_number_is_refused_with_what_is_wrong(pack):
    members = dict(read_pack(pack))
    members["results.json"] = members["results.json"].replace(b"0.0812", b"0.0612")
    pack.write_bytes(b"".join(zipped(members)))
    with pytest.raises(PackError) as refused:
        read_verified(pack)
    size, digest = len(members["results.json"]), hashlib.sha256(members["results.json"]).hexdigest()
    assert str(refused.value) == (
        f"{pack}: error: this pack does not verify, so nothing in it is used: wrong: results.json is not what the "
        f"manifest says: it has SHA-256 {digest} and {size} bytes; NOT INTACT: 1 problem\n"
        "  fix: ask for the pack as it was written"
    )
