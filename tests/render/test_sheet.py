import pytest

from slacheck.evidence.record import results_document
from slacheck.render.report import ReportSource, report_of
from slacheck.render.sheet import sheet


@pytest.mark.parametrize(
    ("withheld", "told"),
    [
        (["report.html"], "1 member of the pack, listed on the last page"),
        (["captures/a.csv", "report.html", "traces/A-0.parquet"], "3 members of the pack, listed on the last page"),
    ],
)
def test_sheet_certificate_names_what_a_redaction_withholds(synthetic, withheld, told):
    record = synthetic.record()
    redaction = {
        "reasons": ["Vendor A: load profile."],
        "withheld": {name: {"bytes": 1, "sha256": "0"} for name in withheld},
    }
    source = ReportSource(results_document(record), synthetic.resolved(record), {}, redaction=redaction)
    drawn = sheet(report_of(source))
    facts = {fact["name"]: fact["value"] for fact in drawn["facts"]}
    assert facts["withheld by a redaction, unsigned"] == told
    assert drawn["redacted"] == ["Vendor A: load profile."]
    assert [member["name"] for member in drawn["withheld"]] == withheld
