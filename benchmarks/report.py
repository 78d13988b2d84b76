"""The report of a long record

The check of `benchmarks/speed.yaml` is made once, outside the time. slacheck renders the report, and apart from that
cuts the traces of all findings out of the record once more before it does. matplotlib draws the same plots as SVG, one
figure each with its limits: of the same decimated traces, and of all samples of the same stretches of the record.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from benchmarks.rounds import Case, Work
from benchmarks.speed import record

SAMPLES = {True: 100_000_000, False: 10_000_000}
SPEC = Path(__file__).with_name("speed.yaml")


def make(path: Path, full: bool) -> None:
    """The record of the twelve clauses, and its evidence pack beside it."""
    from slacheck import api

    record(path, SAMPLES[full])
    api.check(SPEC, path).write_pack(path.with_suffix(".slapack"))


def _members(path: Path) -> dict[str, bytes]:
    from slacheck.evidence.archive import read_bytes, unzipped

    return dict(unzipped(read_bytes(path.with_suffix(".slapack"))))


def _traces(path: Path) -> dict[str, Any]:
    from slacheck.evidence.trace import from_parquet

    return {name: from_parquet(raw) for name, raw in _members(path).items() if name.startswith("traces/")}


def _size(pages: list[bytes]) -> str:
    return f"{sum(map(len, pages)) / 1e6:.2f} MB"


def report(path: Path) -> Work:
    """The page, of results and traces as they are after a check."""
    import json

    from slacheck.render import html
    from slacheck.spec.explain import sentences
    from slacheck.spec.load import load_spec

    spec, results, traces = load_spec(SPEC), json.loads(_members(path)["results.json"]), _traces(path)
    return lambda: _size([html.render(results, spec.resolved, traces, sentences=sentences(spec)).encode()])


def traces_and_report(path: Path) -> Work:
    """The same, with the traces cut out of the record first."""
    from slacheck.capture.load import open_capture
    from slacheck.engine.source import Source
    from slacheck.spec.load import load_spec

    signals, cut, rest = load_spec(SPEC).signals, _traces(path), report(path)
    source = Source(open_capture(path), signals)

    def work() -> str:
        for trace in cut.values():
            if trace.axis == "time":
                width = trace.x[1] - trace.x[0]
                for series in trace.series:
                    source.envelope(series.name, trace.x[0] - width / 2, trace.x[-1] + width / 2, len(trace.x))
        return str(rest())

    return work


def _figure(trace: Any, lines: list[tuple[Any, Any]]) -> bytes:
    """One figure as SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4))
    axes = figure.subplots()
    for x, y in lines:
        axes.plot(x, y, linewidth=0.8)
    for mark in trace.marks:
        if mark.shape == "hline":
            axes.axhline(mark.values[0], color="red", linewidth=0.8)
        elif mark.shape == "line":
            axes.plot(mark.values[::2], mark.values[1::2], color="red", linewidth=0.8)
    axes.set_xlabel("time [s]" if trace.axis == "time" else "frequency [Hz]")
    axes.set_ylabel(trace.series[0].display_unit)
    page = io.BytesIO()
    figure.savefig(page, format="svg")
    return page.getvalue()


def same_traces(path: Path) -> Work:
    """The decimated traces, lowest and highest of each column."""
    import matplotlib.backends.backend_svg  # noqa: F401

    traces = _traces(path)

    def drawn(trace: Any) -> bytes:
        return _figure(trace, [(trace.x, values) for series in trace.series for values in (series.low, series.high)])

    return lambda: _size([drawn(trace) for trace in traces.values()])


def samples(path: Path) -> Work:
    """All samples of the stretches that the traces show, in float32 as recorded."""
    import matplotlib.backends.backend_svg  # noqa: F401
    import numpy as np

    from benchmarks.speed import RATE

    traces = _traces(path)

    def drawn(trace: Any, whole: Any) -> bytes:
        if trace.axis != "time":
            return _figure(trace, [(trace.x, trace.series[0].low)])
        first, last = max(0, int(trace.x[0] * RATE)), int(trace.x[-1] * RATE) + 1
        return _figure(trace, [(np.arange(first, first + whole[first:last].size) / RATE, whole[first:last])])

    def work() -> str:
        whole = np.load(path, mmap_mode="r")
        return _size([drawn(trace, whole) for trace in traces.values()])

    return work


CASES = {
    "Plots and report": Case(
        "record.npy",
        make,
        {
            "slacheck, report": report,
            "slacheck, traces and report": traces_and_report,
            "matplotlib, the same traces": same_traces,
            "matplotlib, the samples": samples,
        },
        {"matplotlib, the same traces": 5.0, "matplotlib, the samples": 5.0},
    )
}
