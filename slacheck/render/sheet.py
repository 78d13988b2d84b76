"""The report as plain data for a template that only places text: every line, cell and label."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from slacheck.render.numbers import Document, Numbers, compact
from slacheck.render.pdf_style import picture_style
from slacheck.render.remedies import remedies_facts
from slacheck.render.report import SYMBOLS, Report, ShownCheck, ShownFinding


def sheet(report: Report) -> dict[str, Any]:
    """The data of `report.typ`, but for what only a picture or the whole document can tell."""
    results, several = report.results, len(report.results["captures"]) > 1
    spec = results["spec"]
    return {
        "title": spec["title"] or spec["id"],
        "short_title": spec["id"] + (f", version {spec['version']}" if spec["version"] else ""),
        "version": results["slacheck"]["version"],
        "verdict": results["verdict"],
        **_said(results["verdict"]),
        "digest": report.digest,
        "counts": [{"number": count, "words": _words(verdict)} for verdict, count in report.counts],
        "facts": _facts(report),
        "summary": [_clause(finding, several) for finding in report.findings],
        "findings": [_finding(finding, report) for finding in report.findings],
        "captures": [_capture(capture) for capture in results["captures"]],
        "claims": [
            [claim["requirement"], claim["check"], claim["value"], claim.get("outcome", "").replace("_", " ")]
            for claim in results["claims"]
        ],
        "manuals": [
            {
                "kind": kind,
                "provider": results["kinds"][kind],
                "blocks": [{"form": block.form, "text": block.text} for block in blocks],
            }
            for kind, blocks in report.manuals.items()
        ],
        "versions": _versions(report.manifest),
        "withheld": _withheld(report.redaction),
        "redacted": [] if report.redaction is None else list(report.redaction["reasons"]),
    }


def _words(code: str) -> str:
    return code.replace("_", " ")


def _said(verdict: str) -> dict[str, str]:
    return {"symbol": SYMBOLS[verdict], "words": _words(verdict)}


def _badge(verdict: str) -> dict[str, str]:
    return {"code": verdict, **_said(verdict)}


def _fact(name: str, value: str, *, wide: bool = True, code: bool = False) -> dict[str, Any]:
    return {"name": name, "value": value, "wide": wide, "code": code}


# ---------------------------------------------------------------- certificate


def _facts(report: Report) -> list[dict[str, Any]]:
    results, spec = report.results, report.results["spec"]
    facts = [_fact(_words(name), value, wide=False) for name, value in results["contract"].items()]
    if results["submission"] is not None:
        its = results["submission"]
        facts.append(_fact("submission", ", ".join(part for part in (its["id"], its["supplier"]) if part), wide=False))
    version = f", version {spec['version']}" if spec["version"] else ""
    facts.append(_fact("spec", spec["id"] + version, wide=False))
    facts.append(_fact("captures", str(len(results["captures"])), wide=False))
    facts.append(_fact("made by", f"slacheck {results['slacheck']['version']}", wide=False))
    facts[-1]["wide"] = len(facts) % 2 == 1
    factor = compact(results["decision"]["coverage_factor"])
    facts.append(_fact("decision rule", f"{report.rule}; coverage factor k = {factor}"))
    if results["waivers"]:
        facts.append(_fact("waivers", "; ".join(map(_waiver, results["waivers"])) + ". They change no verdict."))
    facts += [_fact(name, text) for name, text in remedies_facts(results)]
    if report.unverified:
        names = ", ".join(report.unverified)
        facts.append(_fact("figures not verified at their source", f"{names}: see the notes of these clauses"))
    facts.append(_fact("SHA-256 of spec.yaml", spec["sha256"], code=True))
    for base in spec["extends"]:
        named = f", version {base['version']}" if base["version"] else ""
        facts.append(_fact(f"extends {base['reference']}{named}, SHA-256", base["sha256"], code=True))
    facts.append(_fact("SHA-256 of results.json", report.digest, code=True))
    if report.manifest_digest is not None:
        facts.append(_fact("SHA-256 of manifest.json", report.manifest_digest, code=True))
    if report.redaction is not None:
        count = len(report.redaction["withheld"])
        members = "member" if count == 1 else "members"
        facts.append(
            _fact("withheld by a redaction, unsigned", f"{count} {members} of the pack, listed on the last page")
        )
    signatures = [f"{signature.key}, {signature.state}" for signature in report.signatures or ()]
    facts.append(_fact("signatures", "\n".join(signatures) or "none: the pack is not signed"))
    if report.stamps:
        facts.append(_fact("time stamps of what was signed", "\n".join(report.stamps)))
    return facts


def _waiver(waiver: Document) -> str:
    return (
        f"{waiver['requirement']} by {waiver['by']}, {'expired' if waiver['expired'] else 'until'} {waiver['expires']}"
    )


def _versions(manifest: Document | None) -> list[list[str]]:
    if manifest is None:
        return []
    return [["slacheck", manifest["slacheck"]["version"]], *map(list, sorted(manifest["dependencies"].items()))]


def _withheld(redaction: Document | None) -> list[dict[str, str]]:
    withheld = {} if redaction is None else redaction["withheld"]
    return [
        {"name": n, "bytes": str(entry["bytes"]), "sha256": entry["sha256"]} for n, entry in sorted(withheld.items())
    ]


# ---------------------------------------------------------------- the table of clauses


def _clause(finding: ShownFinding, several: bool) -> dict[str, Any]:
    """A heading and a line for each check, or what is said in place of them."""
    found = finding.found
    tags = [tag for tag, there in _tags(finding) if there]
    tags += [found["capture"]] if several and found["capture"] is not None else []
    bug = ["A bug in slacheck; see results.json."] if found["verdict"] == "ERROR" else []
    sentences = bug or found["notes"] or [reason["sentence"] for reason in found["reasons"]]
    return {
        "clause": found["clause"] or "",
        "requirement": found["requirement"],
        "anchor": finding.anchor,
        "title": found["title"] or "",
        "tags": ", ".join(tags),
        "verdict": _badge(found["verdict"]),
        "told": None if finding.checks else " ".join(sentences),
        "lines": [_line(check) for check in finding.checks],
    }


def _line(check: ShownCheck) -> dict[str, Any]:
    numbers = check.numbers
    events = f" (worst of {len(check.events)})" if check.events else ""
    cells = [numbers.value, numbers.uncertainty, numbers.limit, _margin(numbers), numbers.at]
    return {"verdict": _badge(check.shown["verdict"]), "check": check.name + events, "cells": cells}


def _tags(finding: ShownFinding) -> list[tuple[str, bool]]:
    return [
        ("advisory", finding.found["severity"] == "advisory"),
        ("unverified figures", finding.unverified),
        ("waived", bool(finding.waivers)),
    ]


def _margin(numbers: Numbers) -> str:
    return f"{numbers.margin} ({numbers.percent})" if numbers.percent else numbers.margin


# ---------------------------------------------------------------- clauses


def _finding(finding: ShownFinding, report: Report) -> dict[str, Any]:
    found = finding.found
    return {
        "anchor": finding.anchor,
        "verdict": _badge(found["verdict"]),
        "name": f"{found['requirement']} {found['title'] or ''}".strip(),
        "meta": _meta(found, report),
        "sentence": finding.sentence,
        "waivers": [f"Waiver: {_waiver(w)}: {w['reason']} It changes no verdict." for w in finding.waivers],
        "note": found["note"] or "",
        "why": _why(found),
        "reasons": [{"code": _words(r["code"]), "sentence": r["sentence"]} for r in found["reasons"]],
        "plot": picture(finding.plot) if finding.plot else None,
        "plot_words": f"Plot of what decided {found['requirement']}: limits, and what was recorded",
        "caption": _caption(found) if finding.plot else _left_out(found),
        "checks": [_check(check) for check in finding.checks],
        "gates": [_gate(gate, names) for gate, names in finding.gates],
        "notes": list(found["notes"]),
        "parameters": _paired(finding.parameters),
    }


def _meta(found: Document, report: Report) -> str:
    parts = [f"clause {found['clause']}"] if found["clause"] else []
    parts += [_words(found["kind"]), found["severity"]]
    parts += [f"test {found['test']}"] if found["test"] is not None else []
    parts.append("no capture" if found["capture"] is None else f"capture {found['capture']}")
    own = found["decision"]
    if own != report.results["decision"]:
        parts.append(f"decided by {_words(own['rule'])}, k = {compact(own['coverage_factor'])}")
    return " · ".join(parts)


def _why(found: Document) -> str:
    if found["verdict"] == "ERROR":
        return "A bug in slacheck: this requirement was not judged. The traceback is in results.json; please report it."
    if not found["reasons"]:
        return ""
    return "Why there is no verdict, and what to do" if found["verdict"] == "INCONCLUSIVE" else "Beside the verdict"


def _caption(found: Document) -> str:
    witness = found["witness"]
    every = ": smallest and largest sample of each column, so that none is lost" if witness["axis"] == "time" else ""
    return f"What decided {witness['check']}{every}; the data are {witness['trace']} in the evidence pack."


def _left_out(found: Document) -> str:
    """Said in place of a plot: a PDF leaves none out, so that the pack holds no data of it."""
    if found["witness"] is None:
        return ""
    return f"The plot is withheld; the manifest keeps the digest of its data, {found['witness']['trace']}."


def picture(drawing: Markup) -> str:
    """A picture of the page as a document of its own, its colours written in."""
    opened = str(drawing).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return opened.replace(">", f">{picture_style()}", 1)


def _check(check: ShownCheck) -> dict[str, Any]:
    shown, numbers = check.shown, check.numbers
    factor = compact(shown["measured"]["coverage_factor"])
    spread = "U" if shown["measured"]["expanded_uncertainty"] is not None else "interval"
    rounding = shown["limit"].get("resolution")
    rounded = (
        "" if rounding is None else f" (compared after rounding to {compact(rounding)} {shown['measured']['unit']})"
    )
    told = [
        ("measured", numbers.value),
        (f"{spread} (k = {factor})", numbers.uncertainty),
        ("limit", numbers.limit + rounded),
        ("margin", _margin(numbers)),
        ("where", numbers.at),
    ]
    censored = shown["measured"]["censored"]
    return {
        "name": check.name,
        "verdict": _badge(shown["verdict"]),
        "definition": shown["definition"]["text"],
        "id": shown["definition"]["id"],
        "numbers": [{"name": name, "value": value} for name, value in told if value],
        "scale": picture(check.scale),
        "scale_words": f"{check.name}: {numbers.measured}; limit {numbers.limit}",
        "censored": ""
        if censored is None
        else f"The truth lies {censored} the value shown: it was not reached within the record.",
        "events": [
            {
                "event": "" if event["event"] is None else str(event["event"]),
                "verdict": _badge(event["verdict"]),
                "measured": its.measured,
                "margin": _margin(its),
                "at": its.at,
            }
            for event, its in check.events
        ],
        "budget": [list(term) for term in check.budget],
        "notes": list(shown["notes"]),
    }


def _gate(gate: Document, names: str) -> list[str]:
    state = (
        "✓ in order" if gate["passed"] else "✗ bars a verdict" if gate["effect"] == "no_verdict" else "✗ bars a PASS"
    )
    found, needed = ("" if value is None else compact(value) for value in (gate["measured"], gate["required"]))
    return [_words(gate["code"]), state, gate["sentence"], found, needed, names]


def _paired(parameters: list[tuple[str, str]]) -> list[list[str]]:
    """Two keys to a line."""
    cells = [cell for pair in parameters for cell in pair]
    cells += [""] * (-len(cells) % 4)
    return [cells[start : start + 4] for start in range(0, len(cells), 4)]


# ---------------------------------------------------------------- provenance


def _capture(capture: Document) -> dict[str, Any]:
    parts = [f"test {capture['test']}"] if capture["test"] is not None else []
    parts += [f"recorded {capture['start']}"] if capture["start"] is not None else []
    signals: dict[str, list[str]] = {}
    for signal, channel in sorted(capture["signals"].items()):
        signals.setdefault(channel, []).append(signal)
    return {
        "id": capture["id"],
        "meta": " · ".join([*parts, f"{compact(capture['duration'])} s"]),
        "files": [{**file, "bytes": str(file["bytes"])} for file in capture["files"]],
        "channels": [
            [
                name,
                ", ".join(signals.get(name, [])),
                channel["unit"] or "",
                compact(channel["sample_rate"]),
                str(channel["samples"]),
                str(channel["missing"]),
            ]
            for name, channel in sorted(capture["channels"].items())
        ],
        "instrument": [[_words(name), str(value)] for name, value in sorted(capture["instrument"].items())],
        "notes": list(capture["notes"]),
    }
