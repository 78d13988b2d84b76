"""The manual pages of the kinds that were used, as paragraphs and formulas for a report.

A manual page is a docstring, the one text in which a kind says what it measures. It is shown only
where the kind that stands here is the one that measured, version and all.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from slacheck.contract import Kind

_SIGNS = {
    "infty": "∞",
    "Delta": "Δ",
    "sigma": "σ",
    "omega": "ω",
    "zeta": "ζ",
    "varphi": "φ",
    "gamma": "γ",
    "pi": "π",
    "sum": "Σ",
    "int": "∫",
    "le": "≤",
    "max": "max",
    "min": "min",
    "cos": "cos",
    "qquad": "  ",
}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a manual page."""

    form: Literal["paragraph", "item", "formula", "code"]
    text: str


def manuals_of(providers: Mapping[str, str], kinds: Mapping[str, Kind[Any]]) -> dict[str, list[Block]]:
    """The manual page of each kind that was used, by its name.

    Parameters
    ----------
    providers : mapping of str to str
        Kind and who provided it, as the results document says.
    kinds : mapping of str to Kind
        Those that are installed here.
    """
    return {
        name: blocks_of(kinds[name].manual)
        for name, provider in sorted(providers.items())
        if name in kinds and kinds[name].provider == provider and kinds[name].manual.strip()
    }


def blocks_of(manual: str) -> list[Block]:
    """A manual page taken apart."""
    first, _, rest = manual.strip().partition("\n")
    blocks: list[Block] = []
    for part in re.split(r"\n\s*\n", f"{first}\n{textwrap.dedent(rest)}"):
        if blocks and blocks[-1].form == "code" and part.startswith(" "):
            text = re.sub("(?m)^    ", "", part)
            blocks[-1] = Block("code", f"{blocks[-1].text}\n\n{text}" if blocks[-1].text else text)
        elif part.startswith(".. code-block::"):
            blocks.append(Block("code", textwrap.dedent(part.partition("\n")[2])))
        elif part.startswith(".. math::"):
            blocks.append(Block("formula", formula(part.removeprefix(".. math::"))))
        else:
            blocks += _prose(part)
    return blocks


def _prose(part: str) -> Iterable[Block]:
    """A paragraph, or the items of a list with what leads to it."""
    lead, *items = re.split(r"(?:^|\n)\* ", part)
    if lead.strip():
        yield Block("paragraph", _inline(lead))
    for item in items:
        yield Block("item", _inline(item))


def _inline(text: str) -> str:
    """Words without their marks."""
    text = re.sub(r":math:`([^`]*)`", lambda found: formula(found.group(1)), " ".join(text.split()))
    text = re.sub(r"``([^`]*)``|`([^`]*)`", lambda found: found.group(1) or found.group(2), text)
    return re.sub(r"\*\*(\S[^*]*)\*\*|\*(\S[^*\s]*)\*", lambda found: found.group(1) or found.group(2), text).replace(
        "\\|", "|"
    )


def formula(tex: str) -> str:
    """A formula in one line of text: roots and exponents in brackets, the signs as they are."""
    text = " ".join(tex.replace("\\,", " ").split())
    text = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda found: _SIGNS.get(found.group(1), found.group(1)), text)
    text = re.sub(r"\^(\d)", lambda found: found.group(1).translate(_RAISED), text)
    text = re.sub(r"_(\d)", lambda found: found.group(1).translate(_LOWERED), text)
    text = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", text)
    return re.sub(r"_\{([^{}]*)\}", r"_\1", text)
