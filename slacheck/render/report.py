"""What a report says, whatever it is printed on: the results document with its numbers as text.

HTML and PDF are drawn from this; both show the results document and nothing else, so the captures
need not be there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from slacheck.contract import WORST_FIRST, Kind
from slacheck.errors import SlacheckError
from slacheck.evidence.canonical import canonical_json
from slacheck.render.manual import Block, manuals_of
from slacheck.render.numbers import Document, Numbers, deciding, groups, in_unit, is_unverified, numbers_of, with_unit
from slacheck.render.plot import witness_plot
from slacheck.render.scalebar import scale_bar
from slacheck.render.signatures import Signature
from slacheck.spec.plugins import installed_kinds

if TYPE_CHECKING:
    from slacheck.evidence.trace import Trace

SYMBOLS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?", "NOT_APPLICABLE": "–", "ERROR": "!"}
_RULES = {
    "three_state": "three states: PASS or FAIL only where the whole interval of the measured value lies on one side",
    "simple": "simple acceptance: the measured value decides, its uncertainty is shown only",
    "guarded_acceptance": "guarded acceptance: PASS only where the whole interval keeps the limit, else FAIL",
    "guarded_rejection": "guarded rejection: FAIL only where the whole interval breaks the limit, else PASS",
}


@dataclass(frozen=True, slots=True)
class ReportSource:
    """What a report is made from.

    Parameters
    ----------
    results : dict
        The results document.
    resolved_spec : dict
        Every default filled in; its requirements are shown beside their findings.
    traces : mapping of str to Trace
        By the name of their member of the pack.
    sentences : mapping of str to str
        The contract sentence of each requirement whose kind is known here, by id.
    manifest : dict, optional
        The pack's manifest, where the report is made from a pack; its digest and versions are then shown.
    signatures : tuple of Signature, optional
        Those of the pack; None for the page inside a pack, which is written before anyone can sign.
    redaction : dict, optional
        Of a redacted pack; the report then says what was withheld.
    stamps : tuple of str
        Time stamps of the statement that was signed, in words.
    """

    results: Document
    resolved_spec: Document
    traces: Mapping[str, Trace]
    sentences: Mapping[str, str] = field(default_factory=dict)
    manifest: Document | None = None
    signatures: tuple[Signature, ...] | None = None
    redaction: Document | None = None
    stamps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check as a report shows it; `events` are all checks of this name, the deciding one shown large."""

    name: str
    shown: Document
    numbers: Numbers
    scale: Markup
    budget: list[tuple[str, str, str]]
    events: list[tuple[Document, Numbers]]


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as a report shows it."""

    anchor: str
    found: Document
    sentence: str
    checks: list[ShownCheck]
    gates: list[tuple[Document, str]]
    plot: Markup
    parameters: list[tuple[str, str]]
    waivers: list[Document]
    unverified: bool

    @property
    def least(self) -> str:
        """Margin of the deciding check in % of its limit, for sorting; "" without one."""
        percents = [check.shown["margin_percent"] for check in self.checks]
        known = [percent for percent in percents if percent is not None]
        return f"{min(known):.9g}" if known else ""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report."""

    results: Document
    digest: str
    manifest: Document | None
    manifest_digest: str | None
    signatures: tuple[Signature, ...] | None
    redaction: Document | None
    stamps: tuple[str, ...]
    counts: list[tuple[str, int]]
    rule: str
    findings: list[ShownFinding]
    unverified: list[str]
    manuals: Mapping[str, list[Block]]


def report_of(source: ReportSource) -> Report:
    """The report of a run."""
    results, manifest = source.results, source.manifest
    verdicts = [found["verdict"] for found in results["findings"]]
    return Report(
        results=results,
        digest=hashlib.sha256(canonical_json(results)).hexdigest(),
        manifest=manifest,
        manifest_digest=None if manifest is None else hashlib.sha256(canonical_json(manifest)).hexdigest(),
        signatures=source.signatures,
        redaction=source.redaction,
        stamps=source.stamps,
        counts=[(verdict, verdicts.count(verdict)) for verdict in WORST_FIRST if verdict in verdicts],
        rule=_RULES[results["decision"]["rule"]],
        findings=[_finding(index, found, source) for index, found in enumerate(results["findings"])],
        unverified=list(dict.fromkeys(f["requirement"] for f in results["findings"] if is_unverified(f))),
        manuals=manuals_of(results["kinds"], _installed()),
    )


def _installed() -> Mapping[str, Kind[Any]]:
    """The kinds that are here; none where another distribution's cannot be loaded, as no report hangs on them."""
    try:
        return installed_kinds()
    except SlacheckError:
        return {}


def _finding(index: int, found: Document, source: ReportSource) -> ShownFinding:
    own = (entry for entry in source.resolved_spec.get("requirements", ()) if entry.get("id") == found["requirement"])
    return ShownFinding(
        anchor=f"finding-{index + 1}",
        found=found,
        sentence=source.sentences.get(found["requirement"], ""),
        checks=[_check(name, checks) for name, checks in groups(found["checks"]).items()],
        gates=_gates(found["checks"]),
        plot=_plot(found, source.traces),
        parameters=_parameters(next(own, {})),
        waivers=[waiver for waiver in source.results["waivers"] if waiver["requirement"] == found["requirement"]],
        unverified=is_unverified(found),
    )


def _check(name: str, checks: list[Document]) -> ShownCheck:
    shown = deciding(checks)
    budget = [(term["name"], _size(term, shown["display_unit"]), term["treatment"]) for term in shown["budget"]]
    events = [(check, numbers_of(check)) for check in checks] if len(checks) > 1 else []
    return ShownCheck(name, shown, numbers_of(shown), scale_bar(shown), budget, events)


def _size(term: Document, display_unit: str) -> str:
    """A term in the check's unit; one of another quantity in its own, a share of the rated value in pu."""
    size, own = term["standard_uncertainty"], term.get("unit")
    if own is None:
        return with_unit(f"{in_unit(size, display_unit):.3g}", display_unit)
    return f"{size:.3g} {'pu' if own == '1' else own}"


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


def _plot(found: Document, traces: Mapping[str, Trace]) -> Markup:
    """The plot of a finding's witness; empty where it has none."""
    witness = found["witness"]
    trace = None if witness is None else traces.get(witness["trace"])
    if trace is None:
        return Markup("")
    mine = [c for c in found["checks"] if (c["name"], c["event"]) == (witness["check"], witness["event"])]
    return witness_plot(trace, mine[0]["at"][witness["axis"]] if mine else None)


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
