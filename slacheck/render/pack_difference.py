"""What differs between two packs, in words and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from slacheck.evidence.verified import VerifiedPack
from slacheck.render.comparison.words import apart
from slacheck.render.difference import SCHEMA, blocks, spec_entries, tied
from slacheck.render.numbers import numbers_of
from slacheck.render.text import wrapped
from slacheck.submission.pack_difference import CaptureChange, FindingChange, PackDifference

_STANDS = {
    "same": "the same numbers",
    "within": "not beyond uncertainty",
    "beyond": "beyond uncertainty",
    "cannot_tell": "cannot tell whether beyond uncertainty",
    "not_compared": "not compared",
}


def packs_text(found: PackDifference, *, width: int = 80) -> str:
    """Two packs: spec, captures, findings and versions that differ.

    Parameters
    ----------
    width : int
        Of the terminal. [characters]
    """
    old, new = found.old, found.new
    outcome = "nothing that was asked, recorded or found differs" if found.is_same else "not the same"
    lines = [*wrapped(f"{old.name} -> {new.name}: {outcome}", width, more="    ")]
    if old.results["verdict"] != new.results["verdict"]:
        lines.append(f"verdict: {old.results['verdict']} -> {new.results['verdict']}")
    parts = [
        ("findings", [finding_sentence(one) for one in sorted(found.findings, key=_weight)]),
        ("captures", [capture_sentence(one) for one in found.captures]),
        ("versions", [f"{name}: {before or 'none'} -> {after or 'none'}" for name, before, after in found.versions]),
    ]
    for name, sentences in parts:
        if sentences:
            lines += ["", name, *(line for told in sentences for line in tied(told, width, "  ", "    "))]
    if found.spec:
        lines += ["", "spec", *blocks(found.spec, width, "  ")]
    return "\n".join(lines) + "\n"


def _weight(change: FindingChange) -> tuple[bool, bool]:
    """Verdicts that changed first, then numbers that differ beyond uncertainty."""
    stands = change.relation
    return change.verdicts[0] == change.verdicts[1], stands is not None and stands.outcome != "beyond"


def finding_sentence(change: FindingChange) -> str:
    """`RAMP-1 up, on run-1.csv: PASS -> FAIL; 1.0 ± 0.1 kW/s -> 2.0 ± 0.1 kW/s, beyond uncertainty by 1 kW/s`."""
    old, new = change.verdicts
    if old is None or new is None:
        return f"{change.place}: {'added' if old is None else 'removed'}, {new or old}{_value(change)}"
    told = f"{change.place}: {old}" if old == new else f"{change.place}: {old} -> {new}"
    return told + _numbers(change)


def _value(change: FindingChange) -> str:
    reading = change.readings[0] or change.readings[1]
    return "" if reading is None else f"; {numbers_of(reading.check).measured}"


def _numbers(change: FindingChange) -> str:
    (old, new), stands = change.readings, change.relation
    if old is None or new is None or stands is None:
        return ""
    values = [numbers_of(one.check).measured for one in (old, new)]
    told = f"; {values[0]}" if values[0] == values[1] else f"; {values[0]} -> {values[1]}"
    why = f": {stands.why}" if stands.why else ""
    distance = apart(old, stands, " by ") if stands.outcome == "beyond" else ""
    return f"{told}, {_STANDS[stands.outcome]}{distance}{why}"


def capture_sentence(change: CaptureChange) -> str:
    """What became of a capture."""
    if change.old is None or change.new is None:
        return f"{change.new}: added" if change.old is None else f"{change.old}: removed"
    if change.is_renamed:
        return f"{change.old} -> {change.new}: renamed, with the same digests"
    return f"{change.old}: other digests of {', '.join(change.files)}"


def packs_json(found: PackDifference) -> str:
    """Two packs, as data."""
    document = {
        "schema": SCHEMA,
        "documents": "packs",
        "old": _pack(found.old),
        "new": _pack(found.new),
        "same_meaning": found.is_same,
        "differences": spec_entries(found.spec),
        "captures": [
            {"old": one.old, "new": one.new, "files": list(one.files), "sentence": capture_sentence(one)}
            for one in found.captures
        ],
        "findings": list(_findings(found)),
        "versions": [{"name": name, "old": before, "new": after} for name, before, after in found.versions],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def _findings(found: PackDifference) -> Iterator[dict[str, Any]]:
    for one in found.findings:
        stands = one.relation
        yield {
            "place": one.place,
            "old": _check(one, 0),
            "new": _check(one, 1),
            "outcome": None if stands is None else stands.outcome,
            "difference": None if stands is None else stands.difference,
            "expanded_uncertainty": None if stands is None else stands.uncertainty,
            "sentence": finding_sentence(one),
        }


def _check(change: FindingChange, index: int) -> dict[str, Any] | None:
    reading, verdict = change.readings[index], change.verdicts[index]
    if reading is None:
        return None if verdict is None else {"verdict": verdict}
    return {key: reading.check[key] for key in ("verdict", "measured", "limit", "definition")}


def _pack(pack: VerifiedPack) -> dict[str, Any]:
    results = pack.results
    return {
        "file": pack.name,
        "spec": results["spec"],
        "verdict": results["verdict"],
        "slacheck": results["slacheck"],
        "results_sha256": pack.results_sha256,
    }
