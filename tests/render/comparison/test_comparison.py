"""A comparison as text, page, table and data: complete, in order, and safe against hostile names."""

import base64
import csv as reader
import dataclasses
import hashlib
import importlib.util
import io
import json as loader
import re
import unicodedata
from pathlib import Path

import pytest

from slacheck.evidence.pack import write_pack
from slacheck.render.comparison import csv, html, json, text
from slacheck.render.comparison.words import CREDIT, RULE, standings
from slacheck.submission.comparison import compare
from slacheck.submission.relation import Relation

FORMULA = '=HYPERLINK("http://x","y")'


@pytest.fixture(scope="module")
def synthetic():
    path = Path(__file__).parents[2] / "evidence" / "synthetic.py"
    spec = importlib.util.spec_from_file_location("synthetic_records", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def packs(synthetic, tmp_path_factory):
    """Two packs of one run, and one whose every text is hostile."""
    folder = tmp_path_factory.mktemp("packs")
    submission = {"id": FORMULA, "supplier": "-2+3" + synthetic.HOSTILE, "sha256": hashlib.sha256(b"s").hexdigest()}
    hostile = {"spec_title": FORMULA, "contract": {"supplier": "@SUM(1)"}, "submission": submission}
    parts = {
        "a.zip": (synthetic.record(only=("DYN-1", "DYN-2", "OSC-1", "OFF")), {}),
        "b.zip": (synthetic.record(only=("DYN-1", "OSC-1", "REG-1", "OFF")), {}),
        "h.zip": (synthetic.record(synthetic.HOSTILE, error=True, **hostile), {"submission.yaml": b"s"}),
    }
    for name, (record, more) in parts.items():
        write_pack(folder / name, synthetic.members(record) | more, synthetic.files(record))
    return folder


@pytest.fixture(scope="module")
def two(packs):
    return compare([packs / "a.zip", packs / "b.zip"])


@pytest.fixture(scope="module")
def hostile(packs):
    return compare([packs / "a.zip", packs / "h.zip", packs / "b.zip"])


def test_text_shows_every_clause_and_pack_with_its_numbers(two):
    shown = text.render(two)
    assert shown.startswith(
        "2 packs, all of the spec hall-a-power 2.0\n"
        "\n"
        "A FAIL (a.zip)\n"
        "   1 FAIL, 2 INCONCLUSIVE, 1 NOT_APPLICABLE\n"
        "   decided by DYN-1 recovery_time -1.5 %\n"
        "\n"
        "B FAIL (b.zip)\n"
        "   1 FAIL, 2 INCONCLUSIVE, 1 NOT_APPLICABLE\n"
        "   decided by DYN-1 recovery_time -1.5 %\n"
        "\n"
        f"note: A, B rest on one recording, SHA-256 {'a' * 16}\n"
        "\n"
        "DYN-1 7.2.1 Bus voltage after a full load step\n"
        "  A FAIL, B FAIL\n"
        "  dip, max 15 %: the same numbers\n"
        "    A  PASS          12.30 ± 0.20 %        +18.0 %    worst of 3\n"
        "    B  PASS          12.30 ± 0.20 %        +18.0 %    worst of 3\n"
        "  recovery_time, max 80 ms: the same numbers\n"
        "    A  FAIL          81.20 ± 0.40 ms       -1.5 %\n"
        "    B  FAIL          81.20 ± 0.40 ms       -1.5 %\n"
        "\n"
        "DYN-2 Settles\n"
        "  A INCONCLUSIVE (waived), B not in its spec (waived)\n"
        "  settling_time, max 1000 ms: no such check in B\n"
        "    A  INCONCLUSIVE  > 850 ms              < +15.0 %\n"
    )
    flat = " ".join(shown.split())
    assert flat.endswith(f"{' '.join(RULE.split())} {CREDIT}")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_text_keeps_to_the_width_of_the_terminal(hostile, width):
    for line in text.render(hostile, width=width).splitlines():
        assert len(line) <= width or " " not in line.strip()


def test_text_colours_only_verdicts_and_only_where_asked(two):
    plain, coloured = text.render(two), text.render(two, color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
    assert "\x1b[1;31mFAIL\x1b[0m" in coloured


def test_text_hostile_names_are_made_visible(hostile):
    shown = text.render(hostile)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]
    assert "\\x1b[31m" in shown


def test_html_is_one_file_that_asks_for_nothing(hostile):
    page = html.render(hostile)
    assert "default-src 'none'; style-src 'sha256-" in page
    assert not re.search(r"<(script|img|link|iframe|object|form)\b", page, re.IGNORECASE)
    assert not re.search(r"\son\w+\s*=\s*[\"']", re.sub(r"&[#\w]+;", "", page))
    assert not re.search(r"url\(|@import|src=|style=\"", page)


def test_html_style_digest_is_the_one_of_the_style(two):
    page = html.render(two)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}" in page


