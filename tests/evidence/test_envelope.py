import base64
import json
import re

import pytest
from securesystemslib.dsse import Envelope as Independent
from securesystemslib.signer import CryptoSigner, SSlibKey

from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.envelope import MOST_SIGNATURES, PAYLOAD_TYPE, Envelope, parse_envelope
from slacheck.evidence.keys import make_pair, read_private

PAYLOAD = b'{"a":1}'
ONE, TWO = "SHA256:" + "a" * 43, "SHA256:" + "b" * 43


@pytest.fixture
def keys(tmp_path):
    names = ("supplier", "witness", "buyer")
    for name in names:
        make_pair(tmp_path / name)
    return [read_private(tmp_path / name) for name in names]


def signed(keys, payload=PAYLOAD):
    envelope = Envelope(payload)
    for key in keys:
        envelope = envelope.with_signature(key.public.keyid, key.sign(envelope.signed_bytes))
    return envelope


def independent_key(public):
    return SSlibKey(public.keyid, "ed25519", "ed25519", {"public": public.raw.hex()})


def test_envelope_signatures_hold_for_an_independent_implementation(keys):
    document = json.loads(signed(keys).to_bytes())
    other = Independent.from_dict(document)
    accepted = other.verify([independent_key(key.public) for key in keys], threshold=3)
    assert set(accepted) == {key.public.keyid for key in keys}
    assert other.pae() == signed(keys).signed_bytes


def test_envelope_signed_by_an_independent_implementation_holds_here(keys):
    public = keys[0].public
    signer = CryptoSigner(keys[0]._secret, independent_key(public))
    other = Independent(PAYLOAD, PAYLOAD_TYPE, {})
    other.sign(signer)
    envelope = parse_envelope(canonical_json(other.to_dict()))
    assert public.verifies(envelope.signatures[public.keyid], envelope.signed_bytes)


def test_envelope_time_stamps_are_passed_over_by_an_independent_implementation(keys):
    document = json.loads(signed(keys).with_timestamp(b"stamp").to_bytes())
    assert len(Independent.from_dict(document).verify([independent_key(keys[2].public)], threshold=1)) == 1


def test_signed_bytes_is_the_encoding_of_the_protocol():
    kind = len(PAYLOAD_TYPE)
    assert Envelope(b"hello").signed_bytes == f"DSSEv1 {kind} {PAYLOAD_TYPE} 5 hello".encode()


def test_envelope_has_one_text_whatever_the_order_of_signing(keys):
    texts = {signed(order).to_bytes() for order in (keys, keys[::-1], [keys[1], keys[2], keys[0]])}
    assert len(texts) == 1
    assert parse_envelope(texts.pop()) == signed(keys)


def test_with_timestamp_same_one_twice_is_one():
    assert Envelope(PAYLOAD).with_timestamp(b"b").with_timestamp(b"a").with_timestamp(b"b").timestamps == (b"a", b"b")


def entry(keyid=ONE, sig=b"s" * 64):
    return {"keyid": keyid, "sig": base64.b64encode(sig).decode()}


def text(**changes):
    document = {"payload": "e30=", "payloadType": PAYLOAD_TYPE, "signatures": [entry()], **changes}
    return canonical_json({key: value for key, value in document.items() if value is not None})


REFUSED = {
    "no JSON": (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    "a list": (b"[]", "it has other keys than payload, payloadType, signatures and timestamps"),
    "another key": (text(more=1), "it has other keys than payload, payloadType, signatures and timestamps"),
    "no payload": (text(payload=None), "it has other keys than payload, payloadType, signatures and timestamps"),
    "another type": (
        text(payloadType="application/json"),
        "its payload type is 'application/json', not 'application/vnd.in-toto+json'",
    ),
    "type in capitals": (
        text(payloadType=PAYLOAD_TYPE.upper()),
        "its payload type is 'APPLICATION/VND.IN-TOTO+JSON', not 'application/vnd.in-toto+json'",
    ),
    "no type": (text(payloadType=7), "its payload type is 7, not 'application/vnd.in-toto+json'"),
    "URL-safe base64": (text(payload="_-__"), "payload is not strict base64"),
    "unpadded": (text(payload="e30"), "payload is not strict base64"),
    "line break": (text(payload="e30=\n"), "payload is not strict base64"),
    "spare bits": (text(payload="e31="), "payload is not strict base64"),
    "not ASCII": (text(payload="é30="), "payload is not strict base64"),
    "no text": (text(payload=3), "payload is not strict base64"),
    "no signature": (text(signatures=[]), "it has no signature"),
    "signatures no list": (text(signatures={}), "signatures and timestamps must be lists"),
    "too many": (
        text(signatures=[entry()] * (MOST_SIGNATURES + 1)),
        "101 signatures or time stamps; at most 100",
    ),
    "entry no object": (text(signatures=["x"]), "a signature has other keys than keyid and sig"),
    "entry with more": (text(signatures=[entry() | {"x": 1}]), "a signature has other keys than keyid and sig"),
    "no fingerprint": (text(signatures=[entry("buyer")]), "the key id 'buyer' is not a fingerprint 'SHA256:...'"),
    "key id a number": (text(signatures=[entry(1)]), "the key id 1 is not a fingerprint 'SHA256:...'"),
    "key id with a line break": (
        text(signatures=[entry(ONE + "\n")]),
        f"the key id {ONE + chr(10)!r} is not a fingerprint 'SHA256:...'",
    ),
    "short signature": (text(signatures=[entry(sig=b"s" * 63)]), f"the signature of {ONE} has 63 bytes, not 64"),
    "key twice": (text(signatures=[entry(), entry(sig=b"t" * 64)]), f"the key {ONE} has signed twice"),
    "out of order": (
        text(signatures=[entry(TWO), entry(ONE)]),
        "its signatures or time stamps are not in order, or stand twice",
    ),
    "empty time stamps": (text(timestamps=[]), "its signatures or time stamps are not in order, or stand twice"),
    "time stamp twice": (
        text(timestamps=["e30=", "e30="]),
        "its signatures or time stamps are not in order, or stand twice",
    ),
    "blanks": (text().replace(b":", b": "), "not in canonical form (keys sorted, no blanks, shortest numbers)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_parse_envelope_what_is_none_is_refused(case):
    raw, message = REFUSED[case]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_envelope(raw)


def test_parse_envelope_accepts_the_text_that_the_refused_ones_depart_from():
    assert parse_envelope(text()).payload == b"{}"
    assert parse_envelope(text(timestamps=["e30="])).timestamps == (b"{}",)
