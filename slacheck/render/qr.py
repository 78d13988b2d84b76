"""A QR code as modules of a picture, for a reader who holds paper and a telephone."""

from __future__ import annotations

import segno
from markupsafe import Markup

from slacheck.render.svg import add, markup, picture

QUIET = 4
"""Empty modules round the code that a reader needs."""


def modules(text: str) -> list[list[bool]]:
    """Rows of modules, true where dark; error correction level M."""
    code = segno.make_qr(text, error="m", boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix]


def qr_picture(text: str, label: str) -> Markup:
    """The code as SVG, dark on white in any colour scheme, with its quiet zone."""
    rows = modules(text)
    size = len(rows) + 2 * QUIET
    drawing = picture(size, size, label, "qr")
    add(drawing, "rect", "paper", width=size, height=size)
    add(drawing, "path", "ink", d="".join(_run(y, row) for y, row in enumerate(rows)))
    return markup(drawing)


def _run(y: int, row: list[bool]) -> str:
    """The dark stretches of a row, each as one rectangle."""
    path, start = "", None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            path += f"M{start + QUIET},{y + QUIET}h{x - start}v1h{start - x}z"
            start = None
    return path
