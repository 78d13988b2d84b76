"""A comparison as data, packs by their letters and every number in SI base units."""

from __future__ import annotations

import json
from typing import Any

from slacheck.render.comparison.words import RULE
from slacheck.submission.comparison import Clause, Comparison, Row, Side
from slacheck.submission.relation import Reading

SCHEMA = "slacheck/comparison/1"


def render(comparison: Comparison) -> str:
    """The comparison as a JSON document."""
    names = [side.letter for side in comparison.sides]
    document = {
        "schema": SCHEMA,
        "rule": RULE,
        "packs": [_side(side) for side in comparison.sides],
        "worst": [names[index] for index in comparison.worst],
        "shared_captures": [
            {"sha256": digest, "packs": [names[index] for index in sides]} for digest, sides in comparison.shared
        ],
        "requirements": [_clause(clause, names) for clause in comparison.clauses],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def _side(side: Side) -> dict[str, Any]:
    results, worst = side.pack.results, side.worst
    return {
        "pack": side.letter,
        "file": side.pack.name,
        "supplier": side.supplier,
        "submission": results["submission"],
        "spec": results["spec"],
        "slacheck": results["slacheck"],
        "results_sha256": side.pack.results_sha256,
        "withheld": list(side.pack.withheld),
        "verdict": results["verdict"],
        "decided_by": None if worst is None else [worst.finding["requirement"], worst.check["name"]],
    }


def _clause(clause: Clause, names: list[str]) -> dict[str, Any]:
    return {
        "requirement": clause.requirement,
        **{key: clause.shown[key] for key in ("clause", "title", "severity")},
        "verdicts": dict(zip(names, clause.verdicts, strict=True)),
        "waived": [name for name, waived in zip(names, clause.waived, strict=True) if waived],
        "worst": [names[index] for index in clause.worst],
        "checks": [_row(row, names) for row in clause.rows],
    }


def _row(row: Row, names: list[str]) -> dict[str, Any]:
    return {
        "check": row.check,
        "packs": {name: _reading(reading) for name, reading in zip(names, row.readings, strict=True)},
        "pairs": [
            {
                "packs": [names[pair.first], names[pair.second]],
                "outcome": pair.relation.outcome,
                "difference": pair.relation.difference,
                "expanded_uncertainty": pair.relation.uncertainty,
                "why": pair.relation.why,
            }
            for pair in row.pairs
        ],
    }


def _reading(reading: Reading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    kept = ("verdict", "measured", "limit", "display_unit", "margin", "margin_percent", "event", "at", "definition")
    return {
        **{key: reading.check[key] for key in kept},
        "capture": reading.finding["capture"],
        "decision": reading.finding["decision"],
        "worst_of": reading.count,
    }
