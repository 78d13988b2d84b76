"""The witness: what was recorded where it was decided, with the limits drawn in.

One panel for each signal over a common axis. The envelope is drawn from the smallest and largest
sample of each column, so no sample is lost; stretches without samples are shaded; the deciding
point is marked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from markupsafe import Markup

from slacheck.render.axes import Axis, padded, padded_decades
from slacheck.render.numbers import compact, in_unit
from slacheck.render.svg import add, markup, number, picture, text_width, write
from slacheck.units import QuantityError, parse_unit

if TYPE_CHECKING:
    from slacheck.contract import Mark
    from slacheck.evidence.trace import Series, Trace

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _BOTTOM = 840.0, 220.0, 78.0, 828.0, 26.0, 40.0
_LABEL_HEIGHT = 14.0
_GAP = 1.75
"""Columns without a sample are a gap from this many usual distances between samples on, as in the reader."""
_Point = tuple[float, float, float]
"""Place, smallest and largest sample."""


@dataclass(slots=True)
class _Panel:
    """One signal: its points in the unit of display, the axes, and where labels already stand.

    What all panels share is labelled in the first one.
    """

    name: str
    unit: str
    scale: float
    points: list[_Point]
    marks: list[Mark]
    first: bool
    x: Axis
    y: Axis
    taken: list[tuple[float, float, float]] = field(default_factory=list)


def witness_plot(trace: Trace, moment: float | None = None) -> Markup:
    """The plot of a trace, as SVG; empty if it holds no sample.

    Parameters
    ----------
    moment : float, optional
        Time or frequency of the deciding reading, marked if no mark of the trace says where it is. [s] or [Hz]
    """
    shown = [series for series in trace.series if _points(trace, series, 1.0)]
    if not shown:
        return Markup("")
    height = _TOP + len(shown) * _PANEL + (len(shown) - 1) * _TOP + _BOTTOM
    drawing = picture(_WIDTH, height, _alternative(trace, shown), "plot")
    x = _x_axis(trace)
    told = any(mark.role == "worst" for mark in trace.marks)
    for index, series in enumerate(shown):
        top = _TOP + index * (_PANEL + _TOP)
        panel = _panel(trace, series, x, top, first=index == 0)
        _frame(drawing, panel, last=index == len(shown) - 1)
        _inside(drawing, panel, None if told else moment, spectrum=trace.axis == "frequency")
    unit = "s" if trace.axis == "time" else "Hz"
    name = "time from the first sample" if trace.axis == "time" else "frequency"
    write(drawing, f"{name} [{unit}]", "axis", (_LEFT + _RIGHT) / 2, height - 5, "middle")
    return markup(drawing)


def _alternative(trace: Trace, shown: Sequence[Series]) -> str:
    """The plot in words."""
    unit = "s" if trace.axis == "time" else "Hz"
    x = [float(value) for value in trace.x]
    parts = []
    for series in shown:
        scale, name = _scale(series)
        points = _points(trace, series, scale)
        low, high = min(p[1] for p in points), max(p[2] for p in points)
        parts.append(f"{series.name} between {compact(low)} and {compact(high)} {name}")
    return f"{'; '.join(parts)}; from {compact(min(x))} to {compact(max(x))} {unit}"


def _scale(series: Series) -> tuple[float, str]:
    """Factor from the trace's unit to the unit of display, and its name; 1 where they do not fit."""
    try:
        fits = parse_unit(series.display_unit).base == series.unit
    except QuantityError:
        fits = False
    return (in_unit(1.0, series.display_unit), series.display_unit) if fits else (1.0, series.unit)


def _points(trace: Trace, series: Series, scale: float) -> list[_Point]:
    rows = zip(trace.x, series.low, series.high, strict=True)
    points = ((float(x), scale * float(low), scale * float(high)) for x, low, high in rows)
    return [point for point in points if all(map(math.isfinite, point))]


# ---------------------------------------------------------------- axes


def _x_axis(trace: Trace) -> Axis:
    values = [float(value) for value in trace.x]
    low, high = min(values), max(values)
    if trace.axis == "frequency" and low <= 0 < high:
        low = min(value for value in values if value > 0)
    if trace.axis == "frequency" and low > 0 and high >= 10 * low:
        return Axis(low, high, _LEFT, _RIGHT, logarithmic=True)
    return Axis(*((low, high) if high > low else padded([low])), _LEFT, _RIGHT)


