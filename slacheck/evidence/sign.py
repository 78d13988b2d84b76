"""Signatures and time stamps into a pack: beside those that are there, which stay as they are."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from slacheck.errors import Diagnostic, PackError
from slacheck.evidence.archive import read_bytes, unzipped, zipped
from slacheck.evidence.atomic import write_whole
from slacheck.evidence.envelope import Envelope, parse_envelope
from slacheck.evidence.keys import PrivateKey
from slacheck.evidence.pack import STATEMENT
from slacheck.evidence.statement import statement
from slacheck.evidence.timestamp import read_stamp
from slacheck.evidence.verify import verify_bytes


def sealed(members: Mapping[str, bytes], key: PrivateKey) -> bytes:
    """The signed statement of a new pack, from its members and their manifest."""
    return enveloped(statement(members), key)


def enveloped(payload: bytes, key: PrivateKey) -> bytes:
    """An in-toto statement in an envelope, signed."""
    return _signed(Envelope(payload), key).to_bytes()


def sign_pack(path: Path, key: PrivateKey | None, stamp: Path | None = None) -> bool:
    """Add a signature, a time stamp, or both to a pack that verifies.

    Parameters
    ----------
    key : PrivateKey, optional
        A key that has signed already changes nothing.
    stamp : path, optional
        File with an RFC 3161 response over the statement. Without a key the pack must have been signed.

    Returns
    -------
    bool
        Whether the pack has changed.

    Raises
    ------
    SlacheckError
        If the pack cannot be opened or written, is not intact, or key or stamp do not fit it.
        The pack is then as it was.
    """
    raw = read_bytes(path)
    checked = verify_bytes(raw)
    if not checked.ok:
        wrong = "; ".join(line for line in checked.lines if line.startswith(("wrong:", "NOT INTACT")))
        raise _unfit(path, f"not signed, because it does not verify: {wrong}", "ask for the pack as it was written")
    members = dict(unzipped(raw))
    if STATEMENT in members:
        envelope = parse_envelope(members[STATEMENT])
    elif key is None:
        raise _unfit(path, "nobody has signed it, so there is no statement to stamp", "sign first: --key KEY")
    else:
        envelope = Envelope(statement(members))
    try:
        if key is not None:
            envelope = _signed(envelope, key)
        if stamp is not None:
            envelope = envelope.with_timestamp(read_stamp(stamp, envelope.payload))
        parse_envelope(envelope.to_bytes())
    except ValueError as error:
        raise _unfit(path, f"not signed: {error}") from error
    return _written(path, raw, members | {STATEMENT: envelope.to_bytes()})


def _signed(envelope: Envelope, key: PrivateKey) -> Envelope:
    keyid = key.public.keyid
    there = envelope.signatures.get(keyid)
    if there is None:
        return envelope.with_signature(keyid, key.sign(envelope.signed_bytes))
    if not key.public.verifies(there, envelope.signed_bytes):
        raise ValueError(f"a signature stands under the fingerprint {keyid} of this key that this key did not make")
    return envelope


def _written(path: Path, before: bytes, members: Mapping[str, bytes]) -> bool:
    after = b"".join(zipped(members))
    if after == before:
        return False
    if read_bytes(path) != before:
        raise _unfit(
            path, "somebody else has changed it while it was being signed, so nothing was written", "sign again"
        )
    try:
        # through a link to the file that it names, and with the permissions that the file has
        write_whole(path.resolve(), [after], mode=stat.S_IMODE(path.stat().st_mode))
    except OSError as error:
        raise _unfit(path, f"cannot be written: {error.strerror or error}") from error
    return True


def _unfit(path: Path, message: str, fix: str | None = None) -> PackError:
    return PackError(Diagnostic(str(path), message, fix=fix))
