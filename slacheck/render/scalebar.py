"""A check at a glance: limit, value and interval on one line, drawn to scale."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from markupsafe import Markup

from slacheck.render.axes import Axis, padded
from slacheck.render.numbers import Document, in_unit, limit_text, numbers_of, with_unit
from slacheck.render.svg import add, markup, number, picture, text_width, write

_WIDTH, _HEIGHT = 420.0, 62.0
_LEFT, _RIGHT, _LINE = 12.0, 408.0, 32.0
_ROOM = 0.18
"""Of the scale's length, left free on either side."""


def scale_bar(check: Document) -> Markup:
    """The scale of a check, as SVG."""
    unit, measured, limit = check["display_unit"], check["measured"], check["limit"]
    numbers = numbers_of(check)
    bounds = {name: in_unit(limit[name], unit) for name in ("min", "max") if name in limit}
    ends = [None if end is None else in_unit(end, unit) for end in measured["interval"]]
    value = None if measured["value"] is None else in_unit(measured["value"], unit)
    known = [x for x in (*bounds.values(), *ends, value) if x is not None]
    axis = Axis(*padded(known, _ROOM), _LEFT, _RIGHT)
    label = f"{check['name']}: {numbers.measured}; limit {limit_text(limit, unit)}"
    drawing = picture(_WIDTH, _HEIGHT, label, "scale")
    _allowed(drawing, axis, bounds)
    add(drawing, "line", "axis", x1=_LEFT, y1=_LINE, x2=_RIGHT, y2=_LINE)
    if value is not None:
        _measured(drawing, axis, value, ends, str(check["verdict"]))
        write(drawing, numbers.value, "reading", *_anchored(axis.pixel(value), _LINE + 25, numbers.value))
    else:
        write(drawing, "not measured", "note", (_LEFT + _RIGHT) / 2, _LINE + 25, "middle")
    for name, bound in bounds.items():
        _bound(
            drawing, axis, bound, with_unit(f"{name} {bound:.10g}", unit), alone=len(bounds) == 1, upper=name == "max"
        )
    return markup(drawing)


def _allowed(drawing: ET.Element, axis: Axis, bounds: dict[str, float]) -> None:
    """What the limit allows, as a band."""
    start = axis.pixel(bounds["min"]) if "min" in bounds else _LEFT
    end = axis.pixel(bounds["max"]) if "max" in bounds else _RIGHT
    add(drawing, "rect", "allowed", x=start, y=_LINE - 9, width=max(1.0, end - start), height=18.0)


def _bound(drawing: ET.Element, axis: Axis, bound: float, text: str, *, alone: bool, upper: bool) -> None:
    x = axis.pixel(bound)
    add(drawing, "line", "limit", x1=x, y1=_LINE - 14, x2=x, y2=_LINE + 11)
    place = _anchored(x, _LINE - 19, text)
    # two limits close together: their labels lean away from one another
    if not alone and place[2] == "middle":
        place = (x, _LINE - 19, "start" if upper else "end")
    write(drawing, text, "limit", *place)


def _measured(drawing: ET.Element, axis: Axis, value: float, ends: list[float | None], verdict: str) -> None:
    """Interval bar, with an arrow where it has no end, and the value as a dot."""
    low, high = ends
    start = _LEFT if low is None else axis.pixel(low)
    end = _RIGHT if high is None else axis.pixel(high)
    add(drawing, "rect", "interval", x=start, y=_LINE - 4, width=max(1.5, end - start), height=8.0)
    for open_end, x, tip in ((low is None, start, -7.0), (high is None, end, 7.0)):
        if open_end:
            points = (
                f"{number(x)},{number(_LINE - 7)} {number(x + tip)},{number(_LINE)} {number(x)},{number(_LINE + 7)}"
            )
            add(drawing, "polygon", "interval", points=points)
    add(drawing, "circle", f"value {verdict}", cx=axis.pixel(value), cy=_LINE, r=5.0)


def _anchored(x: float, y: float, text: str) -> tuple[float, float, str]:
    """A place for a label under or over `x` that does not leave the drawing."""
    half = text_width(text) / 2
    if x - half < 0:
        return max(2.0, x - half), y, "start"
    if x + half > _WIDTH:
        return min(_WIDTH - 2.0, x + half), y, "end"
    return x, y, "middle"
