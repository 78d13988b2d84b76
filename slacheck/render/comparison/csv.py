"""A comparison as CSV (RFC 4180): one row for each check and pack, numbers in SI base units as they are.

No cell that came from outside begins with what a spreadsheet takes for a formula: it gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from slacheck.errors import printable
from slacheck.submission.comparison import Clause, Comparison, Row, Side

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
COLUMNS = (
    *("requirement", "clause", "title", "severity", "check", "pack", "supplier", "submission", "file"),
    *("spec", "spec_version", "spec_sha256", "results_sha256", "requirement_verdict", "waived", "worst_of_requirement"),
    *("verdict", "value", "unit", "expanded_uncertainty", "interval_low", "interval_high", "coverage_factor"),
    *("censored", "limit_min", "limit_max", "limit_resolution", "margin", "margin_percent", "worst_of", "capture"),
    *("event", "time_s", "frequency_hz", "definition", "decision_rule", "differs_beyond_uncertainty_from"),
    *("no_difference_from", "cannot_tell_from", "not_compared_with", "why"),
)


def render(comparison: Comparison) -> str:
    """The comparison as CSV text with CRLF line ends; a requirement without checks has one row for each pack."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for clause in comparison.clauses:
        for row in clause.rows or (Row("", (None,) * len(comparison.sides), ()),):
            for index, side in enumerate(comparison.sides):
                cells = _head(clause, row, side, index) | _reading(row, index) | _standing(comparison, row, index)
                writer.writerow([_cell(cells.get(column)) for column in COLUMNS])
    return file.getvalue()


def _head(clause: Clause, row: Row, side: Side, index: int) -> dict[str, Any]:
    results = side.pack.results
    return {
        "requirement": clause.requirement,
        **{key: clause.shown[key] for key in ("clause", "title", "severity")},
        "check": row.check,
        "pack": side.letter,
        "supplier": side.supplier,
        "submission": (results["submission"] or {}).get("id"),
        "file": side.pack.name,
        "spec": results["spec"]["id"],
        "spec_version": results["spec"]["version"],
        "spec_sha256": results["spec"]["sha256"],
        "results_sha256": side.pack.results_sha256,
        "requirement_verdict": clause.verdicts[index] or "not in its spec",
        "waived": clause.waived[index],
        "worst_of_requirement": index in clause.worst,
    }


def _reading(row: Row, index: int) -> dict[str, Any]:
    reading = row.readings[index]
    if reading is None:
        return {}
    check, measured = reading.check, reading.check["measured"]
    return {
        **{key: check[key] for key in ("verdict", "margin", "margin_percent", "event")},
        **{key: measured[key] for key in ("value", "unit", "expanded_uncertainty", "coverage_factor", "censored")},
        "interval_low": measured["interval"][0],
        "interval_high": measured["interval"][1],
        **{f"limit_{key}": bound for key, bound in check["limit"].items()},
        "worst_of": reading.count,
        "capture": reading.finding["capture"],
        "time_s": check["at"]["time"],
        "frequency_hz": check["at"]["frequency"],
        "definition": check["definition"]["id"],
        "decision_rule": reading.finding["decision"]["rule"],
    }


def _standing(comparison: Comparison, row: Row, index: int) -> dict[str, Any]:
    """The letters of the packs that this one differs from, and does not, and why that cannot be said of others."""
    found: dict[str, list[str]] = {}
    reasons: dict[str, None] = {}
    for pair in (pair for pair in row.pairs if index in (pair.first, pair.second)):
        other = comparison.sides[pair.second if index == pair.first else pair.first].letter
        found.setdefault(pair.relation.outcome, []).append(other)
        if pair.relation.why:
            reasons[f"{other}: {pair.relation.why}"] = None
    return {
        "differs_beyond_uncertainty_from": " ".join(found.get("beyond", ())),
        "no_difference_from": " ".join(sorted(found.get("within", []) + found.get("same", []))),
        "cannot_tell_from": " ".join(found.get("cannot_tell", ())),
        "not_compared_with": " ".join(found.get("not_compared", ())),
        "why": "; ".join(reasons),
    }


def _cell(value: Any) -> str:
    """A number as it is, text so that no spreadsheet takes it for anything else."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return repr(value)
    text = printable(" ".join(str(value).split("\n")))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
