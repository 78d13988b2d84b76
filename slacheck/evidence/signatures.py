"""Who signed a pack: the statement held against the pack, its signatures against the keys given.

Written apart from `statement.py`, which made the statement: what it says is looked up here in
manifest and results, item by item. Without keys nothing is known of the signers, and that is
what is said. A member that was withheld stays covered by the manifest's digest of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from slacheck.evidence.canonical import parse_json
from slacheck.evidence.envelope import Envelope, parse_envelope
from slacheck.evidence.keys import PublicKey
from slacheck.evidence.schema import attestation_schema, schema_faults
from slacheck.evidence.timestamp import Authorities, Stamp, examined_stamp

STATEMENT = "statement.dsse.json"
_MOST_SHOWN = 5
_CHECK = {
    "metric": ("name",),
    "definition": ("definition", "id"),
    **{key: (key,) for key in ("event", "limit", "margin", "margin_percent", "verdict")},
    **{
        key: ("measured", key)
        for key in ("value", "unit", "expanded_uncertainty", "coverage_factor", "interval", "censored")
    },
}
"""Key of a check in the statement: where it stands in a check of the results."""
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trust:
    """What the verifier brings along.

    Parameters
    ----------
    keys : sequence of PublicKey
        Those whose signatures are looked for; different ones.
    least : int, optional
        How many of them must have signed. Absent: every one.
    authorities : Authorities, optional
        Time-stamping authorities that are believed.
    """

    keys: Sequence[PublicKey] = ()
    least: int | None = None
    authorities: Authorities | None = None


NOBODY = Trust()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of a pack.

    Parameters
    ----------
    keyid : str
        Fingerprint that the signature names.
    state : "verified", "unchecked" or "wrong"
        Whether it is that key's signature; unchecked where the key was not given.
    name : str, optional
        The verifier's file with that key.
    """

    keyid: str
    state: Literal["verified", "unchecked", "wrong"]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found of statement, signers and time stamps.

    Parameters
    ----------
    told : tuple of str
        What was found, in lines for people.
    faults : tuple of str
        The statement is not one of this pack.
    lacking : tuple of str
        The statement is not signed or stamped as asked.
    signatures : tuple of Signature
        In the order in which the keys were given, then the unchecked ones.
    stamps : tuple of Stamp
        Time stamps of the statement.
    """

    told: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    stamps: tuple[Stamp, ...] = ()

    @property
    def conclusion(self) -> str:
        """Who signed, as far as it is known."""
        names = [signature.name or "" for signature in self.signatures if signature.state == "verified"]
        return f"signed by {', '.join(names)}" if names else "signer not checked"


def examine(members: Mapping[str, bytes], manifest: Document, results: Document, trust: Trust = NOBODY) -> Examined:
    """Look at the statement of a pack whose manifest and results are valid, and whose digests agree.

    Parameters
    ----------
    manifest, results : dict
        As read from the members.

    Raises
    ------
    SlacheckError
        If checking a time stamp needs a package that is not installed.
    """
    if STATEMENT not in members:
        asked = trust.keys or trust.authorities is not None
        return Examined(lacking=("the pack is not signed: it has no statement",) if asked else ())
    try:
        envelope = parse_envelope(members[STATEMENT])
        said = _statement(envelope.payload, len(members["manifest.json"]) + len(members["results.json"]))
    except ValueError as error:
        return Examined(faults=(f"{STATEMENT} is not a statement in a DSSE envelope: {error}",))
    faults = tuple(_content_faults(said, hashlib.sha256(members["manifest.json"]).hexdigest(), manifest, results))
    if faults:
        more = () if len(faults) <= _MOST_SHOWN else (f"and {len(faults) - _MOST_SHOWN} more of its statement",)
        return Examined(faults=faults[:_MOST_SHOWN] + more)
    signatures = signatures_of(envelope, trust.keys)
    stamps = [examined_stamp(stamp, envelope.payload, trust.authorities) for stamp in envelope.timestamps]
    digest = hashlib.sha256(envelope.payload).hexdigest()
    told = [f"statement: in-toto, over the manifest; SHA-256 of the statement itself {digest}"]
    told += [_told(signature) for signature in signatures if signature.state != "wrong"]
    told += _absent(signatures, trust)
    told += [stamp.told for stamp in stamps if stamp.fault is None]
    lacking = [*_lacking(signatures, trust), *(stamp.fault for stamp in stamps if stamp.fault is not None)]
    if trust.authorities is not None and not stamps:
        lacking.append("the statement has no time stamp")
    return Examined(tuple(told), lacking=tuple(lacking), signatures=signatures, stamps=tuple(stamps))


def signatures_of(envelope: Envelope, keys: Sequence[PublicKey]) -> tuple[Signature, ...]:
    """Every signature of an envelope, checked where its key is given: in the order of the keys, then the others."""
    found = []
    for key in keys:
        if key.keyid in envelope.signatures:
            right = key.verifies(envelope.signatures[key.keyid], envelope.signed_bytes)
            found.append(Signature(key.keyid, "verified" if right else "wrong", key.name))
    others = sorted(envelope.signatures.keys() - {key.keyid for key in keys})
    return tuple(found + [Signature(keyid, "unchecked") for keyid in others])


def _told(signature: Signature) -> str:
    if signature.state == "unchecked":
        return f"signature of {signature.keyid}: not checked, its key was not given"
    return f"signature of {signature.keyid}: verified with {signature.name}"


def _absent(signatures: Sequence[Signature], trust: Trust) -> list[str]:
    """Keys that did not sign, where not every one must have."""
    named = {signature.keyid for signature in signatures}
    absent = [key for key in trust.keys if key.keyid not in named]
    return [] if trust.least is None else [f"signature of {key.keyid}: none; it is {key.name}" for key in absent]


def _lacking(signatures: Sequence[Signature], trust: Trust) -> Iterator[str]:
    """What of the signatures is not as asked; one that is wrong is so however many others are right."""
    for signature in signatures:
        if signature.state == "wrong":
            yield f"the signature under the key of {signature.name} is forged or damaged: that key did not make it"
    verified = {signature.keyid for signature in signatures if signature.state == "verified"}
    if trust.least is None:
        named = {signature.keyid for signature in signatures}
        yield from (f"{key.name} ({key.keyid}) did not sign" for key in trust.keys if key.keyid not in named)
    elif len(verified) < trust.least:
        yield f"{len(verified)} of the {len(trust.keys)} keys given signed; at least {trust.least} are required"


# ---------------------------------------------------------------- what the statement says


def _statement(payload: bytes, source_size: int) -> Document:
    """The payload, if it is a statement; it has nothing but what stands in manifest and results, so it is no larger."""
    if len(payload) > 2 * source_size + 4096:
        raise ValueError(f"its payload of {len(payload)} bytes says more than manifest and results do")
    said: Document = parse_json(payload)
    broken = schema_faults(said, attestation_schema())
    if broken:
        raise ValueError(f"its payload does not follow the schema: {'; '.join(broken[:3])}")
    return said


def _content_faults(said: Document, manifest_digest: str, manifest: Document, results: Document) -> Iterator[str]:
    """Where the statement speaks of another pack than the one that it stands in."""
    if said["predicate"]["manifest"] != _artifact("manifest.json", manifest_digest):
        yield "the statement is over another manifest"
    if said["subject"] != [_artifact(name, digest) for name, digest in _tested(manifest)]:
        yield "the subjects of the statement are not the spec, submission, results and captures of the manifest"
    yield from _result_faults(said["predicate"], results)


def _artifact(name: str, digest: str) -> Document:
    return {"name": name, "digest": {"sha256": digest}}


def _tested(manifest: Document) -> list[tuple[str, str]]:
    """Name and digest of what the statement is about."""
    tested = {"spec.yaml", "submission.yaml", "results.json", "captures", "extends"}
    members = {(n, str(m["sha256"])) for n, m in manifest["members"].items() if n.partition("/")[0] in tested}
    outside = {(str(file["name"]), str(file["sha256"])) for file in manifest["captures"]}
    return sorted(members | outside)


def _result_faults(said: Document, results: Document) -> Iterator[str]:
    for key in ("slacheck", "contract", "verdict"):
        if said[key] != results[key]:
            yield f"the statement says another {key} than the results"
    if any(said["spec"][key] != results["spec"][key] for key in ("id", "version")):
        yield "the statement names another spec than the results"
    if len(said["findings"]) != len(results["findings"]):
        yield f"the statement has {len(said['findings'])} findings, the results have {len(results['findings'])}"
        return
    for mine, finding in zip(said["findings"], results["findings"], strict=True):
        if not _same_finding(mine, finding):
            yield f"the statement says something else of {finding['requirement']} than the results"


def _same_finding(said: Document, finding: Document) -> bool:
    plain = said.keys() - {"reasons", "checks"}
    return (
        all(said[key] == finding[key] for key in plain)
        and said["reasons"] == sorted({reason["code"] for reason in finding["reasons"]})
        and len(said["checks"]) == len(finding["checks"])
        and all(_same_check(*pair) for pair in zip(said["checks"], finding["checks"], strict=True))
    )


def _same_check(said: Document, check: Document) -> bool:
    return all(said[key] == _at(check, path) for key, path in _CHECK.items())


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document[key]
    return document
