"""A comparison on a terminal: a block for each clause, a line for each pack, so that any number of packs fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slacheck.errors import printable
from slacheck.render.comparison.words import (
    CREDIT,
    RULE,
    agreed_limit,
    counts,
    letters,
    nearest_limit,
    parties,
    shared,
    spec_name,
    standings,
)
from slacheck.render.numbers import limit_text, numbers_of
from slacheck.render.text import COLOURS, in_colour, wrapped
from slacheck.submission.comparison import Clause, Comparison, Row
from slacheck.submission.relation import Reading

_WIDE = 100
"""From this width on a line says where its value was found. [characters]"""
_VERDICT = re.compile(rf"(?<![\w-])([A-Z]{{1,2}} +)({'|'.join(COLOURS)})(?![\w-])")
"""A verdict after the letter of its pack."""
_Cells = tuple[str, ...]


def render(comparison: Comparison, *, width: int = 80, color: bool = False) -> str:
    """The comparison as text, no line longer than `width` where names allow it.

    Parameters
    ----------
    width : int
        Of the terminal. [characters]
    color : bool
        Colour the verdicts with ANSI escapes.
    """
    rows = [row for clause in comparison.clauses for row in clause.rows]
    cells = [_cells(comparison, row, index, width) for row in rows for index in _given(row)]
    columns = [max((len(line[column]) for line in cells), default=0) for column in range(5)]
    lines = [*_head(comparison, width)]
    for clause in comparison.clauses:
        lines += ["", *_clause(comparison, clause, columns, width)]
    lines += ["", *wrapped(RULE, width), *wrapped(CREDIT, width)]
    return "\n".join(_coloured(line) if color else line for line in lines) + "\n"


def _head(comparison: Comparison, width: int) -> Iterator[str]:
    sides = comparison.sides
    if comparison.one_spec:
        yield from wrapped(f"{len(sides)} packs, all of the spec {spec_name(sides[0])}", width, more="    ")
    else:
        yield from wrapped(f"{len(sides)} packs of different specs, matched by requirement id", width, more="    ")
    margin = 1 + max(len(side.letter) for side in sides)
    for side in sides:
        verdict = side.pack.results["verdict"]
        yield ""
        who = f"{parties(side)} ({side.pack.name})".strip()
        yield from wrapped(f"{side.letter.ljust(margin)} {verdict}  {who}", width, more=" " * (margin + 1))
        facts = [f"spec {spec_name(side)}" if not comparison.one_spec else "", counts(side)]
        facts.append(f"decided by {nearest_limit(side)}" if side.worst else "")
        facts.append(f"{len(side.pack.withheld)} members withheld" if side.pack.withheld else "")
        for fact in filter(None, facts):
            yield from wrapped(fact, width, " " * (margin + 1), " " * (margin + 3))
    yield ""
    if comparison.worst:
        yield f"worst overall: {letters(comparison, comparison.worst)}"
    for told in shared(comparison):
        yield from wrapped(f"note: {told}", width, more="    ")


def _clause(comparison: Comparison, clause: Clause, columns: Sequence[int], width: int) -> Iterator[str]:
    shown = clause.shown
    marks = "  (advisory)" if shown["severity"] == "advisory" else ""
    name = "  ".join(text for text in (clause.requirement, shown["clause"], shown["title"]) if text)
    yield from wrapped(name + marks, width, more="    ")
    yield from wrapped(_verdicts(comparison, clause), width, "  ", "    ")
    for row in clause.rows:
        limit = agreed_limit(row)
        asked = "" if limit is None else f", {limit_text(limit.check['limit'], limit.check['display_unit'])}"
        told = "; ".join(sentence for _, sentence in standings(comparison, row))
        yield from wrapped(f"{row.check}{asked}: {told}", width, "  ", "    ")
        for index in _given(row):
            yield from _line(_cells(comparison, row, index, width), columns, width)


def _verdicts(comparison: Comparison, clause: Clause) -> str:
    told = []
    for side, verdict, waived in zip(comparison.sides, clause.verdicts, clause.waived, strict=True):
        told.append(f"{side.letter} {verdict or 'not in its spec'}{' (waived)' if waived else ''}")
    worst = f"; worst: {letters(comparison, clause.worst)}" if clause.worst else ""
    return ", ".join(told) + worst


def _given(row: Row) -> list[int]:
    return [index for index, reading in enumerate(row.readings) if reading is not None]


def _cells(comparison: Comparison, row: Row, index: int, width: int) -> _Cells:
    """Letter, verdict, measured, margin and what else there is to say of one reading."""
    reading = row.readings[index]
    if reading is None:
        return ("",) * 5
    check, numbers = reading.check, numbers_of(reading.check)
    more = [] if agreed_limit(row) else [numbers.limit]
    more += [f"worst of {reading.count}"] if reading.count > 1 and check["measured"]["value"] is not None else []
    more += [_place(reading, numbers.at)] if width >= _WIDE else []
    margin = numbers.percent or numbers.margin
    cells = (comparison.sides[index].letter, check["verdict"], numbers.measured, margin, ", ".join(filter(None, more)))
    return tuple(printable(cell) for cell in cells)


def _place(reading: Reading, at: str) -> str:
    capture = reading.finding["capture"]
    return " at ".join(text for text in (capture, at) if text)


def _line(cells: _Cells, columns: Sequence[int], width: int) -> list[str]:
    """One line with aligned columns, or as many as it takes."""
    line = "    " + "  ".join(cell.ljust(column) for cell, column in zip(cells, columns, strict=True)).rstrip()
    if len(line) <= width:
        return [line]
    head = f"    {cells[0].ljust(columns[0])}  {cells[1].ljust(columns[1])}  "
    rest = "; ".join(cell for cell in cells[2:] if cell)
    return wrapped(rest, width, head, " " * min(len(head), width // 2))


def _coloured(line: str) -> str:
    return _VERDICT.sub(lambda found: found[1] + in_colour(found[2]), line)
