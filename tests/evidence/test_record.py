import math

import numpy as np
import pytest

from slacheck.contract import DecisionRule, Verdict
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.record import results_document
from slacheck.evidence.schema import results_schema, schema_faults
from slacheck.values import Interval, Measured


def document(synthetic, **more):
    return results_document(synthetic.record(**more))


def test_results_document_has_the_fixed_keys_and_follows_the_schema(synthetic):
    results = document(synthetic, hostile=synthetic.HOSTILE, error=True)
    assert schema_faults(results, results_schema()) == []
    fixed = {
        "schema",
        "slacheck",
        "spec",
        "submission",
        "decision",
        "captures",
        "waivers",
        "claims",
        "verdict",
        "findings",
    }
    assert fixed <= set(results)
    finding = results["findings"][0]
    assert {"requirement", "kind", "clause", "title", "severity", "test", "capture", "verdict", "reasons"} <= set(
        finding
    )
    check = finding["checks"][-1]
    assert check["measured"] == {
        "value": 0.0812,
        "unit": "s",
        "expanded_uncertainty": 0.0004,
        "coverage_factor": 2.0,
        "interval": [0.0812 - 0.0004, 0.0812 + 0.0004],
        "censored": None,
    }
    assert check["limit"] == {"max": 0.08}
    assert check["at"] == {"time": 12.5812, "frequency": None}
    assert check["margin"] == 0.08 - 0.0812
    assert finding["witness"] == {
        "trace": "traces/DYN-1-0.parquet",
        "axis": "time",
        "from": 12.3,
        "to": 17.5,
        "check": "recovery_time",
        "event": 0,
    }


def test_results_document_nothing_measured_is_a_value_of_null(synthetic):
    results = document(synthetic, only={"OSC-1"})
    measured = results["findings"][0]["checks"][0]["measured"]
    assert (measured["value"], measured["interval"], measured["unit"]) == (None, [None, None], "W")


def test_results_document_is_plain_json_without_negative_zero_numpy_or_surrogates(synthetic):
    check = synthetic.check(synthetic.plan("x", max=1.0), Measured(-0.0, "s", Interval(-0.0, 0.0), np.float64(0.0)))
    requirement = synthetic.requirement("A", title="file \udcff")
    finding = synthetic.Finding(requirement, "c", None, Verdict.PASS, (check,))
    results = document(synthetic, findings=(finding,), traces={}, verdict=Verdict.PASS)
    measured = results["findings"][0]["checks"][0]["measured"]
    assert math.copysign(1.0, measured["value"]) == 1.0
    assert type(measured["expanded_uncertainty"]) is float
    assert results["findings"][0]["title"] == "file \\udcff"
    assert type(results["verdict"]) is str
    canonical_json(results)


def test_results_document_own_decision_of_a_requirement_is_the_one_in_force(synthetic):
    requirement = synthetic.requirement("A", decision={"rule": "simple", "coverage_factor": 3})
    check = synthetic.check(synthetic.plan("x", max=1.0), synthetic.symmetric(0.5, "s", 0.1))
    finding = synthetic.Finding(requirement, "c", None, Verdict.PASS, (check,))
    results = document(synthetic, findings=(finding,), traces={}, decision=DecisionRule())
    assert results["findings"][0]["decision"] == {"rule": "simple", "coverage_factor": 3.0}
    assert results["findings"][0]["checks"][0]["measured"]["coverage_factor"] == 3.0


def test_results_document_traceback_names_no_folder_of_the_machine(synthetic):
    finding = document(synthetic, error=True)["findings"][-1]
    assert 'File "kinds/k.py", line 3' in finding["error"]
    assert "/home" not in finding["error"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "MAYBE"),
        (("extra",), 1),
        (("findings", 0, "checks", 0, "measured", "value"), "12"),
        (("findings", 0, "checks", 0, "verdict"), "ERROR"),
        (("findings", 0, "checks", 0, "limit"), {}),
        (("findings", 0, "checks", 0, "definition", "id"), "dip"),
        (("findings", 0, "checks"), []),
        (("findings", 1, "checks", 0, "reasons"), []),
        (("findings", 1, "reasons"), []),
        (("findings", 2, "reasons", 0, "code"), "mood"),
        (("captures", 0, "files", 0, "sha256"), "A" * 64),
        (("spec", "sha256"), None),
        (("findings", 0, "error"), "x"),
    ],
)
def test_results_schema_broken_document_is_found(synthetic, path, value):
    results = document(synthetic)
    inner = results
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    assert schema_faults(results, results_schema())


def test_results_schema_any_missing_key_is_found(synthetic):
    for key in document(synthetic):
        results = document(synthetic)
        del results[key]
        assert schema_faults(results, results_schema()), key
