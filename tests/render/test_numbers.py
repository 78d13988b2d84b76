import pytest

from slacheck.evidence.record import _check
from slacheck.render.numbers import Numbers, deciding, limit_text, numbers_of
from slacheck.values import Interval, Measured, at_least, between, symmetric


def numbers(synthetic, measured, display_unit="ms", unit="s", time=None, **limit):
    plan = synthetic.plan("x", unit, display_unit, **(limit or {"max": 0.08}))
    return numbers_of(_check(synthetic.check(plan, measured, time=time), 2.0))


def test_numbers_value_has_the_digits_of_its_uncertainty(synthetic):
    shown = numbers(synthetic, symmetric(0.08123456, "s", 0.0004), time=12.5812)
    assert shown == Numbers(
        measured="81.23 ± 0.40 ms",
        value="81.23 ms",
        uncertainty="0.40 ms",
        limit="max 80 ms",
        margin="-1.23 ms",
        percent="-1.5 %",
        at="12.5812 s",
    )


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (symmetric(1234.5678, "s", 120.0), "1235 ± 120 s"),
        (symmetric(0.5, "s", 0.0), "0.50000 ± 0.00000 s"),
        (symmetric(0.0, "s", 0.0), "0 ± 0 s"),
        (symmetric(-0.0001, "s", 0.05), "0.000 ± 0.050 s"),
        (between(0.97, "s", 0.93, 0.99), "0.970 [0.930, 0.990] s"),
        (between(0.97, "s", None, 0.99), "0.97000 (-∞, 0.99000] s"),
        (between(0.97, "s", 0.5, None), "0.97000 [0.50000, ∞) s"),
        (Measured(1.5, "s", Interval(None, None)), "1.5000 (-∞, ∞) s"),
        (at_least(0.85, "s"), "> 0.85 s"),
        (Measured(0.85, "s", Interval(None, 0.85), None, "below"), "< 0.85 s"),
        (symmetric(1e12, "s", 1e-9), "1e+12 ± 1e-09 s"),
        (None, "not measured"),
    ],
)
def test_numbers_every_shape_of_measured_value_is_told_apart(synthetic, measured, expected):
    assert numbers(synthetic, measured, "s", max=2.0).measured == expected


def test_numbers_percent_and_plain_ratios_and_unknown_units_are_shown(synthetic):
    assert numbers(synthetic, symmetric(0.123, "1", 0.002), "%", "1", max=0.15).measured == "12.30 ± 0.20 %"
    assert numbers(synthetic, symmetric(0.123, "1", 0.002), "1", "1", max=0.15).measured == "0.1230 ± 0.0020"
    assert numbers(synthetic, symmetric(3.0, "blip", 1.0), "blip", "blip", max=5.0).limit == "max 5 blip"


@pytest.mark.parametrize(
    ("limit", "margin"),
    [({"max": 1.0}, "< +0.15 s"), ({"min": 1.0}, "> -0.15 s"), ({"max": 1.0, "min": 0.5}, "")],
)
def test_numbers_margin_of_a_censored_value_is_told_as_a_bound(synthetic, limit, margin):
    assert numbers(synthetic, at_least(0.85, "s"), "s", **limit).margin.replace("0.15000", "0.15") == margin


def test_numbers_zero_limit_has_no_percentage(synthetic):
    shown = numbers(synthetic, symmetric(0.02, "s", 0.001), "s", max=0.0)
    assert (shown.margin, shown.percent) == ("-0.0200 s", "")


def test_limit_text_two_bounds_is_a_range():
    assert limit_text({"max": 440.0, "min": 360.0, "resolution": 0.1}, "V") == "360 to 440 V"
    assert limit_text({"max": 4e7 / 3, "min": 0.0}, "MW") == "0 to 13.33333333 MW"


def test_deciding_check_is_the_worst_and_nearest(synthetic):
    plan = synthetic.plan("x", max=1.0)
    checks = [
        _check(synthetic.check(plan, symmetric(v, "s", 0.01), event=i), 2.0) for i, v in enumerate((0.5, 1.1, 1.3))
    ]
    assert deciding(checks)["event"] == 2
