"""The style of the pictures, out of the page's style sheet: one look on screen and on paper."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

_PICTURES = (".plot", ".scale", ".qr")
_FONT = 'text { font-family: "Libertinus Serif"; font-size: 12.5px; fill: #1b2027; }'


@lru_cache(maxsize=1)
def picture_style() -> str:
    """A `style` element with the rules of `report.css` for plots and scales, its light colours written in."""
    sheet = files("slacheck.render").joinpath("report.css").read_text(encoding="utf-8")
    root = sheet[sheet.index(":root {") : sheet.index("}")]
    colours = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6});", root))
    rules = [line for line in sheet.splitlines() if line.startswith(_PICTURES)]
    text = re.sub(r"var\((--[a-z-]+)\)", lambda found: colours[found.group(1)], "\n".join(rules))
    return f"<style>{_FONT}\n{text.replace('650', '700')}</style>"
