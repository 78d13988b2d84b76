"""A comparison as one self-contained page: a column for each pack, no script, no request, one style sheet by digest."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from slacheck import __version__
from slacheck.errors import printable
from slacheck.render.comparison import words
from slacheck.render.numbers import Numbers, limit_text, numbers_of
from slacheck.submission.comparison import Clause, Comparison, Row
from slacheck.submission.relation import Reading

_SYMBOLS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?", "NOT_APPLICABLE": "–", "ERROR": "!"}


@dataclass(frozen=True, slots=True)
class _Reading:
    """A reading as the page shows it; `more` is what stands under the value."""

    verdict: str
    numbers: Numbers
    more: list[str]


@dataclass(frozen=True, slots=True)
class _Row:
    check: str
    limit: str
    readings: list[_Reading | None]
    told: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Clause:
    clause: Clause
    differs: bool
    rows: list[_Row]


def render(comparison: Comparison) -> str:
    """The comparison as HTML."""
    clauses = [
        _Clause(clause, words.differs(clause), [_row(comparison, row) for row in clause.rows])
        for clause in comparison.clauses
    ]
    style = _shipped("comparison.css")
    page: str = _template().render(
        style=Markup(style),  # noqa: S704
        style_digest="sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
        comparison=comparison,
        sides=comparison.sides,
        shared=list(words.shared(comparison)),
        clauses=clauses,
        some_alike=any(not clause.differs for clause in clauses),
        symbols=_SYMBOLS,
        rule=words.RULE,
        credit=words.CREDIT,
    )
    return page


def _row(comparison: Comparison, row: Row) -> _Row:
    agreed = words.agreed_limit(row)
    return _Row(
        check=row.check,
        limit="" if agreed is None else limit_text(agreed.check["limit"], agreed.check["display_unit"]),
        readings=[None if reading is None else _reading(reading, agreed is not None) for reading in row.readings],
        told=list(words.standings(comparison, row)),
    )


def _reading(reading: Reading, agreed: bool) -> _Reading:
    numbers = numbers_of(reading.check)
    more = [] if agreed else [numbers.limit]
    more.append(f"margin {numbers.percent or numbers.margin}" if numbers.margin else "")
    measured = reading.check["measured"]["value"] is not None
    more.append(f"worst of {reading.count}" if reading.count > 1 and measured else "")
    more.append(" at ".join(text for text in (reading.finding["capture"], numbers.at) if text))
    return _Reading(reading.check["verdict"], numbers, [text for text in more if text])


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_visible
    )
    environment.filters["words"] = lambda code: str(code).replace("_", " ")
    for name in ("parties", "spec_name", "counts", "nearest_limit"):
        environment.filters[name] = getattr(words, name)
    return environment.from_string(_shipped("comparison.html.j2"))


@lru_cache(maxsize=2)
def _shipped(name: str) -> str:
    return files("slacheck.render.comparison").joinpath(name).read_text(encoding="utf-8")


def _visible(value: Any) -> Any:
    """Text from outside with what cannot be seen made visible."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
