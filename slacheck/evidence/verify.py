"""Whether a pack is whole, consistent and decided as its own numbers demand.

Separate from the code that made it: nothing here measures, knows a kind or shares the decision.
The file is opened once, nothing is extracted, and no socket is opened.

1. structure: the canonical zip of its members, and no other members than a pack has
2. digests: every member and its size as the manifest says
3. spec: `spec.yaml` is the one that the results name; every requirement of the resolved spec is there
4. results: canonical, valid against their schema
5. captures: those of the results are referenced or embedded, with the same digests
6. decisions: every check, finding and the whole, decided again; what they cost, counted again
7. documents: the results are what spec and submission ask for, where the caller reads them again
8. signers: the statement is of this pack, and signed by the keys given

Members that a redaction withholds are named; what is said of them must be what the manifest says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slacheck.document import parse_document
from slacheck.errors import SpecError, printable
from slacheck.evidence.archive import read_bytes, unzipped
from slacheck.evidence.canonical import parse_json
from slacheck.evidence.redecide import (
    gate_fits,
    margins_of_check,
    reasons_fit,
    verdict_of_check,
    verdict_of_finding,
    verdict_of_run,
)
from slacheck.evidence.remedies import remedies_faults
from slacheck.evidence.schema import manifest_schema, redaction_schema, results_schema, schema_faults
from slacheck.evidence.signatures import NOBODY, STATEMENT, Examined, Signature, Trust, examine
from slacheck.evidence.timestamp import Stamp
from slacheck.evidence.withheld import REDACTION, is_withholdable, withheld_faults, withheld_lines

_REQUIRED = ("junit.xml", "manifest.json", "report.html", "resolved-spec.yaml", "results.json", "spec.yaml")
_OPTIONAL = (REDACTION, STATEMENT, "submission.yaml")
_FOLDERS = ("captures/", "extends/", "traces/")
_MOST_SHOWN = 20
NOT_COMPARED = "not compared"
"""How a line begins that names what a caller could not look at."""
_ROUNDING = 1e-9
"""Of the numbers of an interval, relative to the largest of them."""
Document = dict[str, Any]
Members = Mapping[str, bytes]
Promised = Callable[[Members, Document], tuple[list[str], list[str]]]
"""Reads the documents again: what was compared, and what the results say otherwise."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was looked at and what was wrong, in lines for people; `ok` if nothing was wrong.

    `signatures` and `stamps` hold those of the statement, each checked if its key or authority was given; `withheld`
    names the members that a redaction left out.
    """

    ok: bool
    lines: tuple[str, ...]
    signatures: tuple[Signature, ...] = ()
    withheld: tuple[str, ...] = ()
    stamps: tuple[Stamp, ...] = ()


class _Fault(Exception):
    """Something without which the rest cannot be looked at."""


def verify(path: Path, trust: Trust = NOBODY, promised: Promised | None = None) -> VerifyReport:
    """Verify an evidence pack.

    Parameters
    ----------
    trust : Trust
        Keys that must have signed it.
    promised : callable, optional
        Reads the documents of the pack again (`submission.promised`).

    Raises
    ------
    PackError
        If the file cannot be opened. A file that can be opened but is damaged gives a report.
    """
    return verify_bytes(read_bytes(path), trust, promised)


def verify_bytes(raw: bytes, trust: Trust = NOBODY, promised: Promised | None = None) -> VerifyReport:
    """Verify the bytes of an evidence pack."""
    told: list[str] = []
    faults: list[str] = []
    signed, withheld = Examined(), Document()
    try:
        signed = _look(raw, (trust, promised), (told, faults), withheld)
    except _Fault as fault:
        faults.append(str(fault))
    if faults or signed.lacking:
        wrong = [*faults, *signed.lacking]
        more = [] if len(wrong) <= _MOST_SHOWN else [f"and {len(wrong) - _MOST_SHOWN} more"]
        count = "1 problem" if len(wrong) == 1 else f"{len(wrong)} problems"
        outcome = f"NOT INTACT: {count}" if faults else f"{_state(withheld)}, but not signed as asked: {count}"
        lines = [*told, *(f"wrong: {fault}" for fault in wrong[:_MOST_SHOWN]), *more, outcome]
    else:
        partly = any(line.startswith(NOT_COMPARED) for line in told)
        state = _state(withheld) + (", but for what was not compared" if partly else "")
        lines = [*told, f"{state}; {signed.conclusion}"]
    shown = tuple(printable(line) for line in lines)
    ok = not (faults or signed.lacking)
    return VerifyReport(ok, shown, signed.signatures, tuple(sorted(withheld)), signed.stamps)


def _state(withheld: Document) -> str:
    if not withheld:
        return "intact"
    return f"verified, {len(withheld)} member{'' if len(withheld) == 1 else 's'} withheld"


def _look(
    raw: bytes, asked: tuple[Trust, Promised | None], notes: tuple[list[str], list[str]], withheld: Document
) -> Examined:
    """The eight steps; what was found right is told, what was not is a fault."""
    (trust, promised), (told, faults) = asked, notes
    members = _members(raw)
    redaction = _parsed(members, REDACTION, redaction_schema()) if REDACTION in members else None
    withheld.update({} if redaction is None else redaction["withheld"])
    _refuse_missing(members, withheld)
    manifest = _parsed(members, "manifest.json", manifest_schema())
    told.append(f"structure: canonical zip of {len(members)} members")
    faults += _digests(members, manifest, withheld)
    if faults:
        return Examined()
    told.append(f"digests: {len(manifest['members']) - len(withheld)} members as in the manifest")
    told += [] if redaction is None else withheld_lines(redaction)
    results = _parsed(members, "results.json", results_schema())
    told.append(f"results: valid {results['schema']}, written by slacheck {results['slacheck']['version']}")
    if results["slacheck"] != manifest["slacheck"]:
        faults.append("results.json and manifest.json name different versions of slacheck")
    faults += _spec(members, results)
    faults += _captures(members, manifest, results, withheld)
    faults += _decisions(results)
    faults += _references(members, results, withheld)
    if promised is not None and not faults:
        more_told, more_faults = promised(members, results)
        told += more_told
        faults += more_faults
    if not faults:
        told += _summary(manifest, results)
    signed = examine(members, manifest, results, trust)
    told += signed.told
    faults += signed.faults
    return signed


def _members(raw: bytes) -> Members:
    try:
        members = unzipped(raw)
    except ValueError as error:
        raise _Fault(f"not an evidence pack: {error}") from error
    known = {*_REQUIRED, *_OPTIONAL}
    strange = [name for name in members if name not in known and not name.startswith(_FOLDERS)]
    if strange:
        raise _Fault(f"the pack has members that this version does not know: {', '.join(strange)}")
    return members


def _refuse_missing(members: Members, withheld: Document) -> None:
    missing = [n for n in _REQUIRED if n not in members and not (n in withheld and is_withholdable(n))]
    if missing:
        raise _Fault(f"the pack lacks {', '.join(missing)}")


def _parsed(members: Members, name: str, schema: Document) -> Document:
    try:
        document: Document = parse_json(members[name])
    except ValueError as error:
        raise _Fault(f"{name} is not canonical JSON: {error}") from error
    broken = schema_faults(document, schema)
    if broken:
        raise _Fault(f"{name} does not follow its schema: {'; '.join(broken[:3])}")
    return document


# ---------------------------------------------------------------- manifest and captures


def _digests(members: Members, manifest: Document, withheld: Document) -> Iterator[str]:
    """The manifest lists every other member and no more, each with its digest and size, or it is withheld."""
    yield from withheld_faults(withheld, members, manifest)
    listed = manifest["members"]
    others = set(members) - {"manifest.json", REDACTION, STATEMENT}
    for name in sorted(others - set(listed)):
        yield f"{name} is in the pack but not in the manifest"
    for name in sorted(set(listed) - others - set(withheld)):
        yield f"{name} is in the manifest but not in the pack"
    for name in sorted(others & set(listed)):
        found = {"sha256": _sha256(members[name]), "bytes": len(members[name])}
        if found != listed[name]:
            yield f"{name} is not what the manifest says: it has SHA-256 {found['sha256']} and {found['bytes']} bytes"


def _captures(members: Members, manifest: Document, results: Document, withheld: Document) -> Iterator[str]:
    """Every file of a capture is referenced in the manifest, embedded or withheld, and no other one."""
    named = {_file(file) for capture in results["captures"] for file in capture["files"]}
    inside = {(_sha256(content), len(content)) for name, content in members.items() if name.startswith("captures/")}
    inside |= {(entry["sha256"], entry["bytes"]) for name, entry in withheld.items() if name.startswith("captures/")}
    referenced = {_file(file) for file in manifest["captures"]}
    for name, _, digest, size in sorted(named - referenced):
        if (digest, size) not in inside:
            yield f"the capture file {name} of the results is neither referenced in the manifest nor embedded"
    for name, *_ in sorted(referenced - named):
        yield f"the manifest references a file {name} that no capture of the results has"
    for digest, _ in sorted(inside - {(digest, size) for _, _, digest, size in named}):
        yield f"an embedded capture with SHA-256 {digest} is not one of the results"


def _file(file: Document) -> tuple[str, str, str, int]:
    return str(file["name"]), str(file["role"]), str(file["sha256"]), int(file["bytes"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ---------------------------------------------------------------- spec


def _spec(members: Members, results: Document) -> Iterator[str]:
    """The spec is the one of the results, and each of its requirements is there as it asks to be judged."""
    digest = _sha256(members["spec.yaml"])
    if digest != results["spec"]["sha256"]:
        yield f"spec.yaml has SHA-256 {digest}, the results are of a spec with {results['spec']['sha256']}"
    bases = {f"extends/{index}.yaml": base["sha256"] for index, base in enumerate(results["spec"]["extends"])}
    for name in sorted(bases.keys() | {name for name in members if name.startswith("extends/")}):
        if name not in members or name not in bases or _sha256(members[name]) != bases[name]:
            yield f"{name} is not what the results say that spec.yaml extends"
    submission = results["submission"]
    if (submission is None) != ("submission.yaml" not in members):
        yield "submission.yaml is in the pack, or named in the results, but not both"
    elif submission is not None and _sha256(members["submission.yaml"]) != submission["sha256"]:
        yield "submission.yaml is not the one that the results name"
    try:
        resolved = parse_document(members["resolved-spec.yaml"], "resolved-spec.yaml").data
        if resolved["id"] != results["spec"]["id"]:
            yield f"resolved-spec.yaml is of {resolved['id']!r}, the results are of {results['spec']['id']!r}"
        asked = {entry["id"]: _asked(resolved, entry) for entry in resolved["requirements"]}
        costs = list(remedies_faults(resolved.get("remedies"), results))
    except SpecError as error:
        raise _Fault(f"resolved-spec.yaml cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise _Fault(f"resolved-spec.yaml is not a resolved spec: {error}") from error
    yield from _requirements(asked, results)
    yield from costs


def _asked(resolved: Document, entry: Document) -> Document:
    """What the resolved spec says of a requirement beside its limits."""
    decision = entry.get("decision") or resolved["decision"]
    return {
        "kind": entry["kind"],
        "severity": entry["severity"],
        "applies": entry["applies"] == "true",
        "decision": {"rule": decision["rule"], "coverage_factor": float(decision["coverage_factor"])},
    }


def _requirements(asked: Mapping[str, Document], results: Document) -> Iterator[str]:
    kinds = {entry["kind"] for entry in asked.values()}
    named = set(results["kinds"])
    if named != kinds:
        yield f"the results name the kinds {', '.join(sorted(named))}; the spec has {', '.join(sorted(kinds))}"
    found = {finding["requirement"] for finding in results["findings"]}
    yield from (f"the requirement {name} of the spec has no finding" for name in asked if name not in found)
    for finding in results["findings"]:
        name = finding["requirement"]
        if name not in asked:
            yield f"the finding {name} is of no requirement of the spec"
            continue
        for key in ("kind", "severity", "decision"):
            if finding[key] != asked[name][key]:
                yield f"{name}: the spec says {key} {_said(asked[name][key])}, the finding {_said(finding[key])}"
        if (finding["verdict"] == "NOT_APPLICABLE") == asked[name]["applies"]:
            says = "applies" if asked[name]["applies"] else "does not apply"
            yield f"{name}: the spec says that it {says}, the finding is {finding['verdict']}"


def _said(value: str | Document) -> str:
    return value if isinstance(value, str) else f"{value['rule']} with k = {value['coverage_factor']:g}"


# ---------------------------------------------------------------- decisions


def _decisions(results: Document) -> Iterator[str]:
    """Every verdict follows from what stands below it."""
    for finding in results["findings"]:
        where = f"{finding['requirement']} on {finding['capture'] or 'no capture'}"
        for check in finding["checks"]:
            yield from _check(check, finding["decision"], f"{where}, {check['name']}")
        reasons = [reason for check in finding["checks"] for reason in check["reasons"]]
        if finding["checks"] and finding["reasons"] != [r for i, r in enumerate(reasons) if r not in reasons[:i]]:
            yield f"{where} gives other reasons than its checks"
        demanded = verdict_of_finding(finding)
        if demanded != finding["verdict"]:
            yield f"{where} is {finding['verdict']}, but its checks make it {demanded}"
    demanded = verdict_of_run(results["findings"])
    if demanded != results["verdict"]:
        yield f"the overall verdict is {results['verdict']}, but the findings make it {demanded}"


def _check(check: Document, decision: Document, where: str) -> Iterator[str]:
    low, high = check["measured"]["interval"]
    if low is not None and high is not None and low > high:
        yield f"{where}: the interval {low!r} .. {high!r} is upside down"
    yield from _interval(check["measured"], where)
    for gate in (gate for gate in check["gates"] if not gate_fits(gate)):
        needed = f"{gate['measured']:.6g} where {gate['required']:.6g} is required"
        yield f"{where} passes the gate {gate['code']} with {needed}"
    demanded = verdict_of_check(check, decision["rule"])
    if demanded != check["verdict"]:
        yield f"{where} is {check['verdict']}, but its numbers and gates make it {demanded}"
    if not reasons_fit(check):
        yield f"{where} is {check['verdict']}, but its reasons are not those of its gates"
    found = (check["margin"], check["margin_percent"])
    demanded_margins = margins_of_check(check)
    if found not in demanded_margins:
        yield f"{where} has the margin {_margin(*found)}, but value and limit make it {_margin(*demanded_margins[0])}"
    if check["measured"]["coverage_factor"] != decision["coverage_factor"]:
        yield f"{where} was measured at another coverage factor than the decision rule's"


def _interval(measured: Document, where: str) -> Iterator[str]:
    """The value lies in its interval, and an expanded uncertainty is half of it."""
    value, (low, high) = measured["value"], measured["interval"]
    if value is None:
        if (low, high) != (None, None) or measured["expanded_uncertainty"] is not None:
            yield f"{where} has an interval, but no value"
        return
    slack = _ROUNDING * max(abs(end) for end in (value, low, high) if end is not None)
    if (low is not None and value < low - slack) or (high is not None and value > high + slack):
        yield f"{where} has the value {value!r} outside of its interval {low!r} .. {high!r}"
    half = measured["expanded_uncertainty"]
    if half is not None and (low is None or high is None or abs((high - low) / 2.0 - half) > slack):
        yield f"{where} has the expanded uncertainty {half!r}, which is not half of its interval {low!r} .. {high!r}"


def _margin(margin: float | None, percent: float | None) -> str:
    return (
        f"{'none' if margin is None else format(margin, '.10g')} ({'none' if percent is None else f'{percent:.10g} %'})"
    )


def _references(members: Members, results: Document, withheld: Document) -> Iterator[str]:
    """Findings name captures, tests and traces that are there or withheld; the report is of these results."""
    tests = {capture["id"]: capture["test"] for capture in results["captures"]}
    if len(tests) != len(results["captures"]):
        yield "two captures have one id"
    for finding in results["findings"]:
        name = finding["requirement"]
        if finding["capture"] is not None and finding["capture"] not in tests:
            yield f"{name} speaks of a capture {finding['capture']} that is not among the captures"
        witness = finding["witness"]
        if witness is None:
            continue
        if witness["trace"] not in members and witness["trace"] not in withheld:
            yield f"{name} has a witness {witness['trace']} that is not in the pack"
        if not any((witness["check"], witness["event"]) == (c["name"], c["event"]) for c in finding["checks"]):
            yield f"{name} has a witness of {witness['check']}, which is none of its checks"
    if "report.html" not in withheld and _sha256(members["results.json"]).encode() not in members["report.html"]:
        yield "report.html is not the report of these results: it does not show their SHA-256"


def _summary(manifest: Document, results: Document) -> Iterator[str]:
    spec, findings = results["spec"], results["findings"]
    version = f" {spec['version']}" if spec["version"] else ""
    yield f"spec: {spec['id']}{version}, SHA-256 {spec['sha256']}"
    files = len({_file(file) for capture in results["captures"] for file in capture["files"]})
    outside = len(manifest["captures"])
    yield f"captures: {len(results['captures'])}; {files} files, {outside} of them referenced by digest and not inside"
    checks = sum(len(finding["checks"]) for finding in findings)
    yield f"decisions: {checks} checks of {len(findings)} findings decided again, with the same outcome"
    if "remedies" in results:
        yield f"remedies: {len(results['remedies']['credits'])} credits counted again, with the same amounts"
    yield f"verdict: {results['verdict']}"
