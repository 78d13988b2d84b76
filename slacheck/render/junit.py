"""The results as JUnit XML: one test case for each requirement and capture, for CI systems.

FAIL and INCONCLUSIVE are failures of that type, ERROR is an error, NOT_APPLICABLE is skipped. An
advisory finding that did not pass is skipped too, with its verdict in the message: it must not
turn a build red that slacheck itself lets pass.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from slacheck.errors import printable
from slacheck.render.numbers import Document, deciding, groups, is_unverified, numbers_of

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(results: dict[str, Any]) -> bytes:
    """The results document as JUnit XML, UTF-8."""
    spec = results["spec"]
    root = ET.Element("testsuites", {"name": "slacheck"})
    suite = ET.SubElement(root, "testsuite", {"name": _text(spec["id"])})
    _properties(suite, _head(results))
    outcomes = [_case(suite, finding, spec["id"]) for finding in results["findings"]]
    counts = {
        "tests": len(outcomes),
        "failures": outcomes.count("failure"),
        "errors": outcomes.count("error"),
        "skipped": outcomes.count("skipped"),
    }
    for element in (root, suite):
        for name, count in counts.items():
            element.set(name, str(count))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def _head(results: Document) -> dict[str, str]:
    return {
        "verdict": results["verdict"],
        "spec.version": results["spec"]["version"] or "",
        "spec.sha256": results["spec"]["sha256"],
        "slacheck.version": results["slacheck"]["version"],
    }


def _case(suite: ET.Element, finding: Document, spec: str) -> str:
    """Add a test case; give back what it counts as."""
    place = f"[{finding['capture']}]" if finding["capture"] is not None else ""
    name = _text(f"{finding['requirement']}{place}")
    case = ET.SubElement(suite, "testcase", {"classname": _text(spec), "name": name, "time": "0"})
    _properties(case, _numbers(finding))
    verdict, advisory = finding["verdict"], finding["severity"] == "advisory"
    if verdict == "PASS":
        return "passed"
    message = _text(_message(finding))
    if verdict == "ERROR":
        ET.SubElement(case, "error", {"type": "ERROR", "message": message}).text = message
        return "error"
    if verdict == "NOT_APPLICABLE" or advisory:
        label = "advisory, " if advisory else ""
        ET.SubElement(case, "skipped", {"message": f"{label}{verdict}: {message}"})
        return "skipped"
    failure = ET.SubElement(case, "failure", {"type": verdict, "message": message})
    failure.text = _text("\n".join(_details(finding)))
    return "failure"


def _message(finding: Document) -> str:
    """The first thing to know: the number that decided, or why there is none."""
    if finding["verdict"] == "ERROR":
        return "a bug in slacheck; the traceback is in results.json"
    if finding["verdict"] == "FAIL":
        return _sentence(deciding(finding["checks"]))
    sentences = [reason["sentence"] for reason in finding["reasons"]] or finding["notes"]
    return str(sentences[0] if sentences else finding["verdict"])


def _details(finding: Document) -> list[str]:
    lines = [_sentence(deciding(checks)) for checks in groups(finding["checks"]).values()]
    return lines + [f"{reason['code']}: {reason['sentence']}" for reason in finding["reasons"]]


def _sentence(check: Document) -> str:
    numbers = numbers_of(check)
    text = f"{check['name']} {check['verdict']}: measured {numbers.measured}, limit {numbers.limit}"
    if numbers.margin:
        text += f", margin {numbers.margin}" + (f" ({numbers.percent})" if numbers.percent else "")
    return text + (f", at {numbers.at}" if numbers.at else "")


def _numbers(finding: Document) -> dict[str, str]:
    """The numbers of each check, in the spec's unit; of several events, of the one that decided."""
    found = {"kind": finding["kind"], "severity": finding["severity"], "verdict": finding["verdict"]}
    found |= {"figures": "not verified at their source"} if is_unverified(finding) else {}
    for name, checks in groups(finding["checks"]).items():
        numbers = numbers_of(deciding(checks))
        found |= {
            f"{name}.measured": numbers.measured,
            f"{name}.uncertainty": numbers.uncertainty,
            f"{name}.limit": numbers.limit,
            f"{name}.margin": numbers.margin,
            f"{name}.margin_percent": numbers.percent,
            f"{name}.at": numbers.at,
        }
    return found


def _properties(parent: ET.Element, values: dict[str, str]) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in values.items():
        if value:
            ET.SubElement(properties, "property", {"name": _text(name), "value": _text(value)})


def _text(text: str) -> str:
    """Without control and bidirectional characters, and without what XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", "\n".join(printable(line) for line in text.split("\n")))
