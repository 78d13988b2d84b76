"""The results on a terminal: what was decided, with which numbers, and what to do about the rest."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from slacheck.contract import WORST_FIRST
from slacheck.errors import printable
from slacheck.render.numbers import Document, deciding, groups, is_unverified, numbers_of
from slacheck.render.remedies import remedies_lines

COLOURS = {"PASS": "32", "FAIL": "31", "INCONCLUSIVE": "33", "ERROR": "35", "NOT_APPLICABLE": "2"}
_WIDE = 100
"""From this width on the margin is shown in its unit too. [characters]"""
_HEADINGS = ("verdict", "check", "measured", "limit", "margin", "at")
_INDENT = 2
_GIVING_WAY = ((1, 14), (2, 16), (3, 10))
"""Columns that are made narrower where the line is too long, and how narrow."""
_REASONS_EACH = 2
"""Sentences shown of one reason code; a record with many events has one for each."""
_Row = tuple[str, ...]


def render(results: dict[str, Any], *, width: int = 80, color: bool = False) -> str:
    """The results document as text, no line longer than `width` where names allow it.

    Parameters
    ----------
    width : int
        Of the terminal. [characters]
    color : bool
        Colour the verdicts with ANSI escapes.
    """
    tables = [_rows(finding, width) for finding in results["findings"]]
    columns = _columns([_HEADINGS, *(row for rows in tables for row in rows)], width)
    several = len(results["captures"]) > 1
    lines = [*_head(results, width), ""]
    headings = _line(_HEADINGS, columns, width)
    if any(tables) and len(headings) == 1:
        lines += headings
    for finding, rows in zip(results["findings"], tables, strict=True):
        lines += wrapped(_name(finding, several), width, "", "    ")
        for row in rows:
            lines += _line(row, columns, width)
        if not rows:
            lines += wrapped(_without_checks(finding), width, "  ", "    ")
    lines += [line for finding in results["findings"] for line in _why(finding, several, width)]
    lines += [line for waiver in results["waivers"] for line in _waiver(waiver, width)]
    lines += _remedies(results, width)
    lines += list(_submission(results, width))
    return "\n".join(_coloured(line, color) for line in lines) + "\n"


def _head(results: Document, width: int) -> Iterator[str]:
    spec, found = results["spec"], [finding["verdict"] for finding in results["findings"]]
    version = f" {spec['version']}" if spec["version"] else ""
    title = f": {spec['title']}" if spec["title"] else ""
    yield from wrapped(f"{results['verdict']}  {spec['id']}{version}{title}", width, "", "      ")
    counts = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in WORST_FIRST if verdict in found)
    number = f"{len(found)} finding{'' if len(found) == 1 else 's'}"
    yield from wrapped(f"{number}: {counts}" if counts else number, width, "", "    ")
    for base in spec["extends"]:
        named = " ".join(part for part in (base["id"], base["version"]) if part)
        yield from wrapped(f"extends {base['reference']} ({named})", width, "", "    ")
    unverified = [finding["requirement"] for finding in results["findings"] if is_unverified(finding)]
    if unverified:
        names = ", ".join(dict.fromkeys(unverified))
        yield from wrapped(f"figures not verified at their source: {names}", width, "", "    ")
    captures = [capture["id"] for capture in results["captures"]]
    if len(captures) == 1:
        yield from wrapped(f"capture {captures[0]}", width, "", "    ")


def _name(finding: Document, several: bool) -> str:
    parts = [finding["requirement"], finding["clause"], finding["title"]]
    marks = ["advisory"] if finding["severity"] == "advisory" else []
    marks += ["unverified figures"] if is_unverified(finding) else []
    if several and finding["capture"] is not None:
        marks.append(finding["capture"])
    return "  ".join(part for part in parts if part) + (f"  ({', '.join(marks)})" if marks else "")


def _rows(finding: Document, width: int) -> list[_Row]:
    """One row for each name of a check: the event that decided."""
    rows = []
    for name, checks in groups(finding["checks"]).items():
        check = deciding(checks)
        numbers = numbers_of(check)
        events = f" (of {len(checks)})" if len(checks) > 1 else ""
        margin = numbers.percent or numbers.margin
        if width >= _WIDE and numbers.percent:
            margin = f"{numbers.margin} ({numbers.percent})"
        cells = (check["verdict"], name + events, numbers.measured, numbers.limit, margin, numbers.at)
        rows.append(tuple(printable(cell) for cell in cells))
    return rows


def _columns(rows: Sequence[_Row], width: int) -> list[int]:
    """Widths of the columns, the gaps between them included; what is most seldom that wide gives way."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    gaps = len(widths) - 1
    gap = 2 if _INDENT + sum(widths) + 2 * gaps <= width else 1
    for column, least in _GIVING_WAY:
        excess = _INDENT + sum(widths) + gap * gaps - width
        widths[column] -= max(0, min(excess, widths[column] - least))
    return [size + gap for size in widths]


