import base64
import contextlib
import os
import shutil
import stat
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from slacheck.errors import KeyFileError
from slacheck.evidence.keys import LARGEST_KEY_FILE, PublicKey, make_pair, read_private, read_public

WAYS = {
    "openssh": {},
    "pem": {"pem": True},
    "openssh, protected": {"passphrase": "open sesame"},
    "pem, protected": {"pem": True, "passphrase": "öffne"},
}


@pytest.mark.parametrize("way", WAYS)
def test_make_pair_read_back_signs_what_its_public_half_verifies(tmp_path, way):
    made = make_pair(tmp_path / "buyer", **WAYS[way])
    public = read_public(tmp_path / "buyer.pub")
    private = read_private(tmp_path / "buyer", lambda: WAYS[way].get("passphrase"))
    assert public == made
    assert private.public.keyid == public.keyid
    assert public.verifies(private.sign(b"hall"), b"hall")
    assert not public.verifies(private.sign(b"hall"), b"hell")
    assert not public.verifies(b"\0" * 64, b"hall")


def test_make_pair_private_half_is_for_its_owner_alone_and_names_no_host(tmp_path):
    make_pair(tmp_path / "buyer")
    assert stat.S_IMODE((tmp_path / "buyer").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "buyer.pub").stat().st_mode) == 0o644 & ~_umask()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["buyer", "buyer.pub"]
    assert len((tmp_path / "buyer.pub").read_text().split()) == 2


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("there", ["buyer", "buyer.pub"])
def test_make_pair_never_overwrites(tmp_path, there):
    (tmp_path / there).write_text("mine")
    with pytest.raises(KeyFileError) as caught:
        make_pair(tmp_path / "buyer")
    assert str(caught.value) == (
        f"{tmp_path / there}: error: is already there, and a key is never overwritten\n  fix: choose another name"
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_make_pair_public_half_that_cannot_be_written_leaves_no_private_one(tmp_path, monkeypatch):
    from slacheck.evidence import keys

    whole = keys.write_whole

    def fails(path, pieces, **more):
        if path.suffix == ".pub":
            raise OSError(28, "No space left on device")
        whole(path, pieces, **more)

    monkeypatch.setattr(keys, "write_whole", fails)
    with pytest.raises(KeyFileError, match="cannot be written: No space left on device"):
        make_pair(tmp_path / "buyer")
    assert list(tmp_path.iterdir()) == []


def test_make_pair_where_it_cannot_be_is_an_error(tmp_path):
    with pytest.raises(KeyFileError, match="cannot be written"):
        make_pair(tmp_path / "missing" / "buyer")


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
def test_keyid_is_the_fingerprint_that_ssh_keygen_prints(tmp_path):
    key = make_pair(tmp_path / "buyer")
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "buyer.pub"], capture_output=True, text=True, check=True
    )
    assert told.stdout.split()[1] == key.keyid
    again = subprocess.run(["ssh-keygen", "-y", "-f", tmp_path / "buyer"], capture_output=True, text=True, check=True)
    assert again.stdout.split()[:2] == (tmp_path / "buyer.pub").read_text().split()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
def test_read_key_made_by_ssh_keygen_takes_it_whatever_its_comment(tmp_path):
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "I am the buyer", "-f", tmp_path / "k"]
    subprocess.run(command, check=True)
    key = read_public(tmp_path / "k.pub")
    assert key.name == str(tmp_path / "k.pub")
    assert read_private(tmp_path / "k").public.keyid == key.keyid


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_read_key_made_by_openssl_takes_it(tmp_path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "k"], check=True)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "k", "-pubout", "-out", tmp_path / "k.pub"], check=True)
    assert read_private(tmp_path / "k").public.keyid == read_public(tmp_path / "k.pub").keyid


# ---------------------------------------------------------------- files that are no key


def pem(key):
    return key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)


def ssh(key):
    return key.public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH)


def private(key, form=s.PrivateFormat.PKCS8):
    return key.private_bytes(s.Encoding.PEM, form, s.NoEncryption())


ED = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
LINE = ssh(ED)
EXPECTED = "expected one line 'ssh-ed25519 AAAA...' (OpenSSH) or a PEM block 'BEGIN PUBLIC KEY'"
ASK = "\n  fix: ask the signer for NAME.pub"
MAKE = "\n  fix: make one with `slacheck keygen NAME`"
COPY = "\n  fix: copy the file again, whole"

