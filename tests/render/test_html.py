import base64
import dataclasses
import hashlib
import random
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from slacheck.contract import Term
from slacheck.evidence.canonical import canonical_json
from slacheck.evidence.pack import manifest
from slacheck.evidence.record import results_document
from slacheck.evidence.trace import Series, Trace
from slacheck.render import html
from slacheck.render.report import ReportSource

EMPTY = {"meta", "br", "line", "rect", "circle", "path", "polygon", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes, the text of each element name, and whether all were closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def report(synthetic, record, **more):
    return html.render(results_document(record), synthetic.resolved(record), synthetic.traces(record), **more)


@pytest.fixture(scope="module")
def plain(synthetic):
    return report(synthetic, synthetic.record(error=True))


def test_html_is_well_formed_and_shows_every_finding(synthetic, plain):
    page = Page(plain)
    assert page.open == []
    text = " ".join(" ".join(page.text).split())
    for word in (
        "DYN-1",
        "81.20 ms",
        "0.40 ms",
        "max 80 ms",
        "-1.20 ms",
        "-1.5 %",
        "12.5812 s",
        "recovery_time/last_entry@1",
    ):
        assert word in text
    for finding in synthetic.record().findings:
        assert finding.requirement.id in text
        for reason in finding.reasons:
            assert reason.sentence in text


def test_html_first_screen_holds_spec_and_results_digest(synthetic, plain):
    record = synthetic.record(error=True)
    head = plain[: plain.index("<main>")]
    digest = hashlib.sha256(canonical_json(results_document(record))).hexdigest()
    assert "this page is sealed in the pack before anyone signs it" in head
    for word in (
        digest,
        record.spec_sha256,
        "Hall A, dynamic power schedule",
        "MSA-2026-014",
        "version 2.0",
        "slacheck 0.1.0",
    ):
        assert word in head


def shipped(name):
    return files("slacheck.render").joinpath(name).read_text(encoding="utf-8")


def test_html_makes_no_request_and_has_no_inline_style_and_no_handler(plain):
    page = Page(plain)
    assert not {"link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    assert page.all("script") == [{}]
    for _, attributes in page.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for name in ("href", "src", "action"):
            assert attributes.get(name, "#").startswith("#")
    assert "url(" not in plain
    assert "@import" not in plain


def test_html_policy_allows_exactly_the_style_and_the_script_that_are_there(plain):
    policy = next(a["content"] for a in Page(plain).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    found = {}
    for tag, name in (("style", "report.css"), ("script", "report.js")):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", plain, re.DOTALL).group(1)
        assert text == shipped(name)
        found[tag] = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{found['script']}'; style-src 'sha256-{found['style']}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_script_has_no_way_to_run_text_or_to_ask_the_network():
    script = shipped("report.js")
    for word in ("eval", "Function(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "import"):
        assert word not in script
    for word in ("fetch", "XMLHttpRequest", "WebSocket", "sendBeacon", "http:", "https:", "localStorage", "cookie"):
        assert word not in script.replace("http://www.w3.org/2000/svg", "")


def test_html_hostile_text_stays_text_everywhere(synthetic):
    page_text = report(synthetic, synthetic.record(synthetic.HOSTILE, error=True))
    page = Page(page_text)
    assert page.open == []
    assert page.all("script") == [{}]
    assert page_text.count("</script>") == 1
    for character in "\x00\x1b\u202e":
        assert character not in page_text
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]


def test_html_verdicts_are_words_and_symbols_not_colours_alone(plain):
    for symbol, word in (("✓", "PASS"), ("✗", "FAIL"), ("?", "INCONCLUSIVE"), ("–", "NOT APPLICABLE"), ("!", "ERROR")):
        assert f'aria-hidden="true">{symbol}</span>{word}</span>' in plain


def test_html_every_plot_has_a_text_alternative(plain):
    drawings = [a for a in Page(plain).all("svg") if a["class"] in ("plot", "scale")]
    assert len(drawings) == 2 + 9
    assert all(a["role"] == "img" and a["aria-label"] for a in drawings)


def test_html_gates_that_are_not_met_stand_first_and_once(synthetic):
    record = synthetic.record(only={"PWR-RAMP-UP"})
    failed = record.findings[0].checks[0].gates[0]
    passed = dataclasses.replace(failed, passed=True, sentence="All is there.")
    check = dataclasses.replace(record.findings[0].checks[0], gates=(passed, failed))
    finding = dataclasses.replace(record.findings[0], checks=(check, check))
    text = report(synthetic, dataclasses.replace(record, findings=(finding,)))
    gates = text[text.index("What the record had to carry") :]
    assert gates.index("✗ bars a PASS") < gates.index("✓ in order")
    assert gates.count("All is there.") == 1


def test_html_shows_the_manifest_where_there_is_one(synthetic):
    record = synthetic.record()
    told = manifest(synthetic.members(record), synthetic.files(record))
    text = report(synthetic, record, manifest=told)
    assert hashlib.sha256(canonical_json(told)).hexdigest() in text
    assert "numpy" in text


def test_html_of_a_redacted_pack_says_that_plots_are_withheld_not_left_out(synthetic):
    record = synthetic.record()
    redaction = {"reasons": [], "withheld": {"traces/DYN-1-0.parquet": {"bytes": 1, "sha256": "ab" * 32}}}
    source = ReportSource(results_document(record), synthetic.resolved(record), {}, redaction=redaction)
    text = html.page(source)
    assert text.count("The plot is withheld; the manifest keeps the digest of its data") == 2
    assert "to keep this file small" not in text


def test_html_is_deterministic(synthetic, plain):
    assert report(synthetic, synthetic.record(error=True)) == plain


def test_html_many_findings_stay_under_five_megabytes(synthetic):
    record = synthetic.record()
    many = dataclasses.replace(
        record,
        findings=(record.findings[0], record.findings[5]) * 150,
        traces=dict.fromkeys(range(0, 300, 2), "traces/DYN-1-0.parquet"),
    )
    text = report(synthetic, many)
    assert len(text.encode()) < html.LARGEST_REPORT
    assert "The plot is left out to keep this file small" in text or 'class="plot"' in text


def test_html_too_large_leaves_out_plots_of_what_passed_first(synthetic, monkeypatch):
    record = synthetic.record()
    whole = report(synthetic, record)
    passed = dataclasses.replace(record.findings[0], verdict=record.findings[5].verdict)
    record = dataclasses.replace(record, findings=(passed, *record.findings[1:]))
    monkeypatch.setattr(html, "LARGEST_REPORT", len(whole.encode()) - 10_000)
    text = report(synthetic, record)
    assert text.count('class="plot"') == 1
    assert text.count("The plot is left out to keep this file small") == 1


def test_html_no_captures_and_no_findings_is_still_a_page(synthetic):
    record = synthetic.record(
        only=set(), captures=(), waivers=(), claims=(), contract={}, spec_title=None, spec_version=None
    )
    assert Page(report(synthetic, record)).open == []


def test_html_budget_term_of_another_quantity_keeps_its_own_unit(synthetic):
    record = synthetic.record(only={"DYN-1"})
    found = record.findings[0]
    terms = (Term("gain", 0.194, "moves the level", "V"), Term("noise", 0.002, "moves the level", "1"))
    check = dataclasses.replace(
        found.checks[0], measurement=dataclasses.replace(found.checks[0].measurement, budget=terms)
    )
    changed = dataclasses.replace(record, findings=(dataclasses.replace(found, checks=(check,)),))
    text = report(synthetic, changed)
    assert '<td>gain</td><td class="n">0.194 V</td>' in text
    assert '<td>noise</td><td class="n">0.002 pu</td>' in text


def test_html_twenty_clauses_of_three_noisy_panels_keep_all_their_plots(synthetic):
    """Twenty clauses on an hour at 10 kS/s: what the pack holds of it is 800 columns for each signal of a plot."""
    n, dice = 800, random.Random(1)
    x = [4.5 * (i + 0.5) for i in range(n)]
    series = [
        Series(name, "V", "V", *zip(*(sorted(dice.gauss(400, 7) for _ in "ab") for _ in x), strict=True))
        for name in ("v_a", "v_b", "v_c")
    ]
    record = synthetic.record(only={"DYN-1"})
    many = dataclasses.replace(
        record, findings=record.findings * 20, traces=dict.fromkeys(range(20), "traces/DYN-1-0.parquet")
    )
    traces = {"traces/DYN-1-0.parquet": Trace("time", x, tuple(series))}
    text = html.render(results_document(many), synthetic.resolved(many), traces)
    assert text.count('<svg viewBox="0 0 840 778" class="plot"') == 20
    assert len(text.encode()) < 4_500_000
