from xml.etree import ElementTree as ET

import pytest

from slacheck.evidence.record import _check
from slacheck.render.scalebar import scale_bar
from slacheck.values import Interval, Measured, at_least, between, symmetric


def drawn(synthetic, measured, **limit):
    check = _check(synthetic.check(synthetic.plan("x", "s", "s", **limit), measured), 2.0)
    return ET.fromstring(str(scale_bar(check)))


def number(element, name):
    return float(element.get(name))


def test_scale_bar_limit_value_and_interval_stand_to_scale(synthetic):
    drawing = drawn(synthetic, symmetric(3.0, "s", 1.0), max=6.0)
    limit = drawing.find("line[@class='limit']")
    value = drawing.find("circle")
    interval = drawing.find("rect[@class='interval']")
    a_second = number(interval, "width") / 2
    assert number(limit, "x1") - number(value, "cx") == pytest.approx(3 * a_second, abs=0.2)
    assert number(value, "cx") - number(interval, "x") == pytest.approx(a_second, abs=0.2)


@pytest.mark.parametrize(
    ("measured", "arrows"),
    [
        (at_least(3.0, "s"), 1),
        (between(3.0, "s", None, 4.0), 1),
        (Measured(3.0, "s", Interval(None, None)), 2),
        (symmetric(3.0, "s", 1.0), 0),
    ],
)
def test_scale_bar_unbounded_end_has_an_arrow(synthetic, measured, arrows):
    assert len(drawn(synthetic, measured, max=6.0).findall("polygon")) == arrows


@pytest.mark.parametrize(
    "measured", [None, symmetric(0.0, "s", 0.0), symmetric(1e300, "s", 0.0), symmetric(-5.0, "s", 9.0)]
)
@pytest.mark.parametrize("limit", [{"max": 0.0}, {"min": -1.0, "max": 1.0}, {"min": 0.0}])
def test_scale_bar_any_check_stays_inside_the_drawing(synthetic, measured, limit):
    drawing = drawn(synthetic, measured, **limit)
    for element in drawing.iter():
        for name in ("x", "x1", "x2", "cx"):
            if element.get(name) is not None:
                assert 0 <= number(element, name) <= 420
