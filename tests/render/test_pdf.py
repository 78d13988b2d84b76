import dataclasses
import io
import sys

import pypdf
import pytest

from slacheck.errors import UsageError
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import manifest
from slacheck.evidence.record import results_document
from slacheck.render import pdf
from slacheck.render.pdf_style import picture_style
from slacheck.render.report import ReportSource
from slacheck.render.signatures import Signature


def source(synthetic, record, **more):
    given = {"signatures": (), "sentences": {"DYN-1": "The bus voltage shall come back within 80 ms."}} | more
    return ReportSource(results_document(record), synthetic.resolved(record), synthetic.traces(record), **given)


def opened(raw):
    return pypdf.PdfReader(io.BytesIO(raw))


def words(text):
    return " ".join(text.replace("\u200b", "").split())


@pytest.fixture(scope="module")
def plain(synthetic):
    record = synthetic.record(error=True)
    return pdf.render(source(synthetic, record, manifest=manifest(synthetic.members(record), synthetic.files(record))))


def test_pdf_first_page_is_the_certificate_and_the_second_the_clauses(synthetic, plain):
    pages = opened(plain).pages
    first, second = words(pages[0].extract_text()), words(pages[1].extract_text())
    record = synthetic.record(error=True)
    for word in ("Hall A, dynamic power schedule", "MSA-2026-014", "version 2.0", "slacheck 0.1.0", record.spec_sha256):
        assert word in first
    assert "none: the pack is not signed" in first
    assert "Clause by clause" not in first
    assert second.startswith("hall-a-power, version 2.0 ! ERROR Clause by clause")


def test_pdf_shows_every_finding_with_its_numbers_and_what_to_do(synthetic, plain):
    text = words(" ".join(page.extract_text() for page in opened(plain).pages))
    for word in ("81.20 ms", "0.40 ms", "max 80 ms", "-1.20 ms (-1.5 %)", "12.5812 s", "recovery_time/last_entry@1"):
        assert word in text
    assert "The bus voltage shall come back within 80 ms." in text
    for finding in synthetic.record().findings:
        assert finding.requirement.id in text
        for reason in finding.reasons:
            assert words(reason.sentence) in text


def test_pdf_names_signatures_as_not_checked(synthetic):
    raw = pdf.render(source(synthetic, synthetic.record(), signatures=(Signature(f"SHA256:{'a' * 43}"),)))
    text = opened(raw).pages[0].extract_text()
    first = words(text)
    assert f"SHA256:{'a' * 43}, not checked here: slacheck verify" in first
    assert "\u200b" not in text  # what is compared with a key is copied as it is
    assert "not signed" not in first


def test_pdf_of_a_redacted_pack_says_what_was_withheld(synthetic):
    entry = {"bytes": 25372, "sha256": "ab" * 32}
    redaction = {"reasons": ["the load profile is a secret"], "withheld": {"traces/DYN-1-0.parquet": entry}}
    raw = pdf.render(dataclasses.replace(source(synthetic, synthetic.record(), redaction=redaction), traces={}))
    pages = [words(page.extract_text()) for page in opened(raw).pages]
    assert "withheld by a redaction, unsigned 1 member of the pack, listed on the last page" in pages[0]
    assert "The plot is withheld; the manifest keeps the digest of its data, traces/DYN-1-0.parquet." in " ".join(pages)
    assert "the load profile is a secret" in pages[-1]
    assert "ab" * 32 in pages[-1].replace(" ", "")


def test_pdf_is_the_same_bytes_again_and_carries_the_date_of_the_captures(synthetic, plain):
    record = synthetic.record(error=True)
    again = pdf.render(source(synthetic, record, manifest=manifest(synthetic.members(record), synthetic.files(record))))
    assert again == plain
    assert opened(plain).metadata.creation_date.isoformat() == "2026-11-20T08:00:00+00:00"


def test_pdf_without_a_start_of_a_capture_has_the_date_of_the_packs_members(synthetic):
    record = synthetic.record()
    captures = tuple(dataclasses.replace(capture, start=None) for capture in record.captures)
    raw = pdf.render(source(synthetic, dataclasses.replace(record, captures=captures)))
    assert opened(raw).metadata.creation_date.isoformat() == "1980-01-01T00:00:00+00:00"


def test_pdf_attaches_the_results_and_says_who_made_what(synthetic, plain):
    document = opened(plain)
    results = results_document(synthetic.record(error=True))
    assert document.attachments["results.json"] == [canonical_json(results)]
    assert document.metadata.title == "Hall A, dynamic power schedule"
    assert document.metadata.author == "slacheck 0.1.0"
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_pdf_plots_are_vectors(plain):
    assert not [image for page in opened(plain).pages for image in page.images]


def test_pdf_hostile_text_stays_text(synthetic):
    raw = pdf.render(source(synthetic, synthetic.record(synthetic.HOSTILE + ' #panic("no") $x$ #read("/etc/passwd")')))
    text = words(" ".join(page.extract_text() for page in opened(raw).pages))
    assert '#panic("no") $x$' in text
    assert "\\x1b" in text
    assert "\\u202e" in text
    assert b"/JavaScript" not in raw


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("±5 % of 10 µs, 3 Ω − 2 ≤ ∞", "±5 % of 10 µs, 3 Ω − 2 ≤ ∞"),
        ("Größe Ελλάδα Привет", "Größe Ελλάδα Привет"),
        ("机房 A", "[U+673A][U+623F] A"),
        ("\U0001f600", "[U+1F600]"),
        ("lone \ud800", "lone \\ud800"),
    ],
)
def test_pdf_title_of_any_script_is_shown_or_named_by_its_codes(synthetic, title, shown):
    raw = pdf.render(source(synthetic, synthetic.record(spec_title=title)))
    first = words(opened(raw).pages[0].extract_text())
    assert shown in first
    assert ("fonts of this PDF lack" in first) == ("U+" in shown)


@pytest.mark.parametrize("title", ["שלום עולם", "مرحبا"])
def test_pdf_title_from_right_to_left_is_set(synthetic, title):
    raw = pdf.render(source(synthetic, synthetic.record(spec_title=title)))
    assert "fonts of this PDF lack" not in words(opened(raw).pages[0].extract_text())


def test_pdf_very_long_names_do_not_fail(synthetic):
    raw = pdf.render(source(synthetic, synthetic.record("x" * 5_000, spec_title="y" * 400)))
    assert len(opened(raw).pages) > 2


def test_pdf_no_captures_and_no_findings_is_still_a_document(synthetic):
    record = synthetic.record(
        only=set(), captures=(), waivers=(), claims=(), contract={}, spec_title=None, spec_version=None
    )
    assert len(opened(pdf.render(source(synthetic, record))).pages) == 2


def test_pdf_without_the_extra_says_how_to_install_it(synthetic, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UsageError) as caught:
        pdf.render(source(synthetic, synthetic.record()))
    assert str(caught.value) == (
        "slacheck report: error: writing PDF needs the extra 'pdf'\n  fix: pip install 'slacheck[pdf]'"
    )


def test_pdf_style_of_pictures_has_its_colours_written_in():
    style = picture_style()
    assert "var(" not in style
    assert ".plot .envelope { fill: #8db6e0; stroke: #1d5fa8;" in style