NO_PUBLIC_KEY = {
    "empty": (b"", f"no public key; {EXPECTED}{ASK}"),
    "text": (b"hello there", f"no public key; {EXPECTED}{ASK}"),
    "binary": (bytes(range(256)), f"no public key; {EXPECTED}{ASK}"),
    "a word": (b"ssh-ed25519", f"no public key; {EXPECTED}{ASK}"),
    "private": (
        private(ED),
        "this is a private key, which its owner shows to nobody\n  fix: give the public one, NAME.pub",
    ),
    "private of OpenSSH": (
        private(ED, s.PrivateFormat.OpenSSH),
        "this is a private key, which its owner shows to nobody\n  fix: give the public one, NAME.pub",
    ),
    "two keys": (
        LINE + b"\n" + LINE + b"\n",
        f"2 lines that are keys or text; {EXPECTED}\n  fix: one file for each signer",
    ),
    "two PEM keys": (pem(ED) * 2, f"a PEM file with something else than one public key; {EXPECTED}"),
    "certificate": (
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        f"a PEM file with something else than one public key; {EXPECTED}",
    ),
    "damaged PEM": (
        pem(ED).replace(b"MCow", b"MCox"),
        f"a PEM public key that cannot be read: damaged, or of an unknown type{COPY}",
    ),
    "RSA": (ssh(RSA), f"a key of type ssh-rsa; slacheck signs with Ed25519 alone{MAKE}"),
    "RSA in PEM": (pem(RSA), f"a public key of type RSA; slacheck signs with Ed25519 alone{MAKE}"),
    "Ed448 in PEM": (
        pem(ed448.Ed448PrivateKey.generate()),
        f"a public key of type Ed448; slacheck signs with Ed25519 alone{MAKE}",
    ),
    "ECDSA": (ssh(CURVE), f"a key of type ecdsa-sha2-nistp256; slacheck signs with Ed25519 alone{MAKE}"),
    "hardware key": (
        b"sk-ssh-ed25519@openssh.com AAAA x",
        f"a key of type sk-ssh-ed25519@openssh.com; slacheck signs with Ed25519 alone{MAKE}",
    ),
    "cut short": (LINE[:60], f"a damaged ssh-ed25519 key: 48 characters of base64 that are not one{COPY}"),
    "another key inside": (
        b"ssh-ed25519 " + ssh(RSA).split()[1],
        f"a damaged ssh-ed25519 key: {len(ssh(RSA).split()[1])} characters of base64 that are not one{COPY}",
    ),
    "more after it": (
        b"ssh-ed25519 " + base64.b64encode(base64.b64decode(LINE.split()[1]) + b"xyz"),
        f"a damaged ssh-ed25519 key: 72 characters of base64 that are not one{COPY}",
    ),
    "not base64": (
        b"ssh-ed25519 <script>",
        f"a damaged ssh-ed25519 key: 8 characters of base64 that are not one{COPY}",
    ),
    "too large": (b"#" * (LARGEST_KEY_FILE + 1), "65537 bytes are more than a key file has (65536)"),
}


@pytest.mark.parametrize("case", NO_PUBLIC_KEY)
def test_read_public_what_is_no_key_says_what_it_is_and_what_to_give(tmp_path, case):
    content, message = NO_PUBLIC_KEY[case]
    path = tmp_path / "k.pub"
    path.write_bytes(content)
    with pytest.raises(KeyFileError) as caught:
        read_public(path)
    assert str(caught.value) == f"{path}: error: {message}"


def weak_points():
    """Encodings of the eight points of small order, each also with the other sign, and beyond the prime."""
    prime = 2**255 - 19
    eighth = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
    values = (0, 1, prime - 1, eighth, prime - eighth, prime, prime + 1)
    return [(value + sign * 2**255).to_bytes(32, "little") for value in values for sign in (0, 1)]


