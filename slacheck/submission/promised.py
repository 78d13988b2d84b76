"""What the documents of a pack promise, read again: limits, definitions, captures, claims.

`verify` knows no kind and resolves no spec; it is handed `promised`, which reads `spec.yaml` with
what it extends, and `submission.yaml`, out of the pack, and says where the results say otherwise.
Nothing is measured, and NumPy is not imported.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from slacheck import __version__
from slacheck.contract import CheckPlan, DecisionRule
from slacheck.document import Document, parse_document, validate
from slacheck.errors import SpecError
from slacheck.evidence.verify import NOT_COMPARED
from slacheck.language import Requirement
from slacheck.spec.extends import rebuilt
from slacheck.spec.load import resolve
from slacheck.spec.model import Spec
from slacheck.spec.plugins import installed_kinds
from slacheck.spec.resolved import resolved_yaml
from slacheck.submission.gated import gates_faults, has_signals
from slacheck.submission.model import SubmissionModel
from slacheck.submission.rejudged import rejudged
from slacheck.wording import shorten

Members = Mapping[str, bytes]
Results = dict[str, Any]


def promised(members: Members, results: Results) -> tuple[list[str], list[str]]:
    """What was compared, and what the results say otherwise than the documents, in lines for people.

    Parameters
    ----------
    members : mapping of str to bytes
        Of a pack whose results are valid and whose digests agree.
    results : dict
        The results document.
    """
    strange: dict[str, str] = {}
    try:
        document, strange = _known_clauses(_spec_document(members))
        spec = resolve(document, installed_kinds())
        submission = submission_of(members)
    except SpecError as error:
        if strange:
            return [_not_compared(strange)], []
        return [], [f"a document of the pack cannot be read again: {str(error.problems[0]).splitlines()[0]}"]
    told, faults = ([_not_compared(strange)], list[str]()) if strange else _resolved(spec, members, results)
    faults += _head(spec, results)
    faults += _findings(spec, results)
    faults += _pairs(spec, results)
    faults += gates_faults(spec, results)
    faults += [] if submission is None else _submission(submission, spec, results)
    if not faults:
        told.append("spec: read again; limits, definitions and captures of the results are those it asks for")
    return told, faults


def _known_clauses(document: Document) -> tuple[Document, dict[str, str]]:
    """The document without clauses of kinds that are not installed here, and those kinds by clause."""
    known = installed_kinds()
    data = document.data if isinstance(document.data, dict) else {}
    listed = data.get("requirements")
    entries: list[Any] = listed if isinstance(listed, list) else []
    strange = {
        str(entry.get("id")): str(entry["kind"])
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("kind"), str) and str(entry["kind"]) not in known
    }
    if not strange:
        return document, {}
    kept = [entry for entry in entries if not (isinstance(entry, dict) and str(entry.get("id")) in strange)]
    without = {key: value for key, value in data.items() if key != "remedies"} | {"requirements": kept}
    return replace(document, data=without, positions=None), strange


def _not_compared(strange: Mapping[str, str]) -> str:
    clauses = ", ".join(f"{name} ({kind})" for name, kind in strange.items())
    return f"{NOT_COMPARED}: clauses of kinds that are not installed here: {clauses}"


def spec_of(members: Members) -> Spec:
    """The spec of a pack, with what it extends.

    Raises
    ------
    SpecError
        If the documents are no spec.
    """
    return resolve(_spec_document(members), installed_kinds())


def _spec_document(members: Members) -> Document:
    document = parse_document(members["spec.yaml"], "spec.yaml")
    names = sorted((name for name in members if name.startswith("extends/")), key=lambda name: (len(name), name))
    return rebuilt(document, [parse_document(members[name], name) for name in names])


def submission_of(members: Members) -> SubmissionModel | None:
    """The submission document of a pack, if it has one.

    Raises
    ------
    SpecError
        If it is none.
    """
    if "submission.yaml" not in members:
        return None
    return validate(_without_positions(parse_document(members["submission.yaml"], "submission.yaml")), SubmissionModel)


def _without_positions(document: Document) -> Document:
    return replace(document, positions=None)


# ---------------------------------------------------------------- the spec as a whole


def _resolved(spec: Spec, members: Members, results: Results) -> tuple[list[str], list[str]]:
    if resolved_yaml(spec).encode() == members["resolved-spec.yaml"]:
        return [], []
    version = results["slacheck"]["version"]
    if version == __version__:
        return [], ["resolved-spec.yaml is not what spec.yaml resolves to"]
    return [
        f"resolved-spec.yaml: written by slacheck {version}; this is {__version__}, which resolves it otherwise"
    ], []


def _head(spec: Spec, results: Results) -> Iterator[str]:
    stated = {
        "id": spec.id,
        "title": spec.title,
        "version": spec.version,
        "extends": [{"reference": b.reference, "id": b.id, "version": b.version} for b in spec.extends],
    }
    found = {key: results["spec"][key] for key in stated}
    found["extends"] = [{key: base[key] for key in ("reference", "id", "version")} for base in found["extends"]]
    yield from (_differs(f"spec.{key}", found[key], stated[key]) for key in stated if found[key] != stated[key])
    if results["contract"] != dict(spec.contract):
        yield _differs("contract", results["contract"], dict(spec.contract))
    if results["decision"] != _decision(spec.decision):
        yield _differs("decision", results["decision"], _decision(spec.decision))


def _decision(rule: DecisionRule) -> dict[str, Any]:
    return {"rule": rule.rule, "coverage_factor": rule.coverage_factor}


def _differs(where: str, found: Any, stated: Any) -> str:
    return f"{where} is {shorten(str(found))} in the results, but {shorten(str(stated))} in the documents"


# ---------------------------------------------------------------- findings


def _findings(spec: Spec, results: Results) -> Iterator[str]:
    requirements = {requirement.id: requirement for requirement in spec.requirements}
    for finding in results["findings"]:
        requirement = requirements.get(finding["requirement"])
        if requirement is None:
            continue  # `verify` says so
        where = f"{finding['requirement']} on {finding['capture'] or 'no capture'}"
        test = next((c["test"] for c in results["captures"] if c["id"] == finding["capture"]), None)
        if finding["test"] != test:
            yield f"{where}: its test is {finding['test']}, that of the capture is {test}"
        for key in ("clause", "title", "note"):
            if finding[key] != getattr(requirement, key):
                yield _differs(f"{where}: {key}", finding[key], getattr(requirement, key))
        if finding["verdict"] not in ("ERROR", "NOT_APPLICABLE"):
            yield from _checks(spec, requirement, finding, where)


def _checks(spec: Spec, requirement: Requirement, finding: Results, where: str) -> Iterator[str]:
    plans = {plan.name: plan for plan in spec.kind(requirement).checks(requirement, spec.signals)}
    names = {check["name"] for check in finding["checks"]}
    for name in sorted(plans.keys() - names):
        yield f"{where}: the spec asks for the check {name}, which the finding does not have"
    for check in finding["checks"]:
        if check["name"] not in plans:
            yield f"{where}: the check {check['name']} is not one that the spec asks for"
            continue
        stated = _stated(plans[check["name"]])
        found = {key: check[key] for key in ("limit", "display_unit")}
        found |= {"unit": check["measured"]["unit"], "definition": check["definition"]["id"]}
        found["text"] = check["definition"]["text"]
        for key in stated:
            if found[key] != stated[key]:
                yield _differs(f"{where}, {check['name']}: {key}", found[key], stated[key])


def _stated(plan: CheckPlan) -> dict[str, Any]:
    bounds = {"max": plan.limit.max, "min": plan.limit.min, "resolution": plan.limit.resolution}
    return {
        "limit": {name: bound for name, bound in bounds.items() if bound is not None},
        "display_unit": plan.display_unit,
        "unit": plan.unit,
        "definition": plan.definition.id,
        "text": plan.definition.text,
    }


def _pairs(spec: Spec, results: Results) -> Iterator[str]:
    """Every requirement has one finding on each capture that it is judged on."""
    found = Counter((finding["requirement"], finding["capture"]) for finding in results["findings"])
    for requirement in spec.requirements:
        expected = _judged_on(spec, requirement, results["captures"]) if requirement.applies else [None]
        for capture in expected:
            if found.pop((requirement.id, capture), 0) != 1:
                yield f"{requirement.id} has not one finding on {capture or 'no capture'}, as the spec asks"
    for name, capture in found:
        if any(requirement.id == name for requirement in spec.requirements):
            yield f"{name} has a finding on {capture or 'no capture'}, where the spec asks for none"


def _judged_on(spec: Spec, requirement: Requirement, captures: list[Results]) -> list[str | None]:
    """Captures that a requirement is judged on, as in `engine.binding.drafts_of`; [None] for none."""
    meant = [c for c in captures if requirement.tests is None or c["test"] is None or c["test"] in requirement.tests]
    able = [c for c in meant if has_signals(spec, requirement, c)]
    judged = [c for c in meant if c in able or (requirement.tests is not None and (c["test"] is not None or not able))]
    return [c["id"] for c in judged] or [None]


# ---------------------------------------------------------------- the submission


def _submission(model: SubmissionModel, spec: Spec, results: Results) -> Iterator[str]:
    stated = {"id": model.submission, "supplier": model.supplier or ""}
    found = results["submission"] or {}
    for key, value in stated.items():
        if found.get(key) != value:
            yield _differs(f"submission.{key}", found.get(key), value)
    bound = {posixpath.normpath(entry.file): entry.test for entry in model.captures}
    captures = {capture["id"]: capture["test"] for capture in results["captures"]}
    if captures != bound:
        yield _differs("the captures and their tests", captures, bound)
    for entry in model.captures:
        signals: dict[str, str] = next(
            (c["signals"] for c in results["captures"] if c["id"] == posixpath.normpath(entry.file)), {}
        )
        if any(signals.get(signal, channel) != channel for signal, channel in entry.signals.items()):
            yield _differs(f"{entry.file}: the channels of its signals", signals, entry.signals)
    yield from rejudged(model, spec, results)
