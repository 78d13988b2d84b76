"""RFC 3161 responses in a pack, made by a local authority with OpenSSL."""

import hashlib
import html
import json
import re
import shutil
import subprocess
import sys

import pytest
from cryptography.x509 import load_pem_x509_certificate

from slacheck.errors import KeyFileError, SlacheckError
from slacheck.evidence.archive import zipped
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.envelope import Envelope, parse_envelope
from slacheck.evidence.keys import make_pair, read_private
from slacheck.evidence.pack import manifest, read_pack
from slacheck.evidence.sign import sign_pack
from slacheck.evidence.signatures import STATEMENT, Trust, examine
from slacheck.evidence.statement import statement
from slacheck.evidence.timestamp import examined_stamp, read_authorities, read_stamp
from slacheck.evidence.verify import verify
from slacheck.render.from_pack import rendered

pytest.importorskip("rfc3161_client", reason="pip install 'slacheck[timestamp]'")
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")

PAYLOAD = b'{"what":"was found"}'
CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512, sha1
ess_cert_id_alg = sha256
[two]
serial = serial
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
nsComment = "Makes this certificate longer than the root's; DER wants it second, OpenSSL puts it first"
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[req]
distinguished_name = dn
[dn]
"""


class Authority:
    """A time-stamping authority in a folder."""

    def __init__(self, folder, name):
        self.folder, self.root = folder, folder / "ca.pem"
        folder.mkdir()
        (folder / "cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01")
        for who in ("ca", "tsa"):
            self.openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", f"{who}.key")
        root = ("-key", "ca.key", "-subj", f"/CN={name} root", "-days", "30", "-extensions", "root")
        self.openssl("req", "-x509", "-new", *root, "-config", "cnf", "-out", "ca.pem")
        self.openssl("req", "-new", "-key", "tsa.key", "-subj", f"/CN={name}", "-config", "cnf", "-out", "csr")
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "cnf", "-extensions", "leaf")
        self.openssl("x509", "-req", "-in", "csr", *signer, "-days", "20", "-out", "tsa.pem")

    def openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.folder, check=True, capture_output=True)

    def stamp(self, payload, *, algorithm="sha256", section="one", query=("-cert",), reply=()):
        digest = hashlib.new(algorithm, payload).hexdigest()
        self.openssl("ts", "-query", "-digest", digest, f"-{algorithm}", *query, "-out", "tsq")
        self.openssl("ts", "-reply", "-config", "cnf", "-section", section, "-queryfile", "tsq", *reply, "-out", "tsr")
        return (self.folder / "tsr").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa") / "one", "Test authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa") / "other", "Other authority")


@pytest.fixture(scope="module")
def stamp(authority):
    return authority.stamp(PAYLOAD)


def stored(tmp_path, raw):
    path = tmp_path / "t.tsr"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_examined_stamp_of_a_known_authority_tells_time_and_name(authority, tmp_path, algorithm):
    raw = read_stamp(stored(tmp_path, authority.stamp(PAYLOAD, algorithm=algorithm)), PAYLOAD)
    found = examined_stamp(raw, PAYLOAD, read_authorities(authority.root))
    assert found.fault is None
    assert found.told.startswith("time stamp: 20")
    assert found.told.endswith(f"Z by CN=Test authority, verified with {authority.root}")


def test_examined_stamp_without_authorities_is_not_checked(stamp):
    assert examined_stamp(b"anything", PAYLOAD, None).told == "time stamp present, not checked"


def test_examined_stamp_of_another_authority_does_not_hold(stamp, stranger):
    assert examined_stamp(stamp, PAYLOAD, read_authorities(stranger.root)).fault == (
        f"a time stamp does not hold against {stranger.root}: unable to get local issuer certificate"
    )


def test_examined_stamp_of_another_statement_does_not_hold(stamp, authority):
    found = examined_stamp(stamp, PAYLOAD + b" ", read_authorities(authority.root))
    assert found.fault == "a time stamp is over something else than the statement"


def test_examined_stamp_every_changed_byte_of_what_is_signed_is_found(stamp, authority):
    authorities, changed = read_authorities(authority.root), []
    for position in range(len(stamp)):
        damaged = bytearray(stamp)
        damaged[position] ^= 0x01
        found = examined_stamp(bytes(damaged), PAYLOAD, authorities)
        if found.fault is None:
            changed.append(position)
            assert found.told == examined_stamp(stamp, PAYLOAD, authorities).told
    # the response holds the certificate, whose own bytes count only as far as its issuer signed them, and a few
    # bytes of CMS that no signature covers (versions, identifiers of algorithms)
    assert len(changed) <= 12


REFUSED = {
    "text": (lambda a: b"hello", "not a time-stamp response (TimeStampResp, DER) as RFC 3161 has it"),
    "empty": (lambda a: b"", "not a time-stamp response (TimeStampResp, DER) as RFC 3161 has it"),
    "a token alone": (
        lambda a: a.stamp(PAYLOAD, reply=("-token_out",)),
        "not a time-stamp response (TimeStampResp, DER) as RFC 3161 has it",
    ),
    "with a chain, as OpenSSL orders it": (
        lambda a: a.stamp(PAYLOAD, section="two"),
        "its certificates do not stand in the order that DER demands, as OpenSSL writes several of them; "
        "ask the authority for a response with its own certificate alone",
    ),
    "of something else": (
        lambda a: a.stamp(b"other"),
        f"a time stamp over something else than the statement of this pack ({hashlib.sha256(PAYLOAD).hexdigest()})",
    ),
    "over SHA-1": (
        lambda a: a.stamp(PAYLOAD, algorithm="sha1"),
        f"a time stamp over something else than the statement of this pack ({hashlib.sha256(PAYLOAD).hexdigest()})",
    ),
    "without certificate": (
        lambda a: a.stamp(PAYLOAD, query=()),
        "the response lacks the authority's certificate, which a request asks for by -cert",
    ),
    "refused by the authority": (
        lambda a: bytes.fromhex("30053003020102"),
        "not a time-stamp response (TimeStampResp, DER) as RFC 3161 has it",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_read_stamp_what_does_not_fit_is_refused(authority, tmp_path, case):
    made, message = REFUSED[case]
    path = stored(tmp_path, made(authority))
    with pytest.raises(KeyFileError) as caught:
        read_stamp(path, PAYLOAD)
    digest = hashlib.sha256(PAYLOAD).hexdigest()
    request = f"`openssl ts -query -sha256 -cert -digest {digest} -out request.tsq` makes the request"
    assert str(caught.value) == f"{path}: error: {message}\n  fix: {request}"


def test_read_authorities_several_certificates_are_all_believed(stamp, authority, stranger, tmp_path):
    (tmp_path / "both.pem").write_bytes(stranger.root.read_bytes() + authority.root.read_bytes())
    authorities = read_authorities(tmp_path / "both.pem")
    assert [c.subject.rfc4514_string() for c in authorities.certificates] == [
        "CN=Other authority root",
        "CN=Test authority root",
    ]
    assert authorities.certificates[1] == load_pem_x509_certificate(authority.root.read_bytes())
    assert examined_stamp(stamp, PAYLOAD, authorities).fault is None


def test_time_stamp_without_its_package_says_how_to_install_it(stamp, authority, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    message = r"^slacheck: error: time stamps need rfc3161-client; pip install 'slacheck\[timestamp\]'$"
    with pytest.raises(SlacheckError, match=message):
        read_stamp(stored(tmp_path, stamp), PAYLOAD)
    with pytest.raises(SlacheckError, match=message):
        examined_stamp(stamp, PAYLOAD, read_authorities(authority.root))
    assert examined_stamp(stamp, PAYLOAD, None).fault is None


def test_pack_stamped_between_two_signatures_keeps_them_all(tmp_path, synthetic, authority, stranger):
    record = synthetic.record()
    members = synthetic.members(record)
    members["manifest.json"] = canonical_json(manifest(members, synthetic.files(record)))
    path = tmp_path / "p.zip"
    path.write_bytes(b"".join(zipped(members)))
    keys = []
    for name in ("supplier", "buyer"):
        make_pair(tmp_path / name)
        keys.append(read_private(tmp_path / name))
    sign_pack(path, keys[0])
    response = stored(tmp_path, authority.stamp(statement(members)))
    assert sign_pack(path, None, response)
    assert not sign_pack(path, None, response)
    assert sign_pack(path, keys[1])
    trust = Trust([key.public for key in keys], authorities=read_authorities(authority.root))
    report = verify(path, trust)
    assert report.ok
    assert any(line.startswith("time stamp: 20") for line in report.lines)
    assert "time stamp present, not checked" in verify(path).lines
    (kept,) = parse_envelope(read_pack(path)[STATEMENT]).timestamps
    (authority.folder / "kept.tsr").write_bytes(kept)
    digest = hashlib.sha256(statement(members)).hexdigest()
    authority.openssl("ts", "-verify", "-in", "kept.tsr", "-digest", digest, "-CAfile", "ca.pem")
    shown = rendered(path, ".html", trust).decode()
    assert re.search(r"20[0-9T:.-]+Z by CN=Test authority, verified with ca\.pem", html.unescape(shown))
    assert str(authority.root) not in shown
    assert (
        "there, not checked here: slacheck verify --timestamp-ca says whose it is" in rendered(path, ".html").decode()
    )
    assert not verify(path, Trust(authorities=read_authorities(stranger.root))).ok
    whole = dict(read_pack(path))
    bare = Envelope(parse_envelope(whole[STATEMENT]).payload, parse_envelope(whole[STATEMENT]).signatures)
    documents = (json.loads(whole["manifest.json"]), json.loads(whole["results.json"]))
    found = examine(whole | {STATEMENT: bare.to_bytes()}, *documents, trust)
    assert found.lacking == ("the statement has no time stamp",)
