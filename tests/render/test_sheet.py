import pytest

from slacheck.evidence.record import results_document
from slacheck.render.report import ReportSource, report_of
from slacheck.render.sheet import sheet


@pytest.mark.parametrize(
    ("withheld", "told"),
    [
        (["report.html"], "1 report.html; their digests stand in manifest.json\nVendor A: load profile."),
        (
            ["captures/a.csv", "report.html", "traces/A-0.parquet", "traces/B-0.parquet"],
            "1 captures, 1 report.html, 2 traces; their digests stand in manifest.json\nVendor A: load profile.",
        ),
    ],
)
def test_sheet_certificate_names_what_a_redaction_withholds(synthetic, withheld, told):
    record = synthetic.record()
    redaction = {"reasons": ["Vendor A: load profile."], "withheld": {name: {} for name in withheld}}
    source = ReportSource(results_document(record), synthetic.resolved(record), {}, redaction=redaction)
    facts = {fact["name"]: fact["value"] for fact in sheet(report_of(source))["facts"]}
    assert facts["withheld by a redaction, unsigned"] == told
