"""Which requirement of a submission is judged on which capture, as far as the documents tell."""

from __future__ import annotations

from collections.abc import Iterator

from slacheck.spec.model import Spec
from slacheck.submission.load import Submission


def pairs(submission: Submission) -> Iterator[tuple[str, str | None]]:
    """Requirement and capture ids, in the order of the spec; every requirement at least once.

    A requirement without tests is judged on every capture that has its signals, which only the
    captures tell; here it stands with all of them.
    """
    for requirement in submission.spec.requirements:
        meant = [
            bound.id
            for bound in submission.bindings
            if requirement.applies
            and (requirement.tests is None or bound.test is None or bound.test in requirement.tests)
        ]
        for capture in meant or (None,):
            yield requirement.id, capture


def not_applicable(spec: Spec, requirement_id: str) -> str | None:
    """Why a requirement does not apply; None where it does."""
    requirement = next(r for r in spec.requirements if r.id == requirement_id)
    return None if requirement.applies else requirement.reason
