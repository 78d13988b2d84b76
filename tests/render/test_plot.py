import itertools
import math
import re
from xml.etree import ElementTree as ET

import pytest

from slacheck.contract import Mark
from slacheck.evidence.trace import Series, Trace
from slacheck.render.plot import witness_plot


def drawn(trace, moment=None):
    return ET.fromstring(str(witness_plot(trace, moment)))


def of_class(drawing, tag, kind):
    return [e for e in drawing.iter(tag) if set(kind.split()) <= set(e.get("class", "").split())]


def heights(path):
    return [float(y) for y in re.findall(r",(-?[\d.]+)", path.get("d"))]


def spiky(n=800, at=417):
    low, high = [0.0] * n, [0.1] * n
    high[at] = 9.0
    return Trace("time", [0.01 * i for i in range(n)], (Series("p", "W", "kW", low, high),))


def test_plot_one_sample_spike_is_drawn_to_its_full_height():
    envelope = of_class(drawn(spiky()), "path", "envelope")[0]
    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", envelope.get("d"))
    assert len(points) == 1600
    top = min(heights(envelope))
    # the panel is 220 px for 9 W and 7 % of room on either side
    assert top == pytest.approx(26 + 220 * (0.07 / 1.14), abs=0.1)


def test_plot_limit_far_from_the_data_is_inside_the_panel():
    trace = Trace(
        "time", [0.0, 1.0], (Series("p", "W", "W", [0, 0], [1, 1]),), (Mark("hline", "limit", "max", (50.0,)),)
    )
    line = of_class(drawn(trace), "line", "limit")[0]
    assert 26 < float(line.get("y1")) < 246


def test_plot_gap_is_shaded_and_not_bridged(synthetic):
    drawing = drawn(synthetic.step_trace())
    assert len(of_class(drawing, "rect", "gap")) == 1
    assert len(of_class(drawing, "path", "envelope")) == 3
    assert "no samples" in [text.text for text in drawing.iter("text")]


@pytest.mark.parametrize("every", [1.3, 2.0, 8.0, 37.0])
def test_plot_fewer_samples_than_columns_are_no_gaps(every):
    n, columns = int(800 / every), 800
    low = [math.nan] * columns
    for k in range(n):
        low[int(k * every)] = float(k % 7)
    trace = Trace("time", [i / 100 for i in range(columns)], (Series("p", "W", "W", low, low),))
    drawing = drawn(trace)
    assert not of_class(drawing, "rect", "gap")
    assert len(of_class(drawing, "path", "envelope")) == 1


def test_plot_deciding_point_is_marked_where_it_is(synthetic):
    ring = of_class(drawn(synthetic.step_trace()), "circle", "worst ring")
    assert len(ring) == 1
    start, end = 12.3 + 5.2 / 800, 17.5 - 5.2 / 800
    assert float(ring[0].get("cx")) == pytest.approx(78 + 750 * (12.52 - start) / (end - start), abs=0.06)


def test_plot_without_a_worst_mark_the_moment_itself_is_marked():
    assert "decided here" in [text.text for text in drawn(spiky(), 4.17).iter("text")]
    assert "decided here" not in [text.text for text in drawn(spiky(), 99.0).iter("text")]


def test_plot_spectrum_has_logarithmic_axes_and_its_mask(synthetic):
    drawing = drawn(synthetic.spectrum_trace())
    labels = [text.text for text in of_class(drawing, "text", "tick")]
    assert {"0.1", "1", "10", "100"} <= set(labels)
    assert len(of_class(drawing, "path", "limit polyline")) == 1
    assert not of_class(drawing, "rect", "gap")


def test_plot_labels_do_not_cover_one_another():
    marks = tuple(Mark("hline", "limit", f"limit {n}", (5.0 + 0.01 * n,), "p") for n in range(6))
    texts = of_class(
        drawn(Trace(**{**{k: getattr(spiky(), k) for k in ("axis", "x", "series")}, "marks": marks})), "text", "label"
    )
    places = sorted(float(text.get("y")) for text in texts)
    assert len(places) == 6
    assert min(b - a for a, b in itertools.pairwise(places)) >= 13.9


def test_plot_says_in_words_what_it_shows():
    assert drawn(spiky()).get("aria-label") == "p between 0 and 0.009 kW; from 0 to 7.99 s"


@pytest.mark.parametrize(
    "low", [[math.nan] * 3, [1.0, 1.0, 1.0], [math.nan, 2.0, math.nan], [0.0, 1e300, -1e300], [1e-300, 0.0, 0.0]]
)
@pytest.mark.parametrize("axis", ["time", "frequency"])
def test_plot_degenerate_traces_are_drawn_or_left_out(low, axis):
    trace = Trace(axis, [0.0, 1.0, 2.0], (Series("p", "W", "W", low, low),), (Mark("vline", "event", "e", (1.0,)),))
    text = str(witness_plot(trace, 1.0))
    assert "nan" not in text.lower().replace("tenant", "")
    assert "inf" not in text
    assert (text == "") == all(math.isnan(value) for value in low)


def test_plot_hostile_names_stay_text(synthetic):
    trace = Trace("time", [0.0, 1.0], (Series(synthetic.HOSTILE, "W", "W", [0, 0], [1, 1]),))
    text = str(witness_plot(trace))
    assert "<script" not in text
    assert "\x1b" not in text
    ET.fromstring(text)
