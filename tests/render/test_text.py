import re

import pytest

from slacheck.evidence.record import results_document
from slacheck.render.text import render

EXPECTED = """\
FAIL hall-a-power 2.0: Hall A, dynamic power schedule
3 findings: 1 FAIL, 1 INCONCLUSIVE, 1 NOT_APPLICABLE
capture runs/step-1.csv

  verdict      check         measured        limit       margin    at
DYN-1 7.2.1 Bus voltage after a full load step
  PASS         dip (of 3)    12.30 ± 0.20 %  max 15 %    +18.0 %   12.52 s
  FAIL         recovery_time 81.20 ± 0.40 ms max 80 ms   -1.5 %    12.5812 s
DYN-2 Settles
  INCONCLUSIVE settling_time > 850 ms        max 1000 ms < +15.0 % 13.4 s
OFF
  NOT_APPLICABLE No lamps.

FAIL DYN-1
  recovery_time: from the event until the last entry into +-1 % of rated about
    rated, held 100 ms

INCONCLUSIVE DYN-2
  record_too_short: The truth lies above the last value that the record shows,
    which does not settle whether the limit is kept; record until it is reached
    or the limit has passed.

waiver of DYN-2 by J. Doe, expires 2027-01-31: Fixed in B. (changes no verdict)

claim on DYN-1 recovery_time: 80 ms
"""


def test_render_text_at_80_columns_reads_as_shown(synthetic):
    results = results_document(synthetic.record(only={"DYN-1", "DYN-2", "OFF"}))
    assert render(results) == EXPECTED


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("hostile", [False, True])
def test_render_text_no_line_is_longer_than_the_terminal(synthetic, width, hostile):
    results = results_document(synthetic.record(synthetic.HOSTILE if hostile else "", error=True))
    assert max(map(len, render(results, width=width).splitlines())) <= width


def test_render_text_wide_terminal_shows_the_margin_in_its_unit(synthetic):
    assert "-1.20 ms (-1.5 %)" in render(results_document(synthetic.record()), width=120)


def test_render_text_hostile_names_cannot_move_the_cursor_or_turn_text_around(synthetic):
    text = render(results_document(synthetic.record(synthetic.HOSTILE, error=True)))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "\\x1b[31m\\u202ebidi" in text


def test_render_text_line_break_in_a_name_forges_no_line(synthetic):
    results = results_document(synthetic.record(only={"DYN-2"}))
    results["findings"][0]["title"] = "x\nPASS hall-a-power"
    assert "\nPASS hall-a-power" not in render(results)


def test_render_text_colour_only_if_asked_and_only_round_verdicts(synthetic):
    results = results_document(synthetic.record())
    plain, coloured = render(results), render(results, color=True)
    assert "\x1b" not in plain
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[1;31mFAIL\x1b[0m hall-a-power" in coloured


def test_render_text_several_captures_are_named_at_each_finding(synthetic):
    results = results_document(synthetic.record(only={"DYN-1"}))
    results["captures"].append({**results["captures"][0], "id": "runs/step-2.csv"})
    text = render(results)
    assert "DYN-1 7.2.1 Bus voltage after a full load step (runs/step-1.csv)" in text
    assert "FAIL DYN-1 on runs/step-1.csv" in text


def test_render_text_no_findings_at_all_is_said(synthetic):
    results = results_document(synthetic.record(only=set()))
    assert render(results) == (
        "INCONCLUSIVE hall-a-power 2.0: Hall A, dynamic power schedule\n0 findings\ncapture runs/step-1.csv\n\n\n"
        "waiver of DYN-2 by J. Doe, expires 2027-01-31: Fixed in B. (changes no verdict)\n"
        "\nclaim on DYN-1 recovery_time: 80 ms\n"
    )


def test_many_reasons_of_one_code_are_counted_not_listed(synthetic):
    results = results_document(synthetic.record())
    finding = next(f for f in results["findings"] if f["verdict"] == "INCONCLUSIVE")
    finding["reasons"] = [{"code": "unsettled", "sentence": f"Event {i} had not settled."} for i in range(5)]
    text = render(results)
    assert "Event 1 had not settled." in text
    assert "Event 2 had not settled." not in text
    assert "unsettled: 3 more like these; the report has them all" in text
