"""The whole pipeline on one page: spec, captures -> admit -> measure -> evaluate -> decide -> record.

`check` is numbered; each step is one function below it or one module of the house.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slacheck import __version__
from slacheck.contract import (
    CaptureRecord,
    ChannelRecord,
    FileRecord,
    Finding,
    RunRecord,
    WaiverRecord,
    Witness,
)
from slacheck.decide import overall
from slacheck.engine.binding import Binding, Draft, count_repeats, drafts_of
from slacheck.engine.headroom import HeadroomReading, headroom_readings, with_unmeasured
from slacheck.engine.judge import decide_draft, evaluate_draft, measure_capture
from slacheck.engine.side_by_side import side_by_side
from slacheck.engine.source import Source
from slacheck.errors import Diagnostic, UsageError
from slacheck.evidence.pack import canonical_json, write_pack
from slacheck.evidence.record import findings_documents, results_document
from slacheck.evidence.remedies import remedies_block
from slacheck.evidence.trace import Trace
from slacheck.evidence.witness import trace_of, traces_of
from slacheck.portion import Portion
from slacheck.spec.explain import sentences
from slacheck.spec.model import Spec
from slacheck.spec.resolved import resolved_yaml
from slacheck.submission.audit import audit_captures
from slacheck.submission.claims import judged_claims

if TYPE_CHECKING:
    from slacheck.evidence.keys import PrivateKey
    from slacheck.submission.load import Submission


@dataclass(frozen=True)
class Run:
    """What a run found: the record, the results document, and what a pack is made of, once one is asked for."""

    record: RunRecord
    results: dict[str, Any]
    spec: Spec
    submission: Submission | None
    traces: dict[str, Trace]

    @cached_property
    def members(self) -> dict[str, bytes]:
        """The members of the pack, by name."""
        from slacheck.evidence.trace import to_parquet
        from slacheck.render import junit

        members = {
            "spec.yaml": self.spec.raw,
            "resolved-spec.yaml": resolved_yaml(self.spec).encode(),
            "results.json": self.results_json,
            "junit.xml": junit.render(self.results),
        }
        if self.submission is not None:
            members["submission.yaml"] = self.submission.raw
        members |= {f"extends/{index}.yaml": base.document.raw for index, base in enumerate(self.spec.extends)}
        members |= {name: to_parquet(trace) for name, trace in self.traces.items()}
        return members | {"report.html": self.report_html}

    @cached_property
    def results_json(self) -> bytes:
        """The results document, byte for byte as in the pack."""
        return canonical_json(self.results)

    @cached_property
    def report_html(self) -> bytes:
        """The report: one self-contained page."""
        from slacheck.render import html

        told = sentences(self.spec)
        return html.render(self.results, self.spec.resolved, self.traces, sentences=told).encode()


def check(
    spec: Spec,
    bindings: Sequence[Binding],
    *,
    submission: Submission | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
    portions: Mapping[str, Portion] | None = None,
) -> Run:
    """Run captures against a spec in `jobs` threads; `portions` were measured elsewhere, by capture.

    Raises
    ------
    SlacheckError
        If a capture cannot be read as the spec needs it, or a waiver's expiry has no date to be compared with.
    """
    waivers = _waivers(submission, bindings)
    # 1. Which requirement looks at which capture.
    drafts = [draft for requirement in spec.requirements for draft in drafts_of(spec, requirement, bindings)]

    def measured(binding: Binding) -> tuple[Source, tuple[HeadroomReading, ...]]:
        # 2. One pass over each capture feeds every meter.
        if progress is not None:
            progress(f"measuring {binding.capture.id}")
        mine = [draft for draft in drafts if draft.binding is binding and draft.reason is None]
        source = Source(binding.capture, spec.signals, binding.signals)
        if portions is not None:
            portion = portions[binding.capture.id]
            for draft in mine:
                portion.fill(draft)
            return replace(source, quality=portion.quality), portion.headroom
        readings = measure_capture(spec, source, mine)
        # 3. Each kind turns its readings into measurements; the record's gates stand beside them.
        for draft in mine:
            evaluate_draft(spec, draft, readings)
        return source, tuple(headroom_readings(spec, readings))

    found = side_by_side(measured, bindings, jobs)
    sources = {id(binding): source for binding, (source, _) in zip(bindings, found, strict=True)}
    # 4. Fewer repeats than the test asks for block a PASS.
    count_repeats(spec, drafts)
    # 5. Decide.
    findings = tuple(decide_draft(spec, draft) for draft in drafts)

    # 6. What decided is cut out of the record, decimated, for the plots.
    def cut(draft: Draft, witness: Witness) -> Trace | None:
        if portions is not None and draft.binding is not None:
            return portions[draft.binding.capture.id].traces[draft.requirement.id, witness]
        return trace_of(spec, witness, sources[id(draft.binding)])

    traces = dict(traces_of(findings, drafts, cut))
    for binding in bindings:
        binding.capture.check_unchanged()
    # 7. Write it down, with what the findings cost by the spec's remedies.
    record = _record(spec, bindings, sources, findings, traces, submission, waivers)
    if submission is not None:
        record = replace(record, claims=judged_claims(submission.claims, findings_documents(record)))
    headroom = with_unmeasured(spec, [readings for _, readings in found])
    results = _with_remedies(spec, results_document(record), headroom)
    return Run(record, results, spec, submission, dict(traces.values()))


def write_evidence(
    run: Run, path: Path, *, embed: Mapping[str, bytes] | None = None, key: PrivateKey | None = None
) -> None:
    """Write the evidence pack, signed by `key`; `embed` holds the captures' files to put inside, by name."""
    from slacheck.evidence.sign import sealed

    members = dict(run.members)
    for name, content in (embed or {}).items():
        members[f"captures/{name}"] = content
    referenced = [file for capture in run.record.captures for file in capture.files]
    write_pack(path, members, referenced, None if key is None else lambda whole: sealed(whole, key))


