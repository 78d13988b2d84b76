"""The in-toto statement that parties sign: what was tested, by digest, and what was found.

It follows from the pack's manifest and results alone, so every party that signs a pack signs the
same bytes. `docs/attestation.md` describes it, `attestation.schema.json` is its JSON Schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from slacheck.evidence.canonical import canonical_json, parse_json

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:slacheck:attestation:verdicts:v1"
_ASKED = ("spec.yaml", "submission.yaml")
Document = dict[str, Any]


def statement(members: Mapping[str, bytes]) -> bytes:
    """The statement over a pack's members, as canonical JSON.

    Parameters
    ----------
    members : mapping of str to bytes
        With `manifest.json` and `results.json`, both as verified; others may be withheld.
    """
    manifest, results = parse_json(members["manifest.json"]), parse_json(members["results.json"])
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": subjects(manifest),
            "predicateType": PREDICATE_TYPE,
            "predicate": _predicate(hashlib.sha256(members["manifest.json"]).hexdigest(), results),
        }
    )


def subjects(manifest: Document) -> list[Document]:
    """Spec, submission, results and every file of a capture, by name and SHA-256 as in the manifest."""
    pairs = {(entry["name"], entry["digest"]["sha256"]) for entry in (*asked(manifest), *found(manifest))}
    return [artifact(name, digest) for name, digest in sorted(pairs)]


def asked(manifest: Document) -> list[Document]:
    """The spec, those it extends, and the submission."""
    names = [n for n in sorted(manifest["members"]) if n in _ASKED or n.startswith("extends/")]
    return [artifact(name, manifest["members"][name]["sha256"]) for name in names]


def found(manifest: Document) -> list[Document]:
    """The results and the files of captures, embedded or not."""
    names = [n for n in manifest["members"] if n == "results.json" or n.startswith("captures/")]
    inside = {(name, manifest["members"][name]["sha256"]) for name in names}
    outside = {(file["name"], file["sha256"]) for file in manifest["captures"]}
    return [artifact(name, digest) for name, digest in sorted(inside | outside)]


def artifact(name: str, sha256: str) -> Document:
    """A resource descriptor of in-toto."""
    return {"name": name, "digest": {"sha256": sha256}}


def _predicate(manifest_digest: str, results: Document) -> Document:
    return {
        "slacheck": results["slacheck"],
        "manifest": artifact("manifest.json", manifest_digest),
        "spec": {"id": results["spec"]["id"], "version": results["spec"]["version"]},
        "contract": results["contract"],
        "verdict": results["verdict"],
        "findings": [_finding(finding) for finding in results["findings"]],
    }


def _finding(finding: Document) -> Document:
    kept = ("requirement", "clause", "severity", "test", "capture", "decision", "verdict")
    return {
        **{key: finding[key] for key in kept},
        "reasons": sorted({reason["code"] for reason in finding["reasons"]}),
        "checks": [_check(check) for check in finding["checks"]],
    }


def _check(check: Document) -> Document:
    kept = ("event", "limit", "margin", "margin_percent", "verdict")
    return {
        "metric": check["name"],
        "definition": check["definition"]["id"],
        **check["measured"],
        **{key: check[key] for key in kept},
    }