def _line(row: _Row, columns: Sequence[int], width: int) -> list[str]:
    """A row as one line, with fewer columns aligned where it is too long, or as two lines at last."""
    for aligned in (len(row), 2, 1):
        line, end = " " * _INDENT, _INDENT
        for number, (cell, column) in enumerate(zip(row, columns, strict=True)):
            end += column
            line = f"{line}{cell} ".ljust(end if number < aligned else 0)
        if len(line.rstrip()) <= width:
            return [line.rstrip()]
    numbers = (part for part in (row[2], row[3], row[4] and f"margin {row[4]}", row[5] and f"at {row[5]}") if part)
    return [f"  {row[0].ljust(columns[0])}{row[1]}", *wrapped("; ".join(numbers), width, " " * 6, " " * 6)]


def _without_checks(finding: Document) -> str:
    sentences = finding["notes"] or [reason["sentence"] for reason in finding["reasons"]]
    if finding["verdict"] == "ERROR":
        sentences = ["a bug in slacheck: the traceback is in the results document; please report it"]
    return f"{finding['verdict']}  {' '.join(sentences)}"


def _why(finding: Document, several: bool, width: int) -> Iterator[str]:
    """What a finding that did not pass lacks, or what it was measured against."""
    if finding["verdict"] not in ("FAIL", "INCONCLUSIVE"):
        return
    yield ""
    where = f" on {finding['capture']}" if several and finding["capture"] is not None else ""
    yield from wrapped(f"{finding['verdict']}  {finding['requirement']}{where}", width, "", "    ")
    for check in (deciding(checks) for checks in groups(finding["checks"]).values()):
        if check["verdict"] == "FAIL":
            yield from wrapped(f"{check['name']}: {check['definition']['text']}", width, "  ", "    ")
    shown: Counter[str] = Counter()
    for reason in finding["reasons"]:
        shown[reason["code"]] += 1
        if shown[reason["code"]] <= _REASONS_EACH:
            yield from wrapped(f"{reason['code']}: {reason['sentence']}", width, "  ", "    ")
    for code, count in shown.items():
        if count > _REASONS_EACH:
            more = f"{code}: {count - _REASONS_EACH} more like these; the report has them all"
            yield from wrapped(more, width, "  ", "    ")


def _waiver(waiver: Document, width: int) -> Iterator[str]:
    state = "expired" if waiver["expired"] else "expires"
    yield ""
    text = f"waiver of {waiver['requirement']} by {waiver['by']}, {state} {waiver['expires']}: {waiver['reason']}"
    yield from wrapped(text + " (changes no verdict)", width, "", "    ")


def _remedies(results: Document, width: int) -> Iterator[str]:
    for number, (text, indent) in enumerate(remedies_lines(results)):
        if number == 0:
            yield ""
        yield from wrapped(text, width, " " * indent, " " * (indent + 2))


def _submission(results: Document, width: int) -> Iterator[str]:
    """How each claim stands against what was measured, and what a buyer should ask about."""
    for claim in results["claims"]:
        found = f"{claim['outcome'].replace('_', ' ')}. {claim['sentence']}" if "outcome" in claim else claim["value"]
        text = f"claim on {claim['requirement']} {claim['check']}: {found}"
        yield ""
        yield from wrapped(text, width, "", "    ")
    for note in (results["submission"] or {}).get("notes", ()):
        yield ""
        yield from wrapped(f"note ({note['code']}): {note['sentence']}", width, "", "    ")


def wrapped(text: str, width: int, first: str = "", more: str = "") -> list[str]:
    """Text from outside on lines of at most `width`, the first and the others indented."""
    return textwrap.wrap(
        printable(" ".join(text.split())),
        max(width, 20),
        initial_indent=first,
        subsequent_indent=more,
        break_on_hyphens=False,
    )


def _coloured(line: str, color: bool) -> str:
    """The verdict at the start of a line in its colour."""
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    if not color or word not in COLOURS:
        return line
    return line.replace(word, in_colour(word), 1)


def in_colour(verdict: str) -> str:
    """A verdict between ANSI escapes."""
    return f"\x1b[1;{COLOURS[verdict]}m{verdict}\x1b[0m"
