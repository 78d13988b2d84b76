"""The report: one self-contained page that opens offline and makes no request.

Without scripting it is a whole document with still pictures; with it the table of clauses sorts
and filters and the plots zoom. Every text from outside is escaped, control and bidirectional
characters are made visible, and a content security policy allows one script and one style sheet,
each by its digest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from slacheck.contract import WORST_FIRST
from slacheck.errors import printable
from slacheck.money import money_text
from slacheck.render.numbers import compact
from slacheck.render.qr import qr_picture
from slacheck.render.remedies import range_text, waived_text
from slacheck.render.report import SYMBOLS, Report, ReportSource, ShownFinding, report_of
from slacheck.render.signatures import Signature

if TYPE_CHECKING:
    from slacheck.evidence.trace import Trace

LARGEST_REPORT = 5_000_000
"""Bytes. A report that would be larger leaves out plots: those of what passed first."""


def render(
    results: dict[str, Any],
    resolved_spec: dict[str, Any],
    traces: Mapping[str, Trace],
    manifest: dict[str, Any] | None = None,
    *,
    sentences: Mapping[str, str] | None = None,
    signatures: tuple[Signature, ...] | None = None,
) -> str:
    """The report of a run as HTML; the parameters are those of `ReportSource`."""
    return page(ReportSource(results, resolved_spec, traces, sentences or {}, manifest, signatures))


def page(source: ReportSource) -> str:
    """The report of a run as HTML, with as many plots as its size allows."""
    report = report_of(source)
    whole = _page(report, report.findings)
    if len(whole.encode()) <= LARGEST_REPORT:
        return whole
    bare = [replace(finding, plot=Markup("")) for finding in report.findings]
    room = LARGEST_REPORT - len(_page(report, bare).encode())
    kept = _affordable(report.findings, room)
    return _page(report, [f if index in kept else bare[index] for index, f in enumerate(report.findings)])


def _affordable(findings: list[ShownFinding], room: int) -> Collection[int]:
    """The findings whose plots fit into so many bytes, the worst verdicts first."""
    kept = set()
    for index in sorted(range(len(findings)), key=lambda i: WORST_FIRST.index(findings[i].found["verdict"])):
        size = len(findings[index].plot.encode())
        if size <= room:
            kept.add(index)
            room -= size
    return kept


def _page(report: Report, findings: list[ShownFinding]) -> str:
    text: str = _template().render(
        style=Markup(_style()),  # noqa: S704
        style_digest=_digest(_style().encode()),
        script=Markup(_script()),  # noqa: S704
        script_digest=_digest(_script().encode()),
        report=report,
        results=report.results,
        manifest=report.manifest,
        findings=findings,
        unverified=report.unverified,
        several=len(report.results["captures"]) > 1,
        code=qr_picture(f"sha256:{report.digest}", "QR code of the SHA-256 of results.json"),
        symbols=SYMBOLS,
        ranks={verdict: rank for rank, verdict in enumerate(WORST_FIRST)},
    )
    return text


# ---------------------------------------------------------------- template, style and script


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_visible
    )
    environment.filters["compact"] = lambda value: "" if value is None else compact(value)
    environment.filters["money"] = money_text
    environment.filters["money_range"] = range_text
    environment.globals["waived_text"] = waived_text
    environment.filters["words"] = lambda code: str(code).replace("_", " ")
    return environment.from_string(_shipped("report.html.j2"))


@lru_cache(maxsize=1)
def _style() -> str:
    return _shipped("report.css")


@lru_cache(maxsize=1)
def _script() -> str:
    return _shipped("report.js")


def _shipped(name: str) -> str:
    return files("slacheck.render").joinpath(name).read_text(encoding="utf-8")


def _digest(content: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()


def _visible(value: Any) -> Any:
    """Text from outside with what cannot be seen made visible; line ends stay."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return "\n".join(printable(line) for line in value.split("\n"))
    return value
