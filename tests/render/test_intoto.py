import importlib.util
import json
from pathlib import Path

import pytest

from slacheck.evidence.pack import manifest
from slacheck.render.intoto import TEST_RESULT, render


@pytest.fixture(scope="module")
def records():
    path = Path(__file__).parents[1] / "evidence" / "synthetic.py"
    spec = importlib.util.spec_from_file_location("synthetic_records_for_intoto", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said(records, **which):
    record = records.record(**which)
    members = records.members(record)
    told = manifest(members, records.files(record))
    return json.loads(render(json.loads(members["results.json"]), told)), told


def test_render_lists_every_finding_once_by_what_it_means_for_a_policy(records):
    statement, told = said(records, error=True)
    on = "[runs/step-1.csv]"
    assert statement == {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "subject": [
            {"name": "results.json", "digest": digest(told, "results.json"), "annotations": {"verdict": "ERROR"}},
            {"name": "step-1.csv", "digest": {"sha256": "a" * 64}},
            {"name": "step-1.csv.meta.yaml", "digest": {"sha256": "b" * 64}},
        ],
        "predicate": {
            "result": "FAILED",
            "configuration": [{"name": "spec.yaml", "digest": digest(told, "spec.yaml")}],
            "passedTests": [f"REG-2{on}"],
            "warnedTests": [f"REG-1{on}"],
            "failedTests": [f"{name}{on}" for name in ("DYN-1", "DYN-2", "PWR-RAMP-UP", "OSC-1", "MASK", "BUG-1")],
        },
    }


def digest(told, name):
    return {"sha256": told["members"][name]["sha256"]}


@pytest.mark.parametrize(
    ("only", "result", "verdict"),
    [
        ({"REG-2"}, "PASSED", "PASS"),
        ({"REG-2", "REG-1"}, "PASSED", "PASS"),
        ({"REG-2", "OFF"}, "PASSED", "PASS"),
        ({"REG-2", "OSC-1"}, "FAILED", "INCONCLUSIVE"),
        ({"REG-1"}, "FAILED", "INCONCLUSIVE"),
        ({"OFF"}, "FAILED", "INCONCLUSIVE"),
        ({"REG-2", "MASK"}, "FAILED", "FAIL"),
    ],
)
def test_render_passes_what_passed_and_nothing_else(records, only, result, verdict):
    statement, _ = said(records, only=only)
    assert statement["predicate"]["result"] == result
    assert statement["subject"][0]["annotations"] == {"verdict": verdict}
    assert statement["predicateType"] == TEST_RESULT
    assert (result == "PASSED") <= (statement["predicate"]["failedTests"] == [])
