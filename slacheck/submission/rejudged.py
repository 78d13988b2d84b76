"""What a submission says beside its captures, judged again from the findings of a pack.

Claims against the numbers, waivers against the dates of the captures, and what should be known of how it was put
together. Nothing is measured: all of it follows from the document and the results.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from slacheck import __version__
from slacheck.contract import CaptureRecord, FileRecord
from slacheck.spec.model import Spec
from slacheck.submission.audit import audit_captures
from slacheck.submission.claims import judged_claims
from slacheck.submission.load import claims_of
from slacheck.submission.model import SubmissionModel

Results = dict[str, Any]


def rejudged(model: SubmissionModel, spec: Spec, results: Results) -> Iterator[str]:
    """Where the results say otherwise than the submission and the findings make it, in lines for people."""
    yield from _claims(model, results)
    try:
        yield from _waivers(model, results)
        is_own = results["slacheck"]["version"] == __version__
        if is_own and _notes(spec, results) != results["submission"]["notes"]:
            yield "the notes on how the submission was put together are not those that its captures make"
    except (ValueError, OverflowError):
        yield "a capture of the results has a start or a duration that is no time"


def _claims(model: SubmissionModel, results: Results) -> Iterator[str]:
    found, claims = results["claims"], claims_of(model)
    named = [(claim["requirement"], claim["check"], claim["value"]) for claim in found]
    if named != [(claim.requirement, claim.check, claim.value) for claim in claims]:
        yield "the claims of the results are not those of submission.yaml"
        return
    for claim, demanded in zip(found, judged_claims(claims, results["findings"]), strict=True):
        wanted = demanded.keys() if results["slacheck"]["version"] == __version__ else demanded.keys() - {"sentence"}
        where = f"the claim on {demanded['requirement']} {demanded['check']}"
        if claim["outcome"] != demanded["outcome"]:
            yield f"{where} is {claim['outcome']}, but the findings make it {demanded['outcome']}"
        elif any(claim[key] != demanded[key] for key in wanted):
            yield f"{where} says otherwise than the findings: {demanded['sentence']}"


def _waivers(model: SubmissionModel, results: Results) -> Iterator[str]:
    found = results["waivers"]
    named = [(waiver["requirement"], waiver["reason"], waiver["by"], waiver["expires"]) for waiver in found]
    if named != [(w.requirement, w.reason, w.by, w.expires.isoformat()) for w in model.waivers]:
        yield "the waivers of the results are not those of submission.yaml"
        return
    starts = [_moment(capture["start"]) for capture in results["captures"] if capture["start"] is not None]
    for waiver, entry in zip(found, model.waivers, strict=True):
        if starts and waiver["expired"] != (entry.expires < max(starts).date()):
            state = "expired" if waiver["expired"] else "in force"
            yield f"the waiver of {waiver['requirement']} is {state}, which the dates of the captures do not make it"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _notes(spec: Spec, results: Results) -> list[Results]:
    captures = [
        CaptureRecord(
            **{key: capture[key] for key in ("id", "test", "start", "duration")},
            files=tuple(FileRecord(**file) for file in capture["files"]),
            channels=(),
        )
        for capture in results["captures"]
    ]
    judged = {finding["capture"] for finding in results["findings"]}
    notes = audit_captures(spec, captures, judged)
    return [{"code": note.code, "captures": list(note.captures), "sentence": note.sentence} for note in notes]