def _panel(trace: Trace, series: Series, x: Axis, top: float, *, first: bool) -> _Panel:
    scale, unit = _scale(series)
    points = _points(trace, series, scale)
    marks = [mark for mark in trace.marks if _belongs(mark, series, first=first)]
    values = [value for _, low, high in points for value in (low, high)]
    values += [scale * value for mark in marks for value in _heights(mark, x)]
    y = Axis(*padded(values), top + _PANEL, top)
    positive = [value for value in values if value > 0]
    if x.logarithmic and len(positive) == len(values) and max(values) > 100 * min(values):
        y = Axis(*padded_decades(values), top + _PANEL, top, logarithmic=True)
    return _Panel(series.name, unit, scale, points, marks, first, x, y)


def _belongs(mark: Mark, series: Series, *, first: bool) -> bool:
    """Whether a mark is drawn in the panel of a signal; one of no signal in all, heights only in the first."""
    if mark.signal is not None:
        return mark.signal == series.name
    return first or mark.shape in ("vline", "vband")


def _heights(mark: Mark, x: Axis) -> Iterator[float]:
    """The heights of a mark that the axis has to hold."""
    if mark.shape in ("hline", "hband"):
        yield from mark.values
    elif mark.shape in ("line", "point"):
        pairs = list(zip(mark.values[::2], mark.values[1::2], strict=True))
        yield from (height for place, height in pairs if x.holds(place))
        ends = itertools.product(itertools.pairwise(pairs), (x.low, x.high))
        yield from (_between(a, b, edge, x) for (a, b), edge in ends if a[0] < edge < b[0])


def _between(a: tuple[float, float], b: tuple[float, float], edge: float, x: Axis) -> float:
    """Height of the straight line from `a` to `b` where the axis ends."""
    share = (x.pixel(edge) - x.pixel(a[0])) / ((x.pixel(b[0]) - x.pixel(a[0])) or 1.0)
    return a[1] + share * (b[1] - a[1])


def _frame(drawing: ET.Element, panel: _Panel, *, last: bool) -> None:
    x, y = panel.x, panel.y
    for value in (*x.grid(), *(tick for tick, _ in x.ticks(8))):
        add(drawing, "line", "grid", x1=x.pixel(value), y1=y.start, x2=x.pixel(value), y2=y.end)
    for value in y.grid():
        add(drawing, "line", "grid faint", x1=_LEFT, y1=y.pixel(value), x2=_RIGHT, y2=y.pixel(value))
    for value, label in y.ticks(6):
        add(drawing, "line", "grid", x1=_LEFT, y1=y.pixel(value), x2=_RIGHT, y2=y.pixel(value))
        write(drawing, label, "tick", _LEFT - 7, y.pixel(value) + 4, "end")
    if last:
        for value, label in x.ticks(8):
            write(drawing, label, "tick", x.pixel(value), y.start + 17, "middle")
    unit = "" if panel.unit in ("", "1") else f" [{panel.unit}]"
    write(drawing, f"{panel.name}{unit}", "name", _LEFT, y.end - 8)


# ---------------------------------------------------------------- what is drawn inside


def _inside(drawing: ET.Element, panel: _Panel, moment: float | None, *, spectrum: bool) -> None:
    """Bands, gaps, envelope, lines and points, in this order; clipped to the panel."""
    x, y = panel.x, panel.y
    box = {"x": x.start, "y": y.end, "width": x.end - x.start, "height": y.start - y.end}
    view = " ".join(number(value) for value in box.values())
    inner = add(drawing, "svg", "inside", **box, viewBox=view)
    for mark in panel.marks:
        if mark.shape in ("vband", "hband"):
            _band(inner, panel, mark)
    runs = [panel.points] if spectrum else list(_runs(panel.points))
    for before, after in itertools.pairwise(runs):
        _no_samples(inner, panel, x.pixel(before[-1][0]), x.pixel(after[0][0]))
    for run in runs:
        _envelope(inner, panel, run)
    for mark in panel.marks:
        if mark.shape in ("hline", "vline", "line"):
            _line(inner, panel, mark)
    if moment is not None and x.holds(moment):
        at = x.pixel(moment)
        add(inner, "line", "worst", x1=at, y1=y.start, x2=at, y2=y.end)
        _label(inner, panel, "decided here", "worst", at + 5, y.end + 12)
    for mark in panel.marks:
        if mark.shape == "point":
            _point(inner, panel, mark)
    add(drawing, "rect", "frame", **box)


