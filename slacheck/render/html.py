"""The report: one self-contained page that opens offline and makes no request.

It shows the results document and nothing else; the captures need not be there. Every text from
outside is escaped, control and bidirectional characters are made visible, and a content security
policy allows no script at all and one style sheet, by its digest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from slacheck.contract import WORST_FIRST
from slacheck.errors import printable
from slacheck.evidence.canonical import canonical_json
from slacheck.render.numbers import (
    Document,
    Numbers,
    compact,
    deciding,
    groups,
    in_unit,
    is_unverified,
    numbers_of,
    with_unit,
)
from slacheck.render.plot import witness_plot
from slacheck.render.scalebar import scale_bar

if TYPE_CHECKING:
    from slacheck.evidence.trace import Trace

LARGEST_REPORT = 5_000_000
"""Bytes. A report that would be larger leaves out the plots of what passed, then all plots."""

_SYMBOLS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?", "NOT_APPLICABLE": "–", "ERROR": "!"}
_RULES = {
    "three_state": "three states: PASS or FAIL only where the whole interval of the measured value lies on one side",
    "simple": "simple acceptance: the measured value decides, its uncertainty is shown only",
    "guarded_acceptance": "guarded acceptance: PASS only where the whole interval keeps the limit, else FAIL",
    "guarded_rejection": "guarded rejection: FAIL only where the whole interval breaks the limit, else PASS",
}


@dataclass(frozen=True, slots=True)
class _Check:
    """A check as the page shows it; `events` are all checks of this name, the deciding one shown large."""

    name: str
    shown: Document
    numbers: Numbers
    scale: Markup
    budget: list[tuple[str, str, str]]
    events: list[tuple[Document, Numbers]]


@dataclass(frozen=True, slots=True)
class _Finding:
    """A finding as the page shows it."""

    anchor: str
    found: Document
    checks: list[_Check]
    gates: list[tuple[Document, str]]
    plot: Markup
    plot_left_out: bool
    parameters: list[tuple[str, str]]
    waivers: list[Document]


def render(
    results: dict[str, Any],
    resolved_spec: dict[str, Any],
    traces: Mapping[str, Trace],
    manifest: dict[str, Any] | None = None,
    redaction: dict[str, Any] | None = None,
) -> str:
    """The report of a run as HTML.

    Parameters
    ----------
    results : dict
        The results document.
    resolved_spec : dict
        Every default filled in; its requirements are shown beside their findings.
    traces : mapping of str to Trace
        By the name of their member of the pack.
    manifest : dict, optional
        The pack's manifest, where the report is made from a pack; its digest and versions are then shown.
    redaction : dict, optional
        Of a redacted pack; the report then says what was withheld.
    """
    page = ""
    told = {"manifest": manifest, "redaction": redaction}
    for plotted in (set(WORST_FIRST), {"FAIL", "INCONCLUSIVE"}, set()):
        page = _page(results, resolved_spec, {"traces": traces, "plotted": plotted}, told)
        if len(page.encode()) <= LARGEST_REPORT:
            break
    return page


def _page(results: Document, resolved_spec: Document, plots: Document, told: dict[str, Document | None]) -> str:
    findings = [
        _finding(index, found, results, resolved_spec, plots) for index, found in enumerate(results["findings"])
    ]
    verdicts = [found["verdict"] for found in results["findings"]]
    page: str = _template().render(
        style=Markup(_style()),  # noqa: S704
        style_digest=_digest(_style().encode()),
        results=results,
        digest=_sha256(results),
        **told,
        manifest_digest=None if told["manifest"] is None else _sha256(told["manifest"]),
        counts=[(verdict, verdicts.count(verdict)) for verdict in WORST_FIRST if verdict in verdicts],
        rule=_RULES[results["decision"]["rule"]],
        findings=findings,
        unverified=list(dict.fromkeys(f["requirement"] for f in results["findings"] if is_unverified(f))),
        symbols=_SYMBOLS,
    )
    return page


def _sha256(document: Document) -> str:
    return hashlib.sha256(canonical_json(document)).hexdigest()


def _finding(
    index: int, found: Document, results: Document, resolved_spec: Document, plots: dict[str, Any]
) -> _Finding:
    plot, left_out = _plot(found, plots)
    own = (entry for entry in resolved_spec.get("requirements", ()) if entry.get("id") == found["requirement"])
    return _Finding(
        anchor=f"finding-{index + 1}",
        found=found,
        checks=[_check(name, checks) for name, checks in groups(found["checks"]).items()],
        gates=_gates(found["checks"]),
        plot=plot,
        plot_left_out=left_out,
        parameters=_parameters(next(own, {})),
        waivers=[waiver for waiver in results["waivers"] if waiver["requirement"] == found["requirement"]],
    )


def _check(name: str, checks: list[Document]) -> _Check:
    shown = deciding(checks)
    unit = shown["display_unit"]
    budget = [
        (term["name"], with_unit(f"{in_unit(term['standard_uncertainty'], unit):.3g}", unit), term["treatment"])
        for term in shown["budget"]
    ]
    events = [(check, numbers_of(check)) for check in checks] if len(checks) > 1 else []
    return _Check(name, shown, numbers_of(shown), scale_bar(shown), budget, events)


def _gates(checks: list[Document]) -> list[tuple[Document, str]]:
    """Each different gate once, with the names of its checks; those that are not passed first."""
    found: dict[bytes, tuple[Document, list[str]]] = {}
    for check in checks:
        for gate in check["gates"]:
            names = found.setdefault(canonical_json(gate), (gate, []))[1]
            if check["name"] not in names:
                names.append(check["name"])
    everywhere = len(groups(checks))
    told = [(gate, "all" if len(names) == everywhere else ", ".join(names)) for gate, names in found.values()]
    return sorted(told, key=lambda entry: bool(entry[0]["passed"]))


def _plot(found: Document, plots: dict[str, Any]) -> tuple[Markup, bool]:
    """The plot of a finding's witness, and whether there is one that was left out."""
    witness = found["witness"]
    trace = None if witness is None else plots["traces"].get(witness["trace"])
    if trace is None:
        return Markup(""), False
    if found["verdict"] not in plots["plotted"]:
        return Markup(""), True
    mine = [c for c in found["checks"] if (c["name"], c["event"]) == (witness["check"], witness["event"])]
    return witness_plot(trace, mine[0]["at"][witness["axis"]] if mine else None), False