def test_html_hostile_names_are_text(hostile):
    page = html.render(hostile)
    assert "&lt;script&gt;" in page
    assert not [c for c in page if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]


def test_html_shows_every_check_and_pack(two):
    page = html.render(two)
    for wanted in (
        "DYN-1",
        "recovery_time",
        "81.20 ± 0.40 ms",
        "12.30 ± 0.20 %",
        "not in its spec",
        "the same numbers",
    ):
        assert wanted in page
    assert page.count('class="pack FAIL"') == 2


def test_csv_has_a_row_for_each_check_and_pack(two):
    raw = csv.render(two)
    assert raw.endswith("\r\n")
    assert "\n" not in raw.replace("\r\n", "")
    rows = list(reader.DictReader(io.StringIO(raw, newline="")))
    assert [(row["requirement"], row["check"], row["pack"]) for row in rows] == [
        *(("DYN-1", "dip", "A"), ("DYN-1", "dip", "B")),
        *(("DYN-1", "recovery_time", "A"), ("DYN-1", "recovery_time", "B")),
        *(("DYN-2", "settling_time", "A"), ("DYN-2", "settling_time", "B")),
        *(("OSC-1", "bands[0]", "A"), ("OSC-1", "bands[0]", "B")),
        *(("OFF", "", "A"), ("OFF", "", "B")),
        *(("REG-1", "p95", "A"), ("REG-1", "p95", "B")),
    ]
    recovery = rows[2]
    assert (recovery["value"], recovery["unit"], recovery["expanded_uncertainty"]) == ("0.0812", "s", "0.0004")
    assert (recovery["verdict"], recovery["margin"], recovery["limit_max"]) == ("FAIL", repr(0.08 - 0.0812), "0.08")
    assert (recovery["no_difference_from"], recovery["differs_beyond_uncertainty_from"]) == ("B", "")
    assert (rows[5]["requirement_verdict"], rows[5]["not_compared_with"]) == ("not in its spec", "A")
    assert (rows[6]["verdict"], rows[6]["value"], rows[6]["why"]) == ("INCONCLUSIVE", "", "B: nothing was measured")


def test_csv_no_cell_is_a_formula_and_numbers_stay_numbers(hostile):
    rows = list(reader.reader(io.StringIO(csv.render(hostile), newline="")))
    cells = [cell for row in rows for cell in row]
    assert {cell for cell in cells if cell.startswith(("=", "+", "@"))} == set()
    assert all(float(cell) < 0 for cell in cells if cell.startswith("-"))
    assert f"'{FORMULA}" in cells
    assert any(cell.startswith("'-2+3x</script>") for cell in cells)
    assert not [c for cell in cells for c in cell if unicodedata.category(c) in ("Cc", "Cf")]


def test_json_is_the_comparison_as_data(two):
    document = loader.loads(json.render(two))
    assert document["schema"] == "slacheck/comparison/1"
    assert [pack["file"] for pack in document["packs"]] == ["a.zip", "b.zip"]
    assert document["shared_captures"] == [{"sha256": "a" * 64, "packs": ["A", "B"]}]
    dyn = document["requirements"][0]
    assert (dyn["requirement"], dyn["verdicts"], dyn["worst"]) == ("DYN-1", {"A": "FAIL", "B": "FAIL"}, [])
    assert dyn["checks"][1]["packs"]["B"]["measured"]["value"] == 0.0812
    assert dyn["checks"][1]["pairs"][0] == {
        "packs": ["A", "B"],
        "outcome": "same",
        "difference": 0.0,
        "expanded_uncertainty": pytest.approx(0.0004 * 2**0.5),
        "why": "",
    }


@pytest.mark.parametrize("renderer", [text, html, csv, json])
def test_render_twice_gives_the_same_bytes(packs, renderer):
    paths = [packs / "b.zip", packs / "h.zip"]
    assert renderer.render(compare(paths)) == renderer.render(compare(paths))


def test_standings_of_many_packs_name_the_furthest_pair_and_how_many(packs):
    many = compare([packs / "a.zip", packs / "b.zip"] * 3)
    row = next(row for clause in many.clauses for row in clause.rows if row.check == "bands[0]")
    assert list(standings(many, row)) == [("cannot_tell", "cannot tell, 15 of 15 pairs: nothing was measured")]
    apart = dataclasses.replace(
        row,
        pairs=tuple(
            dataclasses.replace(pair, relation=Relation("beyond", float(pair.second - pair.first) * 1e6))
            for pair in row.pairs
        ),
    )
    assert list(standings(many, apart)) == [
        ("beyond", "differ beyond uncertainty: 15 of 15 pairs, furthest A and F by 5 MW")
    ]
