"""`keygen`, `check --sign`, `sign` and `verify --key`: exit codes and both streams."""

import hashlib
import html
import re
import stat
import zipfile

import pytest
from click.testing import CliRunner

from slacheck.cli.main import main


def run(*args, **more):
    return CliRunner().invoke(main, [str(arg) for arg in args], **more)


@pytest.fixture
def place(facility, tmp_path, monkeypatch):
    """A folder with a spec, a capture, an unsigned pack and the keys of three parties."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLACHECK_PASSPHRASE", raising=False)
    facility.spec(), facility.capture()
    assert run("check", "tiny.yaml", "run-1.csv", "-o", "p.zip", "--quiet").exit_code == 0
    for name in ("supplier", "witness", "buyer"):
        assert run("keygen", name).exit_code == 0
    return tmp_path


def test_keygen_writes_two_files_and_prints_the_fingerprint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("keygen", "buyer")
    assert result.exit_code == 0
    assert result.stderr == "wrote buyer (keep it) and buyer.pub (give it away)\n"
    assert result.stdout.startswith("SHA256:")
    assert stat.S_IMODE((tmp_path / "buyer").stat().st_mode) == 0o600
    again = run("keygen", "buyer")
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == (
        "buyer: error: is already there, and a key is never overwritten\n  fix: choose another name\n"
    )


def test_keygen_passphrase_without_a_terminal_or_variable_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLACHECK_PASSPHRASE", raising=False)
    result = run("keygen", "buyer", "--passphrase")
    assert result.exit_code == 2
    assert result.stderr == (
        "--passphrase: error: there is none, and no terminal to ask for one on\n"
        "  fix: set the environment variable SLACHECK_PASSPHRASE, or run on a terminal\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_protected_key_signs_with_its_passphrase_alone(place):
    env = {"SLACHECK_PASSPHRASE": "open sesame"}
    assert run("keygen", "safe", "--pem", "--passphrase", env=env).exit_code == 0
    locked = run("sign", "p.zip", "--key", "safe")
    assert (locked.exit_code, locked.stderr.splitlines()[0]) == (
        2,
        "safe: error: the key is protected by a passphrase, and there is no terminal to ask for it on",
    )
    assert run("sign", "p.zip", "--key", "safe", env=env).exit_code == 0
    assert run("verify", "p.zip", "--key", "safe.pub").exit_code == 0


def test_three_parties_sign_and_verify_names_them(place):
    assert run("check", "tiny.yaml", "run-1.csv", "-o", "q.zip", "--sign", "supplier", "--quiet").exit_code == 0
    for name in ("witness", "buyer"):
        signed = run("sign", "q.zip", "--key", name)
        assert (signed.exit_code, signed.stdout) == (0, "")
        assert signed.stderr.startswith("signed q.zip by SHA256:")
    result = run("verify", "q.zip", "--key", "buyer.pub", "--key", "supplier.pub", "--key", "witness.pub")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "intact; signed by buyer.pub, supplier.pub, witness.pub"
    plain = run("verify", "q.zip")
    assert (plain.exit_code, plain.stdout.splitlines()[-1]) == (0, "intact; signer not checked")


def test_sign_same_key_again_says_so(place):
    run("sign", "p.zip", "--key", "buyer")
    again = run("sign", "p.zip", "--key", "buyer")
    assert again.exit_code == 0
    assert again.stderr.startswith("p.zip was already signed by SHA256:")
    assert again.stderr.endswith(" and is as it was\n")


def test_verify_key_that_did_not_sign_exits_with_1_unless_enough_others_did(place):
    run("sign", "p.zip", "--key", "buyer")
    keys = ("--key", "buyer.pub", "--key", "witness.pub")
    assert run("verify", "p.zip", *keys).exit_code == 1
    assert run("verify", "p.zip", *keys, "--require", "2").exit_code == 1
    assert run("verify", "p.zip", *keys, "--require", "1").exit_code == 0
    assert run("verify", "p.zip", "--key", "witness.pub").stdout.splitlines()[-1] == (
        "intact, but not signed as asked: 1 problem"
    )


BAD_USE = {
    "more required than given": (
        ("verify", "p.zip", "--key", "buyer.pub", "--require", "2"),
        "--require: error: 2 signers cannot be found with 1 key\n"
        "  fix: give the public key of each signer with --key\n",
    ),
    "required without keys": (
        ("verify", "p.zip", "--require", "1"),
        "--require: error: 1 signers cannot be found with 0 keys\n"
        "  fix: give the public key of each signer with --key\n",
    ),
    "a key twice": (
        ("verify", "p.zip", "--key", "buyer.pub", "--key", "copy.pub"),
        "copy.pub: error: this is the key of buyer.pub once more\n",
    ),
    "a private key to verify": (
        ("verify", "p.zip", "--key", "buyer"),
        "buyer: error: this is a private key, which its owner shows to nobody\n  fix: give the public one, NAME.pub\n",
    ),
    "a public key to sign": (
        ("sign", "p.zip", "--key", "buyer.pub"),
        "buyer.pub: error: this is a public key, which cannot sign\n  fix: give the private one, NAME without .pub\n",
    ),
    "no such key": (
        ("check", "tiny.yaml", "run-1.csv", "-o", "new.zip", "--sign", "nobody"),
        "nobody: error: cannot be opened: No such file or directory\n",
    ),
    "a pack over its key": (
        ("check", "tiny.yaml", "run-1.csv", "-o", "key.zip", "--sign", "key.zip"),
        "key.zip: error: this is an input, which would be overwritten\n  fix: write elsewhere\n",
    ),
    "a stamp on what nobody signed": (
        ("sign", "p.zip", "--timestamp", "buyer.pub"),
        "p.zip: error: nobody has signed it, so there is no statement to stamp\n  fix: sign first: --key KEY\n",
    ),
    "an authority that is none": (
        ("verify", "p.zip", "--timestamp-ca", "buyer.pub"),
        "buyer.pub: error: no certificates in PEM form\n"
        "  fix: give the authority's root certificate, 'BEGIN CERTIFICATE'\n",
    ),
}


@pytest.mark.parametrize("case", BAD_USE)
def test_bad_use_exits_with_2_and_writes_nothing(place, case):
    arguments, message = BAD_USE[case]
    (place / "copy.pub").write_bytes((place / "buyer.pub").read_bytes())
    (place / "key.zip").write_bytes((place / "buyer").read_bytes())
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    result = run(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sign", "p.zip"), "nothing to add; give --key KEY, --timestamp FILE.tsr, or both"),
        (("check", "tiny.yaml", "run-1.csv", "--sign", "buyer"), "--sign signs the pack; name it with -o PACK.zip"),
        (("verify", "p.zip", "--key", "buyer.pub", "--require", "0"), "0 is not in the range x>=1"),
    ],
)
def test_bad_usage_exits_with_2(place, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_results_write_pack_signs_like_the_command(place):
    import slacheck

    results = slacheck.check("tiny.yaml", "run-1.csv")
    results.write_pack("api.zip", sign="buyer")
    run("sign", "p.zip", "--key", "buyer")
    assert (place / "api.zip").read_bytes() == (place / "p.zip").read_bytes()


def test_schema_attestation_is_the_shipped_one(place):
    import json

    from slacheck.evidence.schema import attestation_schema

    assert json.loads(run("schema", "attestation").stdout) == attestation_schema()


def test_report_json_is_the_test_result_signed_if_asked(place):
    import json

    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    from slacheck.evidence.keys import read_public

    assert run("report", "p.zip", "-o", "bare.json").exit_code == 0
    assert run("report", "p.zip", "-o", "signed.json", "--sign", "buyer").exit_code == 0
    envelope = Envelope.from_dict(json.loads((place / "signed.json").read_bytes()))
    assert envelope.payload == (place / "bare.json").read_bytes()
    key = read_public(place / "buyer.pub")
    envelope.verify([SSlibKey(key.keyid, "ed25519", "ed25519", {"public": key.raw.hex()})], threshold=1)
    assert json.loads(envelope.payload)["predicate"]["passedTests"] == ["RAMP-1[run-1.csv]"]


def test_report_sign_of_anything_else_exits_with_2(place):
    result = run("report", "p.zip", "-o", "report.html", "--sign", "buyer")
    assert result.exit_code == 2
    assert "--sign signs an in-toto statement; name it with -o FILE.json" in result.stderr
    assert not (place / "report.html").exists()


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_report_names_signatures_verified_where_the_keys_are_given(place, form):
    from slacheck.evidence.keys import read_public

    (place / "keys").mkdir()
    (place / "buyer.pub").rename(place / "keys" / "buyer.pub")
    for name in ("buyer", "witness"):
        assert run("sign", "p.zip", "--key", name).exit_code == 0
    buyer, witness = read_public(place / "keys/buyer.pub").keyid, read_public(place / "witness.pub").keyid
    manifest = hashlib.sha256(zipfile.ZipFile("p.zip").read("manifest.json")).hexdigest()
    assert run("report", "p.zip", "-o", f"r.{form}", "--key", place / "keys/buyer.pub").exit_code == 0
    text = words(place / f"r.{form}")
    assert f"{buyer}, verified with buyer.pub" in text
    assert f"{witness}, not checked here: slacheck verify --key says whose it is" in text
    assert manifest in text.replace(" ", "")
    assert str(place) not in text


def words(path):
    """Text of a report, whatever its form."""
    if path.suffix == ".html":
        return " ".join(html.unescape(re.sub("<[^>]*>", "", path.read_text(encoding="utf-8"))).split())
    pypdf = pytest.importorskip("pypdf")
    return " ".join(
        "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages).replace("\u200b", "").split()
    )


def test_report_of_a_pack_that_a_named_key_did_not_sign_is_refused(place):
    result = run("report", "p.zip", "-o", "r.html", "--key", "buyer.pub")
    assert result.exit_code == 2
    assert "wrong: the pack is not signed: it has no statement" in result.stderr
    assert not (place / "r.html").exists()


def test_redacted_pack_keeps_its_signatures_and_takes_another(place):
    run("sign", "p.zip", "--key", "supplier")
    assert run("redact", "p.zip", "-o", "r.zip").exit_code == 0
    assert zipfile.ZipFile("r.zip").read("statement.dsse.json") == zipfile.ZipFile("p.zip").read("statement.dsse.json")
    assert run("sign", "r.zip", "--key", "buyer").exit_code == 0
    result = run("verify", "r.zip", "--key", "supplier.pub", "--key", "buyer.pub")
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert re.fullmatch(r"verified, \d members withheld; signed by supplier.pub, buyer.pub", last)
    missing = run("verify", "r.zip", "--key", "witness.pub")
    assert missing.exit_code == 1
    assert re.search(r"\nverified, \d members withheld, but not signed as asked: 1 problem\n$", missing.stdout)
    assert run("verify", "p.zip", "--key", "supplier.pub").exit_code == 0
