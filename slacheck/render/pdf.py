"""The report on paper, as PDF: one page of certificate, the table of clauses, the clauses, provenance.

Typst sets it from a template and one JSON document, with fonts of its own and no other file, so equal
packs give equal bytes on any machine. The document is tagged (PDF/UA-1), fit to be archived (PDF/A-3b),
its text can be selected, its plots are vectors, and results.json is attached.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from slacheck.errors import Diagnostic, UsageError, printable
from slacheck.evidence.canonical import canonical_json
from slacheck.render.qr import qr_picture
from slacheck.render.report import ReportSource, report_of
from slacheck.render.sheet import picture, sheet

if TYPE_CHECKING:
    from types import ModuleType

_STANDARDS = ["a-3b", "ua-1"]
_NO_DATE = datetime(1980, 1, 1, tzinfo=UTC)
"""Of a document whose captures do not say when they were recorded: that of the pack's members."""
_PLAIN = frozenset(map(chr, [*range(0x20, 0x7F), *range(0xA1, 0x180), *map(ord, "±µΩ−–—…≤≥∞√×·✓✗→“”‘’\n")]))
"""Characters that the fonts are known to have; others are tried."""
_LONGEST_WORD, _LONGEST_FACT = 24, 60
"""Letters that a column holds, and a line of the certificate."""
_REPLACED = (
    "Characters that the fonts of this PDF lack are shown by their code, such as {}; the HTML report shows them."
)
_BREAK = "\u200b"
"""A place where a line may break, between the letters of a word too long for a column."""


def render(source: ReportSource) -> bytes:
    """The report as PDF.

    Raises
    ------
    UsageError
        If the extra is not installed.
    """
    typst = _typst()
    report = report_of(source)
    document = sheet(report) | {
        "qr": picture(qr_picture(f"sha256:{report.digest}", "QR code of the SHA-256 of results.json"))
    }
    unknown = _without_glyph(typst, _texts(document))
    document["replaced"] = _REPLACED.format(_code(min(unknown))) if unknown else ""
    shown = _shown(document, unknown) | {"attached": canonical_json(source.results).decode()}
    return _compiled(typst, _template(), json.dumps(shown, ensure_ascii=False), _date(source))


def _typst() -> ModuleType:
    try:
        import typst
    except ModuleNotFoundError as error:
        message = "writing PDF needs the extra 'pdf'"
        raise UsageError(Diagnostic("slacheck report", message, fix="pip install 'slacheck[pdf]'")) from error
    return typst


def _compiled(typst: ModuleType, template: str, report: str, date: datetime = _NO_DATE) -> bytes:
    pdf: bytes = typst.compile(
        template.encode(),
        format="pdf",
        sys_inputs={"report": report},
        ignore_system_fonts=True,
        pdf_standards=_STANDARDS,
        timestamp=date,
    )
    return pdf


def _template() -> str:
    return files("slacheck.render").joinpath("report.typ").read_text(encoding="utf-8")


def _date(source: ReportSource) -> datetime:
    """When the last capture was recorded, as the pack says: a report is the same whenever it is made."""
    starts = [capture["start"] for capture in source.results["captures"] if capture["start"] is not None]
    return max(map(datetime.fromisoformat, starts), default=_NO_DATE)


# ---------------------------------------------------------------- characters


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _without_glyph(typst: ModuleType, texts: Iterable[str]) -> frozenset[str]:
    """The characters that no font has, found by having each set: the standards do not allow a missing glyph."""
    unusual = set[str]().union(*map(set, texts)) - _PLAIN
    return frozenset(_refused(typst, sorted(c for c in unusual if printable(c) == c)))


_PROBE = '#set document(title: "-")\n#set text(lang: "en")\n#json(bytes(sys.inputs.report))'


def _refused(typst: ModuleType, characters: list[str]) -> Iterator[str]:
    """Those that cannot be set, by halves."""
    if not characters:
        return
    try:
        _compiled(typst, _PROBE, json.dumps(" ".join(characters)))
    except typst.TypstError:
        if len(characters) == 1:
            yield characters[0]
            return
        middle = len(characters) // 2
        yield from _refused(typst, characters[:middle])
        yield from _refused(typst, characters[middle:])


def _code(character: str) -> str:
    return f"[U+{ord(character):04X}]"


def _shown(value: Any, unknown: frozenset[str], longest: int = _LONGEST_WORD) -> Any:
    """The document with what cannot be seen or set made visible, and long words breakable."""
    if isinstance(value, dict):
        return {
            key: _shown(inner, unknown, _LONGEST_FACT if key == "facts" else longest) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_shown(inner, unknown, longest) for inner in value]
    if not isinstance(value, str):
        return value
    text = value
    if not set(value) <= _PLAIN:
        text = "\n".join(printable(line) for line in value.split("\n"))
        text = "".join(_code(character) if character in unknown else character for character in text)
    return text if text.startswith("<svg ") else _breakable(text, longest)


def _breakable(text: str, longest: int) -> str:
    long = re.compile(rf"[^\s{_BREAK}]{{{longest}}}(?=[^\s{_BREAK}])")
    return text if re.fullmatch("[0-9a-f]{64}", text) else long.sub(lambda found: found.group() + _BREAK, text)
