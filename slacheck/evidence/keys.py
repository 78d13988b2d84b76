"""Ed25519 keys in files: OpenSSH or PEM in, fingerprints and signatures out.

A key is named by its fingerprint as `ssh-keygen -l` prints it: SHA-256 over the OpenSSH form of
the public key. A signer is named by the file that the verifier took the key from; a comment
inside that file is only a claim and is not read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slacheck.errors import Diagnostic, KeyFileError
from slacheck.evidence.atomic import write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LARGEST_KEY_FILE = 64 * 1024
"""Bytes."""
PASSPHRASE = "SLACHECK_PASSPHRASE"  # noqa: S105 - the name of a variable
"""Environment variable that opens a protected key where nobody can be asked."""
_SSH = b"ssh-ed25519"
_WIRE = len(_SSH).to_bytes(4) + _SSH + (32).to_bytes(4)
"""What stands before the 32 bytes of a public key in OpenSSH's form."""
_PRIME = 2**255 - 19
_CURVE = -121665 * pow(121666, -1, _PRIME)
"""The constant d of Ed25519: -x² + y² = 1 + d x² y²."""
_PRIVATE_MARKS = (b"-----BEGIN OPENSSH PRIVATE KEY-----", b"PRIVATE KEY-----")
_EXPECTED_PUBLIC = "expected one line 'ssh-ed25519 AAAA...' (OpenSSH) or a PEM block 'BEGIN PUBLIC KEY'"
_EXPECTED_PRIVATE = "expected 'BEGIN OPENSSH PRIVATE KEY' or a PEM block 'BEGIN PRIVATE KEY'"
_ONLY = "slacheck signs with Ed25519 alone"
_MAKE = "make one with `slacheck keygen NAME`"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures.

    Parameters
    ----------
    name : str
        The file it was read from, as the user named it.
    raw : bytes
        Its 32 bytes.
    """

    name: str
    raw: bytes

    @property
    def keyid(self) -> str:
        """Fingerprint as in OpenSSH, `SHA256:` and 43 characters."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(_WIRE + self.raw).digest()).decode().rstrip("=")

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` was made over `message` by this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """A key that signs; it is never shown."""

    def __init__(self, name: str, secret: Ed25519PrivateKey) -> None:
        self._secret = secret
        self.public = PublicKey(name, secret.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Signature of `message`, 64 bytes; always the same for the same message."""
        return self._secret.sign(message)


# ---------------------------------------------------------------- read


def read_public(path: Path) -> PublicKey:
    """The public key in a file, OpenSSH or PEM.

    Raises
    ------
    KeyFileError
        If the file cannot be opened, or holds anything but one Ed25519 public key.
    """
    raw = _content(path)
    if any(mark in raw for mark in _PRIVATE_MARKS):
        raise _unfit(path, "this is a private key, which its owner shows to nobody", "give the public one, NAME.pub")
    key = _pem_public(path, raw) if b"-----BEGIN" in raw else _line_public(path, raw)
    if _is_weak(key):
        raise _unfit(path, "a key for which anybody can make a signature of anything (a point of small order)", _MAKE)
    return PublicKey(str(path), key)


def _is_weak(raw: bytes) -> bool:
    """Whether the point has an order of 1, 2, 4 (y = ±1, 0) or 8 (doubled, it is one of order 4)."""
    y = int.from_bytes(raw, "little") % 2**255 % _PRIME
    return y in (0, 1, _PRIME - 1) or (_CURVE * y**4 + 2 * y * y - 1) % _PRIME == 0


def _line_public(path: Path, raw: bytes) -> bytes:
    """The key in OpenSSH's own form, one line."""
    lines = [line for line in raw.splitlines() if line.strip() and not line.startswith(b"#")]
    fields = lines[0].split(maxsplit=2) if lines else []
    if len(fields) < 2 or not fields[0].startswith((b"ssh-", b"ecdsa-", b"sk-")):
        raise _unfit(path, f"no public key; {_EXPECTED_PUBLIC}", "ask the signer for NAME.pub")
    if len(lines) > 1:
        raise _unfit(path, f"{len(lines)} lines that are keys or text; {_EXPECTED_PUBLIC}", "one file for each signer")
    if fields[0] != _SSH:
        raise _unfit(path, f"a key of type {fields[0].decode('latin-1')[:60]}; {_ONLY}", _MAKE)
    return _ssh_public(path, fields[1])


def _ssh_public(path: Path, text: bytes) -> bytes:
    try:
        wire = base64.b64decode(text, validate=True)
    except binascii.Error:
        wire = b""
    if not wire.startswith(_WIRE) or len(wire) != len(_WIRE) + 32 or base64.b64encode(wire) != text:
        raise _unfit(path, f"a damaged ssh-ed25519 key: {len(text)} characters of base64 that are not one", _COPY)
    return wire[len(_WIRE) :]


_COPY = "copy the file again, whole"


def _pem_public(path: Path, raw: bytes) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if raw.count(b"-----BEGIN") != 1 or b"-----BEGIN PUBLIC KEY-----" not in raw:
        raise _unfit(path, f"a PEM file with something else than one public key; {_EXPECTED_PUBLIC}")
    try:
        key = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise _unfit(path, "a PEM public key that cannot be read: damaged, or of an unknown type", _COPY) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _unfit(path, f"a public key of type {_type(key)}; {_ONLY}", _MAKE)
    return key.public_bytes_raw()


def passphrase_from_environment() -> str | None:
    """What `SLACHECK_PASSPHRASE` says, or None."""
    return os.environ.get(PASSPHRASE)


def read_private(path: Path, ask: Callable[[], str | None] = passphrase_from_environment) -> PrivateKey:
    """The private key in a file, OpenSSH or PEM.

    Parameters
    ----------
    ask : callable
        Called for the passphrase, once, if the key is protected by one; None if there is nobody to ask.

    Raises
    ------
    KeyFileError
        If the file cannot be opened, holds anything but one Ed25519 private key, or stays locked.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    raw = _content(path)
    if not any(mark in raw for mark in _PRIVATE_MARKS):
        if raw.startswith(_SSH) or b"-----BEGIN PUBLIC KEY-----" in raw:
            raise _unfit(path, "this is a public key, which cannot sign", "give the private one, NAME without .pub")
        raise _unfit(path, f"no private key; {_EXPECTED_PRIVATE}", _MAKE)
    try:
        key = _loaded(path, raw, None)
    except TypeError:
        key = _unlocked(path, raw, ask())
    if not isinstance(key, Ed25519PrivateKey):
        raise _unfit(path, f"a private key of type {_type(key)}; {_ONLY}", _MAKE)
    return PrivateKey(str(path), key)


def _unlocked(path: Path, raw: bytes, passphrase: str | None) -> Any:
    if passphrase is None:
        raise _unfit(
            path,
            "the key is protected by a passphrase, and there is no terminal to ask for it on",
            f"set the environment variable {PASSPHRASE}, or run on a terminal",
        )
    try:
        return _loaded(path, raw, passphrase.encode() or b"\0")
    except TypeError:
        raise _unfit(path, "a private key that cannot be read: damaged", "restore it from its copy") from None


def _loaded(path: Path, raw: bytes, passphrase: bytes | None) -> Any:
    """The key; TypeError if it is protected and there is no passphrase."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    openssh = _PRIVATE_MARKS[0] in raw
    try:
        return load_ssh_private_key(raw, passphrase) if openssh else load_pem_private_key(raw, passphrase)
    except UnsupportedAlgorithm as error:
        if openssh and "bcrypt" in str(error):
            raise _without_bcrypt(path) from None
        raise _unfit(path, "a private key in a form that is not supported", _MAKE) from None
    except ValueError as error:
        if passphrase is not None:
            raise _unfit(path, "the passphrase does not open it") from None
        if "password-protected" in str(error):  # as older versions of cryptography say it of OpenSSH keys
            raise TypeError from None
        raise _unfit(path, "a private key that cannot be read: damaged", "restore it from its copy") from None


def _without_bcrypt(path: Path) -> KeyFileError:
    message = "an OpenSSH key with a passphrase needs bcrypt; pip install 'slacheck[passphrase]'"
    return _unfit(path, message, "or use a PEM key")


def _type(key: object) -> str:
    """`Ed448PublicKey` -> Ed448."""
    return type(key).__name__.removeprefix("_").removesuffix("PublicKey").removesuffix("PrivateKey")


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unfit(path, "this is not a file")
        if status.st_size > LARGEST_KEY_FILE:
            raise _unfit(path, f"{status.st_size} bytes are more than a key file has ({LARGEST_KEY_FILE})")
        return path.read_bytes()
    except OSError as error:
        raise _unfit(path, f"cannot be opened: {error.strerror or error}") from error


def _unfit(path: Path, message: str, fix: str | None = None) -> KeyFileError:
    return KeyFileError(Diagnostic(str(path), message, fix=fix))


# ---------------------------------------------------------------- make


def make_pair(path: Path, *, pem: bool = False, passphrase: str | None = None) -> PublicKey:
    """Write a new key as `path` (readable by its owner alone) and its public half as `path`.pub.

    Parameters
    ----------
    pem : bool
        PEM (PKCS #8 and SubjectPublicKeyInfo) in place of OpenSSH's own form.
    passphrase : str, optional
        Protects the private half.

    Raises
    ------
    KeyFileError
        If one of the files exists or cannot be written; then neither was made.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_path = path.with_name(path.name + ".pub")
    for target in (path, public_path):
        if os.path.lexists(target):
            raise _unfit(target, "is already there, and a key is never overwritten", "choose another name")
    secret = Ed25519PrivateKey.generate()
    private, public = _texts(path, secret, pem, passphrase)
    _write_new(path, private, 0o600)
    try:
        _write_new(public_path, public, 0o644)
    except KeyFileError:
        path.unlink(missing_ok=True)
        raise
    return PublicKey(str(public_path), secret.public_key().public_bytes_raw())


def _texts(path: Path, secret: Ed25519PrivateKey, pem: bool, passphrase: str | None) -> tuple[bytes, bytes]:
    """Content of the private and the public file."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    lock = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())
    form = PrivateFormat.PKCS8 if pem else PrivateFormat.OpenSSH
    try:
        private = secret.private_bytes(Encoding.PEM, form, lock)
    except UnsupportedAlgorithm:
        raise _without_bcrypt(path) from None
    if pem:
        return private, secret.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, secret.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n"


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        write_whole(path, [content], mode=mode, fresh=True)
    except FileExistsError:
        raise _unfit(path, "is already there, and a key is never overwritten", "choose another name") from None
    except OSError as error:
        raise _unfit(path, f"cannot be written: {error.strerror or error}") from error
