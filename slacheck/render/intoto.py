"""The results as in-toto's own test-result predicate (v0.1), for policy engines that know no other.

That vocabulary has no word for INCONCLUSIVE, and its warnings are on tests that passed; so what
was not shown to pass stands under failed. Advisory findings never change the result: those that
did not pass stand under warned. The verdict in slacheck's words is an annotation of `results.json`.
"""

from __future__ import annotations

from typing import Any

from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.statement import STATEMENT_TYPE, artifact, asked, found

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
Document = dict[str, Any]


def render(results: Document, manifest: Document) -> bytes:
    """The statement, unsigned: results and captures are its subjects, what was asked its configuration."""
    listed: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for finding in results["findings"]:
        where = _list_of(finding)
        if where is not None:
            listed[where].append(_name(finding))
    result = "PASSED" if results["verdict"] == "PASS" else "FAILED"
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": _subjects(results, manifest),
            "predicateType": TEST_RESULT,
            "predicate": {"result": result, "configuration": asked(manifest), **listed},
        }
    )


def _subjects(results: Document, manifest: Document) -> list[Document]:
    own = artifact("results.json", manifest["members"]["results.json"]["sha256"])
    annotated = own | {"annotations": {"verdict": results["verdict"]}}
    return [annotated if subject == own else subject for subject in found(manifest)]


def _list_of(finding: Document) -> str | None:
    """Where a finding is listed; what does not apply is not."""
    if finding["verdict"] == "NOT_APPLICABLE":
        return None
    if finding["verdict"] == "PASS":
        return "passedTests"
    counts = finding["severity"] == "mandatory" or finding["verdict"] == "ERROR"
    return "failedTests" if counts else "warnedTests"


def _name(finding: Document) -> str:
    """As pytest names it: `DYN-1[step-1.csv]`."""
    return str(finding["requirement"]) + ("" if finding["capture"] is None else f"[{finding['capture']}]")