def _record(
    spec: Spec,
    bindings: Sequence[Binding],
    sources: Mapping[int, Source],
    findings: tuple[Finding, ...],
    traces: Mapping[int, tuple[str, Trace]],
    submission: Submission | None,
    waivers: tuple[WaiverRecord, ...],
) -> RunRecord:
    recorded = tuple(_capture_record(spec, binding, sources[id(binding)]) for binding in bindings)
    return RunRecord(
        version=__version__,
        spec_id=spec.id,
        spec_title=spec.title,
        spec_version=spec.version,
        spec_sha256=spec.sha256,
        extends=tuple(
            {"reference": base.reference, "id": base.id, "version": base.version, "sha256": base.sha256}
            for base in spec.extends
        ),
        contract=spec.contract,
        decision=spec.decision,
        captures=recorded,
        findings=findings,
        verdict=overall(findings),
        submission=None if submission is None else _submission_record(submission, recorded, findings),
        waivers=waivers,
        traces={index: name for index, (name, _) in traces.items()},
        providers={name: spec.kinds[name].provider for name in spec.kinds if _used(spec, name)},
    )


def _submission_record(
    submission: Submission, recorded: tuple[CaptureRecord, ...], findings: tuple[Finding, ...]
) -> dict[str, Any]:
    judged = {finding.capture for finding in findings if finding.capture is not None}
    notes = audit_captures(submission.spec, recorded, judged)
    return {
        "id": submission.id,
        "supplier": submission.supplier or "",
        "sha256": submission.sha256,
        "notes": [{"code": note.code, "captures": note.captures, "sentence": note.sentence} for note in notes],
    }


def _used(spec: Spec, kind: str) -> bool:
    return any(requirement.kind == kind for requirement in spec.requirements)


def _capture_record(spec: Spec, binding: Binding, source: Source) -> CaptureRecord:
    capture, clock = binding.capture, binding.capture.clock
    behind = {name: source.channel_names(name) for name in spec.signals if source.has(name)}
    used = {channel for names in behind.values() for channel in names}
    channels = []
    for name in sorted(name for name in used if (name,) in source.quality):
        channel, quality = capture.channels[name], source.quality[(name,)]
        rate = 0.0 if clock.interval <= 0 else 1.0 / clock.interval
        channels.append(ChannelRecord(name, channel.unit, rate, quality.samples, quality.missing))
    duration = clock.segments[-1].last_time - clock.segments[0].first_time + clock.interval if clock.segments else 0.0
    return CaptureRecord(
        id=capture.id,
        test=binding.test,
        start=None if capture.start is None else capture.start.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        duration=duration if math.isfinite(duration) else 0.0,
        files=capture.files,
        channels=tuple(channels),
        signals={name: names[0] for name, names in behind.items() if len(names) == 1},
        instrument=dict(capture.instrument),
        notes=capture.notes,
    )


def _with_remedies(spec: Spec, results: dict[str, Any], headroom: Iterable[HeadroomReading]) -> dict[str, Any]:
    terms = spec.resolved.get("remedies")
    if terms is None:
        return results
    readings = [
        {
            "id": reading.name,
            "capture": reading.capture,
            "energy": reading.energy,
            "interval": list(reading.interval),
            "time": reading.time,
            "missing": reading.missing,
            "notes": list(reading.notes),
        }
        for reading in headroom
    ]
    return results | {"remedies": remedies_block(terms, results, readings)}


def _waivers(submission: Submission | None, bindings: Sequence[Binding]) -> tuple[WaiverRecord, ...]:
    """Waivers with their expiry compared with the captures' start, else with SOURCE_DATE_EPOCH."""
    if submission is None or not submission.waivers:
        return ()
    starts = [b.capture.start for b in bindings if b.capture.start is not None]
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    today: date
    if starts:
        today = max(starts).astimezone(UTC).date()
    elif epoch.isascii() and epoch.isdigit():
        today = datetime.fromtimestamp(int(epoch), UTC).date()
    else:
        raise UsageError(
            Diagnostic(
                submission.id,
                "a waiver's expiry cannot be compared with anything: no capture says when it was recorded",
                fix="give `time: {start: ...}` in a sidecar, or set SOURCE_DATE_EPOCH",
            )
        )
    return tuple(
        WaiverRecord(w.requirement, w.reason, w.by, w.expires.isoformat(), w.expires < today)
        for w in submission.waivers
    )


__all__ = ["Binding", "FileRecord", "Run", "check", "write_evidence"]
