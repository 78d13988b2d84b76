"""What decided, cut out of the record and decimated: a trace for each finding's plot."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from slacheck.contract import Finding, Witness
from slacheck.engine.binding import Draft
from slacheck.engine.source import Source
from slacheck.evidence.trace import Series, Trace
from slacheck.spec.model import Spec

_COLUMNS = 800
"""Columns of a witness trace: min and max of each are kept, so that the deciding sample is drawn."""


def traces_of(
    findings: Sequence[Finding], drafts: Sequence[Draft], cut: Callable[[Draft, Witness], Trace | None]
) -> Iterator[tuple[int, tuple[str, Trace]]]:
    """Index of each finding with a witness, the member's name, and its trace, which `cut` gives."""
    numbers: dict[str, int] = {}
    for index, (finding, draft) in enumerate(zip(findings, drafts, strict=True)):
        number = numbers.setdefault(finding.requirement.id, 0)
        numbers[finding.requirement.id] += 1
        witness = finding.decider.measurement.witness if finding.decider is not None else None
        if witness is None or draft.binding is None:
            continue
        trace = cut(draft, witness)
        if trace is not None:
            yield index, (f"traces/{finding.requirement.id}-{number}.parquet", trace)


def trace_of(spec: Spec, witness: Witness, source: Source) -> Trace | None:
    """The trace of a witness: its own points, or the record's envelope; None if there is nothing to draw."""
    if witness.axis == "frequency":
        x = [point[0] for point in witness.points]
        y = [point[1] for point in witness.points]
        name = witness.signals[0]
        unit = witness.unit or spec.signals[name].base
        return Trace("frequency", x, (Series(name, unit, spec.signals[name].unit, y, y),), witness.marks) if x else None
    series, centres = [], None
    start, end, columns = _columns(witness, source)
    for name in witness.signals:
        centres, low, high = source.envelope(name, start, end, columns)
        signal = spec.signals[name]
        series.append(Series(name, signal.base, signal.unit, low, high))
    return None if centres is None else Trace("time", centres, tuple(series), witness.marks)


def _columns(witness: Witness, source: Source) -> tuple[float, float, int]:
    """Stretch and number of columns; with fewer samples than columns each stands in the middle of its own.

    Else a column between two samples would look like a gap. Uneven samples get columns of two.
    """
    interval = max(source.grid_interval(name) for name in witness.signals)
    first, last = math.ceil(witness.start / interval - 1e-6), math.floor(witness.end / interval + 1e-6)
    samples = last - first + 1
    if not 2 <= samples <= 2 * _COLUMNS:
        return witness.start, witness.end, _COLUMNS
    width = 2 if samples > _COLUMNS or (source.capture.clock.times is not None and samples >= 8) else 1
    columns = -(-samples // width)
    begin = (first - 0.5) * interval
    return begin, begin + columns * width * interval, columns
