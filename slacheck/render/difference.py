"""What differs between two specs, or two packs, in words and as data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from slacheck.render.text import wrapped
from slacheck.spec.difference import Difference, means_the_same
from slacheck.spec.model import Spec

SCHEMA = "slacheck/difference/1"
_ABSENT = "not set"
_TIE = "\ue000"
"""Stands for a blank that no line breaks at."""


def specs_text(names: tuple[str, str], differences: tuple[Difference, ...], *, width: int = 80) -> str:
    """Two specs in meaning, words apart.

    Parameters
    ----------
    names : tuple of str
        Of the old and the new spec, as the user named them.
    width : int
        Of the terminal. [characters]
    """
    meant = [one for one in differences if one.category != "text"]
    said = [one for one in differences if one.category == "text"]
    lines = [*wrapped(f"{names[0]} -> {names[1]}: {_summary(len(meant), len(said))}", width, more="    ")]
    lines += [*blocks(meant, width)]
    if said:
        lines += ["", "words only", *blocks(said, width, "  ")]
    return "\n".join(lines) + "\n"


def _summary(meant: int, said: int) -> str:
    if meant:
        also = f", and {said} in words only" if said else ""
        return f"{meant} difference{'' if meant == 1 else 's'} in meaning{also}"
    return f"no difference in meaning, {said} in words" if said else "no difference"


def blocks(differences: Iterable[Difference], width: int, indent: str = "") -> Iterator[str]:
    """The differences under the part that they are in."""
    part = None
    for one in differences:
        if one.part != part:
            part = one.part
            if not indent:
                yield ""
            yield from wrapped(part, width, indent, indent + "    ")
        yield from tied(sentence(one), width, f"{indent}  ", f"{indent}    ")


def tied(text: str, width: int, first: str, more: str) -> list[str]:
    """As `wrapped`, without parting a number from its unit or the ends of an interval."""
    joined = re.sub(r"(?<=\d) (?=[A-Za-z%±\[])|(?<=[\d\]]) (?=[A-Za-z%])|(?<=\d,) (?=[\d-])|(?<=±) ", _TIE, text)
    return [line.replace(_TIE, " ") for line in wrapped(joined, width, first, more)]


def sentence(one: Difference) -> str:
    """One difference as a sentence: `limit tightened by 12 %: limits.dip.max 15 % -> 13.2 %`."""
    old, new = one.old or _ABSENT, one.new or _ABSENT
    match one.category:
        case "added" | "removed":
            what = one.new if one.category == "added" else one.old
            told = one.category + (f": {what}" if what else "")
        case "renamed":
            told = f"renamed, with the same content: {old} -> {new}"
        case "limit":
            told = f"limit {_moved(one)}: {one.key} {old} -> {new}"
        case "conditions":
            told = f"condition dropped: {old}" if one.new is None else f"condition added: {new}"
        case "definition":
            told = f"definition changed: {one.key} {old} -> {new}"
        case _:
            told = f"{one.key}: {old} -> {new}"
    return told + (
        f" ({', '.join(one.affects)} rest{'s' if len(one.affects) == 1 else ''} on it)" if one.affects else ""
    )


def _moved(one: Difference) -> str:
    if one.effect is None:
        return "changed, in another unit"
    if one.old is None or one.new is None:
        return "added" if one.old is None else "removed"
    return one.effect + ("" if one.percent is None else f" by {percentage(one.percent)} %")


def percentage(percent: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{percent:.0f}" if percent >= 100 else f"{percent:.3g}"


def specs_json(specs: tuple[Spec, Spec], names: tuple[str, str], differences: tuple[Difference, ...]) -> str:
    """Two specs in meaning, as data."""
    return _written(
        {
            "schema": SCHEMA,
            "documents": "specs",
            "old": _spec(specs[0], names[0]),
            "new": _spec(specs[1], names[1]),
            "same_meaning": means_the_same(differences),
            "differences": spec_entries(differences),
        }
    )


def spec_entries(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """Each difference as data, with its sentence."""
    return [asdict(one) | {"affects": list(one.affects), "sentence": sentence(one)} for one in differences]


def _spec(spec: Spec, name: str) -> dict[str, str | None]:
    return {"file": name, "id": spec.id, "version": spec.version, "sha256": spec.sha256}


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
