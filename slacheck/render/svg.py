"""A few lines of SVG: elements with numbers rounded to a tenth of a pixel, text always escaped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from markupsafe import Markup

from slacheck.errors import printable

_CHARACTER = 6.7
"""Width of a character of the 12 px labels, on average. [px]"""


def picture(width: float, height: float, label: str, kind: str) -> ET.Element:
    """An `svg` element with its text alternative."""
    size = {"viewBox": f"0 0 {number(width)} {number(height)}", "class": kind, "role": "img"}
    return ET.Element("svg", size | {"aria-label": printable(label)})


def add(parent: ET.Element, tag: str, kind: str, **attributes: float | str) -> ET.Element:
    """Add an element of class `kind`; `_` in a name stands for `-`."""
    given = {"class": kind} if kind else {}
    for name, value in attributes.items():
        given[name.replace("_", "-")] = value if isinstance(value, str) else number(value)
    return ET.SubElement(parent, tag, given)


def write(parent: ET.Element, text: str, kind: str, x: float, y: float, anchor: str = "start", **more: str) -> None:
    """Add a label."""
    add(parent, "text", kind, x=x, y=y, text_anchor=anchor, **more).text = printable(text)


def text_width(text: str) -> float:
    """About how wide a label is. [px]"""
    return _CHARACTER * len(printable(text))


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def values(*coordinates: float | None, digits: int = 9) -> str:
    """Coordinates as values, for the script that zooms: `x y x y`; "." where an element ends at the panel's edge."""
    return " ".join("." if value is None else f"{value + 0.0:.{digits}g}" for value in coordinates)


def markup(element: ET.Element) -> Markup:
    """The element as text that a template may use as it stands: everything in it is escaped."""
    return Markup(ET.tostring(element, encoding="unicode"))  # noqa: S704
