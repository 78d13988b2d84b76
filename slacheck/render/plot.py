"""The witness: what was recorded where it was decided, with the limits drawn in.

One panel for each signal over a common axis. The envelope is drawn from the smallest and largest
sample of each column, so no sample is lost; stretches without samples are shaded; the deciding
point is marked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from markupsafe import Markup

from slacheck.render.axes import Axis, padded, padded_decades
from slacheck.render.numbers import compact, in_unit
from slacheck.render.plot_inside import BOTTOM, LEFT, PANEL, RIGHT, TOP, WIDTH, Panel, Point, draw_inside
from slacheck.render.svg import add, markup, picture, write
from slacheck.units import QuantityError, parse_unit

if TYPE_CHECKING:
    from slacheck.contract import Mark
    from slacheck.evidence.trace import Series, Trace

_WIDEST = 8.0
"""Width of a figure in the widest of the fonts a page may be shown in. [px]"""


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
    height = TOP + len(shown) * PANEL + (len(shown) - 1) * TOP + BOTTOM
    drawing = picture(WIDTH, height, _alternative(trace, shown), "plot")
    drawing.set("data-axis", trace.axis)
    x = _x_axis(trace)
    told = any(mark.role == "worst" for mark in trace.marks)
    for index, series in enumerate(shown):
        top = TOP + index * (PANEL + TOP)
        panel = _panel(trace, series, x, top, first=index == 0)
        _frame(drawing, panel, last=index == len(shown) - 1)
        draw_inside(drawing, panel, None if told else moment, spectrum=trace.axis == "frequency")
    unit = "s" if trace.axis == "time" else "Hz"
    name = "time from the first sample" if trace.axis == "time" else "frequency"
    write(drawing, f"{name} [{unit}]", "axis", (LEFT + RIGHT) / 2, height - 5, "middle")
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


def _points(trace: Trace, series: Series, scale: float) -> list[Point]:
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
        return Axis(low, high, LEFT, RIGHT, logarithmic=True)
    return Axis(*((low, high) if high > low else padded([low])), LEFT, RIGHT)


def _panel(trace: Trace, series: Series, x: Axis, top: float, *, first: bool) -> Panel:
    scale, unit = _scale(series)
    points = _points(trace, series, scale)
    marks = [mark for mark in trace.marks if _belongs(mark, series, first=first)]
    values = [value for _, low, high in points for value in (low, high)]
    values += [scale * value for mark in marks for value in _heights(mark, x)]
    y = Axis(*padded(values), top + PANEL, top)
    positive = [value for value in values if value > 0]
    if x.logarithmic and len(positive) == len(values) and max(values) > 100 * min(values):
        y = Axis(*padded_decades(values), top + PANEL, top, logarithmic=True)
    return Panel(series.name, unit, scale, points, marks, first, x, y)


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


def _frame(drawing: ET.Element, panel: Panel, *, last: bool) -> None:
    x, y = panel.x, panel.y
    ticks = add(drawing, "g", "ticks")
    for value in (*x.grid(), *(tick for tick, _ in x.ticks(8))):
        add(ticks, "line", "grid", x1=x.pixel(value), y1=y.start, x2=x.pixel(value), y2=y.end)
    for value in y.grid():
        add(ticks, "line", "grid faint", x1=LEFT, y1=y.pixel(value), x2=RIGHT, y2=y.pixel(value))
    for value, label in y.ticks(6):
        add(ticks, "line", "grid", x1=LEFT, y1=y.pixel(value), x2=RIGHT, y2=y.pixel(value))
        write(ticks, label, "tick", LEFT - 7, y.pixel(value) + 4, "end")
    if last:
        for value, label in x.ticks(8):
            at = min(x.pixel(value), WIDTH - _WIDEST * len(label) / 2)
            write(ticks, label, "tick", at, y.start + 17, "middle")
    unit = "" if panel.unit in ("", "1") else f" [{panel.unit}]"
    write(drawing, f"{panel.name}{unit}", "name", LEFT, y.end - 8)
