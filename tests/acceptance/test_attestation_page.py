"""`docs/attestation.md`: the check by hand with OpenSSL is run, the tables name what the schema has."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main
from slacheck.evidence.schema import attestation_schema

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "attestation.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("openssl") is None or shutil.which("unzip") is None, reason="no openssl or unzip")
def test_attestation_page_check_by_hand_verifies_a_signed_pack_and_refuses_another_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec, capture = ROOT / "specs/kinds/ramp_rate.yaml", ROOT / "fixtures/kinds/ramp_rate.csv"
    for arguments in (
        ["keygen", "buyer", "--pem"],
        ["keygen", "other", "--pem"],
        ["check", str(spec), str(capture), "-o", "PACK.zip", "--sign", "buyer"],
    ):
        assert CliRunner().invoke(main, arguments).exit_code == 0
    block = re.findall(r"^```sh\n(unzip.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    right = subprocess.run(["bash", "-ec", block], capture_output=True, text=True, check=False)
    assert (right.returncode, right.stdout) == (0, "Signature Verified Successfully\n"), right.stderr
    wrong = subprocess.run(["bash", "-ec", block.replace("buyer.pub", "other.pub")], capture_output=True, check=False)
    assert wrong.returncode == 1


def test_attestation_page_names_every_key_of_the_schema():
    schema = attestation_schema()
    named = set(re.findall(r"`(?:predicate\.)?(\w+)`", PAGE))
    assert set(schema["$defs"]["check"]["properties"]) <= named
    assert set(schema["properties"]["predicate"]["properties"]) <= named