_SHOWN_ELSEWHERE = {"id", "title", "clause", "kind", "severity", "note", "applies", "reason", "decision"}


def _parameters(requirement: Document) -> list[tuple[str, str]]:
    """The keys of a requirement as `band.half_width` and their text, defaults included."""
    return [
        (name, text)
        for key, value in requirement.items()
        if key not in _SHOWN_ELSEWHERE and value not in ([], {}, None)
        for name, text in _flat(str(key), value)
    ]


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [line for key, inner in value.items() for line in _flat(f"{name}.{key}", inner)]
    if isinstance(value, list | tuple) and any(isinstance(inner, Mapping) for inner in value):
        return [line for index, inner in enumerate(value) for line in _flat(f"{name}[{index}]", inner)]
    return [(name, _short(value))]


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_short(inner) for inner in value)}]"
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )


# ---------------------------------------------------------------- template and style


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_visible
    )
    environment.filters["compact"] = lambda value: "" if value is None else compact(value)
    environment.filters["words"] = lambda code: str(code).replace("_", " ")
    return environment.from_string(_shipped("report.html.j2"))


@lru_cache(maxsize=1)
def _style() -> str:
    return _shipped("report.css")


def _shipped(name: str) -> str:
    return files("slacheck.render").joinpath(name).read_text(encoding="utf-8")


def _digest(content: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()


def _visible(value: Any) -> Any:
    """Text from outside with what cannot be seen made visible; line ends stay."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return "\n".join(printable(line) for line in value.split("\n"))
    return value
