"""The DSSE envelope: one payload and the signatures of several parties over it.

A signature is over type and payload together (`DSSEv1`, pre-authentication encoding), so it can
be taken for nothing else. The signatures stand beside each other: one more changes neither
payload nor the others. Only one text is accepted for one envelope: canonical JSON, strict base64,
signatures in the order of their key ids, which are the fingerprints of the keys.

`timestamps`, which DSSE does not know and its readers pass over, holds RFC 3161 responses over
the payload. No signature covers them; an authority's own signature does.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slacheck.evidence.canonical import canonical_json, parse_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST_ENVELOPE = 64 * 2**20
"""Bytes."""
MOST_SIGNATURES = 100
MOST_TIMESTAMPS = 20
_KEYID = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_SIGNATURE_SIZE = 64
"""Bytes of an Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its signatures by key id, and time stamps of it."""

    payload: bytes
    signatures: Mapping[str, bytes] = field(default_factory=dict)
    timestamps: tuple[bytes, ...] = ()

    @property
    def signed_bytes(self) -> bytes:
        """What a signature is over: the pre-authentication encoding of DSSE version 1."""
        kind = PAYLOAD_TYPE.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def with_signature(self, keyid: str, signature: bytes) -> Envelope:
        """The envelope with one more signature."""
        return replace(self, signatures={**self.signatures, keyid: signature})

    def with_timestamp(self, response: bytes) -> Envelope:
        """The envelope with one more time stamp; the same one twice is one."""
        return replace(self, timestamps=tuple(sorted({*self.timestamps, response})))

    def to_bytes(self) -> bytes:
        """The envelope's only text.

        Raises
        ------
        ValueError
            If it would be larger than one may be.
        """
        if len(self.payload) > LARGEST_ENVELOPE // 2:
            raise ValueError(f"a statement of {len(self.payload)} bytes is more than an envelope may hold")
        document: dict[str, Any] = {
            "payload": _encoded(self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": k, "sig": _encoded(s)} for k, s in sorted(self.signatures.items())],
        }
        if self.timestamps:
            document["timestamps"] = [_encoded(response) for response in sorted(set(self.timestamps))]
        return canonical_json(document)


def parse_envelope(raw: bytes) -> Envelope:
    """Read an envelope.

    Raises
    ------
    ValueError
        If `raw` is not the text of an envelope with an in-toto payload and at least one signature.
    """
    if len(raw) > LARGEST_ENVELOPE:
        raise ValueError(f"{len(raw)} bytes are more than an envelope may have ({LARGEST_ENVELOPE})")
    document = parse_json(raw)
    if not isinstance(document, dict) or set(document) - {"timestamps"} != {"payload", "payloadType", "signatures"}:
        raise ValueError("it has other keys than payload, payloadType, signatures and timestamps")
    if document["payloadType"] != PAYLOAD_TYPE:
        raise ValueError(f"its payload type is {document['payloadType']!r:.80}, not {PAYLOAD_TYPE!r}")
    stamps = [_decoded(text, "timestamps") for text in _list(document.get("timestamps", []), MOST_TIMESTAMPS)]
    envelope = Envelope(_decoded(document["payload"], "payload"), _signatures(document["signatures"]), tuple(stamps))
    if envelope.to_bytes() != raw:
        raise ValueError("its signatures or time stamps are not in order, or stand twice")
    return envelope


def _signatures(entries: Any) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in _list(entries, MOST_SIGNATURES):
        if not isinstance(entry, dict) or set(entry) != {"keyid", "sig"}:
            raise ValueError("a signature has other keys than keyid and sig")
        keyid, signature = entry["keyid"], _decoded(entry["sig"], "sig")
        if not isinstance(keyid, str) or not _KEYID.fullmatch(keyid):
            raise ValueError(f"the key id {keyid!r:.80} is not a fingerprint 'SHA256:...'")
        if len(signature) != _SIGNATURE_SIZE:
            raise ValueError(f"the signature of {keyid} has {len(signature)} bytes, not {_SIGNATURE_SIZE}")
        if keyid in found:
            raise ValueError(f"the key {keyid} has signed twice")
        found[keyid] = signature
    if not found:
        raise ValueError("it has no signature")
    return found


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("signatures and timestamps must be lists")
    if len(value) > most:
        raise ValueError(f"{len(value)} signatures or time stamps; at most {most}")
    return value


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: Any, where: str) -> bytes:
    """Bytes of strict base64: of all texts that could stand for them, the one."""
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        content = None
    if content is None or _encoded(content) != text:
        raise ValueError(f"{where} is not strict base64")
    return content