def _runs(points: Sequence[_Point]) -> Iterator[Sequence[_Point]]:
    """Stretches without a gap. Of a record with less than a sample a column, columns between samples are no gaps."""
    steps = [after[0] - before[0] for before, after in itertools.pairwise(points)]
    usual = sorted(steps)[len(steps) * 9 // 10] if steps else 0.0
    begin = 0
    for index, step in enumerate(steps, 1):
        if step > _GAP * usual:
            yield points[begin:index]
            begin = index
    yield points[begin:]


def _envelope(inner: ET.Element, panel: _Panel, run: Sequence[_Point]) -> None:
    x, y = panel.x, panel.y
    top = [f"{number(x.pixel(at))},{number(y.pixel(high))}" for at, _, high in run]
    bottom = [f"{number(x.pixel(at))},{number(y.pixel(low))}" for at, low, _ in run]
    if top == bottom:
        add(inner, "path", "envelope line", d=f"M{'L'.join(top)}" + ("h0.1" if len(run) == 1 else ""))
    else:
        add(inner, "path", "envelope", d=f"M{'L'.join([*top, *reversed(bottom)])}Z")


def _no_samples(inner: ET.Element, panel: _Panel, start: float, end: float) -> None:
    y = panel.y
    add(inner, "rect", "gap", x=start, y=y.end, width=max(1.0, end - start), height=y.start - y.end)
    _label(inner, panel, "no samples", "gap", start + 4, y.end + 12)


def _band(inner: ET.Element, panel: _Panel, mark: Mark) -> None:
    x, y = panel.x, panel.y
    if mark.shape == "vband":
        start, end = (x.pixel(value) for value in sorted(mark.values))
        add(inner, "rect", mark.role, x=start, y=y.end, width=max(1.0, end - start), height=y.start - y.end)
        if panel.first and start < _RIGHT and end > _LEFT:
            _label(inner, panel, mark.label, mark.role, max(start, _LEFT) + 4, y.start - 6)
    else:
        bottom, top = (y.pixel(panel.scale * value) for value in sorted(mark.values))
        add(inner, "rect", mark.role, x=_LEFT, y=top, width=_RIGHT - _LEFT, height=max(1.0, bottom - top))
        _label(inner, panel, mark.label, mark.role, _LEFT + 6, top - 4)


def _line(inner: ET.Element, panel: _Panel, mark: Mark) -> None:
    x, y, values = panel.x, panel.y, mark.values
    if mark.shape == "vline":
        at = x.pixel(values[0])
        add(inner, "line", mark.role, x1=at, y1=y.start, x2=at, y2=y.end)
        if panel.first and x.holds(values[0]):
            _label(inner, panel, mark.label, mark.role, at + 5, y.end + 12)
        return
    if mark.shape == "hline":
        height = y.pixel(panel.scale * values[0])
        add(inner, "line", mark.role, x1=_LEFT, y1=height, x2=_RIGHT, y2=height)
        _label(inner, panel, mark.label, mark.role, _RIGHT - 6 - text_width(mark.label), height - 5)
        return
    places = [(x.pixel(a), y.pixel(panel.scale * b)) for a, b in zip(values[::2], values[1::2], strict=True)]
    path = "L".join(f"{number(a)},{number(b)}" for a, b in places)
    add(inner, "path", f"{mark.role} polyline", d=f"M{path}")
    inside = [place for place in places if _LEFT <= place[0] <= _RIGHT]
    if inside:
        _label(inner, panel, mark.label, mark.role, inside[0][0] + 6, inside[0][1] - 6)


def _point(inner: ET.Element, panel: _Panel, mark: Mark) -> None:
    at, height = panel.x.pixel(mark.values[0]), panel.y.pixel(panel.scale * mark.values[1])
    add(inner, "circle", f"{mark.role} ring", cx=at, cy=height, r=6.0)
    add(inner, "circle", f"{mark.role} dot", cx=at, cy=height, r=2.2)
    beside = at + 10 if at + 14 + text_width(mark.label) < _RIGHT else at - 10 - text_width(mark.label)
    _label(inner, panel, mark.label, mark.role, beside, height - 8)


def _label(inner: ET.Element, panel: _Panel, text: str, role: str, x: float, y: float) -> None:
    """A label near (x, y): inside the panel, and moved down or up until it covers no other one."""
    if not text:
        return
    width, top, bottom = text_width(text), panel.y.end + 12, panel.y.start - 5
    x = max(_LEFT + 3, min(x, _RIGHT - 4 - width))
    y = min(bottom, max(top, y))
    offsets = [0.0, *(sign * n * _LABEL_HEIGHT for n in range(1, 12) for sign in (1, -1))]
    free = (y + o for o in offsets if top <= y + o <= bottom and not _covers(panel, x, y + o, width))
    y = next(free, y)
    panel.taken.append((x, y, width))
    write(inner, text, f"{role} label", x, y)


def _covers(panel: _Panel, x: float, y: float, width: float) -> bool:
    return any(
        x < other + size and other < x + width and abs(y - height) < _LABEL_HEIGHT
        for other, height, size in panel.taken
    )
