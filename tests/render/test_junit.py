from xml.etree import ElementTree as ET

from slacheck.evidence.record import results_document
from slacheck.render.junit import render


def suite_of(synthetic, **more):
    return ET.fromstring(render(results_document(synthetic.record(**more)))).find("testsuite")


def outcome(case):
    found = [child for child in case if child.tag != "properties"]
    return (found[0].tag, found[0].get("type")) if found else ("passed", None)


def test_junit_each_verdict_has_its_element(synthetic):
    suite = suite_of(synthetic, error=True)
    found = {case.get("name"): outcome(case) for case in suite.iter("testcase")}
    assert found == {
        "DYN-1[runs/step-1.csv]": ("failure", "FAIL"),
        "DYN-2[runs/step-1.csv]": ("failure", "INCONCLUSIVE"),
        "PWR-RAMP-UP[runs/step-1.csv]": ("failure", "INCONCLUSIVE"),
        "OSC-1[runs/step-1.csv]": ("failure", "INCONCLUSIVE"),
        "REG-1[runs/step-1.csv]": ("skipped", None),
        "REG-2[runs/step-1.csv]": ("passed", None),
        "MASK[runs/step-1.csv]": ("failure", "FAIL"),
        "OFF": ("skipped", None),
        "BUG-1[runs/step-1.csv]": ("error", "ERROR"),
    }
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "9", "failures": "5", "errors": "1", "skipped": "2"}


def test_junit_failure_message_holds_the_numbers(synthetic):
    case = next(suite_of(synthetic).iter("testcase"))
    assert case.find("failure").get("message") == (
        "recovery_time FAIL: measured 81.20 ± 0.40 ms, limit max 80 ms, margin -1.20 ms (-1.5 %), at 12.5812 s"
    )
    properties = {p.get("name"): p.get("value") for p in case.iter("property")}
    assert properties["recovery_time.measured"] == "81.20 ± 0.40 ms"
    assert properties["recovery_time.uncertainty"] == "0.40 ms"
    assert properties["recovery_time.limit"] == "max 80 ms"
    assert properties["recovery_time.margin"] == "-1.20 ms"
    assert properties["recovery_time.at"] == "12.5812 s"


def test_junit_inconclusive_message_says_what_to_do(synthetic):
    case = list(suite_of(synthetic).iter("testcase"))[3]
    assert case.find("failure").get("message") == "P_pcc has 10 S/s; 20 S/s are needed."


def test_junit_hostile_text_parses_and_holds_no_control_character(synthetic):
    raw = render(results_document(synthetic.record(synthetic.HOSTILE + "\ufffe\U0001f600", error=True)))
    ET.fromstring(raw)
    text = raw.decode()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\ufffe" not in text


def test_junit_is_deterministic(synthetic):
    results = results_document(synthetic.record())
    assert render(results) == render(results)
