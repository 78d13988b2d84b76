"""What a run found, as the results document of design section 6: plain JSON data, nothing added.

Numbers are Python floats in SI base units; what could not be measured is null. All text from
outside is kept as it came, but for lone surrogates (file names that are not UTF-8), which JSON
cannot hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slacheck.contract import (
    CaptureRecord,
    CheckResult,
    DecisionRule,
    Finding,
    Gate,
    Limit,
    Reason,
    RunRecord,
)
from slacheck.values import Measured

SCHEMA = "slacheck/results/1"


def results_document(record: RunRecord) -> dict[str, Any]:
    """The results document of a run."""
    document: dict[str, Any] = _plain(
        {
            "schema": SCHEMA,
            "slacheck": {"version": record.version},
            "spec": {
                "id": record.spec_id,
                "title": record.spec_title,
                "version": record.spec_version,
                "sha256": record.spec_sha256,
                "extends": [dict(base) for base in record.extends],
            },
            "contract": record.contract,
            "submission": record.submission,
            "decision": _decision(record.decision),
            "kinds": record.providers,
            "captures": [_capture(capture) for capture in record.captures],
            "waivers": [
                {
                    "requirement": w.requirement,
                    "reason": w.reason,
                    "by": w.by,
                    "expires": w.expires,
                    "expired": w.expired,
                }
                for w in record.waivers
            ],
            "claims": record.claims,
            "verdict": record.verdict,
            "findings": findings_documents(record),
        }
    )
    return document


def findings_documents(record: RunRecord) -> list[dict[str, Any]]:
    """The findings of a run, as they stand in its results document."""
    documents: list[dict[str, Any]] = _plain(
        [_finding(finding, record.decision, record.traces.get(index)) for index, finding in enumerate(record.findings)]
    )
    return documents


def _decision(rule: DecisionRule) -> dict[str, Any]:
    return {"rule": rule.rule, "coverage_factor": rule.coverage_factor}


def _capture(capture: CaptureRecord) -> dict[str, Any]:
    return {
        "id": capture.id,
        "test": capture.test,
        "start": capture.start,
        "duration": capture.duration,
        "files": [{"name": f.name, "role": f.role, "sha256": f.sha256, "bytes": f.bytes} for f in capture.files],
        "channels": {
            c.name: {"unit": c.unit, "sample_rate": c.sample_rate, "samples": c.samples, "missing": c.missing}
            for c in capture.channels
        },
        "signals": capture.signals,
        "instrument": capture.instrument,
        "notes": capture.notes,
    }


def _finding(finding: Finding, decision: DecisionRule, trace: str | None) -> dict[str, Any]:
    requirement = finding.requirement
    own = requirement.decision
    rule = decision if own is None else DecisionRule(own.rule, own.coverage_factor)
    document = {
        "requirement": requirement.id,
        "kind": requirement.kind,
        "clause": requirement.clause,
        "title": requirement.title,
        "note": requirement.note,
        "severity": requirement.severity,
        "decision": _decision(rule),
        "test": finding.test,
        "capture": finding.capture,
        "verdict": finding.verdict,
        "reasons": _reasons(finding.reasons),
        "notes": finding.notes,
        "checks": [_check(check, rule.coverage_factor) for check in finding.checks],
        "witness": _witness(finding.decider, trace),
    }
    if finding.error is not None:
        document["error"] = _without_folders(finding.error)
    return document


def _check(check: CheckResult, coverage_factor: float) -> dict[str, Any]:
    plan, measurement = check.plan, check.measurement
    return {
        "name": plan.name,
        "event": measurement.event,
        "verdict": check.verdict,
        "measured": _measured(measurement.measured, plan.unit, coverage_factor),
        "limit": _limit(plan.limit),
        "display_unit": plan.display_unit,
        "margin": check.margin,
        "margin_percent": check.margin_percent,
        "at": {"time": measurement.time, "frequency": measurement.frequency},
        "definition": {"id": plan.definition.id, "text": plan.definition.text},
        "gates": [_gate(gate) for gate in check.gates],
        "reasons": _reasons(check.reasons),
        "budget": [
            {"name": t.name, "standard_uncertainty": t.standard_uncertainty, "treatment": t.treatment}
            | ({} if t.unit is None else {"unit": t.unit})
            for t in measurement.budget
        ],
        "notes": measurement.notes,
    }


def _measured(measured: Measured | None, unit: str, coverage_factor: float) -> dict[str, Any]:
    """Value, uncertainty and interval; nothing measured is a value of null, unbounded on both sides."""
    interval = (None, None) if measured is None else (measured.interval.low, measured.interval.high)
    return {
        "value": None if measured is None else measured.value,
        "unit": unit if measured is None else measured.unit,
        "expanded_uncertainty": None if measured is None else measured.expanded_uncertainty,
        "coverage_factor": coverage_factor,
        "interval": interval,
        "censored": None if measured is None else measured.censored,
    }


def _limit(limit: Limit) -> dict[str, float]:
    bounds = {"max": limit.max, "min": limit.min, "resolution": limit.resolution}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "code": gate.code,
        "effect": gate.effect,
        "passed": gate.passed,
        "measured": gate.measured,
        "required": gate.required,
        "sentence": gate.sentence,
    }


def _reasons(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    return [{"code": reason.code, "sentence": reason.sentence} for reason in reasons]


def _witness(decider: CheckResult | None, trace: str | None) -> dict[str, Any] | None:
    """Coordinates of what decided and the member that holds its trace, for the check that decided."""
    witness = None if decider is None else decider.measurement.witness
    if decider is None or witness is None or trace is None:
        return None
    return {
        "trace": trace,
        "axis": witness.axis,
        "from": witness.start,
        "to": witness.end,
        "check": decider.plan.name,
        "event": decider.measurement.event,
    }


def _without_folders(traceback: str) -> str:
    """A traceback that names files by their last two parts: no path of the machine enters the evidence."""
    return re.sub(r'(File ")[^"\n]*?((?:[^"/\\\n]+[/\\])?[^"/\\\n]+")', r"\1\2", traceback)


def _plain(value: Any) -> Any:
    """JSON data: numbers as `bool`, `int` or `float` without a negative zero, text without surrogates."""
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, str):
        return str.__str__(value).encode("utf-8", "backslashreplace").decode("utf-8")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) + 0.0
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value]
