"""What stands inside a panel of the witness plot: bands, gaps, envelope, limits, points and their labels.

Every element says in `data-at` where it lies in values of the axes, so that `report.js` can draw it
again for another stretch of them; the pixels beside it are the picture for everyone else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from slacheck.errors import printable
from slacheck.render.axes import Axis
from slacheck.render.svg import add, number, text_width, values, write

if TYPE_CHECKING:
    from slacheck.contract import Mark

WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 840.0, 220.0, 78.0, 828.0, 26.0, 40.0
_LABEL_HEIGHT = 14.0
_GAP = 1.75
"""Columns without a sample are a gap from this many usual distances between samples on, as in the reader."""
Point = tuple[float, float, float]
"""Place, smallest and largest sample."""


@dataclass(slots=True)
class Panel:
    """One signal: its points in the unit of display, the axes, and where labels already stand.

    What all panels share is labelled in the first one.
    """

    name: str
    unit: str
    scale: float
    points: list[Point]
    marks: list[Mark]
    first: bool
    x: Axis
    y: Axis
    taken: list[tuple[float, float, float]] = field(default_factory=list)


def draw_inside(drawing: ET.Element, panel: Panel, moment: float | None, *, spectrum: bool) -> None:
    """Bands, gaps, envelope, lines and points, in this order; clipped to the panel."""
    x, y = panel.x, panel.y
    box = {"x": x.start, "y": y.end, "width": x.end - x.start, "height": y.start - y.end}
    view = " ".join(number(value) for value in box.values())
    inner = add(drawing, "svg", "inside", **box, viewBox=view, data_x=_span(x), data_y=_span(y))
    inner.set("data-name", printable(panel.name))
    inner.set("data-unit", "" if panel.unit == "1" else printable(panel.unit))
    for mark in panel.marks:
        if mark.shape in ("vband", "hband"):
            _band(inner, panel, mark)
    runs = [panel.points] if spectrum else list(_runs(panel.points))
    for before, after in itertools.pairwise(runs):
        _no_samples(inner, panel, before[-1][0], after[0][0])
    for run in runs:
        _envelope(inner, panel, run)
    for mark in panel.marks:
        if mark.shape in ("hline", "vline", "line"):
            _line(inner, panel, mark)
    if moment is not None and x.holds(moment):
        _upright(inner, panel, moment, "worst")
        _label(inner, panel, ("decided here", "worst"), x.pixel(moment) + 5, y.end + 12, (moment, None))
    for mark in panel.marks:
        if mark.shape == "point":
            _point(inner, panel, mark)
    add(drawing, "rect", "frame", **box)


def _span(axis: Axis) -> str:
    """Ends of an axis and whether it is logarithmic."""
    return f"{values(axis.low, axis.high, digits=12)} {'log' if axis.logarithmic else 'linear'}"


def _runs(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Stretches without a gap. Of a record with less than a sample a column, columns between samples are no gaps."""
    steps = [after[0] - before[0] for before, after in itertools.pairwise(points)]
    usual = sorted(steps)[len(steps) * 9 // 10] if steps else 0.0
    begin = 0
    for index, step in enumerate(steps, 1):
        if step > _GAP * usual:
            yield points[begin:index]
            begin = index
    yield points[begin:]


def _envelope(inner: ET.Element, panel: Panel, run: Sequence[Point]) -> None:
    x, y = panel.x, panel.y
    top = [f"{number(x.pixel(at))},{number(y.pixel(high))}" for at, _, high in run]
    bottom = [f"{number(x.pixel(at))},{number(y.pixel(low))}" for at, low, _ in run]
    if top == bottom:
        at = " ".join(f"{values(at)} {values(high, digits=7)}" for at, _, high in run)
        path = f"M{'L'.join(top)}" + ("h0.1" if len(run) == 1 else "")
        add(inner, "path", "envelope line", d=path, data_at=at)
    else:
        at = " ".join(f"{values(at)} {values(low, high, digits=7)}" for at, low, high in run)
        add(inner, "path", "envelope", d=f"M{'L'.join([*top, *reversed(bottom)])}Z", data_at=at)


def _no_samples(inner: ET.Element, panel: Panel, start: float, end: float) -> None:
    _stretch(inner, panel, (start, end), "gap")
    _label(inner, panel, ("no samples", "gap"), panel.x.pixel(start) + 4, panel.y.end + 12, (start, None))


def _upright(inner: ET.Element, panel: Panel, place: float, role: str) -> None:
    at, y = panel.x.pixel(place), panel.y
    add(inner, "line", role, x1=at, y1=y.start, x2=at, y2=y.end, data_at=values(place, None, place, None))


def _stretch(inner: ET.Element, panel: Panel, ends: tuple[float, float], role: str) -> None:
    y, (start, end) = panel.y, (panel.x.pixel(value) for value in ends)
    at = values(ends[0], None, ends[1], None)
    add(inner, "rect", role, x=start, y=y.end, width=max(1.0, end - start), height=y.start - y.end, data_at=at)


def _band(inner: ET.Element, panel: Panel, mark: Mark) -> None:
    x, y, (low, high) = panel.x, panel.y, sorted(mark.values)
    if mark.shape == "vband":
        _stretch(inner, panel, (low, high), mark.role)
        if panel.first and x.pixel(low) < RIGHT and x.pixel(high) > LEFT:
            at = max(x.pixel(low), LEFT) + 4
            _label(inner, panel, (mark.label, mark.role), at, y.start - 6, (max(low, x.low), None))
    else:
        low, high = panel.scale * low, panel.scale * high
        top, size = y.pixel(high), {"width": RIGHT - LEFT, "height": max(1.0, y.pixel(low) - y.pixel(high))}
        add(inner, "rect", mark.role, x=LEFT, y=top, **size, data_at=values(None, low, None, high))
        _label(inner, panel, (mark.label, mark.role), LEFT + 6, top - 4, (None, high))


def _line(inner: ET.Element, panel: Panel, mark: Mark) -> None:
    x, y = panel.x, panel.y
    if mark.shape == "vline":
        place = mark.values[0]
        _upright(inner, panel, place, mark.role)
        if panel.first and x.holds(place):
            _label(inner, panel, (mark.label, mark.role), x.pixel(place) + 5, y.end + 12, (place, None))
        return
    if mark.shape == "hline":
        height = panel.scale * mark.values[0]
        ends, at = {"x1": LEFT, "x2": RIGHT}, values(None, height, None, height)
        add(inner, "line", mark.role, **ends, y1=y.pixel(height), y2=y.pixel(height), data_at=at)
        left = RIGHT - 6 - text_width(mark.label)
        _label(inner, panel, (mark.label, mark.role), left, y.pixel(height) - 5, (None, height))
        return
    places = [(a, panel.scale * b) for a, b in zip(mark.values[::2], mark.values[1::2], strict=True)]
    path = "L".join(f"{number(x.pixel(a))},{number(y.pixel(b))}" for a, b in places)
    at = values(*itertools.chain.from_iterable(places))
    add(inner, "path", f"{mark.role} polyline", d=f"M{path}", data_at=at)
    inside = [place for place in places if x.holds(place[0])]
    if inside:
        place, height = inside[0]
        _label(inner, panel, (mark.label, mark.role), x.pixel(place) + 6, y.pixel(height) - 6, inside[0])


def _point(inner: ET.Element, panel: Panel, mark: Mark) -> None:
    place, height = mark.values[0], panel.scale * mark.values[1]
    x, y, at = panel.x.pixel(place), panel.y.pixel(height), values(place, height)
    add(inner, "circle", f"{mark.role} ring", cx=x, cy=y, r=6.0, data_at=at)
    add(inner, "circle", f"{mark.role} dot", cx=x, cy=y, r=2.2, data_at=at)
    beside = x + 10 if x + 14 + text_width(mark.label) < RIGHT else x - 10 - text_width(mark.label)
    _label(inner, panel, (mark.label, mark.role), beside, y - 8, (place, height))


_Anchor = tuple[float | None, float | None]
"""Where in values of the axes a label belongs; None: it stays with the panel's edge."""


def _label(inner: ET.Element, panel: Panel, label: tuple[str, str], x: float, y: float, anchor: _Anchor) -> None:
    """A label (text and role) near (x, y): inside the panel, and moved down or up until it covers no other one."""
    text, role = label
    if not text:
        return
    width, top, bottom = text_width(text), panel.y.end + 12, panel.y.start - 5
    x = max(LEFT + 3, min(x, RIGHT - 4 - width))
    y = min(bottom, max(top, y))
    offsets = [0.0, *(sign * n * _LABEL_HEIGHT for n in range(1, 12) for sign in (1, -1))]
    free = (y + o for o in offsets if top <= y + o <= bottom and not _covers(panel, x, y + o, width))
    y = next(free, y)
    panel.taken.append((x, y, width))
    write(inner, text, f"{role} label", x, y, data_at=values(*anchor))


def _covers(panel: Panel, x: float, y: float, width: float) -> bool:
    return any(
        x < other + size and other < x + width and abs(y - height) < _LABEL_HEIGHT
        for other, height, size in panel.taken
    )