@pytest.mark.parametrize("raw", weak_points(), ids=bytes.hex)
def test_read_public_key_that_everybody_can_sign_with_is_refused(tmp_path, raw):
    (tmp_path / "k.pub").write_bytes(b"ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + raw))
    with pytest.raises(KeyFileError) as caught:
        read_public(tmp_path / "k.pub")
    assert str(caught.value) == (
        f"{tmp_path}/k.pub: error: a key for which anybody can make a signature of anything (a point of small order)"
        "\n  fix: make one with `slacheck keygen NAME`"
    )


def test_weak_key_verifies_what_nobody_signed():
    """Why it is refused: the neutral point, with the signature that fits every message."""
    neutral = (1).to_bytes(32, "little")
    assert PublicKey("weak", neutral).verifies(neutral + bytes(32), b"any message at all")


def test_read_public_spare_base64_bits_are_no_second_text_of_a_key(tmp_path):
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    (tmp_path / "k").write_bytes(b"ssh-ed25519 " + base64.b64encode(b"\0" * 50)[:-2] + alphabet[1:2] + b"=")
    with pytest.raises(KeyFileError, match="damaged"):
        read_public(tmp_path / "k")


RESTORE = "\n  fix: restore it from its copy"
LOCKED = private(ED, s.PrivateFormat.OpenSSH)
NO_PRIVATE_KEY = {
    "empty": (b"", f"no private key; expected 'BEGIN OPENSSH PRIVATE KEY' or a PEM block 'BEGIN PRIVATE KEY'{MAKE}"),
    "public": (LINE, "this is a public key, which cannot sign\n  fix: give the private one, NAME without .pub"),
    "public PEM": (pem(ED), "this is a public key, which cannot sign\n  fix: give the private one, NAME without .pub"),
    "RSA": (private(RSA), f"a private key of type RSA; slacheck signs with Ed25519 alone{MAKE}"),
    "ECDSA of OpenSSH": (
        private(CURVE, s.PrivateFormat.OpenSSH),
        f"a private key of type EC; slacheck signs with Ed25519 alone{MAKE}",
    ),
    "damaged": (private(ED).replace(b"MC4C", b"MC4D"), f"a private key that cannot be read: damaged{RESTORE}"),
    "damaged OpenSSH": (LOCKED[:120] + LOCKED[140:], f"a private key that cannot be read: damaged{RESTORE}"),
}


@pytest.mark.parametrize("case", NO_PRIVATE_KEY)
def test_read_private_what_is_no_key_says_what_it_is_and_what_to_give(tmp_path, case):
    content, message = NO_PRIVATE_KEY[case]
    path = tmp_path / "k"
    path.write_bytes(content)
    with pytest.raises(KeyFileError) as caught:
        read_private(path)
    assert str(caught.value) == f"{path}: error: {message}"


@pytest.mark.parametrize("read", [read_public, read_private])
def test_read_key_that_cannot_be_opened_is_an_error(tmp_path, read):
    with pytest.raises(KeyFileError, match="cannot be opened: No such file or directory"):
        read(tmp_path / "missing")
    with pytest.raises(KeyFileError, match="this is not a file"):
        read(tmp_path)


@pytest.mark.parametrize("way", ["openssh, protected", "pem, protected"])
def test_read_private_protected_key_without_its_passphrase_stays_locked(tmp_path, way, monkeypatch):
    path = tmp_path / "k"
    make_pair(path, **WAYS[way])
    monkeypatch.delenv("SLACHECK_PASSPHRASE", raising=False)
    with pytest.raises(KeyFileError) as caught:
        read_private(path)
    assert str(caught.value) == (
        f"{path}: error: the key is protected by a passphrase, and there is no terminal to ask for it on\n"
        "  fix: set the environment variable SLACHECK_PASSPHRASE, or run on a terminal"
    )
    for wrong in ("wrong", ""):
        monkeypatch.setenv("SLACHECK_PASSPHRASE", wrong)
        with pytest.raises(KeyFileError) as caught:
            read_private(path)
        assert str(caught.value) == f"{path}: error: the passphrase does not open it"
    monkeypatch.setenv("SLACHECK_PASSPHRASE", WAYS[way]["passphrase"])
    assert read_private(path).public.keyid == read_public(tmp_path / "k.pub").keyid


@settings(max_examples=30, deadline=None)
@given(
    start=st.sampled_from([b"", b"ssh-ed25519 ", b"-----BEGIN PUBLIC KEY-----\n", b"PRIVATE KEY-----"]),
    rest=st.binary(),
)
def test_read_key_any_bytes_are_a_key_or_an_error(tmp_path_factory, start, rest):
    path = tmp_path_factory.mktemp("any") / "k"
    path.write_bytes(start + rest)
    for read in (read_public, read_private):
        with contextlib.suppress(KeyFileError):
            read(path)


def test_private_key_is_never_shown(tmp_path):
    make_pair(tmp_path / "k")
    assert "raw" not in repr(read_private(tmp_path / "k"))
    assert "PRIVATE" not in repr(vars(read_private(tmp_path / "k")))
