"""Claims, waivers and notes of a pack, judged again from its submission and findings."""

import pytest

from slacheck import api
from slacheck.document import validate
from slacheck.spec.load import load_spec
from slacheck.submission.load import load_submission
from slacheck.submission.model import SubmissionModel
from slacheck.submission.rejudged import rejudged

BESIDE = (
    "claims: [{requirement: RAMP-1, check: up, value: 0.5 kW/s}]\n"
    "waivers: [{requirement: RAMP-1, reason: known, by: Buyer, expires: 2026-01-31}]\n"
)


@pytest.fixture
def judged(facility):
    """What is wrong with the results of a submission with a false claim, an old waiver and one recording twice."""
    facility.spec()
    facility.capture()
    facility.capture("run-2.csv")
    captures = "[{test: run, file: run-1.csv}, {test: run, file: run-2.csv}]"
    path = facility.submission(more=BESIDE, captures=captures)
    model = validate(load_submission(path).document, SubmissionModel)
    results = api.check(path).to_dict()

    def after(change):
        change(results)
        return list(rejudged(model, load_spec(facility.folder / "tiny.yaml"), results))

    return after


def test_rejudged_results_as_they_were_have_no_fault(judged):
    assert judged(lambda results: None) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            lambda r: r["claims"][0].update(outcome="agrees"),
            "the claim on RAMP-1 up is agrees, but the findings make it disagrees",
        ),
        (
            lambda r: r["claims"][0].update(claimed=1000.0),
            "the claim on RAMP-1 up says otherwise than the findings: 0.5 kW/s is claimed; measured 1 kW/s",
        ),
        (lambda r: r["claims"].pop(), "the claims of the results are not those of submission.yaml"),
        (
            lambda r: r["waivers"][0].update(expired=False),
            "the waiver of RAMP-1 is in force, which the dates of the captures do not make it",
        ),
        (lambda r: r["waivers"][0].update(by="Supplier"), "the waivers of the results are not those of submission"),
        (
            lambda r: r["submission"]["notes"].pop(),
            "the notes on how the submission was put together are not those that its captures make",
        ),
        (
            lambda r: r["captures"][0].update(duration=1e300),
            "a capture of the results has a start or a duration that is no time",
        ),
    ],
)
def test_rejudged_forged_results_are_found(judged, change, fault):
    (found,) = judged(change)
    assert found.startswith(fault)


def test_rejudged_sentences_of_another_version_are_not_compared(judged):
    def older(results):
        results["slacheck"]["version"] = "0.0.1"
        results["claims"][0]["sentence"] = "Said otherwise then."
        results["submission"]["notes"].clear()

    assert judged(older) == []
